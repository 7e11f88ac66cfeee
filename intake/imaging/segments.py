"""A JPEG without anything that a decoder does not need, its pixels untouched.

Kept: quantisation and Huffman tables, frame, scans, restart intervals. Written anew: JFIF without its thumbnail, the Adobe
colour transform, an orientation tag, a profile of our own. Dropped: EXIF, XMP, IPTC, comments, MPF, received profiles,
maker notes, second frames and whatever stands behind the end.
"""

import re
import struct

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# DHT, DAC, DQT, DNL, DRI and every SOFn
_NEEDED = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD, *(m for m in range(0xC0, 0xD0) if m not in (0xC4, 0xC8, 0xCC))})
_SOS, _EOI = 0xDA, 0xD9


class NotAJpeg(ValueError):
    """The marker structure cannot be followed to the end of the image."""


def strip(data: bytes, *, orientation: int = 1, profile: bytes = b"") -> bytes:
    """The same image with only what is needed; `orientation` 1-8 and an ICC `profile` of our own are added.

    Raises NotAJpeg when the structure is broken or the end of the image is missing.
    """
    if data[:2] != b"\xff\xd8":
        raise NotAJpeg("no start of image")
    head: dict[str, bytes] = {}
    body: list[bytes] = []
    at = 2
    while True:
        marker, at = _marker(data, at)
        if marker == _EOI:
            break
        if 0xD0 <= marker <= 0xD7 or marker == 0x01:
            continue
        end = _segment_end(data, at)
        payload = data[at + 2 : end]
        if marker == 0xE0 and payload[:5] == b"JFIF\0" and len(payload) >= 14:
            head.setdefault("jfif", _segment(0xE0, payload[:12] + b"\0\0"))
        elif marker == 0xEE and payload[:5] == b"Adobe" and len(payload) >= 12:
            head.setdefault("adobe", _segment(0xEE, b"Adobe\0\x64\0\0\0\0" + payload[11:12]))
        elif marker in _NEEDED:
            body.append(data[at - 2 : end])
        elif marker == _SOS:
            scan_end = _scan_end(data, end)
            body.append(data[at - 2 : scan_end])
            end = scan_end
        at = end
    extra = _orientation(orientation) + _profile(profile)
    return b"".join(
        [b"\xff\xd8", head.get("jfif", b""), extra, head.get("adobe", b""), *body, b"\xff\xd9"]
    )


def _marker(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data) or data[at] != 0xFF:
        raise NotAJpeg("a marker is missing")
    while at < len(data) and data[at] == 0xFF:
        at += 1
    if at >= len(data):
        raise NotAJpeg("the end of the image is missing")
    return data[at], at + 1


def _segment_end(data: bytes, at: int) -> int:
    if at + 2 > len(data):
        raise NotAJpeg("a segment is cut off")
    end = at + struct.unpack(">H", data[at : at + 2])[0]
    if end < at + 2 or end > len(data):
        raise NotAJpeg("a segment is cut off")
    return end


def _scan_end(data: bytes, at: int) -> int:
    # one search in C; a find() loop took four times as long
    found = _NEXT_MARKER.search(data, at)
    if found is None:
        raise NotAJpeg("the end of the image is missing")
    return found.start()


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _orientation(value: int) -> bytes:
    if value == 1:
        return b""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, value, 0, 0)
    return _segment(0xE1, b"Exif\0\0" + tiff)


def _profile(profile: bytes) -> bytes:
    return _segment(0xE2, b"ICC_PROFILE\0\x01\x01" + profile) if profile else b""
