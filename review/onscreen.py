"""An interval of the clock, opened: what was on screen, from when to when, and why it counted.

Read from the beats beside the tape; it explains the account and never decides it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from intake.models import Photo
from review.models import Beat, Review
from review.timekeeping import COUNTING, Interval

PARTS = {"story": "the story", "photos": "the photographs", "form": "the form"}
MAX_PHOTOS = 8


def shown_of(value: object) -> dict[str, list[str]]:
    """What a browser says was on screen, without anything else; nonsense is nothing, because no rule reads it."""
    if not isinstance(value, dict):
        return {}
    photos = [one for one in _texts(value.get("photos")) if len(one) <= 36][:MAX_PHOTOS]
    parts = [one for one in _texts(value.get("parts")) if one in PARTS]
    return {name: found for name, found in (("photos", photos), ("parts", parts)) if found}


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


@dataclass(frozen=True)
class Scene:
    """One stretch with the same things on screen."""

    start: int
    end: int
    words: str

    @property
    def ms(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Opened:
    scenes: list[Scene]
    beats: int
    longest_gap: int
    longest_silence: int

    @property
    def why(self) -> str:
        return (
            f"{self.beats} beat{'s' if self.beats != 1 else ''} came without a hole, the longest time between two of them {_seconds(self.longest_gap)}"
            f" (45 s is allowed). The longest time without a key, pointer or touch was"
            f" {_seconds(self.longest_silence)} (90 s is allowed). The page was in front and not paused."
        )


def _seconds(ms: int) -> str:
    return f"{round(ms / 1000)} s"


def opened(review: Review, intervals: Iterable[Interval]) -> list[Opened]:
    """For each interval, in the same order."""
    rows = list(Beat.objects.filter(review=review).order_by("pk"))
    names = _photo_names(review, rows)
    return [_opened(rows, names, tuple(span)) for span in intervals]


def _photo_names(review: Review, rows: list[Beat]) -> dict[str, str]:
    """Photographs of this patient only: an earlier case may be compared."""
    wanted = {photo for row in rows for photo in shown_of(row.shown).get("photos", [])}
    photos = Photo.objects.filter(case__patient=review.case.patient_id).select_related("case")
    names = {}
    for photo in photos:
        if str(photo.pk) in wanted:
            earlier = "" if photo.case_id == review.case_id else f" (case {photo.case.number})"
            names[str(photo.pk)] = f"{photo.slot_info.label}{earlier}"
    return names


def _opened(rows: list[Beat], names: dict[str, str], span: Interval) -> Opened:
    start, end = span
    scenes: list[Scene] = []
    gaps, inputs, last = [0], {start, end}, {}
    count = 0
    for row in rows:
        inputs.add(row.server_ms - (row.mono_ms - row.last_input_ms))
        before, last[row.tab] = last.get(row.tab), row
        count += start <= row.server_ms <= end
        if before is None or before.state != COUNTING:
            continue
        low, high = max(before.server_ms, start), min(row.server_ms, end)
        if low < high:
            gaps.append(row.server_ms - before.server_ms)
            _add(scenes, Scene(low, high, _words(shown_of(row.shown), names)))
    points = sorted(at for at in inputs if start <= at <= end)
    silence = max((b - a for a, b in zip(points, points[1:], strict=False)), default=0)
    return Opened(scenes, count, max(gaps), silence)


def _add(scenes: list[Scene], scene: Scene) -> None:
    if scenes and scenes[-1].words == scene.words and scenes[-1].end >= scene.start:
        scenes[-1] = Scene(scenes[-1].start, max(scenes[-1].end, scene.end), scene.words)
    else:
        scenes.append(scene)


def _words(shown: dict[str, list[str]], names: dict[str, str]) -> str:
    photos = [names[one] for one in shown.get("photos", []) if one in names]
    parts = [PARTS[one] for one in shown.get("parts", []) if not (one == "photos" and photos)]
    words = [f"photo {', '.join(photos)}"] if photos else []
    return "; ".join([*words, *parts]) or "not recorded"


def never_shown(review: Review) -> list[Photo]:
    """Photographs of the case that were never on screen; nothing where the browser recorded no photo at all."""
    rows = Beat.objects.filter(review=review).exclude(shown={}).values_list("shown", flat=True)
    seen = {photo for shown in rows for photo in shown_of(shown).get("photos", [])}
    if not seen:
        return []
    photos = [photo for photo in review.case.photos.live() if photo.status == "ready"]
    return [photo for photo in photos if str(photo.pk) not in seen]
