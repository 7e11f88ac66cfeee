"""What a picture looks like in 64 bits, to find the same photograph again: under another patient, or sent twice.

A perceptual hash (the signs of the low frequencies of a 32 by 32 cosine transform): unchanged by size, brightness and
recompression, changed by a turn or a mirror, so it is taken of the upright picture.
"""

import numpy
from PIL import Image

SIDE, KEPT = 32, 8
SAME_WITHIN = 8  # bits; measured: distinct scenes differ by 16 and more, the same photo changed by 8 and fewer
DETAIL_SIDE, SAME_DETAIL = (
    128,
    0.5,
)  # correlation; measured: changed copies 0.58 and more, other skin of one pose near 0
_FLAT = 2.0  # grey levels of spread: below it there is nothing to recognise


def _cosines() -> numpy.ndarray:
    n = numpy.arange(SIDE)
    return numpy.cos(numpy.pi * (2 * n[None, :] + 1) * n[:KEPT, None] / (2 * SIDE))


_COSINES = _cosines()


def fingerprint(upright: Image.Image) -> str:
    """16 hexadecimal digits; "" for a flat picture, which would match every other flat one. Small greys are enough."""
    grey = upright if upright.mode == "L" else upright.convert("L")
    small = grey.resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=1.0)
    luma = numpy.asarray(small, dtype=numpy.float64)
    if luma.std() < _FLAT:
        return ""
    low = (_COSINES @ luma @ _COSINES.T).ravel()
    bits = low[1:] > numpy.median(low[1:])  # the first is the mean brightness
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def distance(one: str, other: str) -> int:
    """Bits that differ, 0 to 63; 64 when either has none."""
    if not one or not other:
        return 64
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _detail(picture: Image.Image) -> numpy.ndarray:
    """What is finer than the pose: each point less its neighbours, without brightness."""
    size = (DETAIL_SIDE, DETAIL_SIDE)
    luma = numpy.asarray(picture.resize(size, Image.Resampling.BOX).convert("L"), dtype=numpy.float64)
    inner = luma[1:-1, 1:-1] - (luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]) / 4
    # outlines are what two people in one pose share: no single point counts for much
    spread = numpy.median(numpy.abs(inner)) or 1.0
    inner = numpy.clip(inner / spread, -2.0, 2.0)
    inner -= inner.mean()
    return inner / (numpy.sqrt((inner**2).sum()) or 1.0)


def same_detail(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures that look alike are copies of one photograph: two people in one pose are not."""
    return float((_detail(one) * _detail(other)).sum()) >= SAME_DETAIL
