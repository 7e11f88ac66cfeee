"""Dated reference data: what the gate's facts are read from, kept without a programmer."""

from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing import forms, keeping
from billing.kinds import KINDS, Kind, cell
from billing.models import Fee, Programme, ReferenceChange
from billing.services import BillingRefused
from config.accounts.access import role_required
from config.audit.services import record_view
from review.models import Icd10Release

BILLING_PEOPLE = ("biller", "administrator")
WARN_DAYS = 60


@role_required(*BILLING_PEOPLE)
def reference(request: HttpRequest) -> HttpResponse:
    kinds = [(kind, kind.of(request.user).count()) for kind in KINDS.values()]
    fees = Fee.objects.standing().filter(group__in=forms.groups_of(request.user)).select_related("group")
    context = {
        "kinds": kinds,
        "releases": Icd10Release.objects.count(),
        "programmes": [_programme_row(row) for row in Programme.objects.standing()],
        "fees": fees.order_by("code", "-valid_from"),
        "ending": ending_soon(),
        "may_keep_models": KINDS["programme"].may_keep(request.user),
    }
    return render(request, "billing/reference.html", context)


def _programme_row(row: Programme) -> dict:
    today = timezone.localdate()
    now = Q(valid_until=None) | Q(valid_until__gte=today)
    return {
        "row": row,
        "ended": bool(row.valid_until and row.valid_until < today),
        "patients": row.alignments.filter(now, withdrawn_at=None).count(),
        "specialists": row.roster.filter(now, withdrawn_at=None).count(),
    }


def ending_soon() -> dict | None:
    """A confirmed model that ends within two months while no confirmed row begins where it ends."""
    today = timezone.localdate()
    rows = Programme.objects.standing().filter(is_confirmed=True, valid_until__gte=today)
    for row in rows.filter(valid_until__lte=today + timedelta(days=WARN_DAYS)).order_by("valid_until"):
        after = row.valid_until + timedelta(days=1)
        followers = Programme.objects.standing().filter(valid_from=after).exclude(pk=row.pk)
        if not followers.filter(is_confirmed=True).exists():
            return {"row": row, "days": (row.valid_until - today).days, "after": after, "next": followers.first()}
    return None


def kind_or_404(key: str) -> Kind:
    if key not in KINDS:
        raise Http404
    return KINDS[key]


@role_required(*BILLING_PEOPLE)
def reference_kind(request: HttpRequest, kind: str) -> HttpResponse:
    """Every row of a kind with its dates and source; ended and withdrawn ones on request; and who changed what."""
    found = kind_or_404(kind)
    everything = request.GET.get("show") == "all"
    text = request.GET.get("q", "").strip()
    rows = found.of(request.user)
    today = timezone.localdate()
    if not everything and found.can_be_withdrawn:
        rows = rows.filter(withdrawn_at=None)
    if not everything and found.is_dated:
        rows = rows.filter(Q(valid_until=None) | Q(valid_until__gte=today))
    if text:
        rows = rows.filter(found.search(text))
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    if found.names_patients:
        record_view(request, "reference.listed", request.user, kind=found.key, rows=[str(row.pk) for row in page])
    context = {
        "kind": found,
        "page": page,
        "rows": [{"row": row, "cells": [cell(row, name) for name, _ in found.columns]} for row in page],
        "everything": everything,
        "text": text,
        "may_keep": found.may_keep(request.user),
        "changes": [(change, keeping.differences(change)) for change in _changes(request.user, found)],
        "today": today,
    }
    return render(request, "billing/reference_kind.html", context)


def _changes(user, kind: Kind) -> list[ReferenceChange]:
    """The newest; of what belongs to a group or a patient, a biller sees the own group's."""
    changes = ReferenceChange.objects.filter(kind=kind.key).select_related("by")
    if user.has_role("administrator") or not kind.belongs_to_groups:
        return list(changes[:20])
    mine = {str(pk) for pk in kind.of(user).values_list("pk", flat=True)}
    return [change for change in changes[:400] if change.row in mine][:20]


@role_required(*BILLING_PEOPLE)
def reference_edit(request: HttpRequest, kind: str, pk: str | None = None) -> HttpResponse:
    """Enter a row, or say what is true instead of one. Saving never overwrites a dated row."""
    found = kind_or_404(kind)
    if not found.may_keep(request.user) or (pk is None and not found.can_be_added):
        raise Http404
    instance = _row(request, found, pk) if pk else None
    form = found.form(request.POST or None, instance=instance, groups=forms.groups_of(request.user))
    if request.method == "POST" and form.is_valid():
        # the form has written into its instance: what is stored is read anew
        stored = found.model.objects.get(pk=instance.pk) if instance else None
        values = {name: form.cleaned_data[name] for name in form.Meta.fields}
        if stored is None and found.key == "payer":
            values["code"] = _payer_code(values["name"])
        try:
            action = keeping.keep(kind=found, by=request.user, values=values, row=stored)
        except BillingRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _SAID[str(action)].format(label=found.label))
            return redirect("billing:reference_kind", found.key)
    context = {"form": form, "kind": found, "instance": instance, "history": _history(found, instance)}
    return render(request, "billing/reference_edit.html", context)


_SAID = {
    "": "Nothing was different, so nothing was changed.",
    "added": "{label} added. Lines that wait for it are decided again.",
    "ended": "{label}: the end is saved. Lines that rest on it are decided again.",
    "replaced": "{label}: a new row is saved, and the earlier one is kept. Lines are decided again.",
    "changed": "{label} changed. Held lines are decided again.",
}


def _payer_code(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())[:50]


def _row(request: HttpRequest, kind: Kind, pk: str):
    rows = kind.of(request.user)
    try:
        return get_object_or_404(rows.filter(withdrawn_at=None) if kind.can_be_withdrawn else rows, pk=pk)
    except (ValueError, TypeError) as error:
        raise Http404 from error


def _history(kind: Kind, instance) -> list:
    if instance is None:
        return []
    changes = ReferenceChange.objects.filter(kind=kind.key, row=str(instance.pk)).select_related("by")
    return [(change, keeping.differences(change)) for change in changes]


@role_required(*BILLING_PEOPLE)
@require_POST
def reference_withdraw(request: HttpRequest, kind: str, pk: str) -> HttpResponse:
    found = kind_or_404(kind)
    if not found.may_keep(request.user) or not found.can_be_withdrawn:
        raise Http404
    row = _row(request, found, pk)
    try:
        keeping.withdraw(kind=found, by=request.user, row=row, reason=request.POST.get("reason", ""))
    except BillingRefused as refused:
        messages.error(request, str(refused))
        return redirect("billing:reference_edit", found.key, row.pk)
    messages.success(request, f"{found.label} withdrawn. It stays to be read; lines that rest on it are decided again.")
    return redirect("billing:reference_kind", found.key)
