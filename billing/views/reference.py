"""Dated reference data: what the gate's facts are read from."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from billing import forms
from billing.keeping import KeepRefused, keep
from billing.models import Payer
from config.accounts.access import role_required

BILLING_PEOPLE = ("biller", "administrator")
SHOWN_ALIGNMENTS = 200


@role_required(*BILLING_PEOPLE)
def reference(request: HttpRequest) -> HttpResponse:
    groups = forms.groups_of(request.user)
    rows = {kind: form_class.rows(groups) for kind, (_, form_class) in forms.FORMS.items()}
    context = {
        "programmes": rows["programme"],
        "fees": rows["fee"].select_related("group").order_by("code", "-valid_from"),
        "policies": rows["policy"].select_related("payer").order_by("payer__name", "-valid_from"),
        "payers": Payer.objects.all(),
        "roster": rows["roster"].select_related("programme", "practitioner__user"),
        "alignments": rows["alignment"]
        .select_related("programme", "patient")
        .order_by("patient__last_name")[:SHOWN_ALIGNMENTS],
    }
    return render(request, "billing/reference.html", context)


@role_required(*BILLING_PEOPLE)
def reference_edit(request: HttpRequest, kind: str, pk: int | None = None) -> HttpResponse:
    if kind not in forms.FORMS or (kind == "programme" and pk is None):
        raise Http404
    label, form_class = forms.FORMS[kind]
    groups = forms.groups_of(request.user)
    instance = get_object_or_404(form_class.rows(groups), pk=pk) if pk else None
    form = form_class(request.POST or None, instance=instance, groups=groups)
    if request.method == "POST" and form.is_valid():
        try:
            keep(by=request.user, row=form.instance, changed=set(form.changed_data), kind=kind)
        except KeepRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{label} saved. Held lines are decided again.")
            return redirect("billing:reference")
    return render(request, "billing/reference_edit.html", {"form": form, "label": label, "instance": instance})
