"""Chosen lines, released or voided together after a look at them; what became of each is listed."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from billing import bulk, services
from billing.models import ChargeLine
from config.accounts.access import role_required

MINIMUM_REASON = 5


def _chosen(request: HttpRequest) -> list[ChargeLine]:
    """Lines of the biller's own groups among those ticked, in the order of their numbers."""
    name, uids = "line" if request.POST.get("scope") == "ready" else "held", []
    for text in request.POST.getlist(name)[: bulk.AT_ONCE]:
        try:
            uids.append(UUID(text))
        except ValueError:
            continue
    mine = ChargeLine.objects.visible_to(request.user).filter(uid__in=uids)
    return list(mine.select_related("review__case__patient", "group").order_by("pk"))


@role_required("biller")
@require_POST
def chosen(request: HttpRequest) -> HttpResponse:
    lines = _chosen(request)
    if not lines:
        messages.error(request, "Tick the lines first.")
        return redirect("billing:desk")
    verb, reason = request.POST.get("verb", ""), request.POST.get("reason", "").strip()
    context = {"lines": lines, "scope": request.POST.get("scope", ""), "reason": reason, "verb": verb}
    if verb and len(reason) >= MINIMUM_REASON:
        # neither a code that no biller may release nor another verb gets further than the service
        if verb == "void":
            context["outcomes"] = bulk.void(lines=lines, by=request.user, reason=reason)
        else:
            context["outcomes"] = bulk.release(lines=lines, by=request.user, code=verb, reason=reason)
        context["done"] = sum(outcome.done for outcome in context["outcomes"])
        return render(request, "billing/bulk_done.html", context)
    if verb or "reason" in request.POST:
        context["error"] = "Choose what to do, and write why, in at least 5 letters."
    context |= {
        "releasable": bulk.releasable(lines),
        "voidable": sum(line.status in services.VOIDABLE for line in lines),
    }
    return render(request, "billing/bulk.html", context, status=422 if "error" in context else 200)
