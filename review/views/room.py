"""The reading room: who is let in, and the draft and its codes."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from config.ui import words_of
from intake.models import Case
from intake.workflow import may
from review import beats, claims, opinions, phrases, rows, services, timekeeping
from review.beats import LATE_MS, review_time
from review.errors import ReviewRefused, StaleReview
from review.forms import ReviewForm
from review.models import ActionItem, Review
from review.views.codes import chosen_codes, codes_for_room, toggle_favourite
from review.views.common import may_write, own_review, reading_case, to_room
from review.views.story import story

NEXT = {
    "sign": "review:sign",
    "ask": "review:ask",
    "in_person": "review:in_person",
    "release": "review:release",
    "opinion": "review:opinion",
}


@role_required("specialist")
def room(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    review = services.review_of(case, request.user)
    if review is not None and review.is_signed:
        return redirect("review:signed", case.pk)
    record_view(request, "case.viewed", case)
    if review is None or not may_write(case, review):
        return _outside(request, case, review)
    review.case = case
    return _inside(request, case, review, ReviewForm(instance=review))


def _outside(request: HttpRequest, case: Case, review: Review | None) -> HttpResponse:
    """Seen by a specialist who does not hold the case: who does, and how to take it."""
    context = story(request, case) | {
        "review": review,
        "may_claim": may(case, "claim", request.user),
        "may_release": may(case, "release", request.user),
        "may_take_back": may(case, "to_pool", request.user),
        "hold_ended": claims.hold_ended_by(case, request.user) if review is not None else None,
    }
    return render(request, "review/outside.html", context)


def _inside(
    request: HttpRequest,
    case: Case,
    review: Review,
    form: ReviewForm,
    *,
    stored: Review | None = None,
    status: int = 200,
) -> HttpResponse:
    form.errors  # noqa: B018 validate a bound form before its fields are marked
    form.name_what_signing_needs()
    codes = request.POST.getlist("icd10cm") if form.is_bound else [d.icd10cm for d in review.diagnoses.all()]
    context = story(request, case) | {
        "review": review,
        "form": form,
        "stored": form.differences(stored) if stored else [],
        "counted_ms": review_time(review, with_added=False).measured_ms,
        "clock": _clock(),
        "empty_line": rows.shown_line(rows.EMPTY_LINE),
        "plan_choices": {"kinds": ActionItem.Kind.choices, "owners": ActionItem.Owner.choices},
        "confidences": Review.Confidence.choices,
        "templates": phrases.for_room(request.user, case),
        "standing_texts": phrases.standing_for_room(case),
        "opinions": opinions.shown_to(request.user, case),
        "may_ask_opinion": opinions.may_ask(case, request.user),
    }
    context |= {"photo_rows": rows.photo_rows(context["photos"], form.photo_answers)}
    context |= codes_for_room(request, case, codes)
    return render(request, "review/room.html", context, status=status)


def _clock() -> dict[str, int]:
    """What the page's clock goes by, in seconds, and what time it is here."""
    idle, beat = settings.CLOCK_IDLE_SECONDS, timekeeping.BEAT_MS // 1000
    return {
        "beat": beat,
        "ask": idle - beat,
        "idle": idle,
        "gap": settings.CLOCK_GAP_SECONDS,
        "late": LATE_MS // 1000,
        "now_ms": beats.server_ms(),
    }


@role_required("specialist")
@require_POST
def save(request: HttpRequest, case_id) -> HttpResponse:
    """Autosave (answers JSON) and every button of the form (saves, then goes on)."""
    case = reading_case(request, case_id)
    review = own_review(request, case)
    by_script = request.headers.get("X-Draft") == "1"
    form = ReviewForm(request.POST, instance=Review(pk=review.pk, case=case, specialist=request.user))
    if not form.is_valid():
        if by_script:
            return JsonResponse({"error": " ".join(e for errors in form.errors.values() for e in errors)}, status=422)
        return _inside(request, case, review, form, status=422)
    if code := request.POST.get("favourite", ""):
        toggle_favourite(request.user, code)
    chosen = chosen_codes(request)
    try:
        review, held = services.save_draft(
            review=review, by=request.user, version=form.cleaned_data["version"], codes=chosen, **form.draft()
        )
    except StaleReview as stale:
        if by_script:
            return JsonResponse({"error": str(stale), "stale": True}, status=409)
        form.data = form.data.copy()
        form.data["version"] = stale.review.version
        return _inside(request, case, review, form, stored=stale.review, status=409)
    except ReviewRefused as refused:
        if by_script:
            return JsonResponse({"error": str(refused)}, status=422)
        form.add_error(None, str(refused))
        return _inside(request, case, review, form, status=422)
    if by_script:
        saved = words_of(review.saved_at).rsplit(", ", 1)[1]
        return JsonResponse({"version": review.version, "saved": saved, "held": held})
    return _after_saving(request, case, review)


def _after_saving(request: HttpRequest, case: Case, review: Review) -> HttpResponse:
    step = request.POST.get("next", "")
    if template := phrases.of(request.user, case, request.POST.get("template", "")):
        phrases.insert(template, review=review, case=case, by=request.user)
    if step in NEXT:
        return redirect(NEXT[step], case.pk)
    response = to_room(case)
    if photo := request.POST.get("show_photo", ""):
        response["Location"] += "?" + urlencode({"photo": photo})
    elif step == "find":
        response["Location"] += "?" + urlencode({"icd_q": request.POST.get("icd_q", "")}) + "#icd"
    return response
