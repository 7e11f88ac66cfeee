"""What the pages of a case share, whoever opens them."""

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from intake.models import Case, Photo, RelatedPerson
from intake.models.case import may_see
from intake.slots import slots_of


def visible_case(request: HttpRequest, case_id, *statuses: str) -> Case:
    """A case of the own record or clinic; a specialist or referrer does not work on these pages."""
    if not may_see(request.user, case_id):
        raise Http404
    case = Case.objects.select_related("patient__user", "clinic", "referring_clinician").get(pk=case_id)
    if not works_on(request, case) or (statuses and case.status not in statuses):
        raise Http404
    return case


def works_on(request: HttpRequest, case: Case) -> bool:
    """Whether a visible case is of the own record or clinic."""
    return case.is_cared_for_by(request.user) or request.user.has_role("staff", case.clinic)


def staff_case(request: HttpRequest, case_id, *statuses: str) -> Case:
    """A case of the clinic, for its staff."""
    case = visible_case(request, case_id, *statuses)
    if not request.user.has_role("staff", case.clinic):
        raise Http404
    return case


def words_in(data: Mapping[str, str], name: str) -> str:
    """What was typed, outside a form; PostgreSQL holds no NUL."""
    return data.get(name, "").replace("\x00", "").strip()


def with_words(refused: object, words: str) -> str:
    """A refusal on another page than the form's own: what was typed is not lost with the form."""
    return f"{refused} You wrote: “{words}”" if words else str(refused)


def acted_for(case: Case | None, user) -> str:
    """The first name of the patient for whom a parent or carer answers; "" for the patient, the clinic and a photo link."""
    if case is None or case.patient.user_id == user.pk:
        return ""
    acting = RelatedPerson.objects.active().filter(user=user, patient=case.patient, case=None)
    return case.patient.first_name if acting.exists() else ""


def page(request: HttpRequest, template: str, case: Case | None, **context) -> HttpResponse:
    is_patient = case is None or case.is_cared_for_by(request.user)
    if is_patient:
        context["acts_for"] = acted_for(case, request.user)
    context |= {"case": case, "is_patient": is_patient, "base": "base_patient.html" if is_patient else "base.html"}
    return render(request, template, context, status=context.pop("status", 200))


def earlier_photos(case: Case) -> dict[str, Photo]:
    """Slot -> the newest shown photo of that slot in the cases that this one follows."""
    found: dict[str, Photo] = {}
    earlier, seen = case.follows, set()
    while earlier is not None and earlier.pk not in seen:
        seen.add(earlier.pk)
        for photo in earlier.photos.live().filter(work_status="done", refusal_reason="").order_by("-received_at"):
            found.setdefault(photo.slot, photo)
        earlier = earlier.follows
    return found


def slots_with_photos(case: Case) -> list[dict]:
    photos: dict[str, list[Photo]] = {}
    for photo in case.photos.live().prefetch_related("renditions"):
        photo.case = case
        photos.setdefault(photo.slot_info.key, []).append(photo)
    earlier = earlier_photos(case)
    return [
        {
            "slot": slot,
            "photos": here,
            "earlier": earlier.get(slot.key),
            "is_arriving": any(photo.status == "arriving" for photo in here),
        }
        for slot, here in ((slot, photos.get(slot.key, [])) for slot in slots_of(case))
    ]
