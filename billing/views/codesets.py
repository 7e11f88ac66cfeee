"""Releases of ICD-10-CM: which are here, and reading a further one from CMS's order file after a look at what changes."""

import re
from hashlib import sha256

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from billing.models import ChargeLine
from billing.views.reference import BILLING_PEOPLE
from config import storages
from config.accounts.access import role_required
from config.audit.services import record
from review import icd10
from review.models import Icd10Release

SHOWN = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _Dates(forms.Form):
    name = forms.CharField(label="Name", max_length=20, help_text="Such as October 2026.")
    valid_from = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    verified_until = forms.DateField(
        label="Last day that it answers for",
        help_text="The day before the next release: March 31 for an October set, September 30 for an April set.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    @property
    def release(self) -> icd10.Release:
        return icd10.Release(**{name: self.cleaned_data[name] for name in ("name", "valid_from", "verified_until")})


class ReleaseForm(_Dates):
    file = forms.FileField(
        label="CMS's order file",
        help_text="icd10cm-order-YYYY.txt, from the code files that CMS publishes for each fiscal year.",
        error_messages={"required": "Choose a file."},
    )
    field_order = ("file", "name", "valid_from", "verified_until")


class _Seen(_Dates):
    seen = forms.CharField()
    kept = forms.RegexField(_SHA256)


def _key(digest: str) -> str:
    return f"codesets/{digest}"


@role_required(*BILLING_PEOPLE)
def releases(request: HttpRequest) -> HttpResponse:
    """Billers look, administrators read files."""
    may_read = request.user.has_role("administrator")
    if request.method == "POST" and not may_read:
        raise PermissionDenied
    if request.method == "POST" and request.POST.get("seen"):
        return _confirm(request)
    form = ReleaseForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data["file"].read(icd10.MAX_BYTES + 1)
        try:
            plan = icd10.plan_release(content, form.release)
        except icd10.ReleaseRefused as refused:
            form.add_error("file", str(refused))
        else:
            # kept until it is confirmed: too large to travel with the button
            storages.put_once(_key(plan.file_sha256), content)
            return render(request, "billing/codeset_preview.html", _shown(plan))
    found = list(Icd10Release.objects.select_related("loaded_by"))
    today = timezone.localdate()
    context = {
        "form": form if may_read else None, "releases": found, "today": today,
        "is_covered": any(one.valid_from <= today <= one.verified_until for one in found),
    }  # fmt: skip
    return render(request, "billing/codesets.html", context)


def _said(code: tuple[str, bool]) -> str:
    words, billable = code
    return words if billable else f"{words} (a heading: not for claims)"


def _shown(plan: icd10.Plan) -> dict:
    words = plan.codes
    return {
        "plan": plan,
        "seen": plan.fingerprint,
        "parts": [
            ("Ended: may not stand on claims from that day", [(code, "") for code in plan.ended[:SHOWN]], len(plan.ended)),
            ("Changed: other words, or now a heading", [(code, _said(words[code])) for code in plan.changed[:SHOWN]], len(plan.changed)),
            ("New", [(code, _said(words[code])) for code in plan.added[:SHOWN]], len(plan.added)),
        ],
        "shown": SHOWN,
    }  # fmt: skip


def _confirm(request: HttpRequest) -> HttpResponse:
    form = _Seen(request.POST)
    if not form.is_valid() or not storages.exists(_key(form.cleaned_data["kept"])):
        messages.error(request, "The file is not here any more. Read it again; nothing was written.")
        return redirect("billing:codesets")
    content = storages.read(_key(form.cleaned_data["kept"]))
    try:
        with transaction.atomic():
            # two that confirm at once: the second plans anew on what the first has written
            Icd10Release.objects.select_for_update().first()
            plan = icd10.plan_release(content, form.release)
            if (
                sha256(content).hexdigest() != form.cleaned_data["kept"]
                or plan.fingerprint != form.cleaned_data["seen"]
            ):
                raise icd10.ReleaseRefused("The codes changed since the preview. Look at it again.")
            release = icd10.apply_release(plan, by=request.user)
            record(
                "codeset.read", by=request.user, role="administrator", subject=release,
                data={"release": release.name, "sha256": release.file_sha256},
            )  # fmt: skip
            # lines that wait for this release are decided with it, and those of its days that are ready once more
            ChargeLine.objects.wake()
            ChargeLine.objects.wake_for(Q(date_of_service__gte=release.valid_from))
    except icd10.ReleaseRefused as refused:
        messages.error(request, f"{refused} Nothing was written.")
        return redirect("billing:codesets")
    messages.success(request, f"The release {release} is read: {release.codes} codes.")
    return redirect("billing:codesets")
