from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Refused:
    """Why a file is not taken: `reason` is a code, `message` a sentence for the person who chose the file."""

    reason: str
    message: str
    facts: dict[str, object] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Header:
    """What the first bytes say: the format as sniffed, stored width and height in pixels (0 when unknown)."""

    format: str
    width: int
    height: int


@dataclass(frozen=True)
class Rendition:
    """A picture people see: `kind` full, screen or thumb; `width` and `height` as shown (upright)."""

    kind: str
    data: bytes
    format: str
    width: int
    height: int


@dataclass(frozen=True)
class Quality:
    """A hint, never a gate: verdict good, usable or retake_suggested."""

    verdict: str
    reasons: tuple[str, ...]
    scores: dict[str, float]


@dataclass(frozen=True)
class Accepted:
    """`width` and `height` upright; `sha256` of the received bytes; `captured_at` naive and `device_model` as the camera
    wrote them ("" when it did not); `fingerprint` as intake/imaging/fingerprint.py makes it."""

    format: str
    width: int
    height: int
    sha256: str
    captured_at: datetime | None
    quality: Quality
    renditions: tuple[Rendition, ...]
    device_model: str = ""
    fingerprint: str = ""
