"""The reading room: photographs, story, draft, clock, codes, and the signature."""

import json
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.accounts.idle import passive
from config.audit.services import record_view
from config.ui import words_of
from intake.alarms import alarms_of
from intake.completeness import seven_point_words
from intake.models import Case, CaseStatus
from intake.services import answered_lines
from intake.workflow import TransitionRefused, may
from review import services
from review.beats import last_beat_id, review_time
from review.errors import BeatsRefused, NotReadyToSign, NumberChanged, ReviewRefused, StaleReview
from review.forms import ReviewForm, TimeForm, today_in
from review.models import Icd10Code, Review
from review.models.icd import RELEASE
from review.views.common import is_held_by, own_review, reading_case, to_room
from review.views.spans import spans_of

NEXT = {"sign": "review:sign", "ask": "review:ask", "in_person": "review:in_person", "release": "review:release"}
SHOWN_CODES = 20


@role_required("specialist")
def room(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    review = case.reviews.filter(specialist=request.user).first()
    if review is not None and review.is_signed:
        return redirect("review:signed", case.pk)
    record_view(request, "case.viewed", case)
    if review is None or not is_held_by(case, request.user):
        return _outside(request, case, review)
    review.case = case
    return _inside(request, case, review, ReviewForm(instance=review))


def _outside(request: HttpRequest, case: Case, review: Review | None) -> HttpResponse:
    """Seen by a specialist who does not hold the case: who does, and how to take it."""
    context = _story(request, case) | {"review": review, "may_claim": may(case, "claim", request.user)}
    return render(request, "review/outside.html", context)


def _story(request: HttpRequest, case: Case) -> dict:
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
        "seven_point": seven_point_words(case),
        "alarms": alarms_of(case, list(case.photos.live().select_related("twin__case", "case"))),
        "handovers": services.handover_notes(case, request.user),
        "answers": case.requests.exclude(outcome="").prefetch_related("items__photo"),
    }


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
    query = request.GET.get("icd_q", "").strip()
    codes = request.POST.getlist("icd10cm") if form.is_bound else [d.icd10cm for d in review.diagnoses.all()]
    known = Icd10Code.objects.in_bulk(codes)
    context = _story(request, case) | {
        "review": review,
        "form": form,
        "diagnoses": [known[code] for code in codes if code in known],
        "stored": _differences(form, stored) if stored else [],
        "counted_ms": review_time(review).measured_ms,
        "icd_q": query,
        "icd_codes": _found(query),
        "clock": {"beat": 15, "ask": 75, "idle": 90},
        "release": RELEASE,
    }
    return render(request, "review/room.html", context, status=status)


def _differences(form: ReviewForm, stored: Review) -> list[dict]:
    """Every field whose stored text is not the typed one: both are shown, nothing is lost."""
    rows = []
    for name in [*form.Meta.fields, "differential"]:
        there = getattr(stored, name)
        there = "; ".join(there) if isinstance(there, list) else there
        typed = form.data.get(name, "")
        if isinstance(there, str) and there.strip() != typed.strip():
            rows.append({"label": form.fields[name].label, "text": there})
    return rows


def _found(query: str) -> list[Icd10Code]:
    today = timezone.localdate()
    found = list(Icd10Code.objects.search(query)[:SHOWN_CODES]) if query else []
    for row in found:
        row.verified = row.is_verified_on(today)
    return found


@role_required("specialist")
def codes(request: HttpRequest) -> HttpResponse:
    """Codes by their beginning, or by all the words of their description."""
    query = request.GET.get("icd_q", "").strip()
    context = {"icd_q": query, "icd_codes": _found(query), "release": RELEASE}
    return render(request, "review/partials/codes.html", context)


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
    chosen = _chosen_codes(request)
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
    return _after_saving(request, case)


def _chosen_codes(request: HttpRequest) -> list[str]:
    codes = [*request.POST.getlist("icd10cm"), request.POST.get("add_code", "")]
    gone = request.POST.get("remove_code", "")
    return [code for code in dict.fromkeys(codes) if code and code != gone]


def _after_saving(request: HttpRequest, case: Case) -> HttpResponse:
    step = request.POST.get("next", "")
    if step in NEXT:
        return redirect(NEXT[step], case.pk)
    response = to_room(case)
    if photo := request.POST.get("show_photo", ""):
        response["Location"] += "?" + urlencode({"photo": photo})
    elif step == "find":
        response["Location"] += "?" + urlencode({"icd_q": request.POST.get("icd_q", "")}) + "#icd"
    return response


@role_required("specialist")
@require_POST
@passive
def beats(request: HttpRequest, case_id) -> HttpResponse:
    """What the clock of one tab has to tell. The form field carries JSON, so that a closing page can send it too."""
    case = reading_case(request, case_id)
    review = own_review(request, case)
    try:
        sent = json.loads(request.POST.get("beats", ""))
        if not isinstance(sent, list):
            raise BeatsRefused("Beats come as a list.")
        held = services.record_beats(review=review, by=request.user, beats=sent)
    except (ValueError, BeatsRefused) as error:
        return JsonResponse({"error": str(error)}, status=400)
    time = review_time(review)
    return JsonResponse({"counted_ms": time.measured_ms, "last_beat_id": time.last_beat_id, "held": held})


@role_required("specialist")
def sign(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    review = own_review(request, case)
    if review.is_signed:
        return redirect("review:signed", case.pk)
    if not is_held_by(case, request.user):
        return to_room(case)
    if request.method == "POST":
        return _sign(request, case, review)
    record_view(request, "review.check_opened", review)
    return _sign_page(request, case, review)


def _sign(request: HttpRequest, case: Case, review: Review) -> HttpResponse:
    try:
        last, measured = int(request.POST["last_beat_id"]), int(request.POST["measured_ms"])
    except (KeyError, ValueError) as error:
        raise Http404 from error
    if why := request.POST.get("time_dispute", "").strip():
        # what the signer disagrees with is part of what is signed
        services.dispute_time(review=review, by=request.user, why=why)
    try:
        services.sign_review(
            review=review,
            by=request.user,
            last_beat_id=last,
            measured_ms=measured,
            attested=request.POST.get("attested") == "yes",
            fingerprint=request.POST.get("fingerprint") or "none",
        )
    except (NotReadyToSign, NumberChanged) as refused:
        return _sign_page(request, case, review, error=str(refused), status=409)
    except (ReviewRefused, TransitionRefused) as refused:
        return _sign_page(request, case, review, error=str(refused), status=422)
    except OSError:
        error = "The storage for the time record does not answer. Nothing was signed, your draft is kept. Try again in a minute."
        return _sign_page(request, case, review, error=error, status=503)
    messages.success(request, f"Signed. The recommendation is on its way to {case.patient}.")
    return redirect("review:signed", case.pk)


def _sign_page(request: HttpRequest, case: Case, review: Review, *, error: str = "", status: int = 200) -> HttpResponse:
    review.refresh_from_db()
    review.case = case
    proposal = services.propose(review, last_beat_id=last_beat_id(review))
    context = {
        "case": case,
        "patient": case.patient,
        "review": review,
        "proposal": proposal,
        "time": proposal.time,
        "error": error,
        "added": review.added_times.all(),
        "recipients": ["the patient", *([str(case.referring_clinician)] if case.referring_clinician else [])],
    }
    return render(request, "review/sign.html", context, status=status)


@role_required("specialist")
def time(request: HttpRequest, case_id) -> HttpResponse:
    """Every stretch so far, and the form to add time spent away from the screen."""
    case = reading_case(request, case_id)
    review = own_review(request, case)
    if review.is_signed:
        return redirect("review:signed", case.pk)
    form = TimeForm(request.POST or None, initial={"day": today_in(case.group.zone)})
    if request.method == "POST" and form.is_valid():
        start, stop = form.span(case.group.zone)
        data = form.cleaned_data
        try:
            services.add_time(
                review=review, by=request.user, started_at=start, stopped_at=stop,
                reason_code=data["reason_code"], note=data["note"],
            )  # fmt: skip
        except ReviewRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The time is added. It stands beside the measured time, not in it.")
            return redirect("review:time", case.pk)
    account = review_time(review)
    context = {
        "case": case,
        "review": review,
        "form": form,
        "time": account,
        "spans": _account_spans(account),
        "added": review.added_times.all(),
    }
    return render(request, "review/time.html", context, status=422 if form.is_bound and form.errors else 200)


def _account_spans(account: services.ReviewTime) -> list[dict]:
    not_counted = [{"start": p.start, "end": p.end, "why": p.why} for p in account.not_counted]
    return spans_of({"intervals_ms": account.intervals, "not_counted_ms": not_counted})
