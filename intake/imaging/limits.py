"""What is refused before anything is decoded, so that a bomb costs nothing."""

import math

from intake.imaging.refusals import refuse
from intake.imaging.types import Header, Refused

MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 60_000_000
# A progressive JPEG keeps 2 bytes of each coefficient until its last scan: 3 to 6 bytes a pixel beside the picture's 4.
# From here on it is decoded at half size, where only its own pixels, rewritten, and a smaller picture are needed: the
# whole stream is read all the same. 48 megapixels then take under 300 MB with 4:2:0 colours, as cameras write them;
# with 4:4:4 the coefficients alone are 290 MB.
HALVED_FROM = 20_000_000
MIN_SIDE = 100  # px: shows nothing
ADVISED_SIDE = 400  # px: advised only, see quality


def _above(amount: float) -> float:
    """Rounded up to one decimal, so that nobody reads "25.0 MB, the limit is 25"."""
    return math.ceil(amount * 10) / 10


def check_bytes(size: int) -> Refused | None:
    return refuse("too_many_bytes", size=_above(size / 1024 / 1024)) if size > MAX_BYTES else None


def check_size(header: Header) -> Refused | None:
    """Limits in pixels; a size of 0 is not known yet and is checked again after the container was opened."""
    width, height = header.width, header.height
    if width * height > MAX_PIXELS:
        return refuse("too_many_pixels", megapixels=_above(width * height / 1_000_000))
    if 0 < min(width, height) < MIN_SIDE or (max(width, height) and not min(width, height)):
        return refuse("too_small", width=width, height=height)
    return None
