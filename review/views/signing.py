"""The page before the signature, and the signature."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from config.accounts import reauth, throttle
from config.accounts.access import role_required
from config.audit.services import record_view
from intake.models import Case
from intake.views.common import words_in
from intake.workflow import TransitionRefused
from review import critical, opinions, services, worklist
from review.beats import last_beat_id
from review.errors import NotReadyToSign, NumberChanged, ReviewRefused
from review.models import CriticalResult, Review
from review.views.common import may_write, own_review, reading_case, to_room


@role_required("specialist")
@sensitive_post_parameters("password")
def sign(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    review = own_review(request, case)
    if review.is_signed:
        return redirect("review:signed", case.pk)
    if not may_write(case, review):
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
    error, status = _who(request)
    if error:
        return _sign_page(request, case, review, error=error, status=status)
    try:
        services.sign_review(
            review=review,
            by=request.user,
            last_beat_id=last,
            measured_ms=measured,
            attested=request.POST.get("attested") == "yes",
            fingerprint=request.POST.get("fingerprint") or "none",
            authenticated_at=reauth.proved_at(request),
            is_critical=request.POST.get("critical") == "yes",
            critical_note=words_in(request.POST, "critical_note"),
        )
    except (NotReadyToSign, NumberChanged) as refused:
        return _sign_page(request, case, review, error=str(refused), status=409)
    except (ReviewRefused, TransitionRefused) as refused:
        return _sign_page(request, case, review, error=str(refused), status=422)
    except OSError:
        error = "The storage for the time record does not answer. Nothing was signed, your draft is kept. Try again in a minute."
        return _sign_page(request, case, review, error=error, status=503)
    to = "whoever asked you" if review.second_opinion else str(case.patient)
    messages.success(request, f"Signed. The recommendation is on its way to {to}.")
    if request.POST.get("then") == "next" and (following := services.claim_next(by=request.user)):
        return to_room(following)
    return redirect("review:signed", case.pk)


def _who(request: HttpRequest) -> tuple[str, int]:
    """("", 200) when the signer has proved who it is, moments ago or with this very click."""
    if reauth.proved_at(request):
        return "", 200
    try:
        if reauth.prove(request, request.POST.get("password", "")):
            return "", 200
    except throttle.Throttled as error:
        return f"{error} Nothing was signed, your draft is kept.", 429
    if not request.POST.get("password"):
        return "Enter your password: it is part of the signature.", 422
    return "That is not your password. Nothing was signed.", 422


@role_required("specialist")
@require_POST
def interlock(request: HttpRequest, case_id) -> HttpResponse:
    """A reason beside one finding: the finding is answered, or overridden."""
    case = reading_case(request, case_id)
    review = own_review(request, case)
    how = "overridden" if "override" in request.POST else "answered"
    key = request.POST.get("override") or request.POST.get("answer", "")
    try:
        services.answer_interlock(
            review=review, by=request.user, key=key, how=how, reason=request.POST.get(f"why-{key}", "")
        )
    except ReviewRefused as refused:
        return _sign_page(request, case, review, error=str(refused), status=422)
    return redirect("review:sign", case.pk)


def _sign_page(request: HttpRequest, case: Case, review: Review, *, error: str = "", status: int = 200) -> HttpResponse:
    review.refresh_from_db()
    review.case = case
    proposal = services.propose(review, last_beat_id=last_beat_id(review))
    recipients = ["the patient", *([str(case.referring_clinician)] if case.referring_clinician else [])]
    if review.second_opinion:
        recipients = [str(one.asked_by) for one in opinions.of_case(case) if one.review_id == review.pk and one.is_open]
    context = {
        "case": case,
        "patient": case.patient,
        "review": review,
        "proposal": proposal,
        "time": proposal.time,
        "error": error,
        "typed": request.POST,
        "added": review.added_times.all(),
        "assistants": review.assistant_times.all(),
        "recipients": recipients,
        "critical_words": [CriticalResult.Reason(code).label.lower() for code in critical.reasons_of(review)],
        "critical_named": critical.named_person(case),
        "needs_password": reauth.proved_at(request) is None,
        "next_waits": worklist.waiting(request.user).exclude(pk=case.pk).exists(),
    }
    return render(request, "review/sign.html", context, status=status)
