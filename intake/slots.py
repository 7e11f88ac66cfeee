"""Which photographs a specialist needs, per kind of problem (ATA and BAD referral guides)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    key: str
    label: str
    plain: str
    hint: str
    required: bool


SLOTS: dict[str, tuple[Slot, ...]] = {
    "dermatology": (
        Slot(
            "overview",
            "Overview",
            "From farther away",
            "An arm's length away, so that we see where on the body it is.",
            True,
        ),
        Slot(
            "close_up",
            "Close up",
            "Close up",
            "A hand's width away, straight on. Tap the spot on the screen to focus.",
            True,
        ),
        Slot(
            "oblique", "From the side", "From the side", "Close up at a slant, so that we see how raised it is.", False
        ),
        Slot(
            "scale",
            "With a ruler",
            "With a coin or ruler",
            "Lay a coin or ruler beside it, so that we see how big it is.",
            False,
        ),
        Slot("other", "More", "One more", "Anything else that you want the skin specialist to see.", False),
    ),
    "ophthalmology": (
        Slot(
            "face",
            "Face, both eyes open",
            "Your face, both eyes open",
            "An arm's length away, looking at the camera.",
            True,
        ),
        Slot(
            "close_up",
            "Affected eye, close",
            "The sore eye, close up",
            "A hand's width away. Light from a window, no flash.",
            True,
        ),
        Slot(
            "gaze",
            "Looking up",
            "The sore eye, looking up",
            "Pull the lower lid down a little with a clean finger.",
            False,
        ),
        Slot("closed", "Lids closed", "Eyes gently closed", "So that we see the lids.", False),
        Slot("other", "More", "One more", "Anything else that you want the eye specialist to see.", False),
    ),
}

SLOT_KEYS = sorted({slot.key for slots in SLOTS.values() for slot in slots})
SLOT_CHOICES = [
    (key, next(slot.label for slots in SLOTS.values() for slot in slots if slot.key == key)) for key in SLOT_KEYS
]


def slot(specialty: str, key: str) -> Slot:
    """The slot of that key for the specialty; a photo from before a change of specialty falls into "other"."""
    slots = SLOTS[specialty]
    return next((slot for slot in slots if slot.key == key), slots[-1])
