"""What a file is, by its content and never by its name. A closed list; everything else is named and refused."""

import re
import struct

from intake.imaging.refusals import refuse
from intake.imaging.types import Header, Refused

_ISO_STILLS = {b"heic": "heic", b"heix": "heic", b"heim": "heic", b"heis": "heic", b"avif": "avif"}
_ISO_SEQUENCES = {b"hevc", b"hevx", b"msf1", b"avis"}
_ISO_VIDEO = re.compile(rb"isom|iso[2-9]|mp4|avc1|qt  |M4V|3g[p2]|f4v|dash|MSNV|NDS")

_PNG_END = b"IEND\xaeB`\x82"

_OTHERS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"GIF8"), "gif"),
    (re.compile(rb"%PDF"), "pdf"),
    (re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+|IIRO|FUJIFILM"), "tiff"),
    (re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL), "bmp"),
    (re.compile(rb".{128}DICM", re.DOTALL), "dicom"),
    (re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), "jpeg2000"),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "jpeg_xl"),
    (re.compile(rb"PK\x03\x04|PK\x05\x06|Rar!|7z\xbc\xaf|\x1f\x8b"), "archive"),
    (re.compile(rb"\x1aE\xdf\xa3|RIFF....AVI |\0\0\x01\xba|\0\0\x01\xb3|FLV\x01", re.DOTALL), "video"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|svg|!doctype|html|script)", re.IGNORECASE), "svg"),
)


def sniff(data: bytes) -> Header | Refused:
    """The format and the stored size in pixels from the header alone; nothing is decoded.

    `data` may be a memory map of the file: only slices, `find` and patterns are used on it.
    """
    if not data:
        return refuse("empty")
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[4:8] == b"ftyp":
        return _iso(data)
    found = (reason for pattern, reason in _OTHERS if pattern.match(data))
    return refuse(next(found, "not_a_photo"))


def _jpeg(data: bytes) -> Header | Refused:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return Header("jpeg", width, height)
        if marker == 0xDA:
            break
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return refuse("damaged")


def _png(data: bytes) -> Header | Refused:
    # decoders forgive a missing end; a picture that broke off on its way is not to be taken for whole
    if len(data) < 33 or data[12:16] != b"IHDR" or data.find(_PNG_END) < 0:
        return refuse("damaged")
    width, height = struct.unpack(">II", data[16:24])
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == b"acTL":
            return refuse("animation")
        if kind == b"IDAT":
            break
        at += 12 + length
    return Header("png", width, height)


def _webp(data: bytes) -> Header | Refused:
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        return refuse("damaged")
    if chunk == b"VP8X":
        if body[0] & 0x02:
            return refuse("animation")
        return Header("webp", 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little"))
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return Header("webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return Header("webp", width & 0x3FFF, height & 0x3FFF)
    return refuse("damaged")


def _iso_other(brands: list[bytes]) -> str:
    if b"crx " in brands:
        return "tiff"  # a raw camera file
    return "video" if any(_ISO_VIDEO.match(brand) for brand in brands) else "not_a_photo"


def _iso(data: bytes) -> Header | Refused:
    """HEIC and AVIF share the container of MP4: the brands tell a still from a sequence and from a video."""
    size = struct.unpack(">I", data[:4])[0]
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(size, 256, len(data)), 4))]
    if brands[0] in _ISO_SEQUENCES:
        return refuse("animation")
    format = next((_ISO_STILLS[brand] for brand in brands if brand in _ISO_STILLS), "")
    if not format and b"mif1" in brands:
        format = "heic"
    if not format:
        return refuse(_iso_other(brands))
    sizes = [
        struct.unpack(">II", data[found.end() : found.end() + 8])
        for found in re.finditer(rb"ispe\0\0\0\0", data[: 1 << 20])
        if found.end() + 8 <= len(data)
    ]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    return Header(format, width, height)
