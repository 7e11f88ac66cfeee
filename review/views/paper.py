from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from review import delivery, paper
from review.models import Delivery, LetterPair

SHOWN = 200


@role_required("staff")
def to_print(request: HttpRequest) -> HttpResponse:
    rows = list(paper.to_print(request.user)[:SHOWN])
    pairs = {
        (pair.review_id, pair.addendum_id): pair
        for pair in LetterPair.objects.filter(review__in=[row.review_id for row in rows]).prefetch_related("letters")
    }
    for row in rows:
        pair = pairs.get((row.review_id, row.addendum_id))
        wanted = "patient" if row.recipient_kind == Delivery.RecipientKind.PATIENT else "clinician"
        row.letters = [letter for letter in pair.letters.all() if letter.audience == wanted] if pair else []
        row.stopped = pair is not None and pair.is_stopped
    record_view(request, "case.listed", request.user, cases=[str(row.case_id) for row in rows])
    ways = [choice for choice in Delivery.ToldHow.choices if choice[0] in ("posted", "printed")]
    return render(request, "review/to_print.html", {"rows": rows, "ways": ways})


@role_required("staff")
@require_POST
def printed(request: HttpRequest, delivery_id) -> HttpResponse:
    row = get_object_or_404(paper.to_print(request.user), pk=delivery_id)
    try:
        delivery.record_told(delivery=row, by=request.user, how=request.POST.get("how", ""))
        messages.success(request, "Recorded. The letter counts as delivered.")
    except delivery.DeliveryRefused as refused:
        messages.error(request, str(refused))
    return redirect("review:to_print")
