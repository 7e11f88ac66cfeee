"""The pictures that people see. None carries metadata; screen and thumb are upright sRGB."""

import io

from PIL import Image

from intake.imaging import colour, segments
from intake.imaging.types import Rendition

SCREEN_SIDE, THUMB_SIDE = 2016, 400
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image.transpose(turn) if turn is not None else image


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    return (height, width) if orientation >= 5 else (width, height)


def shrink(image: Image.Image, long_side: int) -> Image.Image:
    """At most `long_side` px. Whole-number reduction first: it is several times faster than one resize."""
    factor = max(image.size) // long_side
    if factor >= 2:
        image = image.reduce(factor)
    if max(image.size) <= long_side:
        return image
    scale = long_side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=1.0)


def jpeg(image: Image.Image, kind: str, quality: int) -> Rendition:
    out = io.BytesIO()
    # the encoder would write a comment or resolution it finds here
    image.info.clear()
    image.save(out, "JPEG", quality=quality, subsampling=0)
    return Rendition(kind, out.getvalue(), "jpeg", *image.size)


def reduced(decoded: Image.Image) -> Image.Image:
    """No larger than a screen shows; a picture that is small already is returned itself."""
    # palettes and 16-bit greys cannot be averaged; for the usual modes plain() is the picture itself
    return shrink(colour.plain(decoded), SCREEN_SIDE)


def screen_picture(reduced: Image.Image, icc: bytes | None, orientation: int) -> Image.Image:
    """Shrunk first, then colours, then turned: each step on as few pixels as possible."""
    return upright(colour.to_srgb(reduced, icc), orientation)


def small_renditions(screen: Image.Image, half: Image.Image) -> tuple[Rendition, Rendition]:
    """`half`: the same picture at half of its size, or itself."""
    return jpeg(screen, "screen", 90), jpeg(shrink(half, THUMB_SIDE), "thumb", 90)


def full_from_parts(
    parts: segments.Parts, opened: Image.Image, icc: bytes | None, orientation: int
) -> Rendition | None:
    """A JPEG's own pixels, its segments rewritten; None where its colours have to be coded anew. Nothing is decoded."""
    kind = colour.classify(icc)
    if opened.mode not in {"RGB", "L"} or kind == colour.OTHER:
        return None
    profile = colour.display_p3_profile() if kind == colour.DISPLAY_P3 and opened.mode == "RGB" else b""
    return Rendition("full", parts.joined(orientation, profile), "jpeg", *upright_size(*opened.size, orientation))


def full_encoded(decoded: Image.Image, icc: bytes | None, orientation: int) -> Rendition:
    return jpeg(upright(colour.to_srgb(colour.plain(decoded), icc), orientation), "full", 95)
