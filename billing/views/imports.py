"""CSV files of reference data: upload, see what changes, confirm."""

import base64
from datetime import date

from django import forms as django_forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from billing import forms, imports
from billing.kinds import Kind
from billing.services import BillingRefused
from billing.views.reference import BILLING_PEOPLE, kind_or_404
from config.accounts.access import role_required
from config.audit.services import record_view

SHOWN = 500
_ORDER = (imports.REFUSED, imports.ENDED, imports.CHANGED, imports.ADDED, imports.UNCHANGED)


class FileForm(django_forms.Form):
    file = django_forms.FileField(label="CSV file", error_messages={"required": "Choose a file."})
    complete_on = django_forms.DateField(
        required=False,
        label="The file is the complete list from this day on",
        help_text="Who is not in it ends the day before. Leave it empty when the file only adds or changes.",
        widget=django_forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


def _kind(request: HttpRequest, key: str) -> Kind:
    kind = kind_or_404(key)
    if not kind.file or not kind.may_keep(request.user):
        raise Http404
    return kind


@role_required(*BILLING_PEOPLE)
def reference_import(request: HttpRequest, kind: str) -> HttpResponse:
    found = _kind(request, kind)
    if request.method == "POST" and request.POST.get("seen"):
        return _confirm(request, found)
    form = FileForm(request.POST or None, request.FILES or None)
    if found.key not in ("alignment", "roster"):
        del form.fields["complete_on"]
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data["file"].read(imports.MAX_BYTES + 1)
        return _preview(request, found, form, content, form.cleaned_data.get("complete_on"))
    return render(request, "billing/reference_import.html", {"kind": found, "form": form})


def _preview(request: HttpRequest, kind: Kind, form, content: bytes, complete_on: date | None) -> HttpResponse:
    try:
        lines = imports.plan(kind, content, forms.groups_of(request.user), complete_on=complete_on)
    except imports.FileRefused as refused:
        form.add_error("file", str(refused))
        return render(request, "billing/reference_import.html", {"kind": kind, "form": form})
    counts = imports.counts(lines)
    context = {
        "kind": kind,
        "lines": sorted(lines, key=lambda line: _ORDER.index(line.action))[:SHOWN],
        "more": max(0, len(lines) - SHOWN),
        "counts": counts,
        "changing": counts["added"] + counts["changed"] + counts["ended"],
        "seen": imports.fingerprint(lines),
        "content": base64.b64encode(content).decode(),
        "complete_on": complete_on,
    }
    return render(request, "billing/reference_preview.html", context)


def _confirm(request: HttpRequest, kind: Kind) -> HttpResponse:
    """The bytes of the preview come back with the button: what is written is planned anew and must be what was seen."""
    try:
        content = base64.b64decode(request.POST.get("content", ""), validate=True)
        day = request.POST.get("complete_on", "")
        complete_on = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise Http404 from error
    groups, seen = forms.groups_of(request.user), request.POST["seen"]
    try:
        counts = imports.apply(
            kind=kind, by=request.user, content=content, groups=groups, seen=seen, complete_on=complete_on
        )
    except imports.FileRefused as refused:
        messages.error(request, str(refused))
        return redirect("billing:reference_import", kind.key)
    except BillingRefused as refused:
        messages.error(request, str(refused))
        return _preview(request, kind, FileForm(), content, complete_on)
    done = f"{counts['added']} added, {counts['changed']} changed, {counts['ended']} ended, {counts['refused']} refused"
    messages.success(request, f"The file is read: {done}.")
    return redirect("billing:reference_kind", kind.key)


@role_required(*BILLING_PEOPLE)
def reference_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The standing rows as a CSV file that can be changed and read back."""
    found = _kind(request, kind)
    rows = found.of(request.user).filter(withdrawn_at=None)
    record_view(request, "reference.downloaded", request.user, kind=found.key)
    response = HttpResponse(imports.as_file(found, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.key}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response
