"""The stretches of a review's time in words, counted or not."""

from datetime import UTC, datetime

from review import onscreen
from review.models import Review

WHY = {
    "counted": "Counted",
    "hidden": "Another window or tab was in front",
    "paused": "Paused",
    "idle": "No key, pointer or touch for more than 90 s",
    "outage": "The line was down, or the computer asleep",
    "crash": "The page ended without a word",
    "clock": "The clocks of browser and server disagreed",
    "other_review": "Counted for another review",
    "ended": "The page was left",
}


def spans_of(time: dict, review: Review | None) -> list[dict]:
    """Counted and not counted stretches in the order of time; the counted can be opened, but not by who sees no pictures
    (`review` None)."""
    counted = [tuple(span) for span in time["intervals_ms"]]
    inside = onscreen.opened(review, counted) if review is not None else [None] * len(counted)
    spans = [
        {"start": s, "end": e, "why": "counted", "opened": one} for (s, e), one in zip(counted, inside, strict=True)
    ]
    spans += [dict(part) for part in time["not_counted_ms"]]
    spans = sorted(
        (span for span in spans if span["end"] > span["start"]), key=lambda span: (span["start"], span["end"])
    )
    for span in spans:
        span["words"] = WHY[span["why"]]
        span["counts"] = span["why"] == "counted"
        span["ms"] = span["end"] - span["start"]
        span["start_at"], span["end_at"] = (_moment(span[edge]) for edge in ("start", "end"))
        if opened := span.get("opened"):
            span["scenes"] = [(_moment(one.start), _moment(one.end), one.ms, one.words) for one in opened.scenes]
    return spans


def _moment(ms: int):
    return datetime.fromtimestamp(ms / 1000, UTC)
