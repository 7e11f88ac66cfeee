"""What is known about how a photo was taken, in words for whoever reads it."""

from typing import TYPE_CHECKING

from config.ui import words_of

if TYPE_CHECKING:
    from intake.models import Photo

HINTS = {
    "blurred": "may be blurred",
    "too_dark": "dark",
    "too_bright": "partly too bright",
    "too_small": "small",
    "blank": "nothing to be seen",
    "glare": "has a reflection",
    "too_far": "taken from far away, by the patient's circle",
    "again": "the same picture as another of this case",
}


def taken_words(photo: "Photo") -> str:
    """The camera's own date where it wrote one, else when the photo came in."""
    if photo.captured_at is not None:
        return f"Taken {words_of(photo.captured_at)}"
    return f"Received {words_of(photo.received_at)}"


def facts(photo: "Photo") -> list[str]:
    """Device, dates, size, and what the check of the picture saw."""
    lines = [f"Camera: {photo.device_model}" if photo.device_model else "Camera: not recorded"]
    if photo.captured_at is not None:
        lines.append(f"Taken {words_of(photo.captured_at)}, by the camera's clock")
    lines.append(f"Received {words_of(photo.received_at)}")
    lines.append(f"{photo.width} x {photo.height} px, {_size(photo.byte_size)}, {photo.received_format.upper()}")
    seen = [HINTS[reason] for reason in photo.quality_reasons if reason in HINTS]
    if seen:
        lines.append(f"Check of the picture: {', '.join(seen)}")
    if photo.kept_by_patient_at is not None:
        lines.append("The patient kept it: no better one was possible")
    return lines


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{max(1, round(count / 1000))} kB"
