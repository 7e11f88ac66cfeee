"""Finding a patient or case from what somebody typed: a name, a record number, a date of birth, a case number.

Everything is compared by its beginning, through an index, and at most `LIMIT` people come back, so that the search is
as fast among a million patients as among a hundred.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from config.counting import keys_of
from intake.models import Case, Patient
from intake.names import begins, folded

LIMIT = 200
_MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_NUMERIC = re.compile(r"\b(\d{1,4})([/.\-])(\d{1,2})\2(\d{1,4})\b")
_EIGHT = re.compile(r"\b(\d{8})\b")
_WORDED = re.compile(
    rf"\b(?:(\d{{1,2}})\.?\s+)?({'|'.join(_MONTHS)})[a-z]*\.?\s+(?:(\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?(\d{{4}})\b", re.I
)
_CASE = re.compile(r"^df-?[2-9a-z]{1,6}$|^(?=.*\d)[2-9a-z]{6}$", re.I)


@dataclass(frozen=True)
class Wanted:
    """What the typed text can mean. `born` has two days where a year of two digits leaves it open."""

    name: str = ""
    born: tuple[date, ...] = ()
    case_number: str = ""


@dataclass(frozen=True)
class Found:
    patients: list[UUID] = field(default_factory=list)
    cases: list[UUID] = field(default_factory=list)
    is_cut: bool = False  # more people fit than are looked at


def wanted(text: str, today: date) -> Wanted:
    """Pure: read the text. "Ellison, Margaret 3/1/59" is a name and a date of birth."""
    born, rest = _birth(text, today)
    rest = " ".join(rest.replace(",", " ").split())
    number = rest.upper() if _CASE.match(rest) else ""
    if number and not number.startswith("DF"):
        number = f"DF-{number}"
    return Wanted(folded(rest), born, re.sub(r"^DF-?", "DF-", number))


def _birth(text: str, today: date) -> tuple[tuple[date, ...], str]:
    for pattern, read in ((_NUMERIC, _numeric), (_WORDED, _worded), (_EIGHT, _eight)):
        match = pattern.search(text)
        if match:
            days = tuple(sorted(day for day in read(match, today) if date(1890, 1, 1) <= day <= today))
            if days:
                return days, text[: match.start()] + " " + text[match.end() :]
    return (), text


def _numeric(match: re.Match, today: date) -> list[date]:
    one, two, three = (int(match[n]) for n in (1, 3, 4))
    if len(match[1]) == 4:
        return _days([one], two, three)
    years = [three] if len(match[4]) == 4 else [1900 + three, 2000 + three] if len(match[4]) == 2 else []
    # the month first, as here; a number above 12 can only be the day
    return _days(years, one, two) or _days(years, two, one)


def _worded(match: re.Match, today: date) -> list[date]:
    day = match[1] or match[3]
    return _days([int(match[4])], _MONTHS[match[2].lower()[:3]], int(day)) if day else []


def _eight(match: re.Match, today: date) -> list[date]:
    digits = match[1]
    return _days([int(digits[:4])], int(digits[4:6]), int(digits[6:])) or _days(
        [int(digits[4:])], int(digits[:2]), int(digits[2:4])
    )


def _days(years: Iterable[int], month: int, day: int) -> list[date]:
    found = []
    for year in years:
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return found


def find(text: str, clinics: list[UUID], today: date) -> Found:
    """Patients and cases of these clinics; at most two short look-ups."""
    want = wanted(text, today)
    cases = []
    if want.case_number:
        by_number = Case.objects.filter(begins("number", want.case_number), clinic__in=clinics)
        cases = list(by_number.values_list("pk", flat=True)[:LIMIT])
    mine = Patient.objects.filter(home_clinic__in=clinics)
    if want.born:
        mine = mine.filter(date_of_birth__in=want.born)
    looks = [mine.filter(begins(column, want.name)) for column in ("last_first", "first_last", "mrn_key") if want.name]
    people = keys_of(looks or ([mine] if want.born else []), LIMIT + 1)
    return Found(people[:LIMIT], cases, len(people) > LIMIT)
