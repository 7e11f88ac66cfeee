"""The call list: patients who must be spoken with, and every try to reach them.

Three things bring a case here: a redirect that nobody has confirmed, a question whose deadline has passed, and a task
of a later part of the way (intake/call_tasks.py).
"""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from config.navigation import COUNT_UP_TO
from config.prepared import Prepared, Statement
from intake.models import (
    SPOKEN_CLINICIAN,
    CallAttempt,
    CallTask,
    Case,
    InformationRequest,
    MovedNotice,
    Patient,
    Redirect,
    Spoken,
)
from intake.queue import clinics_of, of_cases_at, of_own_cases
from intake.requests import TriageRefused

SHOWN = 200
# what a call can be about, and what its row says while nobody has settled it
_OPEN: dict[str, dict] = {"redirect": {"reached_at": None}, "request": {"outcome": ""}, "task": {"settled_at": None}}


@dataclass(frozen=True)
class Call:
    """One line of the list: about a redirect, an open question or a task."""

    case: Case
    why: str
    since: datetime
    call_by: datetime
    attempts: list[CallAttempt]
    patient: Patient
    redirect: Redirect | None = None
    request: InformationRequest | None = None
    task: CallTask | None = None

    @property
    def about(self) -> str:
        """What the record of a try says it was about."""
        return "redirect" if self.redirect else "request" if self.request else "task"

    @property
    def row(self) -> Redirect | InformationRequest | CallTask:
        found = self.redirect or self.request or self.task
        assert found is not None
        return found

    @property
    def key(self) -> str:
        """Which of a case's calls it is, in links and forms: one case may have calls to two people."""
        return f"{self.about}-{self.row.pk}"

    @property
    def is_open(self) -> bool:
        return all(getattr(self.row, name) == value for name, value in _OPEN[self.about].items())

    @property
    def to_clinician(self) -> bool:
        return self.task is not None and self.task.whom == CallTask.Whom.CLINICIAN

    @property
    def to_other(self) -> bool:
        """To a clinician or a carer: the number and language of the patient's record are not theirs."""
        return self.to_clinician or (self.task is not None and bool(self.task.contact))

    @property
    def name(self) -> str:
        return self.task.contact if self.task is not None and self.task.contact else self.patient.name

    @property
    def phone(self) -> str:
        return self.task.phone if self.task is not None and self.to_other else self.patient.phone

    @property
    def title(self) -> str:
        if self.redirect is not None:
            return f"{self.redirect.get_kind_display()}: does the patient know?"
        return self.task.get_kind_display() if self.task is not None else "No answer by the deadline"

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
        _tasks_at.counted(up_to=COUNT_UP_TO, clinics=clinics),
    ]


@Prepared
def _redirects_at(*, clinics: tuple) -> QuerySet:
    return Redirect.objects.filter(of_cases_at(clinics), reached_at=None)


@Prepared
def _requests_at(*, clinics: tuple, now: datetime) -> QuerySet:
    return InformationRequest.objects.filter(of_cases_at(clinics), outcome="", deadline__lte=now)


@Prepared
def _tasks_at(*, clinics: tuple) -> QuerySet:
    return CallTask.objects.filter(of_cases_at(clinics), settled_at=None)


def open_tasks(user: User):
    return CallTask.objects.filter(of_own_cases(user), settled_at=None)


def count(user: User) -> int:
    return sum(rows.count() for rows in (open_redirects(user), overdue_requests(user), open_tasks(user)))


def calls(user: User) -> list[Call]:
    """Emergencies first, then whoever should have been called earliest."""
    related = ("case__patient", "case__clinic")
    redirects = open_redirects(user).select_related(*related, "by").prefetch_related("call_attempts__by")
    requests = (
        overdue_requests(user).select_related(*related, "asked_by").prefetch_related("call_attempts__by", "items")
    )
    tasks = open_tasks(user).select_related(*related).prefetch_related("call_attempts__by")
    found = [
        *(_of_redirect(row) for row in redirects.order_by("call_by")[:SHOWN]),
        *(_of_request(row) for row in requests.order_by("deadline")[:SHOWN]),
        *(_of_task(row) for row in tasks.order_by("call_by")[:SHOWN]),
    ]
    return sorted(found, key=lambda call: (not call.is_emergency, call.call_by))


def calls_about(case: Case) -> list[Call]:
    """Every open call about a case. Once it was moved to another patient, they may be to two people."""
    return [
        *(_of_redirect(row) for row in Redirect.objects.filter(case=case, **_OPEN["redirect"])),
        *(_of_request(row) for row in InformationRequest.objects.filter(case=case, **_OPEN["request"])),
        *(_of_task(row) for row in CallTask.objects.filter(case=case, **_OPEN["task"])),
    ]


def call_of(case: Case, key: str) -> Call | None:
    """The call of this case that a link or a form names, settled or not."""
    about, _, pk = key.partition("-")
    try:
        if about == "redirect":
            return _of_redirect(Redirect.objects.get(case=case, pk=pk))
        if about == "request":
            return _of_request(InformationRequest.objects.get(case=case, pk=pk))
        if about == "task":
            return _of_task(CallTask.objects.get(case=case, pk=pk))
    except (ObjectDoesNotExist, ValidationError, ValueError):
        pass  # another case's, or no key at all
    return None


def _locked(case: Case, key: str) -> Call:
    """The very call that was made, under a lock, so that of two at once the second sees what the first one settled.

    Rows are taken in the order of those who settle them elsewhere: an answer takes the question and then its case, a
    result or a line of advice the case and then its task.
    """
    call = call_of(case, key)
    if call is not None:
        if call.request is None:
            Case.objects.select_for_update().get(pk=case.pk)
        type(call.row).objects.select_for_update().get(pk=call.row.pk)
        call = call_of(case, key)
    if call is None or not call.is_open:
        raise TriageRefused("This call was settled meanwhile. Nothing was recorded: look at what happened.")
    return call


def _of_task(row: CallTask) -> Call:
    patient = row.case.patient
    if row.kind == CallTask.Kind.MOVED:  # one of them is not the case's person any more
        patient = MovedNotice.objects.select_related("patient").get(pk=row.subject).patient
    return Call(row.case, row.why, row.raised_at, row.call_by, list(row.call_attempts.all()), patient, task=row)


def _of_redirect(row: Redirect) -> Call:
    attempts = list(row.call_attempts.all())
    return Call(row.case, row.reason, row.at, row.call_by, attempts, row.case.patient, redirect=row)


def _of_request(row: InformationRequest) -> Call:
    wanted = ", ".join(item.get_slot_display() if item.kind == "photo" else item.question for item in row.items.all())
    why, attempts = f"No answer to: {wanted}", list(row.call_attempts.all())
    return Call(row.case, why, row.deadline, row.deadline, attempts, row.case.patient, request=row)


def _only_key(case: Case) -> str:
    found = calls_about(case)
    if not found:
        raise TriageRefused("Nobody needs to be called about this case any more. Look at what happened.")
    if len(found) > 1:
        raise TriageRefused("There are several calls about this case. Open the one that you made from the call list.")
    return found[0].key


def log_call(*, case: Case, by: User, outcome: str, whom: str = "", note: str = "", key: str = "") -> CallAttempt:
    """One try, kept for good. Reaching them ends a redirect or a task; a question still wants its answer.

    `key` says which call it was; without one it is the only open call of the case, and nothing is guessed among several.
    """
    if not by.has_role(Role.STAFF, case.clinic):
        raise TriageRefused("Only staff of the patient's clinic record this.")
    if outcome not in CallAttempt.Outcome.values:
        raise TriageRefused("Choose how the call went.")
    is_reached = outcome == CallAttempt.Outcome.REACHED
    if is_reached and whom not in {*Spoken.values, SPOKEN_CLINICIAN[0]}:
        raise TriageRefused("Choose with whom you spoke.")
    if is_reached and not note.strip():
        raise TriageRefused("Write what you said and what the answer was.")
    now = timezone.now()
    with transaction.atomic():
        about = _locked(case, key or _only_key(case))
        attempt = CallAttempt.objects.create(
            case=case,
            request=about.request,
            redirect=about.redirect,
            task=about.task,
            by=by,
            at=now,
            outcome=outcome,
            whom=whom if is_reached else "",
            note=note.strip(),
        )
        if is_reached and about.redirect is not None:
            columns = {"reached_at": now, "reached_by": by, "reached_whom": whom}
            Redirect.objects.filter(pk=about.redirect.pk, reached_at=None).update(**columns)
        if is_reached and about.task is not None:
            CallTask.objects.filter(pk=about.task.pk, settled_at=None).update(settled_at=now, settled_by=by)
        data = {"outcome": outcome, "about": about.about}
        record("case.called", by=by, subject=case, role=Role.STAFF, clinic=case.clinic, data=data)
    return attempt
