"""The page before the signature, and the signature."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.accounts.access import role_required
from config.audit.services import record_view
from intake.models import Case
from intake.workflow import TransitionRefused
from review import services
from review.beats import last_beat_id
from review.errors import NotReadyToSign, NumberChanged, ReviewRefused
from review.models import Review
from review.views.common import is_held_by, own_review, reading_case, to_room


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
