"""The administrator's page of background work: what waits, what gave up, and a second chance for it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from config import health
from config.accounts.access import role_required
from config.accounts.roles import Role
from config.audit.services import record
from config.work import services
from config.work.registry import kinds


@role_required(Role.ADMINISTRATOR)
@require_GET
def attention(request: HttpRequest) -> HttpResponse:
    facts = {
        "stopped": list(services.needs_attention()),
        "waiting": services.waiting_by_kind(),
        "broker": health.broker(),
        "now": timezone.now(),
    }
    return render(request, "work/attention.html", facts)


@role_required(Role.ADMINISTRATOR)
@require_POST
def try_again(request: HttpRequest, kind: str, pk: str) -> HttpResponse:
    row = services.stopped_row(kind, pk)
    if row is None:
        if kind not in kinds:
            raise Http404
        messages.info(request, "Nothing to do: it is under way already.")
    elif services.try_again(kind, row.pk):
        record("work.tried_again", by=request.user, subject=row, data={"kind": kind})
        messages.success(request, "It is tried again now. Reload this page in a minute.")
    return redirect("work:attention")


@role_required(Role.ADMINISTRATOR)
@require_POST
def try_all_again(request: HttpRequest) -> HttpResponse:
    tried = 0
    for kind, row in services.needs_attention():
        if services.try_again(kind.name, row.pk):
            record("work.tried_again", by=request.user, subject=row, data={"kind": kind.name})
            tried += 1
    messages.success(
        request, f"{tried} {'piece' if tried == 1 else 'pieces'} of work {'is' if tried == 1 else 'are'} tried again."
    )
    return redirect("work:attention")
