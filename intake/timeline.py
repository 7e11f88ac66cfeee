"""A case's way in the patient's words: what is done, what is now, what comes."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.accounts import reach
from intake.models import Case, CaseStatus

S = CaseStatus
ENOUGH = 10  # cases; with fewer a promise is a guess


@dataclass(frozen=True)
class Step:
    state: str  # done, now or todo
    words: str
    icon: str
    at: datetime | None = None
    hint: str = ""


def patient_timeline(case: Case) -> list[Step]:
    """At most six steps; empty for a draft, one for a case that went another way."""
    if case.status == S.DRAFT:
        return []
    sent = Step("done", _("You sent it"), "send", case.submitted_at)
    if case.status == S.REDIRECTED:
        return [sent, Step("now", _("See someone in person"), "triangle-alert", case.redirected_at)]
    if case.status == S.WITHDRAWN:
        return [sent, Step("done", _("Canceled"), "x", case.withdrawn_at)]
    eye = case.specialty == "ophthalmology"
    return [
        sent,
        _checked(case),
        *([_asked(case)] if case.status == S.NEEDS_INFORMATION else []),
        _reviewed(case, eye),
        _result(case),
    ]


def _checked(case: Case) -> Step:
    if case.ready_at:
        return Step("done", _("Your clinic checked it"), "clipboard-list", case.ready_at)
    state = "now" if case.status == S.SUBMITTED else "todo"
    return Step(state, _("Your clinic checks it"), "clipboard-list", hint=promise_words(case))


def _asked(case: Case) -> Step:
    open_request = case.requests.filter(outcome="").first()
    return Step("now", _("Something more is needed"), "message-circle", open_request.deadline if open_request else None)


def _reviewed(case: Case, eye: bool) -> Step:
    if case.signed_at:
        done = _("An eye specialist reviewed it") if eye else _("A skin specialist reviewed it")
        return Step("done", done, "eye", case.signed_at)
    words = _("An eye specialist reviews it") if eye else _("A skin specialist reviews it")
    if case.status in {S.READY, S.IN_REVIEW}:
        return Step("now", words, "eye", hint=_("Until") + " " if case.answer_due_at else "", at=case.answer_due_at)
    return Step("todo", words, "eye", hint=_("Usually within 3 days"))


def _result(case: Case) -> Step:
    if case.status == S.CLOSED:
        return Step("done", _("You read the result"), "file-check", case.closed_at)
    if case.signed_at:
        return Step("now", _("Your result is here"), "file-check", case.signed_at)
    return Step("todo", _("You get the result"), "mail", hint=_how_told(case))


def _how_told(case: Case) -> str:
    """By which way the patient will hear that the result is here."""
    user = case.patient.user
    if user is None or not reach.can_be_told(user):
        return _("Your clinic calls you or sends a letter when it is here")
    if reach.reach_of(user).channel == reach.Channel.SMS:
        return _("We text you when it is here")
    return _("We e-mail you when it is here")


def promise_words(case: Case) -> str:
    """What the clinic's own queue did lately: four of five cases were checked within that time. The target until there
    are enough cases to tell."""
    hours = _usual_hours(case.clinic_id)
    if hours is None:
        return _("Usually within 1 day")
    if hours <= 24:
        return ngettext("Usually within %(n)s hour", "Usually within %(n)s hours", hours) % {"n": hours}
    days = -(-hours // 24)
    return ngettext("Usually within %(n)s day", "Usually within %(n)s days", days) % {"n": days}


def _usual_hours(clinic_id) -> int | None:
    since = timezone.now() - timedelta(days=30)
    lately = (
        Case.objects.filter(
            clinic=clinic_id, ready_at__gte=since, submitted_at__isnull=False, needs_information_at=None
        )
        .order_by("-ready_at")
        .values_list("submitted_at", "ready_at")[:100]
    )
    waited = sorted((ready - sent).total_seconds() / 3600 for sent, ready in lately)
    if len(waited) < ENOUGH:
        return None
    return max(1, math.ceil(waited[math.ceil(len(waited) * 0.8) - 1]))
