"""The letters as files, and the public page that says whether a printed one is real."""

import logging

from botocore.exceptions import BotoCoreError, ClientError
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from config import storages
from config.accounts.access import public, role_required
from config.audit.services import record_view
from intake.models import Case
from review.letters import access, making
from review.models import Letter, LetterPair

log = logging.getLogger(__name__)


@role_required("patient", "referrer", "staff", "specialist")
@never_cache
def letter(request: HttpRequest, pair_id, audience: str, paper: str) -> HttpResponse:
    visible = Case.objects.visible_to(request.user)
    found = get_object_or_404(
        Letter.objects.select_related("pair__review__case__patient", "pair__review__case__clinic",
                                      "pair__review__case__group", "pair__review__case__referring_clinic"),
        pair=pair_id, audience=audience, paper=paper, pair__review__case__in=visible,
    )  # fmt: skip
    if not access.may_have(request.user, found):
        raise Http404
    case = found.pair.review.case
    record_view(request, "letter.downloaded", found, case=str(case.pk), audience=audience)
    try:
        file = storages.private_storage().open(found.key, "rb")
    except (OSError, BotoCoreError, ClientError) as error:
        log.warning("storage does not give a letter (%s)", type(error).__name__)
        return HttpResponse("The letter cannot be opened just now. Try again in a minute.", status=503)
    # the name says which case, not what or whose
    response = FileResponse(file, content_type="application/pdf", filename=f"letter-{case.number}.pdf")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


@role_required("specialist")
@require_POST
def release(request: HttpRequest, pair_id) -> HttpResponse:
    pair = get_object_or_404(
        LetterPair.objects.select_related("review__case__group", "review__case__clinic"),
        pk=pair_id,
        review__case__group__in=request.user.clinics("specialist"),
    )
    try:
        making.release(pair=pair, by=request.user, reason=request.POST.get("reason", ""))
        messages.success(request, "The letters are on their way.")
    except making.LettersRefused as refused:
        messages.error(request, str(refused))
    return redirect("review:signed", pair.review.case_id)


@public
@never_cache
def letter_check(request: HttpRequest, code: str = "") -> HttpResponse:
    """For whoever holds the paper, signed in or not: genuine, superseded or unknown, and not a word more."""
    typed = request.GET.get("code", "").strip()
    if typed and not code:
        code = typed[:40]
    standing = making.standing(code) if code else ""
    frame = "base.html" if request.user.is_authenticated and request.user.main_clinic else "base_patient.html"
    context = {"standing": standing, "code": code, "frame": frame}
    return render(request, "review/letter_check.html", context, status=404 if standing == "unknown" else 200)
