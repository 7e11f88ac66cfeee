"""The tape as text: one JSON object a line, numbers read as decimals and rounded to 1 ms once."""

import json
from collections.abc import Iterable
from decimal import Context, Decimal, DecimalException

from review.timekeeping import STATES, Account, Beat

_WIDE = Context(prec=100)


class TapeUnreadable(ValueError):
    """The text names the line and what is wrong with it."""


def _ms(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{name} is not a number")
    try:
        # wide enough that nothing is rounded before the one rounding to a millisecond
        return int(_WIDE.quantize(_WIDE.multiply(Decimal(value), 1000), Decimal(1)))
    except DecimalException as error:
        raise ValueError(f"{name} is not a time") from error


def _text(row: dict, name: str) -> str:
    value = row[name]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is not a text")
    return value


def _beat(line: str) -> Beat:
    row = json.loads(line, parse_float=Decimal)
    if not isinstance(row, dict):
        raise ValueError("it is not a JSON object")
    seq = row["seq"]
    if isinstance(seq, bool) or not isinstance(seq, int) or seq < 0:
        raise ValueError("seq is not a whole number from 0")
    if row["state"] not in STATES:
        raise ValueError(f"state is not one of {', '.join(STATES)}")
    return Beat(
        clinician=_text(row, "clinician"),
        review=_text(row, "review"),
        tab=_text(row, "tab"),
        seq=seq,
        at=_ms(row["at"], "at"),
        mono=_ms(row["mono"], "mono"),
        last_input=_ms(row["last_input"], "last_input"),
        state=row["state"],
    )


def read_tape(lines: Iterable[str]) -> list[Beat]:
    """Beats of a JSONL tape in its order. Raises TapeUnreadable with the number of the line."""
    beats = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            beats.append(_beat(line))
        except KeyError as error:
            raise TapeUnreadable(f"Line {number} has no {error.args[0]}.") from error
        except (ValueError, RecursionError) as error:
            raise TapeUnreadable(f"Line {number} cannot be read: {error}.") from error
    return beats


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03d}"


def write_tape(beats: Iterable[Beat]) -> bytes:
    """The same tape as bytes, always the same for the same beats, so that its hash can be part of a signature."""
    lines = []
    for beat in beats:
        lines.append(
            f'{{"at": {_seconds(beat.at)}, "clinician": {json.dumps(beat.clinician)}, '
            f'"review": {json.dumps(beat.review)}, "tab": {json.dumps(beat.tab)}, "seq": {beat.seq}, '
            f'"mono": {_seconds(beat.mono)}, "last_input": {_seconds(beat.last_input)}, '
            f'"state": {json.dumps(beat.state)}}}\n'
        )
    return "".join(lines).encode()


def as_json(account: Account, *, idle_ms: int, gap_ms: int, explain: bool) -> dict:
    """The published form of an account, in seconds."""
    body: dict = {
        "setting": {"idle_seconds": _number(idle_ms), "gap_seconds": _number(gap_ms)},
        "credits": [
            {
                "clinician": credit.clinician,
                "review": credit.review,
                "seconds": credit.ms / 1000,
                "intervals": [[start / 1000, end / 1000] for start, end in credit.intervals],
            }
            for credit in account.credits
        ],
    }
    if explain:
        body["not_counted"] = [
            {
                "clinician": part.clinician,
                "review": part.review,
                "tab": part.tab,
                "from": part.start / 1000,
                "to": part.end / 1000,
                "why": part.why,
            }
            for part in account.not_counted
        ]
    return body


def _number(ms: int) -> int | float:
    return ms // 1000 if ms % 1000 == 0 else ms / 1000
