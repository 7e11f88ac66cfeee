"""The small part of the case page that tells who else is looking, and whether the page is still true."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.accounts.idle import passive
from intake import presence
from intake.models import Case
from intake.views.common import staff_case
from intake.views.corrections import changed_meanwhile, version_in


def seen_by(request: HttpRequest, case: Case) -> dict:
    """For the page itself, so that it is told without a script too."""
    presence.look(case, request.user)
    return {"looking": presence.words(case, request.user), "ping_seconds": presence.EVERY_SECONDS}


@passive
@role_required("staff")
@require_POST
def here(request: HttpRequest, case_id) -> HttpResponse:
    """Asked by an open page every 20 seconds; it counts as no activity of the person."""
    case = staff_case(request, case_id)
    context = {"case": case, "stale": version_in(request) not in (None, case.version)} | seen_by(request, case)
    if context["stale"]:
        context["meanwhile"] = changed_meanwhile(request, case)
    return render(request, "intake/partials/presence.html", context)
