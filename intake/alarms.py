"""What staff should look at twice: the same photograph under two patients, and dates that do not fit the story.

Alarms are questions for a person, never a reason to refuse.
"""

import heapq
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from intake.imaging.fingerprint import SAME_WITHIN, distance
from intake.models import Case, Photo
from intake.models.photo import PhotoQuerySet

OLD_AFTER = timedelta(days=30)
LOOK_BACK = timedelta(days=730)
CANDIDATES = 5
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTHS_ES = "ene feb mar abr may jun jul ago sep oct nov dic".split()
_UNITS = {
    "day": 1, "week": 7, "month": 30, "year": 365, "día": 1, "dia": 1, "semana": 7, "mes": 30, "año": 365, "ano": 365,
}  # fmt: skip
_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "un": 1,
    "una": 1,
    "dos": 2,
}


@dataclass(frozen=True)
class Alarm:
    """`photo` is what it is about; `words` say what was seen, for staff."""

    photo: Photo
    words: str


def onset_date(text: str, told_on: date) -> date | None:
    """The earliest day that an answer to "since when?" can mean; None when it names no time that we understand.

    "about 3 months" told on Nov 24 means Aug 26, "August 2026" means Aug 1, "yesterday" the day before.
    """
    words = text.lower()
    if re.search(r"\b(today|hoy)\b", words):
        return told_on
    if re.search(r"\b(yesterday|ayer)\b", words):
        return told_on - timedelta(days=1)
    for table in (_MONTHS, _MONTHS_ES):
        named = re.search(rf"\b({'|'.join(table)})[a-zé]*\.?\s+(?:de\s+)?(\d{{4}})\b", words)
        if named:
            return date(int(named[2]), table.index(named[1]) + 1, 1)
    span = re.search(rf"\b(\d+|{'|'.join(_NUMBERS)})\s+({'|'.join(_UNITS)})(?:e?s)?\b", words)
    if span:
        number = int(span[1]) if span[1].isdigit() else _NUMBERS[span[1]]
        days = number * _UNITS[span[2]]
        return told_on - timedelta(days=days) if days < 40_000 else None
    year = re.search(r"\b(19|20)\d\d\b", words)
    return date(int(year[0]), 1, 1) if year else None


def alarms_of(case: Case, photos: list[Photo]) -> list[Alarm]:
    """Everything about these photos of the case, the wrong patient first."""
    sent_on = timezone.localdate(case.submitted_at or case.created_at, case.clinic.zone)
    onset = onset_date(case.onset, sent_on)
    found = [Alarm(photo, _twin_words(photo)) for photo in photos if photo.twin_id]
    for photo in photos:
        if photo.captured_at is None:
            continue
        taken = timezone.localdate(photo.captured_at, case.clinic.zone)
        label = photo.slot_info.label
        if taken > sent_on + timedelta(days=1):
            found.append(
                Alarm(photo, f"{label}: the camera's date, {_day(taken)}, is still to come. Its clock is wrong.")
            )
        elif onset is not None and taken < onset - max(timedelta(days=3), (sent_on - onset) / 4):
            found.append(Alarm(photo, f"{label} was taken {_day(taken)}, before the problem began ({case.onset})."))
        elif taken < sent_on - OLD_AFTER:
            found.append(
                Alarm(photo, f"{label} was taken {_day(taken)}, {(sent_on - taken).days} days before it was sent.")
            )
    return found


def _twin_words(photo: Photo) -> str:
    return (
        f"{photo.slot_info.label} looks like a photo of another patient: case {photo.twin.case.number}. "
        "Check that both cases show the right person."
    )


def _day(value: date) -> str:
    return f"{value:%b} {value.day}, {value.year}"


def find_twin(photo: Photo, is_copy: Callable[[Photo], bool]) -> Photo | None:
    """A photo of another patient of the same clinic, of the last two years, with the same bytes or the same look.

    `is_copy` looks at a candidate's picture: a fingerprint alone also fits two people in one pose.
    """
    others = (
        Photo.objects.live()
        .filter(case__clinic=photo.case.clinic_id, received_at__gte=timezone.now() - LOOK_BACK)
        .exclude(case__patient=photo.case.patient_id)
    )
    same = others.filter(sha256=photo.sha256).order_by("received_at").first()
    if same is not None or not photo.fingerprint:
        return same
    return _copy_among(others, photo, is_copy)


def find_again(photo: Photo, is_copy: Callable[[Photo], bool]) -> Photo | None:
    """A photo of the same case that came before and is the same picture: sent again, or under another slot."""
    others = Photo.objects.live().filter(case=photo.case_id, received_at__lt=photo.received_at)
    return _copy_among(others, photo, is_copy) if photo.fingerprint else None


def _copy_among(others: PhotoQuerySet, photo: Photo, is_copy: Callable[[Photo], bool]) -> Photo | None:
    looks = others.exclude(fingerprint="").values_list("pk", "fingerprint").iterator(chunk_size=5000)
    near = [(distance(photo.fingerprint, other), pk) for pk, other in looks]
    nearest = heapq.nsmallest(CANDIDATES, (pair for pair in near if pair[0] <= SAME_WITHIN), key=lambda pair: pair[0])
    candidates = (Photo.objects.get(pk=pk) for _, pk in nearest)
    return next((candidate for candidate in candidates if is_copy(candidate)), None)
