"""What stands left and in the middle of the room: the story, the photographs, and what was there before.

The room itself asks only for what its first photograph needs; earlier cases and messages follow by a request of their own.
"""

from datetime import timedelta

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from config.accounts.access import role_required
from config.accounts.idle import passive
from config.audit.services import record_view
from config.ui import span_words
from intake import messages, trace
from intake.alarms import alarms_of
from intake.completeness import seven_point_words
from intake.models import Case, CaseStatus, Photo
from intake.services import answered_lines
from review import bodyview, services
from review import worklist as lists
from review.keys import KEYS
from review.models import Review
from review.views.common import is_held_by, reading_case

SHOWN_EARLIER = 20


def story(request: HttpRequest, case: Case) -> dict:
    prefetch_related_objects([case], "answers")
    live = list(case.photos.live().select_related("twin__case"))
    for photo in live:
        photo.case = case
    photos = [photo for photo in live if photo.status == "ready"]
    before = earlier_context(request, case) if "earlier" in request.GET else {}
    asked_for = request.GET.get("photo") or request.GET.get("show_photo")
    all_photos = [*photos, *before.get("earlier_photos", [])]
    chosen = next((photo for photo in all_photos if str(photo.pk) == asked_for), photos[0] if photos else None)
    return before | {
        "case": case,
        "patient": case.patient,
        "photos": photos,
        "photo": chosen,
        "arriving": sum(photo.status == "arriving" for photo in live),
        "told": answered_lines(case),
        "seven_point": seven_point_words(case),
        "alarms": alarms_of(case, live),
        "handovers": services.handover_notes(case, request.user),
        "answers": case.requests.exclude(outcome="").prefetch_related("items__photo")
        if case.needs_information_at
        else [],
        "room_keys": KEYS,
    }


@role_required("specialist")
@passive
def earlier(request: HttpRequest, case_id) -> HttpResponse:
    """The part of the story that may come a moment later: earlier cases on the body map, their photos, new messages."""
    case = reading_case(request, case_id)
    context = earlier_context(request, case) | {"form": is_held_by(case, request.user)}
    seen = [str(other.pk) for other in context["earlier"]]
    if seen:
        record_view(request, "case.listed", case, cases=seen)
    return render(request, "review/partials/room_earlier.html", context)


@role_required("specialist")
@passive
def ahead(request: HttpRequest, case_id) -> HttpResponse:
    """Where the first photo of the reader's next case lies, so that it can be fetched while this one is read."""
    reading_case(request, case_id)
    found = lists.ordered(request.user).exclude(pk=case_id).first()
    photos = [photo for photo in found.photos.all() if photo.status == "ready"] if found else []
    if not photos:
        return JsonResponse({"picture": ""})
    photos[0].case = found
    # a sensitive photo is asked for by hand only
    address = "" if photos[0].is_sensitive else reverse("intake:picture", args=[photos[0].pk, "screen"])
    return JsonResponse({"picture": address})


def earlier_context(request: HttpRequest, case: Case) -> dict:
    cases = earlier_cases(request.user, case)
    return {
        "case": case,
        "earlier": cases,
        "earlier_photos": _photos(cases, case),
        "drawings": bodyview.drawings(case, cases),
        "unread_messages": messages.unread(case, request.user),
        "changes": [entry for entry in trace.changes(case) if not entry.is_urgency],
        "with_earlier": True,
    }


def earlier_cases(user, case: Case) -> list[Case]:
    """What was asked before about the same person, the newest first; `opens` where the reader may see more than that."""
    sent = case.patient.cases.filter(created_at__lt=case.created_at).exclude(
        status__in=[CaseStatus.DRAFT, CaseStatus.WITHDRAWN]
    )
    found = list(sent.order_by("-created_at")[:SHOWN_EARLIER])
    visible = set(Case.objects.visible_to(user).filter(patient=case.patient_id).values_list("pk", flat=True))
    opinions = {
        review.case_id: review
        for review in Review.objects.signed().filter(case__in=visible).order_by("-second_opinion")
    }
    for other in found:
        other.patient = case.patient
        other.opens = other.pk in visible
        other.opinion = opinions.get(other.pk)
        other.same_spot = other.pk == case.follows_id or (
            bool(case.site) and (other.site, other.side) == (case.site, case.side)
        )
    return found


def _photos(cases: list[Case], now: Case) -> list[Photo]:
    """The pictures of earlier cases that the reader may see: the same spot first, then the newest case."""
    order = {other.pk: other for other in sorted(cases, key=lambda other: not other.same_spot) if other.opens}
    ready = [photo for photo in Photo.objects.live().filter(case__in=order) if photo.status == "ready"]
    places = {pk: place for place, pk in enumerate(order)}
    for photo in ready:
        photo.case = order[photo.case_id]
        photo.before_words = _before(now.created_at - photo.case.created_at)
    return sorted(ready, key=lambda photo: places[photo.case_id])


def _before(span: timedelta) -> str:
    """14 months before; days and hours while it is less than two months."""
    months = round(span.days / 30.44)
    return f"{months} months before" if months >= 2 else f"{span_words(span)} before"
