"""The reading room: who is let in, and the draft and its codes."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from config.ui import words_of
from intake.models import Case
from intake.workflow import may
from review import services
from review.beats import review_time
from review.errors import ReviewRefused, StaleReview
from review.forms import ReviewForm
from review.models import Icd10Code, Review
from review.models.icd import RELEASE
from review.views.common import is_held_by, own_review, reading_case, to_room
from review.views.story import story

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
    context = story(request, case) | {"review": review, "may_claim": may(case, "claim", request.user)}
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
    query = request.GET.get("icd_q", "").strip()
    codes = request.POST.getlist("icd10cm") if form.is_bound else [d.icd10cm for d in review.diagnoses.all()]
    known = Icd10Code.objects.in_bulk(codes)
    context = story(request, case) | {
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
