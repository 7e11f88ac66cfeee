"""Is the photo sharp and well lit? A hint while the patient can still take it again, never a gate.

Sharpness is a ratio of fine to coarse change along each axis, in which brightness cancels out, so that deep skin and shade
are not called blurred; the smaller axis counts, because a shaken camera blurs only one. Thresholds were chosen on a set of
sharp and blurred pairs: optimistic, to be tuned on logged scores.
"""

import numpy
from PIL import Image

from intake.imaging.limits import ADVISED_SIDE
from intake.imaging.types import Quality

BLUR_512, BLUR_256 = 0.03, 0.04
DARK_P95 = 20.0
GLARE_RETAKE, GLARE_ADVISED = 0.50, 0.30
WHITE_LEVEL = 235.0
_RETAKE = {"too_small", "too_dark", "too_bright", "blurred", "blank"}


def _axis_ratio(luma: numpy.ndarray, rounding: float) -> float:
    """Fine over coarse change along the last axis, 0 for a flat picture."""
    fine = numpy.mean((luma[:, :-2] + luma[:, 2:] - 2 * luma[:, 1:-1]) ** 2) - 0.5 * rounding
    coarse = numpy.mean((luma[:, 4:] - luma[:, :-4]) ** 2) - rounding / 6
    return float(max(fine, 0.0) / coarse) if coarse > 0 else 0.0


def sharpness(luma: numpy.ndarray, rounding: float = 1.0) -> float:
    """`luma`: 2-D float array of grey levels; `rounding`: variance of rounding noise relative to whole levels."""
    return min(_axis_ratio(luma, rounding), _axis_ratio(luma.T, rounding))


def _luma(image: Image.Image, long_side: int = 512) -> numpy.ndarray:
    scale = min(1.0, long_side / max(image.size))
    size = (max(16, round(image.width * scale)), max(16, round(image.height * scale)))
    # whole-number boxes first: half of the time, and both kernels antialias
    grey = image if image.mode == "L" else image.convert("L")
    small = grey.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0)
    return numpy.asarray(small, dtype=numpy.float32)


def _halved(luma: numpy.ndarray) -> numpy.ndarray:
    even = luma[: luma.shape[0] // 2 * 2, : luma.shape[1] // 2 * 2]
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4


def assess(image: Image.Image, width: int, height: int) -> Quality:
    """`image`: the upright sRGB screen rendition, or its greys; `width`, `height`: of the received picture, px."""
    luma = _luma(image)
    p95, p995 = map(float, numpy.percentile(luma, (95, 99.5)))
    glare = float(numpy.mean(luma >= p995 * 0.985)) if p995 > 60 else 0.0
    scores = {
        "q512": round(sharpness(luma), 4),
        "q256": round(sharpness(_halved(luma), 0.25), 4),
        "p95": round(p95, 1),
        "glare": round(glare, 4),
        "short_side": min(width, height),
    }
    reasons = _reasons(scores, p995)
    verdict = "good"
    if reasons:
        verdict = "retake_suggested" if set(reasons) & _RETAKE else "usable"
    return Quality(verdict, tuple(reasons), scores)


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
