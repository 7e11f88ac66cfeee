"""Is the photo sharp and well lit? A hint while the patient can still take it again, never a gate.

Sharpness is a ratio of fine to coarse change along each axis, in which brightness cancels out, so that deep skin and shade
are not called blurred; the smaller axis counts, because a shaken camera blurs only one. Thresholds were chosen on a set of
sharp and blurred pairs: optimistic, to be tuned on logged scores.
"""

from collections.abc import Collection

import numpy
from PIL import Image

from intake.imaging.limits import ADVISED_SIDE
from intake.imaging.types import Quality

BLUR_512, BLUR_256 = 0.03, 0.04
DARK_P95 = 20.0
GLARE_RETAKE, GLARE_ADVISED = 0.50, 0.30
WHITE_LEVEL = 235.0
_RETAKE = {"too_small", "too_dark", "too_bright", "blurred", "blank", "too_far"}


def _axis_ratio(luma: numpy.ndarray, rounding: float) -> float:
    """Fine over coarse change along the first axis, 0 for a flat picture."""
    change = luma[:-2] + luma[2:]
    change -= 2 * luma[1:-1]
    fine = _mean_square(change) - 0.5 * rounding
    coarse = _mean_square(luma[4:] - luma[:-4]) - rounding / 6
    return max(fine, 0.0) / coarse if coarse > 0 else 0.0


def _mean_square(values: numpy.ndarray) -> float:
    flat = values.ravel("K")
    return float(flat @ flat) / max(1, flat.size)


def sharpness(luma: numpy.ndarray, rounding: float = 1.0) -> float:
    """`luma`: 2-D float array of grey levels; `rounding`: variance of rounding noise relative to whole levels."""
    return min(_axis_ratio(luma, rounding), _axis_ratio(luma.T, rounding))


def halved(image: Image.Image, at_least: int = 512) -> Image.Image:
    """Half of the picture's size where that leaves enough: smaller ones are made from it in a quarter of the time."""
    return image.reduce(2) if max(image.size) >= 2 * at_least and image.mode in {"L", "RGB"} else image


def small_grey(image: Image.Image, long_side: int = 512) -> Image.Image:
    """The greys that are judged, 512 px on the long side; a picture that is so small and grey already is the same."""
    scale = min(1.0, long_side / max(image.size))
    size = (max(16, round(image.width * scale)), max(16, round(image.height * scale)))
    # whole-number boxes first: half of the time, and both kernels antialias
    image = halved(image, long_side)
    grey = image if image.mode == "L" else image.convert("L")
    return grey if grey.size == size else grey.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0)


def _percentile(counts: list[int], share: float) -> float:
    """As numpy.percentile of the levels themselves, from how often each occurs."""
    ends, place = numpy.cumsum(counts), (sum(counts) - 1) * share / 100
    below, above = (int(numpy.searchsorted(ends, int(n), side="right")) for n in (place, numpy.ceil(place)))
    return below + (above - below) * (place - int(place))


def _halved(luma: numpy.ndarray) -> numpy.ndarray:
    even = luma[: luma.shape[0] // 2 * 2, : luma.shape[1] // 2 * 2]
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4


def assess(image: Image.Image, width: int, height: int) -> Quality:
    """`image`: the upright sRGB screen rendition, or its small greys; `width`, `height`: of the received picture, px."""
    small = small_grey(image)
    luma = numpy.asarray(small, dtype=numpy.float32)
    p95, p995 = (_percentile(small.histogram(), share) for share in (95, 99.5))
    glare = float(numpy.mean(luma >= p995 * 0.985)) if p995 > 60 else 0.0
    scores = {
        "q512": round(sharpness(luma), 4),
        "q256": round(sharpness(_halved(luma), 0.25), 4),
        "p95": round(p95, 1),
        "glare": round(glare, 4),
        "short_side": min(width, height),
    }
    reasons = tuple(_reasons(scores, p995))
    return Quality(verdict_of(reasons), reasons, scores)


def verdict_of(reasons: Collection[str]) -> str:
    if not reasons:
        return "good"
    return "retake_suggested" if set(reasons) & _RETAKE else "usable"


def seen_again(quality: Quality) -> Quality:
    """The same picture is in the case already: nothing new to see, and nothing wrong with it."""
    reasons = (*quality.reasons, "again")
    return Quality(verdict_of(reasons), reasons, quality.scores)


def from_afar(reasons: Collection[str], across: float | None, least: int) -> list[str]:
    """`reasons` with "too_far" exactly where what was circled is less than `least` px `across`; None: nothing is circled.

    The person who knows what it is about draws the circle, so that no guess at what is skin can be unfair to a tone.
    """
    others = [reason for reason in reasons if reason != "too_far"]
    return [*others, "too_far"] if across is not None and across < least else others


def _reasons(scores: dict[str, float], p995: float) -> list[str]:
    reasons = []
    if scores["short_side"] < ADVISED_SIDE:
        reasons.append("too_small")
    if scores["p95"] < DARK_P95:
        reasons.append("too_dark")
    elif scores["glare"] > GLARE_RETAKE:
        # a blank frame fires too: it is bright only near white
        reasons.append("too_bright" if p995 >= WHITE_LEVEL else "blank")
    elif scores["glare"] > GLARE_ADVISED and p995 >= WHITE_LEVEL:
        reasons.append("glare")
    # too little light leaves no edges to judge
    judged = not {"blank", "too_dark"} & set(reasons)
    if judged and (scores["q512"] < BLUR_512 or scores["q256"] < BLUR_256):
        reasons.append("blurred")
    return reasons
