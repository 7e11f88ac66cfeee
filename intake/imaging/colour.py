"""Everything to sRGB. Profiles are judged by what they do to colours, not by their names."""

import contextlib
import io
import struct
from functools import lru_cache

import numpy
from PIL import Image, ImageCms

from intake.imaging import wide

SRGB, DISPLAY_P3, OTHER, NONE = "srgb", "display_p3", "other", "none"
# phones' profiles are below 5 kB; large ones are not worth the worker's memory
REMEMBERED_BYTES = 65536
_MODE_OF_SPACE = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def _s15(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + _s15(x) + _s15(y) + _s15(z)


def _words(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded


@lru_cache(maxsize=1)
def display_p3_profile() -> bytes:
    """A Display-P3 profile of our own making (ICC v4, matrix and parametric curve), about 500 bytes."""
    # primaries adapted to D50 (Bradford), as the profile connection space wants them
    curve = b"para\0\0\0\0\0\x03\0\0" + b"".join(map(_s15, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))
    chad = b"sf32\0\0\0\0" + b"".join(
        map(_s15, (1.04788, 0.02292, -0.05022, 0.02959, 0.99048, -0.01707, -0.00925, 0.01508, 0.75168))
    )
    tags = [
        (b"desc", _words("Display P3")),
        (b"cprt", _words("No copyright")),
        (b"wtpt", _xyz(0.9642, 1.0, 0.8249)),
        (b"rXYZ", _xyz(0.51512, 0.24120, -0.00105)),
        (b"gXYZ", _xyz(0.29198, 0.69225, 0.04189)),
        (b"bXYZ", _xyz(0.15710, 0.06657, 0.78407)),
        (b"chad", chad),
        (b"rTRC", curve),
        (b"gTRC", curve),
        (b"bTRC", curve),
    ]
    table, body, at, places = b"", b"", 132 + 12 * len(tags), {}
    for name, content in tags:
        if content not in places:
            padded = content + b"\0" * (-len(content) % 4)
            places[content] = at + len(body)
            body += padded
        table += struct.pack(">4sII", name, places[content], len(content))
    size = at + len(body)
    header = struct.pack(
        ">I4sI4s4s4s12s4s4sI4s4sQI12s4s44x",
        size, b"\0\0\0\0", 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"\x07\xea\0\x01\0\x01\0\0\0\0\0\0",
        b"acsp", b"\0\0\0\0", 0, b"\0\0\0\0", b"\0\0\0\0", 0, 0,
        _s15(0.9642) + _s15(1.0) + _s15(0.8249), b"\0\0\0\0",
    )  # fmt: skip
    return header + struct.pack(">I", len(tags)) + table + body


def _patches() -> Image.Image:
    steps = numpy.array([0, 51, 102, 153, 204, 255], dtype=numpy.uint8)
    cube = numpy.stack(numpy.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    return Image.fromarray(cube, "RGB")


def _open(icc: bytes) -> ImageCms.ImageCmsProfile | None:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except (OSError, ImageCms.PyCMSError, ValueError):
        return None


def _mode_of(profile: ImageCms.ImageCmsProfile | None) -> str:
    """The mode of pixels that the profile is made for, "" if none that we know."""
    return _MODE_OF_SPACE.get(profile.profile.xcolor_space.strip(), "") if profile else ""


def _effect(icc: bytes) -> numpy.ndarray | None:
    """What the profile makes of a cube of colours (or of its greys), seen in sRGB; None when it is for something else."""
    profile = _open(icc)
    space = _mode_of(profile)
    if profile is None or space not in {"RGB", "L"}:
        return None
    try:
        seen = ImageCms.profileToProfile(
            _patches().convert(space), profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, ValueError):
        return None
    return numpy.asarray(seen, dtype=int)


def _judge(icc: bytes) -> str:
    seen = _effect(icc)
    if seen is None:
        return OTHER if _open(icc) is not None else NONE
    grey = numpy.asarray(_patches().convert("L").convert("RGB"), dtype=int)
    whole, wide = numpy.asarray(_patches(), dtype=int), _effect(display_p3_profile())
    known = ((SRGB, whole), (SRGB, grey), (DISPLAY_P3, wide if wide is not None else whole))
    return next((name for name, reference in known if numpy.abs(seen - reference).max() <= 3), OTHER)


_remembered_judgement = lru_cache(maxsize=64)(_judge)


def classify(icc: bytes | None) -> str:
    """srgb, display_p3, other (a usable profile) or none (nothing, or not a profile)."""
    if not icc:
        return NONE
    return _remembered_judgement(icc) if len(icc) <= REMEMBERED_BYTES else _judge(icc)


def _build(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"), mode, "RGB"
    )


_remembered_transform = lru_cache(maxsize=16)(_build)


def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    return _remembered_transform(icc, mode) if len(icc) <= REMEMBERED_BYTES else _build(icc, mode)


def plain(image: Image.Image) -> Image.Image:
    """RGB, L or CMYK with 8 bits: palettes resolved, 16-bit greys scaled, transparency laid on white."""
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        # convert("L") would clip nearly every pixel to white
        values = numpy.asarray(image)
        if image.mode.startswith("I;16") or values.max(initial=0) > 255:
            values = (values.astype(numpy.uint32) + 128) // 257
        return Image.fromarray(numpy.clip(values, 0, 255).astype(numpy.uint8), "L")
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        whole = image if image.mode == "RGBA" else image.convert("RGBA")
        # pasted, not composited: half of the memory, and 60 megapixels must fit
        ground = Image.new("RGB", whole.size, "white")
        ground.paste(whole, mask=whole.getchannel("A"))
        return ground
    return image if image.mode in {"RGB", "L", "CMYK"} else image.convert("RGB")


def to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """An 8-bit RGB picture in sRGB. A profile that does not fit the pixels is left aside."""
    kind = classify(icc)
    if kind == DISPLAY_P3 and image.mode == "RGB":
        return wide.to_srgb(image)
    if icc and kind in {DISPLAY_P3, OTHER} and _mode_of(_open(icc)) == image.mode:
        with contextlib.suppress(ImageCms.PyCMSError, ValueError):
            return ImageCms.applyTransform(image, _transform(icc, image.mode)) or image
    return image if image.mode == "RGB" else image.convert("RGB")
