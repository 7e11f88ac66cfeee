"""Open time as arithmetic: changes of the clock, holidays, 29 February, nights, and clinics that never close."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.hours import Calendar, Week, advance, advance_days, between, first_open

NEW_YORK = ZoneInfo("America/New_York")
WEEKDAYS = tuple((day, time(8), time(17)) for day in range(5))
OFFICE = Calendar(NEW_YORK, (Week(date(2020, 1, 1), WEEKDAYS),))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def local(moment: datetime) -> str:
    return moment.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-23T09:00", 4, "2026-11-23 13:00"),
        ("2026-11-23T15:00", 4, "2026-11-24 10:00"),  # over night
        ("2026-11-20T16:00", 8, "2026-11-23 15:00"),  # over the weekend
        ("2026-11-22T12:00", 1, "2026-11-23 09:00"),  # sent on a Sunday
        ("2026-11-23T17:00", 0, "2026-11-24 08:00"),  # no time left at closing: the next opening
        ("2026-11-23T08:00", 9, "2026-11-23 17:00"),  # exactly a day's hours end at closing
    ],
)
def test_a_span_counts_while_the_clinic_is_open(start, hours, end):
    assert local(advance(OFFICE, at(start), hours * HOUR)) == end


def test_a_holiday_is_skipped_and_the_day_after_thanksgiving_too_if_listed():
    calendar = Calendar(NEW_YORK, OFFICE.weeks, frozenset({date(2026, 11, 26), date(2026, 11, 27)}))
    assert local(advance(calendar, at("2026-11-25T16:00"), 2 * HOUR)) == "2026-11-30 09:00"
    assert local(advance_days(calendar, at("2026-11-25T10:00"), 1)) == "2026-11-30 10:00"
    assert between(calendar, at("2026-11-25T16:00"), at("2026-11-30T09:00")) == 2 * HOUR


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-23T10:30", 1, "2026-11-24 10:30"),
        ("2026-11-20T10:30", 1, "2026-11-23 10:30"),  # Friday to Monday
        ("2026-11-23T20:00", 1, "2026-11-25 08:00"),  # after closing: the day begins at the next opening
        ("2026-11-21T12:00", 2, "2026-11-25 08:00"),  # a Saturday
        ("2028-02-28T09:00", 1, "2028-02-29 09:00"),  # a leap day is a day
        ("2028-02-29T09:00", 3, "2028-03-03 09:00"),
        ("2026-03-06T09:00", 1, "2026-03-09 09:00"),  # over the change to summer time: the clock on the wall
        ("2026-10-30T09:00", 1, "2026-11-02 09:00"),  # and back
    ],
)
def test_a_day_is_the_same_time_on_the_next_open_day(start, days, end):
    assert local(advance_days(OFFICE, at(start), days)) == end


def test_a_day_that_closes_earlier_ends_the_promise_at_closing():
    short_friday = Week(date(2020, 1, 1), (*WEEKDAYS[:4], (4, time(8), time(12))))
    calendar = Calendar(NEW_YORK, (short_friday,))
    assert local(advance_days(calendar, at("2026-11-19T15:00"), 1)) == "2026-11-20 12:00"


def test_a_lunch_break_does_not_count():
    split = Week(date(2020, 1, 1), ((0, time(8), time(12)), (0, time(13), time(17))))
    calendar = Calendar(NEW_YORK, (split,))
    assert local(advance(calendar, at("2026-11-23T11:00"), 2 * HOUR)) == "2026-11-23 14:00"
    assert local(first_open(calendar, at("2026-11-23T12:30"))) == "2026-11-23 13:00"
    assert local(advance_days(calendar, at("2026-11-16T11:00"), 1)) == "2026-11-23 11:00"
    assert local(advance_days(calendar, at("2026-11-16T12:00"), 1)) == "2026-11-23 13:00"


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-08", 4), ("2026-11-01", 6), ("2026-11-08", 5)],  # spring: 3 o'clock comes after 1:59; autumn: 1 twice
)
def test_a_night_clinic_is_open_for_as_long_as_it_really_was(day, hours):
    nights = Calendar(NEW_YORK, (Week(date(2020, 1, 1), ((6, time(0), time(5)),)),))
    start, end = at(f"{day}T00:00"), at(f"{day}T12:00")
    assert between(nights, start, end) == hours * HOUR
    assert local(advance(nights, start, hours * HOUR)) == f"{day} 05:00"


def test_hours_that_the_clock_leaves_out_open_the_clinic_at_no_time():
    gap = Calendar(NEW_YORK, (Week(date(2020, 1, 1), ((6, time(2, 10), time(2, 50)),)),))
    (start, end) = gap.open_on(date(2026, 3, 8))[0]
    assert end - start == timedelta(minutes=40)  # shown as 3:10 to 3:50 that day


def test_a_closing_time_shown_twice_is_the_later_one():
    late = Calendar(NEW_YORK, (Week(date(2020, 1, 1), ((6, time(0), time(1, 30)),)),))
    assert between(late, at("2026-11-01T00:00"), at("2026-11-01T12:00")) == timedelta(hours=2, minutes=30)


def test_without_hours_every_day_is_open_and_holidays_do_not_matter():
    always = Calendar(NEW_YORK, (), frozenset({date(2026, 12, 25)}))
    start = at("2026-12-24T20:00")
    assert advance(always, start, 10 * HOUR) == start + 10 * HOUR
    assert not always.has_hours_on(date(2026, 12, 25))


def test_new_hours_hold_from_their_day_on():
    longer = Week(date(2026, 12, 1), tuple((day, time(7), time(19)) for day in range(6)))
    calendar = Calendar(NEW_YORK, (OFFICE.weeks[0], longer))
    assert between(calendar, at("2026-11-30T00:00"), at("2026-12-01T00:00")) == 9 * HOUR
    assert between(calendar, at("2026-12-01T00:00"), at("2026-12-02T00:00")) == 12 * HOUR
    back_to_always = Calendar(NEW_YORK, (*calendar.weeks, Week(date(2027, 1, 1))))
    assert between(back_to_always, at("2027-01-01T00:00"), at("2027-01-02T00:00")) == 24 * HOUR


def test_a_clinic_that_never_opens_again_makes_no_endless_promise():
    shut = frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(900))
    calendar = Calendar(NEW_YORK, OFFICE.weeks, shut)
    start = at("2026-01-05T09:00")
    assert advance(calendar, start, 4 * HOUR) == start + 4 * HOUR
    assert advance_days(calendar, start, 2) == start + 2 * DAY
    assert first_open(calendar, start) == start


# whatever the hours, zone and moment

ZONES = st.sampled_from(
    [NEW_YORK, ZoneInfo("America/Phoenix"), ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")]
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))
SPANS = st.timedeltas(timedelta(), timedelta(hours=12)).map(lambda span: timedelta(seconds=int(span.total_seconds())))


@st.composite
def calendars(draw):
    rows = []
    for day in draw(st.sets(st.integers(0, 6), min_size=1)):
        opens = draw(st.integers(0, 22))
        rows.append((day, time(opens), time(draw(st.integers(opens + 1, 23)))))
    holidays = draw(st.frozensets(st.dates(date(2026, 1, 1), date(2029, 1, 1)), max_size=8))
    return Calendar(draw(ZONES), (Week(date(2020, 1, 1), tuple(rows)),), holidays)


@settings(max_examples=40, deadline=None)
@given(calendars(), MOMENTS, SPANS)
def test_what_was_advanced_lies_between(calendar, start, span):
    end = advance(calendar, start, span)
    assert end >= start
    assert between(calendar, start, end) == span


@settings(max_examples=40, deadline=None)
@given(calendars(), MOMENTS, SPANS, SPANS)
def test_later_starts_and_longer_spans_end_no_earlier(calendar, start, one, two):
    short, long = sorted([one, two])
    assert advance(calendar, start, short) <= advance(calendar, start, long)
    assert advance(calendar, start, one) <= advance(calendar, start + two, one)


@settings(max_examples=40, deadline=None)
@given(calendars(), MOMENTS, SPANS, SPANS)
def test_two_steps_are_one(calendar, start, one, two):
    """Pausing and going on loses nothing and gains nothing."""
    assert between(calendar, start, advance(calendar, advance(calendar, start, one), two)) == one + two


@settings(max_examples=40, deadline=None)
@given(calendars(), MOMENTS, st.integers(1, 5))
def test_a_promise_of_days_ends_while_the_clinic_is_open(calendar, start, days):
    end = advance_days(calendar, start, days)
    assert end > start
    assert any(opens <= end <= closes for opens, closes in calendar.open_on(calendar.local_day(end)))
    later = advance_days(calendar, start + HOUR, days)
    assert later >= end
