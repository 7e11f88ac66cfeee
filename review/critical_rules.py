"""When an answer is critical, and when which rung of its ladder is due. Pure: no query, no setting, no clock."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

MELANOMA, SIGHT, MARKED = "melanoma", "sight", "marked"
# real hours, day and night: no weekend, holiday or change of the clocks stretches them
ACKNOWLEDGE_WITHIN = timedelta(hours=24)
NAMED, AGAIN, LEAD, DIRECTOR = "named", "again", "lead", "director"
LADDER = (
    (NAMED, timedelta(0)),
    (AGAIN, timedelta(hours=12)),
    (LEAD, ACKNOWLEDGE_WITHIN),
    (DIRECTOR, timedelta(hours=28)),
)
# the last rung comes again until somebody acknowledges
AGAIN_EVERY = timedelta(hours=24)

_MELANOMA_CODES = ("C43", "D03")
_MELANOMA = re.compile(r"\b(melanomas?|lentigo maligna)\b", re.IGNORECASE)
# acute angle closure, ulcer of the cornea, endophthalmitis, detachment, occluded vessel, optic neuritis, iritis, orbital
# cellulitis, injury, burn, giant cell arteritis, herpes and zoster of the eye
_SIGHT_CODES = (
    "H40.21", "H16.0", "H44.0", "H33.0", "H33.2", "H34.1", "H34.2", "H46", "H20.0", "H05.01", "S05", "T26", "M31.5",
    "M31.6", "B00.5", "B02.3",
)  # fmt: skip
_SIGHT = re.compile(
    r"\b(sight[- ]threatening|sight (?:is )?at risk|angle[- ]closure|acute glaucoma|corneal ulcer|microbial keratitis"
    r"|acanthamoeba|endophthalmitis|retinal (?:detachment|tear)|orbital cellulitis|giant cell arteritis|open globe"
    r"|penetrating injury|chemical burn|optic neuritis|acute uveitis|acute iritis|hyphema|zoster ophthalmicus)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(no|not|without|denies|never|unlike)\b[^.;,]{0,30}$", re.IGNORECASE)
_RULED_OUT = re.compile(r"^[^.;,]{0,20}\b(is|was|are) (excluded|ruled out|unlikely)\b", re.IGNORECASE)


def reasons(*, codes: Iterable[str], texts: Iterable[str], is_eye: bool, marked: bool) -> list[str]:
    """Why the answer is critical, the gravest first; [] when it is not. A suspicion counts as much as a finding."""
    codes, texts = list(codes), list(texts)
    found = []
    if any(code.startswith(_MELANOMA_CODES) for code in codes) or any(_said(_MELANOMA, text) for text in texts):
        found.append(MELANOMA)
    if any(code.startswith(_SIGHT_CODES) for code in codes) or (is_eye and any(_said(_SIGHT, text) for text in texts)):
        found.append(SIGHT)
    return [*found, MARKED] if marked else found


def _said(pattern: re.Pattern, text: str) -> bool:
    return any(
        not _NOT.search(text[: match.start()]) and not _RULED_OUT.search(text[match.end() :])
        for match in pattern.finditer(text)
    )


def rung(number: int) -> str:
    """Which rung the step of this number is, counted from 0."""
    return LADDER[min(number, len(LADDER) - 1)][0]


def planned(raised_at: datetime, number: int) -> datetime:
    """When the step of this number is due, as a moment: aware datetimes in UTC count real hours."""
    if number < len(LADDER):
        return raised_at + LADDER[number][1]
    return raised_at + LADDER[-1][1] + AGAIN_EVERY * (number - len(LADDER) + 1)


def next_step(raised_at: datetime, done: int, now: datetime) -> datetime:
    """When the step after `done` steps is due. Rungs keep their planned time, so that a beat that slept climbs at once
    to where it should be; of the repeats of the last one only the next is left."""
    at = planned(raised_at, done)
    if done < len(LADDER):
        return at
    while at <= now:
        at += AGAIN_EVERY
    return at
