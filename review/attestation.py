"""The sentence that a specialist signs, in full words. Pure: facts in, text out."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from review.timekeeping import Interval


def in_words(ms: int) -> str:
    """7 minutes 42 seconds: whole seconds, never more than what was credited."""
    minutes, seconds = divmod(ms // 1000, 60)
    parts = [_count(minutes, "minute")] if minutes else []
    parts += [_count(seconds, "second")] if seconds or not minutes else []
    return " ".join(parts)


def _count(n: int, unit: str) -> str:
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"


def short(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def day_words(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def by_day(intervals: Iterable[Interval], zone: ZoneInfo) -> dict[date, int]:
    """ms on each local day; an interval over midnight is split there."""
    days: dict[date, int] = {}
    for start, end in sorted(intervals):
        while start < end:
            local = datetime.fromtimestamp(start / 1000, zone)
            tomorrow = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), zone)
            cut = min(end, round(tomorrow.timestamp() * 1000))
            days[local.date()] = days.get(local.date(), 0) + cut - start
            start = cut
    return dict(sorted(days.items()))


def attestation(
    *,
    name: str,
    measured_ms: int,
    added: list[tuple[int, str]],
    days: dict[date, int],
    today: date,
    live_contact: bool,
) -> str:
    """`added` holds (ms, reason in words); `days` the ms on each day worked; `today` stands in when nothing counted."""
    total = measured_ms + sum(ms for ms, _ in added)
    added_words = (
        "; ".join(f"{short(ms)} added: {reason[:1].lower()}{reason[1:]}" for ms, reason in added) or "none added"
    )
    contact = "I had live contact with the patient." if live_contact else "I had no live contact with the patient."
    return (
        f"I, {name}, personally spent {in_words(total)} {_when(total, days, today)} reviewing this case: "
        f"{short(measured_ms)} measured, {added_words}. {contact}"
    )


def _when(total: int, days: dict[date, int], today: date) -> str:
    if len(days) <= 1:
        return f"on {day_words(next(iter(days), today))}"
    parts, seen = [], 0
    for day, ms in days.items():
        # rounded along the sum, so that the days add up to the total in the sentence
        whole = (seen + ms) // 1000 - seen // 1000
        parts.append(f"{in_words(whole * 1000)} on {day_words(day)}")
        seen += ms
    return f"({', '.join(parts[:-1])} and {parts[-1]})"
