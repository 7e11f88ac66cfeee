"""The call list: patients who must be spoken with, and every try to reach them.

Two things bring a patient here: a redirect that nobody has confirmed, and a question whose deadline has passed.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from config.navigation import COUNT_UP_TO
from config.prepared import Prepared, Statement
from intake.models import CallAttempt, Case, InformationRequest, Redirect, Spoken
from intake.queue import clinics_of, of_cases_at, of_own_cases
from intake.requests import TriageRefused

SHOWN = 200


@dataclass(frozen=True)
class Call:
    """One line of the list: about a redirect, or about an open question."""

    case: Case
    why: str
    since: datetime
    call_by: datetime
    attempts: list[CallAttempt]
    redirect: Redirect | None = None
    request: InformationRequest | None = None

    @property
    def is_emergency(self) -> bool:
        return self.redirect is not None and self.redirect.kind == Redirect.Kind.EMERGENCY


def open_redirects(user: User):
    return Redirect.objects.filter(of_own_cases(user), reached_at=None)


def overdue_requests(user: User, now: datetime | None = None):
    """By the deadline itself and not by the beat that marks it: a beat that stopped hides nobody."""
    return InformationRequest.objects.filter(of_own_cases(user), outcome="", deadline__lte=now or timezone.now())


def waiting(user: User) -> list[Statement]:
    """For the top bar: how many there are of each."""
    clinics = clinics_of(user)
    if not clinics:
        return []
    return [
        _redirects_at.counted(up_to=COUNT_UP_TO, clinics=clinics),
        _requests_at.counted(up_to=COUNT_UP_TO, clinics=clinics, now=timezone.now()),
    ]


@Prepared
def _redirects_at(*, clinics: tuple) -> QuerySet:
    return Redirect.objects.filter(of_cases_at(clinics), reached_at=None)


@Prepared
def _requests_at(*, clinics: tuple, now: datetime) -> QuerySet:
    return InformationRequest.objects.filter(of_cases_at(clinics), outcome="", deadline__lte=now)


def count(user: User) -> int:
    return open_redirects(user).count() + overdue_requests(user).count()


def calls(user: User) -> list[Call]:
    """Emergencies first, then whoever should have been called earliest."""
    related = ("case__patient", "case__clinic")
    redirects = open_redirects(user).select_related(*related, "by").prefetch_related("call_attempts__by")
    requests = (
        overdue_requests(user).select_related(*related, "asked_by").prefetch_related("call_attempts__by", "items")
    )
    found = [
        *(_of_redirect(row) for row in redirects.order_by("call_by")[:SHOWN]),
        *(_of_request(row) for row in requests.order_by("deadline")[:SHOWN]),
    ]
    return sorted(found, key=lambda call: (not call.is_emergency, call.call_by))


def call_about(case: Case) -> Call | None:
    """What there is to call this patient about now."""
    row = Redirect.objects.filter(case=case, reached_at=None).prefetch_related("call_attempts__by").first()
    if row is not None:
        return _of_redirect(row)
    asked = case.requests.filter(outcome="").prefetch_related("call_attempts__by", "items").first()
    return _of_request(asked) if asked is not None else None


def _of_redirect(row: Redirect) -> Call:
    return Call(row.case, row.reason, row.at, row.call_by, list(row.call_attempts.all()), redirect=row)


def _of_request(row: InformationRequest) -> Call:
    wanted = ", ".join(item.get_slot_display() if item.kind == "photo" else item.question for item in row.items.all())
    return Call(
        row.case, f"No answer to: {wanted}", row.deadline, row.deadline, list(row.call_attempts.all()), request=row
    )


def log_call(*, case: Case, by: User, outcome: str, whom: str = "", note: str = "") -> CallAttempt:
    """One try, kept for good. Reaching the patient of a redirect ends the task; a question still wants its answer."""
    if not by.has_role(Role.STAFF, case.clinic):
        raise TriageRefused("Only staff of the patient's clinic record this.")
    if outcome not in CallAttempt.Outcome.values:
        raise TriageRefused("Choose how the call went.")
    is_reached = outcome == CallAttempt.Outcome.REACHED
    if is_reached and whom not in Spoken.values:
        raise TriageRefused("Choose with whom you spoke.")
    if is_reached and not note.strip():
        raise TriageRefused("Write what you said and what the answer was.")
    now = timezone.now()
    with transaction.atomic():
        # a lock on the case: of two calls at once the second sees what the first one settled
        Case.objects.select_for_update().get(pk=case.pk)
        about = call_about(case)
        if about is None:
            raise TriageRefused("Nobody needs to be called about this case any more. Look at what happened.")
        attempt = CallAttempt.objects.create(
            case=case,
            request=about.request,
            redirect=about.redirect,
            by=by,
            at=now,
            outcome=outcome,
            whom=whom if is_reached else "",
            note=note.strip(),
        )
        if is_reached and about.redirect is not None:
            columns = {"reached_at": now, "reached_by": by, "reached_whom": whom}
            Redirect.objects.filter(pk=about.redirect.pk, reached_at=None).update(**columns)
        data = {"outcome": outcome, "about": "redirect" if about.redirect else "request"}
        record("case.called", by=by, subject=case, role=Role.STAFF, clinic=case.clinic, data=data)
    return attempt
