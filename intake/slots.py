"""Which photographs a specialist needs, per kind of problem (ATA and BAD referral guides; HA Virtual Skin Dr)."""

from dataclasses import dataclass
from typing import Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Slot:
    """`label` is for clinicians, `plain` and `hint` for patients; `drawing` names the example beside it.

    `least_across`: px of the received picture that what it shows should take up, where the patient can circle it; else 0.
    """

    key: str
    label: str
    plain: Text
    hint: Text
    required: bool
    drawing: str
    least_across: int = 0


class HasKind(Protocol):
    specialty: str
    problem_kind: str


LESION, RASH, EYE = "lesion", "rash", "eye"
# A spot of 6 mm from a hand's width away takes up 100 to 250 px of a phone's picture, an open eye 600 and more. No study
# of patients' photos says where a specialist stops seeing enough: to be tuned on what specialists call inadequate.
SPOT_ACROSS, EYE_ACROSS = 100, 400
KINDS_OF = {"dermatology": (LESION, RASH), "ophthalmology": (EYE,)}
_MORE_SKIN = Slot(
    "other", "More", _("One more"), _("Anything else that you want the skin specialist to see."), False, "more"
)

SLOTS: dict[str, tuple[Slot, ...]] = {
    LESION: (
        Slot(
            "overview",
            "Overview",
            _("From farther away"),
            _("An arm's length away, with a part of the body that we know, like the elbow or the ear."),
            True,
            "overview",
        ),
        Slot(
            "close_up",
            "Close up",
            _("Close up"),
            _("A hand's width away, straight on. Tap the spot on the screen to focus."),
            True,
            "close_up",
            SPOT_ACROSS,
        ),
        Slot(
            "oblique",
            "From the side",
            _("From the side"),
            _("Close up at a slant, so that we see how raised it is."),
            False,
            "oblique",
            SPOT_ACROSS,
        ),
        Slot(
            "scale",
            "With a ruler",
            _("With a coin or ruler"),
            _("Lay a coin or ruler beside it, so that we see how big it is."),
            False,
            "scale",
        ),
        Slot(
            "dermoscopy",
            "Dermoscopy",
            _("With a skin lens"),
            _("Only if you have a lens for skin (a dermatoscope) on the phone."),
            False,
            "dermoscopy",
        ),
        _MORE_SKIN,
    ),
    RASH: (
        Slot(
            "overview",
            "Whole region",
            _("The whole area"),
            _("Far enough away to see all of it, like the whole back or both arms."),
            True,
            "region",
        ),
        Slot(
            "close_up",
            "Worst area, close up",
            _("The worst part, close up"),
            _("A hand's width away, straight on. Tap it on the screen to focus."),
            True,
            "rash_close",
        ),
        Slot(
            "other_side",
            "Other side",
            _("The other side"),
            _("The same place on the other arm, leg or side, also if it is clear there."),
            False,
            "other_side",
        ),
        Slot(
            "fresh",
            "Fresh spot",
            _("A new spot"),
            _("A spot that came up today or yesterday, close up."),
            False,
            "fresh",
            SPOT_ACROSS,
        ),
        Slot(
            "mucosa",
            "Mouth, nails or scalp",
            _("Mouth, nails or scalp"),
            _("Only if it is there too."),
            False,
            "mucosa",
        ),
        _MORE_SKIN,
    ),
    EYE: (
        Slot(
            "face",
            "Face, both eyes open",
            _("Your face, both eyes open"),
            _("An arm's length away, looking at the camera."),
            True,
            "face",
        ),
        Slot(
            "close_up",
            "Affected eye, close",
            _("The sore eye, close up"),
            _("A hand's width away. Light from a window, no flash."),
            True,
            "eye",
            EYE_ACROSS,
        ),
        Slot(
            "gaze",
            "Looking up",
            _("The sore eye, looking up"),
            _("Pull the lower lid down a little with a clean finger."),
            False,
            "gaze_up",
            EYE_ACROSS,
        ),
        Slot(
            "gaze_down",
            "Looking down",
            _("The sore eye, looking down"),
            _("Lift the upper lid a little with a clean finger."),
            False,
            "gaze_down",
            EYE_ACROSS,
        ),
        Slot(
            "gaze_left",
            "Looking left",
            _("The sore eye, looking to your left"),
            _("Keep your head still and turn only the eye."),
            False,
            "gaze_left",
            EYE_ACROSS,
        ),
        Slot(
            "gaze_right",
            "Looking right",
            _("The sore eye, looking to your right"),
            _("Keep your head still and turn only the eye."),
            False,
            "gaze_right",
            EYE_ACROSS,
        ),
        Slot("closed", "Lids closed", _("Eyes gently closed"), _("So that we see the lids."), False, "eye_closed"),
        Slot(
            "other", "More", _("One more"), _("Anything else that you want the eye specialist to see."), False, "more"
        ),
    ),
}

SLOT_KEYS = sorted({slot.key for slots in SLOTS.values() for slot in slots})
SLOT_CHOICES = [
    (key, next(slot.label for slots in SLOTS.values() for slot in slots if slot.key == key)) for key in SLOT_KEYS
]


def kind_of(case: HasKind) -> str:
    """The kind that was chosen where it fits the specialty, else the specialty's first."""
    fitting = KINDS_OF[case.specialty]
    return case.problem_kind if case.problem_kind in fitting else fitting[0]


def slots_of(case: HasKind) -> tuple[Slot, ...]:
    return SLOTS[kind_of(case)]


def slot(case: HasKind, key: str) -> Slot:
    """The slot of that key for the case; a photo from before a change of kind falls into "other"."""
    slots = slots_of(case)
    return next((slot for slot in slots if slot.key == key), slots[-1])
