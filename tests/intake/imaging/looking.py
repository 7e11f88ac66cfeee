"""Reads renditions the way a suspicious person would: segment by segment, and as a browser shows them."""

import io
import re
import struct

import numpy
from PIL import Image, ImageCms, ImageOps

from intake.imaging.types import Accepted, Refused, Rendition
from tests.intake.imaging.corpus import CANARY

# SOF0-2, DHT, DQT, DRI, SOS
_NEEDED = {0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD}


def segments(data: bytes) -> list[tuple[int, bytes]]:
    """(marker, payload) up to the end of the image; whatever follows it comes last as marker 0."""
    assert data[:2] == b"\xff\xd8"
    found, at = [], 2
    while data[at + 1] != 0xD9:
        assert data[at] == 0xFF, f"no marker at {at}"
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        found.append((data[at + 1], data[at + 4 : at + 2 + length]))
        at += 2 + length
        if found[-1][0] == 0xDA:
            at = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search(data, at).start()
    return [*found, (0, data[at + 2 :])]


def accepted(outcome) -> Accepted:
    assert isinstance(outcome, Accepted), outcome
    return outcome


def refused(outcome, reason: str) -> Refused:
    assert isinstance(outcome, Refused), "taken"
    assert outcome.reason == reason, outcome
    return outcome


def assert_carries_nothing(rendition: Rendition) -> None:
    """Only what a decoder needs; of the full size also orientation and a profile that we made."""
    *parts, (_, behind) = segments(rendition.data)
    assert behind == b"", "bytes after the end"
    assert CANARY not in rendition.data
    for marker, payload in parts:
        if marker not in _NEEDED:
            _assert_known(rendition.kind, marker, payload)


def _assert_known(kind: str, marker: int, payload: bytes) -> None:
    if marker == 0xE0:
        assert payload[:5] == b"JFIF\0" and len(payload) == 14, "JFIF with a thumbnail"
    elif marker == 0xEE:
        assert payload[:5] == b"Adobe" and len(payload) == 12
    elif kind == "full" and marker == 0xE1:
        assert len(payload) + 4 == 36, "more than an orientation"
        assert payload[:18] == b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12"
    elif kind == "full" and marker == 0xE2:
        assert payload[:14] == b"ICC_PROFILE\0\x01\x01" and len(payload) < 1000
    else:
        raise AssertionError(f"{kind}: segment {marker:02x} {payload[:30]!r}")


def shown(rendition: Rendition, size: tuple[int, int] | None = None) -> numpy.ndarray:
    """Pixels as a browser displays them: turned by the tag, in sRGB."""
    with Image.open(io.BytesIO(rendition.data)) as image:
        profile = image.info.get("icc_profile")
        picture = ImageOps.exif_transpose(image).convert("RGB")
    assert picture.size == (rendition.width, rendition.height)
    if profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        picture = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"))
    return numpy.asarray(picture.resize(size) if size else picture, dtype=float)


def by_kind(outcome: Accepted) -> dict[str, Rendition]:
    assert [rendition.kind for rendition in outcome.renditions] == ["full", "screen", "thumb"]
    return {rendition.kind: rendition for rendition in outcome.renditions}


def difference(one: numpy.ndarray, other: numpy.ndarray) -> float:
    return float(numpy.abs(one - other).mean())
