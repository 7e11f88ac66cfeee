"""Photos of a case: sent by a plain form, shown slot by slot, kept, removed, circled, put in order."""

import csv
import logging

from botocore.exceptions import BotoCoreError, ClientError
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from intake import fairness, own_photos, services
from intake.models import Case, CaseStatus, Photo
from intake.photo_forms import CircleForm
from intake.slots import slot as slot_of
from intake.views.common import page, slots_with_photos, visible_case
from intake.wording import words_of_refusal

log = logging.getLogger(__name__)

# a circle to begin with: in the middle, and large enough to be noticed
BEGIN = {"x": 0.5, "y": 0.5, "across": 0.2}
MOVES = {"earlier": own_photos.EARLIER, "later": own_photos.LATER}


@role_required("patient", "staff")
@require_POST
def upload_photo(request: HttpRequest, case_id) -> HttpResponse:
    """One or more files for one slot. A script gets the slot's new HTML; a plain form comes back to its page."""
    case = visible_case(request, case_id, CaseStatus.DRAFT, CaseStatus.NEEDS_INFORMATION)
    slot, refusal = request.POST.get("slot", "other"), ""
    files = request.FILES.getlist("photo")
    if not files:
        refusal = _("No photo arrived. Choose it again.")
    for file in files:
        try:
            _take(case, request, file, slot)
        except services.PhotoRefused as refused:
            refusal = refused.message
        except (OSError, BotoCoreError, ClientError) as error:
            log.warning("storage does not take a photo (%s)", type(error).__name__)
            refusal = _("The photo could not be stored just now. Everything else is saved; send it again in a minute.")
    if request.headers.get("X-Upload"):
        return _slot_html(request, case, slot_of(case, slot).key, refusal, status=422 if refusal else 200)
    if refusal:
        messages.error(request, refusal)
    elif files:
        messages.success(request, _("The photo is here."))
    return redirect(_photos_of(case))


def _take(case: Case, request: HttpRequest, file, slot: str) -> Photo:
    too_big = services.pipeline.limits.check_bytes(file.size)
    if too_big:
        raise services.PhotoRefused(too_big.reason, words_of_refusal(too_big))
    return services.attach_photo(case=case, by=request.user, data=file.read(), name=file.name, slot=slot)


def _slot_html(request: HttpRequest, case: Case, slot_key: str, refusal: str = "", status: int = 200) -> HttpResponse:
    entry = next((entry for entry in slots_with_photos(case) if entry["slot"].key == slot_key), None)
    if entry is None:
        raise Http404
    return render(
        request, "intake/partials/slot.html", {"case": case, "entry": entry, "refusal": refusal}, status=status
    )


@role_required("patient", "staff")
def slot(request: HttpRequest, case_id, slot_key: str) -> HttpResponse:
    """The slot as it is now; the page asks while a photo is on its way to be shown."""
    case = visible_case(request, case_id, CaseStatus.DRAFT, CaseStatus.NEEDS_INFORMATION)
    return _slot_html(request, case, slot_key)


@role_required("patient", "staff")
@require_POST
def photo_action(request: HttpRequest, photo_id, action: str) -> HttpResponse:
    photo = get_object_or_404(Photo.objects.visible_to(request.user).select_related("case__patient"), pk=photo_id)
    case = visible_case(request, photo.case_id, CaseStatus.DRAFT, CaseStatus.NEEDS_INFORMATION)
    refusal = ""
    if action == "remove":
        try:
            own_photos.remove_photo(photo=photo, by=request.user)
        except services.IntakeRefused as refused:
            refusal = str(refused)
    elif action == "keep":
        own_photos.keep_photo(photo=photo, by=request.user)
    elif action in MOVES:
        own_photos.move_photo(photo=photo, step=MOVES[action])
    else:
        raise Http404
    if request.headers.get("HX-Request"):
        return _slot_html(request, case, photo.slot_info.key, refusal)
    if refusal:
        messages.error(request, refusal)
    return redirect(_photos_of(case))


def _photos_of(case: Case) -> str:
    """The page on which the patient has the photos of this case."""
    if case.status == CaseStatus.DRAFT:
        return reverse("intake:case_step", args=[case.pk, "photos"])
    return reverse("intake:case_answer", args=[case.pk])


@role_required("patient", "staff")
def circle(request: HttpRequest, photo_id) -> HttpResponse:
    """Around what the photo is about. It tells whether it was taken from near enough, and which of several spots is meant."""
    photo = get_object_or_404(Photo.objects.visible_to(request.user).select_related("case__patient"), pk=photo_id)
    case = visible_case(request, photo.case_id, CaseStatus.DRAFT, CaseStatus.NEEDS_INFORMATION)
    if photo.status != "ready" or not photo.slot_info.least_across:
        raise Http404
    back = f"{_photos_of(case)}#slot-{photo.slot_info.key}"
    kept = {"x": photo.circle_x, "y": photo.circle_y, "across": photo.circle_across}
    begin = kept if photo.circle_across else BEGIN
    form = CircleForm(request.POST or None, initial=begin)
    if request.method == "POST":
        away = "away" in request.POST
        if away or form.is_valid():
            try:
                own_photos.circle_photo(photo=photo, by=request.user, circle=None if away else form.circle)
                messages.success(request, _("The circle is taken away.") if away else _("The circle is kept."))
            except services.IntakeRefused as refused:
                messages.error(request, str(refused))
            return redirect(back)
    screen = photo.rendition("screen")
    # as text: a number would be written with a comma in Spanish
    drawn = {
        "cx": f"{begin['x'] * screen.width:.1f}",
        "cy": f"{begin['y'] * screen.height:.1f}",
        "r": f"{begin['across'] * min(screen.width, screen.height) / 2:.1f}",
    }
    context = {"photo": photo, "form": form, "back": back, "screen": screen, "drawn": drawn}
    return page(request, "intake/case_circle.html", case, **context)


@role_required("staff")
def photo_hints(request: HttpRequest) -> HttpResponse:
    """How often a retake is suggested and how often that was needless, by tone, device and slot; also as CSV."""
    whole, tables = fairness.report(request.user.clinics("staff"))
    if request.GET.get("as") == "csv":
        return _csv(whole, tables)
    unfair = [group for table in tables for group in fairness.unfair_groups(whole, table)]
    facts = {"whole": whole, "tables": tables, "unfair": unfair, "days": fairness.DAYS, "few": fairness.FEW}
    return render(request, "intake/photo_hints.html", facts)


def _csv(whole: fairness.Line, tables: list[fairness.Table]) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="photo-hints.csv"'
    writer = csv.writer(answer)
    writer.writerow(["table", "group", "photos", "retake_suggested", "kept_anyway", "judged", "adequate_after_all"])
    for key, line in [("all", whole), *((table.key, line) for table in tables for line in table.lines)]:
        # a device's name comes out of a file: no spreadsheet may take it for a formula
        group = f"'{line.group}" if line.group[:1] in "=+-@\t" else line.group
        writer.writerow([key, group, line.photos, line.suggested, line.kept, line.judged, line.adequate])
    return answer
