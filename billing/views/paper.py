"""CMS-1500 print data for payers that take paper; the printer's offset; the test page."""

from dataclasses import asdict

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from billing import exporting
from billing.exports import cms1500
from billing.forms import PaperOffsetForm
from billing.models import Batch, PaperOffset, Payer, Submitter
from billing.views.lines import line_of
from config.accounts.access import role_required
from config.accounts.models import Clinic
from config.audit.services import record, record_view
from config.typesetting import pdf

# forms in one PDF: more go into further ones
AT_ONCE = 300


def _offset(group: Clinic) -> dict[str, float]:
    offset = PaperOffset.objects.filter(group=group).first() or PaperOffset()
    return {"right_mm": float(offset.right_mm), "down_mm": float(offset.down_mm)}


def _pdf(title: str, pages: list[list[cms1500.Mark]], name: str, *, frames=(), note: str = "") -> HttpResponse:
    data = {
        "title": title, "language": "en", "note": note,
        "pages": [[asdict(mark) for mark in page] for page in pages],
        "frames": [asdict(mark) for mark in frames],
    }  # fmt: skip
    response = HttpResponse(pdf("cms1500", data, at=timezone.now()), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _forms(groups: list[list[dict]], group: Clinic, payer: Payer) -> list[list[cms1500.Mark]]:
    submitter = Submitter.objects.filter(group=group, payer=payer).first()
    phone, offset = submitter.contact_phone if submitter else "", _offset(group)
    return [cms1500.marks(cms1500.fields(claims, phone, payer.postal_address), **offset) for claims in groups]


@role_required("biller")
def line_form(request: HttpRequest, uid) -> HttpResponse:
    line = line_of(request, uid)
    if not line.may_be_printed:
        raise Http404
    record_view(request, "claim.exported", line, form="cms1500")
    pages = _forms([[exporting.claim_of(line)]], line.group, line.payer)
    return _pdf(f"CMS-1500 for {line.number}", pages, f"{line.number}-cms1500.pdf")


@role_required("biller")
def batch_forms(request: HttpRequest, batch_id, part: int) -> HttpResponse:
    """`?together=1`: several lines of one patient on a form. The batch itself says which lines, in its own order."""
    mine = Batch.objects.visible_to(request.user).select_related("payer", "group")
    batch = get_object_or_404(mine, pk=batch_id, payer__takes_paper=True, status__in=("exported", "sent", "replaced"))
    if part < 1:
        raise Http404
    at = (part - 1) * AT_ONCE
    rows = batch.batch_lines.order_by("position").values_list(*(f"line__{name}" for name in exporting.COLUMNS))
    claims = [exporting.claim_of_row(row) for row in rows[at : at + AT_ONCE]]
    if not claims:
        raise Http404
    groups = cms1500.together(claims) if request.GET.get("together") else [[claim] for claim in claims]
    record_view(request, "batch.downloaded", batch, form="cms1500", forms=len(groups))
    pages = _forms(groups, batch.group, batch.payer)
    return _pdf(f"CMS-1500 for batch {batch.number}", pages, f"{batch.number}-cms1500-{part}.pdf")


@role_required("biller")
def paper(request: HttpRequest) -> HttpResponse:
    """Where the printer prints: one row a group, and a test page to hold against an empty form."""
    groups = list(request.user.clinics("biller"))
    forms = []
    for group in groups:
        offset = PaperOffset.objects.filter(group=group).first() or PaperOffset(group=group)
        is_this = request.method == "POST" and request.POST.get("group") == str(group.pk)
        form = PaperOffsetForm(request.POST if is_this else None, instance=offset, prefix=f"g{group.pk}")
        if is_this and form.is_valid():
            saved = form.save()
            record("paper.offset_set", by=request.user, subject=saved, clinic=group, data={"offset": str(saved)})
            messages.success(request, "The offset is saved. Print a test page to see it.")
            return redirect("billing:paper")
        forms.append((group, form))
    payers = Payer.objects.filter(takes_paper=True)
    return render(request, "billing/paper.html", {"forms": forms, "payers": payers})


@role_required("biller")
def test_page(request: HttpRequest, group_id) -> HttpResponse:
    group = get_object_or_404(request.user.clinics("biller"), pk=group_id)
    offset = _offset(group)
    note = f"Test page: {offset['right_mm']} mm right, {offset['down_mm']} mm down. Print at 100%, without fitting to the page."
    return _pdf(
        "CMS-1500 test page", [[]], "cms1500-test-page.pdf", frames=cms1500.outlines(**offset), note=note
    )  # fmt: skip
