"""What stands left and in the middle of the room: the story, the photographs, and what was there before."""

from django.http import HttpRequest

from intake import messages, trace
from intake.alarms import alarms_of
from intake.completeness import seven_point_words
from intake.models import Case, CaseStatus
from intake.services import answered_lines
from review import services


def story(request: HttpRequest, case: Case) -> dict:
    photos = [photo for photo in case.photos.live().prefetch_related("renditions") if photo.status == "ready"]
    for photo in photos:
        photo.case = case
    chosen = next(
        (photo for photo in photos if str(photo.pk) == (request.GET.get("photo") or request.GET.get("show_photo"))),
        photos[0] if photos else None,
    )
    earlier = (
        case.patient.cases.filter(created_at__lt=case.created_at)
        .exclude(status__in=[CaseStatus.DRAFT, CaseStatus.WITHDRAWN])
        .order_by("-created_at")[:5]
    )
    return {
        "case": case,
        "patient": case.patient,
        "photos": photos,
        "photo": chosen,
        "arriving": sum(photo.status == "arriving" for photo in case.photos.live()),
        "earlier": earlier,
        "told": answered_lines(case),
        "changes": [entry for entry in trace.changes(case) if not entry.is_urgency],
        "seven_point": seven_point_words(case),
        "alarms": alarms_of(case, list(case.photos.live().select_related("twin__case", "case"))),
        "handovers": services.handover_notes(case, request.user),
        "unread_messages": messages.unread(case, request.user),
        "answers": case.requests.exclude(outcome="").prefetch_related("items__photo"),
    }
