"""The clinic's list of open cases: filters with their counts, one page of rows, and what is new since it was shown.

Reads only `QueueEntry`, in the order of an index; a page costs the same among a thousand cases as among a million.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from config import navigation
from config.accounts.roles import Role
from config.counting import count_all
from config.prepared import Prepared
from intake.finding import Found, find
from intake.models import Case, CaseStatus, QueueEntry
from intake.queue_rows import COLUMNS, Row, row_of

PAGE = 50
COUNT_UP_TO = 1_000


@dataclass(frozen=True)
class Chip:
    key: str
    label: str
    icon: str
    where: Callable[[datetime, Any], Q]
    order: str = "rank"
    is_state: bool = False
    asks: str = ""  # which changing value `where` reads: "now" or "user"

    def values(self, now: datetime, user: Any) -> dict[str, Any]:
        if self.asks == "user":
            return {"user": user.pk}
        return {"now": now} if self.asks else {}


def _is(**facts: Any) -> Callable[[datetime, Any], Q]:
    return lambda now, user: Q(**facts)


CHIPS: dict[str, Chip] = {
    chip.key: chip
    for chip in (
        Chip("all", "All open", "", _is(), is_state=True),
        Chip("submitted", "To check", "inbox", _is(state="submitted"), is_state=True),
        Chip("needs_information", "With the patient", "message-circle", _is(state="needs_information"), is_state=True),
        Chip("ready", "Ready for review", "list", _is(state="ready"), is_state=True),
        Chip("in_review", "In review", "eye", _is(state="in_review"), is_state=True),
        Chip("urgent", "Urgent", "zap", _is(urgency="urgent")),
        Chip("late", "Over target", "triangle-alert", lambda now, user: Q(due_at__lt=now), "due_at", asks="now"),
        Chip("soon", "Due soon", "clock", lambda now, user: Q(warn_at__lte=now, due_at__gte=now), "due_at", asks="now"),
        Chip("photos", "Photo problems", "image", _is(has_photo_problem=True)),
        Chip("returned", "Back from patient", "undo-2", _is(is_back=True)),
        Chip("eye", "Eye", "scan", _is(is_eye=True)),
        Chip("mine", "Mine", "user", lambda now, user: Q(owner=user), asks="user"),
    )
}


@dataclass(frozen=True)
class Filter:
    """What is listed. `clinics` are those of the reader."""

    clinics: tuple[UUID, ...]
    user: Any
    show: str = "all"
    language: str = ""
    text: str = ""
    found: Found | None = None

    @property
    def chip(self) -> Chip:
        return CHIPS[self.show]

    def entries(self, now: datetime) -> QuerySet[QueueEntry]:
        rows = of_clinics(self.clinics).filter(self.chip.where(now, self.user))
        if self.language:
            rows = rows.filter(language=self.language)
        if self.found is not None:
            rows = rows.filter(Q(case__patient__in=self.found.patients) | Q(pk__in=self.found.cases))
        return rows


def of_clinics(clinics: tuple[UUID, ...]) -> QuerySet[QueueEntry]:
    # one clinic by equality: only then does the index also give the order
    one = len(clinics) == 1
    return QueueEntry.objects.filter(clinic=clinics[0]) if one else QueueEntry.objects.filter(clinic__in=clinics)


def page(what: Filter, *, after: str = "", first: int = 1, now: datetime | None = None) -> tuple[list[Row], bool]:
    """(rows, whether more follow). `after` is the cursor of the row before the first; `first` is its number."""
    now = now or timezone.now()
    order = what.chip.order
    cursor = _cursor(order, after)
    # the keys that a search found are different ones each time; without them the statement is one of a few
    rows = _rows(what, now, cursor, PAGE) if what.found is not None else _prepared_rows(what, now, cursor, PAGE)
    today = timezone.localdate()
    found = [row_of(dict(zip(COLUMNS, row, strict=True)), order, n, now, today) for n, row in enumerate(rows, first)]
    return found[:PAGE], len(found) > PAGE


def rows_again(what: Filter, ids: list[UUID], first: int) -> list[Row]:
    """The same rows in the same order, as they stand now. One that has left the desk is said by its number alone."""
    now, today = timezone.now(), timezone.localdate()
    mine = of_clinics(what.clinics).filter(pk__in=ids).values_list(*COLUMNS)
    there = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in mine}
    return [row_of(there[pk], what.chip.order, n, now, today) for n, pk in enumerate(ids, first) if pk in there]


def _rows(what: Filter, now: datetime, cursor: dict[str, Any], size: int) -> QuerySet:
    order = what.chip.order
    rows = what.entries(now)
    if cursor:
        at = cursor["at"]
        rows = rows.filter(**{f"{order}__gte": at}).filter(Q(**{f"{order}__gt": at}) | Q(case_id__gt=cursor["last"]))
    return rows.order_by(order, "case_id").values_list(*COLUMNS)[: size + 1]


@Prepared
def _rows_of(
    size: int, show: str, language: str, *, clinics: tuple, now: Any = None, user: Any = None, **cursor: Any
) -> QuerySet:
    return _rows(Filter(clinics, user, show, language), now, cursor, size)


def _prepared_rows(what: Filter, now: datetime, cursor: dict[str, Any], size: int) -> list[tuple]:
    values = {"clinics": what.clinics, **what.chip.values(now, what.user), **cursor}
    return _rows_of(size, what.show, what.language, **values).rows()


def _cursor(order: str, text: str) -> dict[str, Any]:
    """Where the page before ended; nothing when the text is no such place."""
    value, _, case_id = text.partition("~")
    try:
        at: Any = int(value) if order == "rank" else datetime.fromisoformat(value)
        last = UUID(case_id)
    except ValueError:
        return {}
    if isinstance(at, int) and abs(at) >= 2**63:
        return {}
    return {"at": at, "last": last}


def counts(
    clinics: tuple[UUID, ...], user: Any, keys: tuple[str, ...] = tuple(CHIPS), more: dict[Any, Any] | None = None
) -> dict[Any, int]:
    """How many cases each filter lists, in one statement. Above `COUNT_UP_TO` it stops counting there and says one more.
    `more` are querysets or statements to count in the same breath."""
    now = timezone.now()
    # each open case is in one state: all of them need no count of their own
    states = [key for key, chip in CHIPS.items() if chip.is_state and key != "all"]
    asked = [key for key in CHIPS if key != "all" and (key in keys or ("all" in keys and key in states))]
    listed = [_listed.counted(key, up_to=COUNT_UP_TO, clinics=clinics, **CHIPS[key].values(now, user)) for key in asked]
    more = more or {}
    found = dict(zip([*asked, *more], count_all([*listed, *more.values()], COUNT_UP_TO), strict=True))
    if "all" in keys:
        found["all"] = min(COUNT_UP_TO + 1, sum(found[key] for key in states))
    return {key: found[key] for key in [*keys, *more]}


@Prepared
def _listed(key: str, *, clinics: tuple, now: Any = None, user: Any = None) -> QuerySet:
    return of_clinics(clinics).filter(CHIPS[key].where(now, user))


def count_words(count: int, cap: int = COUNT_UP_TO) -> str:
    return f"{cap:,}+" if count > cap else str(count)


def new_since(what: Filter, since: datetime, shown: list[UUID]) -> int:
    """Cases of this list that came or moved since then and are not on the page."""
    rows = what.entries(timezone.now()).filter(moved_at__gt=since).exclude(pk__in=shown)
    return rows.order_by()[: COUNT_UP_TO + 1].count()


def clinics_of(user) -> tuple[UUID, ...]:
    """Where the user is clinic staff; asks nothing more than the roles did."""
    return user.clinic_ids(Role.STAFF)


def of_own_cases(user) -> Exists:
    return of_cases_at(clinics_of(user))


def of_cases_at(clinics: tuple[UUID, ...]) -> Exists:
    """For rows that hang on a case: its clinic is one of these. Asked row by row, so that a few open rows are never
    looked for by going through all cases of the clinic."""
    return Exists(Case.objects.filter(pk=OuterRef("case"), clinic__in=clinics))


def waiting(user) -> navigation.Waiting:
    """For the top bar; the list's own page has counted it already."""
    return _in_state(user, "submitted")


def with_patients(user) -> navigation.Waiting:
    return _in_state(user, "needs_information")


def counts_with_bar(clinics: tuple[UUID, ...], user: Any, more: dict[Any, Any]) -> dict[Any, int]:
    """The list's counts and those of the top bar, in one statement."""
    found: dict[Any, int] = {}
    user.__dict__["desk_counts"] = found
    bar = navigation.ahead(user)
    found |= counts(clinics, user, more=more | dict(enumerate(bar.rows)))
    bar.counted = [found.pop(n) for n in range(len(bar.rows))]
    return found


def _in_state(user, key: str) -> navigation.Waiting:
    known = user.__dict__.get("desk_counts")
    if known is not None:
        return lambda: known[key]
    return _listed.counted(key, up_to=navigation.COUNT_UP_TO, clinics=clinics_of(user))


def _with_patients(user) -> QuerySet[QueueEntry]:
    return of_clinics(clinics_of(user)).filter(state=CaseStatus.NEEDS_INFORMATION)


def asked(user) -> QuerySet[Case]:
    """Cases that wait for the patient, the nearest deadline first."""
    return (
        Case.objects.filter(entry__in=_with_patients(user))
        .select_related("patient", "asked_by")
        .prefetch_related("requests__items")
        .order_by("entry__rank")
    )


def recent(user, days: int = 14) -> QuerySet[Case]:
    return (
        Case.objects.filter(clinic__in=clinics_of(user), updated_at__gte=timezone.now() - timedelta(days=days))
        .exclude(status=CaseStatus.DRAFT)
        .select_related("patient")
        .order_by("-updated_at")
    )


def found(user, text: str) -> QuerySet[Case]:
    """Cases of the own clinics, closed ones too, that fit what was typed; the last moved first."""
    clinics = clinics_of(user)
    hits = find(text, list(clinics), timezone.localdate())
    return (
        Case.objects.filter(Q(patient__in=hits.patients) | Q(pk__in=hits.cases), clinic__in=clinics)
        .exclude(status=CaseStatus.DRAFT)
        .select_related("patient")
        .order_by("-updated_at")
    )
