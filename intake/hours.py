"""Opening hours as arithmetic: when a span of open time ends, and how much of it lies between two moments.

Pure: no request, no query, no setting. Moments are aware; lengths are real seconds, so that a clinic that is open over
a change of the clock is open for as long as it really was.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# a calendar that never opens again must not make a promise without end
LOOK_AHEAD_DAYS = 400
_DAY = timedelta(days=1)
_MIDNIGHT = time(0)

Interval = tuple[datetime, datetime]


@dataclass(frozen=True)
class Week:
    """What holds from a day on: (weekday, opens, closes) rows, Monday is 0. No row at all: open day and night."""

    valid_from: date
    hours: tuple[tuple[int, time, time], ...] = ()


@dataclass(frozen=True)
class Calendar:
    """The weeks of a clinic, each in force from its own day until the next begins, and the days it is shut."""

    zone: ZoneInfo
    weeks: tuple[Week, ...] = ()
    holidays: frozenset[date] = frozenset()

    def week_on(self, day: date) -> Week | None:
        return max((week for week in self.weeks if week.valid_from <= day), key=lambda w: w.valid_from, default=None)

    def has_hours_on(self, day: date) -> bool:
        """Whether opening hours are set for that day's week; without any a clinic counts day and night."""
        week = self.week_on(day)
        return week is not None and bool(week.hours)

    def open_on(self, day: date) -> list[Interval]:
        """The stretches of a local day in which the clinic is open, as moments in UTC, in order."""
        if not self.has_hours_on(day):
            return [(_moment(day, _MIDNIGHT, self.zone), _moment(day + _DAY, _MIDNIGHT, self.zone))]
        if day in self.holidays:
            return []
        week = self.week_on(day)
        assert week is not None
        rows = sorted((opens, closes) for weekday, opens, closes in week.hours if weekday == day.weekday())
        pairs = [(_moment(day, opens, self.zone), _end(day, closes, self.zone)) for opens, closes in rows]
        return [(start, end) for start, end in pairs if start < end]

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _end(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A closing time that the clock shows twice is the later one."""
    local = datetime.combine(day, at, tzinfo=zone)
    return max(local.astimezone(UTC), local.replace(fold=1).astimezone(UTC))


def _days_from(day: date) -> list[date]:
    return [day + timedelta(days=n) for n in range(LOOK_AHEAD_DAYS)]


def first_open(calendar: Calendar, at: datetime) -> datetime:
    """The moment itself if the clinic is open then, else the next opening."""
    at = at.astimezone(UTC)
    for day in _days_from(calendar.local_day(at)):
        for start, end in calendar.open_on(day):
            if at < end:
                return max(at, start)
    return at


def advance(calendar: Calendar, start: datetime, span: timedelta) -> datetime:
    """The moment at which `span` of open time has passed since `start`. No span ends at the next open moment."""
    # in UTC: sums within one zone would follow the clock on the wall
    start = start.astimezone(UTC)
    left, at = span, start
    for day in _days_from(calendar.local_day(start)):
        for opens, closes in calendar.open_on(day):
            begin = max(opens, at)
            if begin >= closes:
                continue
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
            at = closes
    return start + span


def between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How much open time lies between two moments; nothing when they are the wrong way round."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    total, day, last = timedelta(), calendar.local_day(start), calendar.local_day(end)
    while day <= last:
        for opens, closes in calendar.open_on(day):
            total += max(timedelta(), min(closes, end) - max(opens, start))
        day += _DAY
    return total


def advance_days(calendar: Calendar, start: datetime, days: int) -> datetime:
    """The same local time on the n-th open day after. Before opening, after closing and on a shut day the count starts
    at the next opening; a day that closes earlier ends it at closing."""
    begin = first_open(calendar, start)
    local = begin.astimezone(calendar.zone)
    left = days
    for day in _days_from(local.date() + _DAY):
        stretches = calendar.open_on(day)
        if not stretches:
            continue
        left -= 1
        if left == 0:
            wanted = _moment(day, local.time().replace(fold=local.fold), calendar.zone)
            return _into(stretches, wanted)
    return start + timedelta(days=days)


def _into(stretches: list[Interval], wanted: datetime) -> datetime:
    for opens, closes in stretches:
        if wanted <= closes:
            return max(opens, wanted)
    return stretches[-1][1]
