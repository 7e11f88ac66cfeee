"""Dated reference data: what the gate's facts are read from."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from billing import forms
from billing.models import Alignment, Fee, Payer, PayerPolicy, Programme, RosterEntry
from config.accounts.access import role_required
from config.audit.services import record

BILLING_PEOPLE = ("biller", "administrator")


@role_required(*BILLING_PEOPLE)
def reference(request: HttpRequest) -> HttpResponse:
    groups = forms.groups_of(request.user)
    context = {
        "programmes": Programme.objects.all(),
        "fees": Fee.objects.filter(group__in=groups).select_related("group").order_by("code", "-valid_from"),
        "policies": PayerPolicy.objects.select_related("payer").order_by("payer__name", "-valid_from"),
        "payers": Payer.objects.all(),
        "roster": RosterEntry.objects.select_related("programme", "practitioner__user"),
        "alignments": Alignment.objects.filter(patient__cases__group__in=groups)
        .select_related("programme", "patient")
        .distinct()
        .order_by("patient__last_name")[:200],
    }
    return render(request, "billing/reference.html", context)


@role_required(*BILLING_PEOPLE)
def reference_edit(request: HttpRequest, kind: str, pk: int | None = None) -> HttpResponse:
    if kind not in forms.FORMS:
        raise Http404
    label, form_class = forms.FORMS[kind]
    groups = forms.groups_of(request.user)
    instance = get_object_or_404(form_class._meta.model, pk=pk) if pk else None
    if isinstance(instance, Fee) and instance.group not in groups:
        raise Http404
    form = form_class(request.POST or None, instance=instance, groups=groups)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            saved = form.save()
            changed = {name: str(form.cleaned_data[name]) for name in form.changed_data}
            record("reference.changed", by=request.user, subject=saved, data={"kind": kind, "changed": changed})
        messages.success(request, f"{label} saved. Held lines are decided again.")
        return redirect("billing:reference")
    return render(request, "billing/reference_edit.html", {"form": form, "label": label, "instance": instance})
