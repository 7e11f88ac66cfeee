"""The clock's pages: what a tab's clock tells, and every stretch it counted."""

import json

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.accounts.idle import passive
from review import services
from review.beats import review_time
from review.errors import BeatsRefused, ReviewRefused
from review.forms import AssistantForm, TimeForm, today_in
from review.models import Review
from review.views.common import own_review, reading_case
from review.views.spans import spans_of


@role_required("specialist")
@require_POST
@passive
def beats(request: HttpRequest, case_id) -> HttpResponse:
    """What the clock of one tab has to tell. The form field carries JSON, so that a closing page can send it too.

    Whoever has a review of the case may read it, so the review is all that is asked for. A `brief` beat, of those that
    change nothing, is not answered with the account: the page asks for that once a minute and at each change."""
    try:
        sent = json.loads(request.POST.get("beats", ""))
        if not isinstance(sent, list):
            raise BeatsRefused("Beats come as a list.")
        received = services.receive_beats(
            case_id=case_id, by=request.user, beats=sent, sent_ms=request.POST.get("sent_ms", "")
        )
    except (ValueError, BeatsRefused) as error:
        return JsonResponse({"error": str(error)}, status=400)
    if received is None:
        raise Http404
    if received.is_late:
        return JsonResponse({"late": True, "now_ms": received.now_ms})
    told = {"held": received.is_held, "now_ms": received.now_ms}
    if "brief" in request.POST:
        return JsonResponse(told)
    time = review_time(Review(pk=received.review_id, case_id=case_id, specialist=request.user), with_added=False)
    return JsonResponse(told | {"counted_ms": time.measured_ms, "last_beat_id": time.last_beat_id})


@role_required("specialist")
def time(request: HttpRequest, case_id) -> HttpResponse:
    """Every stretch so far, and the form to add time spent away from the screen."""
    case = reading_case(request, case_id)
    review = own_review(request, case)
    if review.is_signed:
        return redirect("review:signed", case.pk)
    is_assistant = "who" in request.POST
    helper = AssistantForm(request.POST if is_assistant else None)
    form = TimeForm(
        request.POST if request.method == "POST" and not is_assistant else None,
        initial={"day": today_in(case.group.zone)},
    )
    if is_assistant and helper.is_valid():
        services.add_assistant_time(review=review, by=request.user, **helper.cleaned_data)
        messages.success(request, "Noted. It is shown beside your time, and is no part of it.")
        return redirect("review:time", case.pk)
    if form.is_bound and form.is_valid():
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
        "spans": _account_spans(account, review),
        "added": review.added_times.all(),
        "helper": helper,
        "assistants": review.assistant_times.all(),
    }
    refused = any(one.is_bound and one.errors for one in (form, helper))
    return render(request, "review/time.html", context, status=422 if refused else 200)


def _account_spans(account: services.ReviewTime, review: Review) -> list[dict]:
    not_counted = [{"start": p.start, "end": p.end, "why": p.why} for p in account.not_counted]
    return spans_of({"intervals_ms": account.intervals, "not_counted_ms": not_counted}, review)
