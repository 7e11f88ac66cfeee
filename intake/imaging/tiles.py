"""A very large picture cut into tiles at several sizes, packed one after the other: pure, from bytes to bytes."""

import io
from dataclasses import dataclass

from PIL import Image

from intake.imaging import colour, render

SIDE = 512
LEVELS = (0.5, 1.0)  # below half size the screen rendition is as good
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Level:
    """`ends`: where in the pack each tile ends, row by row, counted from the pack's beginning."""

    scale: float
    columns: int
    rows: int
    ends: tuple[int, ...]


def cut(full: bytes) -> tuple[bytes, list[Level]]:
    """The pack and its levels, coarse to fine, of a full rendition: upright, sRGB, without metadata."""
    with Image.open(io.BytesIO(full), formats=("JPEG",)) as image:
        icc, orientation = image.info.get("icc_profile"), image.getexif().get(_ORIENTATION, 1)
        image.load()
        whole = render.upright(colour.to_srgb(colour.plain(image), icc), orientation)
    whole.info.clear()
    pack, levels = io.BytesIO(), []
    for scale in LEVELS:
        picture = whole if scale == 1.0 else whole.reduce(round(1 / scale))
        levels.append(_level(picture, scale, pack))
    return pack.getvalue(), levels


def _level(picture: Image.Image, scale: float, pack: io.BytesIO) -> Level:
    columns, rows = -(-picture.width // SIDE), -(-picture.height // SIDE)
    ends = []
    for row in range(rows):
        for column in range(columns):
            left, top = column * SIDE, row * SIDE
            box = (left, top, min(left + SIDE, picture.width), min(top + SIDE, picture.height))
            picture.crop(box).save(pack, "JPEG", quality=92, subsampling=0)
            ends.append(pack.tell())
    return Level(scale, columns, rows, tuple(ends))
