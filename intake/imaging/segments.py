"""A JPEG without anything that a decoder does not need, its pixels untouched.

Kept: quantisation and Huffman tables, frame, scans, restart intervals. Written anew: JFIF without its thumbnail, the Adobe
colour transform, an orientation tag, a profile of our own. Dropped: EXIF, XMP, IPTC, comments, MPF, received profiles,
maker notes, second frames and whatever stands behind the end.
"""

import re
import struct
from dataclasses import dataclass

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
# baseline, extended and progressive Huffman frames: what browsers show
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
# with DHT, DQT and DRI. DNL is not among them: decoders skip it whatever it holds
_NEEDED = _FRAMES | {0xC4, 0xDB, 0xDD}
_OTHER_FRAMES = frozenset(range(0xC0, 0xD0)) - _FRAMES - {0xC4, 0xC8, 0xCC}
_SOS, _EOI = 0xDA, 0xD9


class NotAJpeg(ValueError):
    """The marker structure cannot be followed to the end of the image."""


class UncommonFrame(ValueError):
    """Arithmetic, lossless or hierarchical coding: a decoder may read it, browsers do not."""


@dataclass(frozen=True)
class Parts:
    """What a decoder needs of an image, written anew or cut out of it, and how many scans that is."""

    jfif: bytes
    adobe: bytes
    body: list[bytes]
    scans: int

    def joined(self, orientation: int = 1, profile: bytes = b"") -> bytes:
        """The image again; `orientation` 1-8 and an ICC `profile` of our own are added."""
        extra = _orientation(orientation) + _profile(profile)
        return b"".join([b"\xff\xd8", self.jfif, extra, self.adobe, *self.body, b"\xff\xd9"])


def strip(data: bytes, *, orientation: int = 1, profile: bytes = b"") -> bytes:
    """The same image with only what is needed; raises as `parts` does."""
    return parts(data).joined(orientation, profile)


def parts(data: bytes) -> Parts:
    """Bytes between segments are left out, as a decoder skips them. Raises NotAJpeg when the structure is broken or the
    end of the image is missing, UncommonFrame when the pixels have to be coded anew."""
    if data[:2] != b"\xff\xd8":
        raise NotAJpeg("no start of image")
    head: dict[str, bytes] = {}
    body: list[bytes] = []
    at, frames, scans = 2, 0, 0
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
        elif marker in _OTHER_FRAMES:
            raise UncommonFrame(f"frame marker {marker:02x}")
        elif marker in _NEEDED:
            body.append(data[at - 2 : end])
            frames += marker in _FRAMES
        elif marker == _SOS:
            scan_end = _scan_end(data, end)
            body.append(data[at - 2 : scan_end])
            end, scans = scan_end, scans + 1
        at = end
    if frames != 1 or not scans:
        raise NotAJpeg("not one frame with its scans")
    return Parts(head.get("jfif", b""), head.get("adobe", b""), body, scans)


def _marker(data: bytes, at: int) -> tuple[int, int]:
    found = _MARKER.search(data, at)
    if found is None:
        raise NotAJpeg("the end of the image is missing")
    return found[1][0], found.end()


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
