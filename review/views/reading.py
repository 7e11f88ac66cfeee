"""The work list, claiming and giving back, and the ways out of a review."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from config.ui import duration
from intake.desk_forms import AskForm, RedirectForm
from intake.models import Case
from intake.services import IntakeRefused
from intake.workflow import TransitionRefused, may
from review import claims, items, opinions, reading_order, services, vocabulary
from review import worklist as lists
from review.beats import review_time
from review.forms import ReasonForm, ReleaseForm
from review.letters import access
from review.models.review import in_words
from review.plan import words_of_plan
from review.views.common import is_held_by, own_review, reading_case, to_room
from review.views.spans import spans_of


@role_required("specialist")
def worklist(request: HttpRequest) -> HttpResponse:
    user = request.user
    key = request.GET.get("show", "all")
    key = key if key in lists.FILTERS else "all"
    rows, held, asked = lists.rows(user, key), lists.held(user), lists.asked_of_others(user)
    for case in held:
        case.review = case.my_reviews[0] if case.my_reviews else None
        case.counted_ms = review_time(case.review).measured_ms if case.review else 0
    counts = lists.counts(user)
    context = {"rows": rows, "held": held, "asked": asked, "counts": counts, "shown": key, "total": counts[0][2]}
    shown = [*held, *(row.case for row in rows), *asked]
    template = "review/partials/worklist_table.html"
    if not request.headers.get("HX-Request"):
        second = opinions.for_list(user)
        shown += [one.case for ones in second.values() for one in ones]
        context |= second | {"leads": reading_order.leads(user)}
        template = "review/worklist.html"
    record_view(request, "case.listed", user, cases=list(dict.fromkeys(str(case.pk) for case in shown)))
    return render(request, template, context)


@role_required("specialist")
@require_POST
def claim_next(request: HttpRequest) -> HttpResponse:
    """The first case of the list that nobody else takes in the same moment."""
    if case := services.claim_next(by=request.user):
        return _begun(request, case)
    messages.success(request, "Nothing waits for you now.")
    return redirect("review:worklist")


@role_required("specialist", "administrator")
def order(request: HttpRequest) -> HttpResponse:
    """For a lead, of the own group; for an administrator, of all. Numbers of cases, no patients."""
    groups = reading_order.groups_for(request.user)
    if not groups:
        raise Http404
    context = {
        "report": reading_order.report(groups),
        "groups": groups,
        "days": reading_order.DAYS,
        "often": reading_order.OFTEN,
    }
    record_view(request, "review.order_viewed", request.user)
    return render(request, "review/reading_order.html", context)


@role_required("specialist")
@require_POST
def claim(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    try:
        services.claim_case(case=case, by=request.user)
    except TransitionRefused as refused:
        messages.error(request, refused.text)
        return redirect("review:worklist")
    return _begun(request, case)


def _begun(request: HttpRequest, case: Case) -> HttpResponse:
    if off := claims.off_roster(case, request.user):
        messages.warning(
            request, f"{claims.roster_words(off)}. You may answer this case; somebody on it may be the better reader."
        )
    return to_room(case)


@role_required("specialist")
def signed_list(request: HttpRequest) -> HttpResponse:
    reviews = list(lists.signed(request.user)[:100])
    record_view(request, "case.listed", request.user, cases=[str(review.case_id) for review in reviews])
    return render(request, "review/signed_list.html", {"reviews": reviews})


@role_required("specialist")
def release(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    if not may(case, "release", request.user):
        return to_room(case)
    is_own, holder = is_held_by(case, request.user), case.holder
    people = claims.takers(case, request.user) if is_own else []
    form = ReleaseForm(request.POST or None, case=case, people=people, is_own=is_own)
    if request.method == "POST" and form.is_valid():
        try:
            services.release_case(case=case, by=request.user, **form.cleaned_data)
        except TransitionRefused as refused:
            form.add_error(None, refused.text)
        else:
            to = form.cleaned_data["to"]
            where = f"waits for {to}, who sees your note" if to is not None else "is back in the pool"
            kept = "Your draft is kept" if is_own else f"{holder} is told, and keeps the draft"
            messages.success(request, f"Case {case.number} {where}. {kept}.")
            return redirect("review:worklist")
    return _leaving(request, "review/release.html", case, form, hours=settings.HANDED_OVER_HOURS)


@role_required("specialist")
@require_POST
def to_pool(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    try:
        services.to_pool(case=case, by=request.user)
        messages.success(request, f"Case {case.number} is back in the pool.")
    except TransitionRefused as refused:
        messages.error(request, refused.text)
    return to_room(case)


@role_required("specialist")
def ask(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    if not is_held_by(case, request.user):
        return to_room(case)
    form = AskForm(request.POST or None, case=case)
    if request.method == "POST" and form.is_valid():
        try:
            services.ask_for_more(
                case=case, by=request.user, items=form.items(), deadline=form.deadline_at(),
                message=form.cleaned_data["message"],
            )  # fmt: skip
        except (IntakeRefused, TransitionRefused) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request, f"{case.patient} is asked. The answer comes back to you first; your draft is kept."
            )
            return redirect("review:worklist")
    return _leaving(request, "intake/triage_ask.html", case, form)


@role_required("specialist")
def in_person(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    if not is_held_by(case, request.user):
        return to_room(case)
    form = RedirectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.send_in_person(case=case, by=request.user, **form.cleaned_data)
        except (IntakeRefused, TransitionRefused) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Case {case.number} goes to in-person care. The clinic sees why.")
            return redirect("review:worklist")
    return _leaving(request, "review/in_person.html", case, form)


@role_required("specialist")
def back_to_triage(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    if not is_held_by(case, request.user):
        return to_room(case)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.back_to_triage(
                case=case, by=request.user, reason=data["reason"], handover_note=data["handover_note"]
            )
        except TransitionRefused as refused:
            form.add_error(None, refused.text)
        else:
            messages.success(request, f"Case {case.number} is back at {case.clinic}.")
            return redirect("review:worklist")
    return _leaving(request, "review/back_to_triage.html", case, form)


def _leaving(request: HttpRequest, template: str, case: Case, form, **more) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, {"case": case, "form": form, "back": "review:room"} | more, status=status)


@role_required("specialist")
def signed(request: HttpRequest, case_id) -> HttpResponse:
    """What was signed, from the frozen record, with every interval that counted and every one that did not."""
    case = reading_case(request, case_id)
    review = own_review(request, case)
    if not review.is_signed:
        return to_room(case)
    record_view(request, "review.viewed", review)
    reports = list(review.pathology.select_related("by", "seen_by"))
    items.see_pathology(review=review, by=request.user)
    time = review.signed_record["time"]
    context = {
        "case": case,
        "review": review,
        "signed": review.signed_record,
        "terms": vocabulary.in_words(
            [term["key"] for term in review.signed_record.get("finding_terms", {}).get("terms", [])]
        ),
        "differential": [in_words(entry) for entry in review.signed_record["opinion"].get("differential", [])],
        "plan_lines": words_of_plan(review),
        "spans": spans_of(time, review),
        "assistants": review.assistant_times.all(),
        "steps": review.action_items.all(),
        "today": timezone.localdate(),
        "reports": reports,
        "critical": case.criticals.filter(review=review).prefetch_related("steps__person").first(),
        "added": review.added_times.all(),
        "deliveries": case.deliveries.select_related("recipient"),
        "letters": access.letters_for(request.user, review),
        "stopped": review.letter_pairs.stopped().last(),
        "addenda": review.addenda.select_related("by"),
        "may_addend": may(case, "addend", request.user) and not review.second_opinion,
        "may_ask_opinion": opinions.may_ask(case, request.user),
        "opinions": opinions.shown_to(request.user, case),
        "interlocks": [one for one in review.signed_record.get("interlocks", []) if one.get("reason")],
        "total_words": duration(review.total_ms),
        "waiting": lists.count_waiting(request.user),
    }
    return render(request, "review/signed.html", context)
