"""Awkward image files, made by code. Every piece of text that must not survive holds CANARY."""

import io
import struct
import zlib
from functools import lru_cache

import numpy
from PIL import Image, ImageCms, PngImagePlugin

CANARY = b"MRN-0042-Jane-Roe"
WORDS = CANARY.decode()


@lru_cache(maxsize=16)
def scene(width: int = 480, height: int = 640) -> Image.Image:
    """Top left red, top right green, bottom blue, with grain: which way up it is can be told."""
    rng = numpy.random.default_rng(7)
    pixels = numpy.zeros((height, width, 3))
    pixels[: height // 2, : width // 2] = (200, 60, 50)
    pixels[: height // 2, width // 2 :] = (60, 170, 70)
    pixels[height // 2 :] = (50, 70, 190)
    pixels += rng.normal(size=(height, width, 1)) * 12
    return Image.fromarray(numpy.clip(pixels, 0, 255).astype("u1"), "RGB")


def encode(image: Image.Image, format: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def jpeg(image: Image.Image | None = None, **options) -> bytes:
    return encode(image or scene(), "JPEG", **({"quality": 90} | options))


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """Inserted behind the start of the image."""
    return data[:2] + b"".join(segments) + data[2:]


def exif(orientation: int = 1, gps: bool = True) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F], tags[0x013B], tags[0x010E] = WORDS, WORDS, WORDS
    tags.get_ifd(0x8769)[0x9003] = "2026:11:20 14:19:05"
    tags.get_ifd(0x8769)[0xA431] = WORDS
    if gps:
        tags.get_ifd(0x8825).update({1: "N", 2: (40.0, 1.0, 2.0), 3: "W", 4: (83.0, 1.0, 2.0), 0x1D: WORDS})
    return tags


def turned(orientation: int) -> Image.Image:
    """The scene as a camera held that way stores it: turning by the tag gives the scene again."""
    back = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    return scene() if back is None else scene().transpose(back)


def chatty_jpeg(orientation: int = 1) -> bytes:
    """Everything that cameras and programs hang onto a JPEG, with a second picture and text behind the end."""
    data = jpeg(turned(orientation), exif=exif(orientation), comment=CANARY)
    preview = jpeg(scene(120, 160), comment=CANARY)
    return (
        with_segments(
            data,
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + CANARY + b"</x:xmpmeta>"),
            segment(0xE2, b"MPF\0" + CANARY),
            segment(0xE5, CANARY),
            segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x20\x1c\x02\x50\0\x11" + CANARY),
            segment(0xFE, CANARY),
            segment(0xDC, CANARY),
        )
        + preview
        + CANARY
    )


def multi_picture() -> bytes:
    return encode(scene(), "MPO", save_all=True, append_images=[scene(480, 640).rotate(180)])


def chatty_png(**options) -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", WORDS)
    notes.add_itxt("XML:com.adobe.xmp", f"<x>{WORDS}</x>")
    return encode(scene(), "PNG", pnginfo=notes, exif=exif(), **options) + CANARY


def animated(format: str) -> bytes:
    return encode(scene(), format, save_all=True, append_images=[scene().rotate(180)], duration=100)


def png_header(width: int, height: int) -> bytes:
    """A bomb: a header that claims a size, and next to nothing behind it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def claiming(data: bytes, width: int, height: int) -> bytes:
    """The JPEG with another size in its frame header."""
    at = next(at for at in range(len(data)) if data[at] == 0xFF and data[at + 1] in (0xC0, 0xC2))
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def grey16(width: int = 480, height: int = 640) -> Image.Image:
    ramp = numpy.linspace(0, 65535, width).astype("u2")
    return Image.fromarray(numpy.tile(ramp, (height, 1)))


def icc(kind: str = "sRGB") -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes()
