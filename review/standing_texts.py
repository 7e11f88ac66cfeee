"""Sentences for what comes often, in English and in the language of a patient who reads another one: a specialist can
tell them what matters without writing that language. They are translated with the other texts for patients."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from django.utils import translation
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class StandingText:
    """What a TextTemplate is for one's own texts: the same fields, none of a finding or a plan."""

    TEXTS: ClassVar[tuple[str, ...]] = ("follow_up", "follow_up_own", "patient_text", "patient_text_own")

    pk: str
    name: str
    patient_text: str
    patient_text_own: str
    follow_up: str
    follow_up_own: str
    plan: str = ""


_TEST = _("Testing is the only way to be sure.")
_AGAIN = _("Have it looked at again if it is no better in 4 weeks.")
# key -> (name, specialties, for the patient, follow-up)
_TEXTS: dict[str, tuple[str, str, Promise | str, Promise | str]] = {
    "harmless": ("Harmless spot", "dermatology", _("This spot is harmless. It is not cancer. It does not need treatment."), ""),
    "test": (
        "Spot to be tested", "dermatology",
        format_lazy("{} {}", _("This spot should be tested. That does not mean that you have cancer."), _TEST),
        _("You get the result in about 2 weeks. Call your clinic if you hear nothing."),
    ),
    "soon": (
        "Spot to be taken out soon", "dermatology",
        _("This spot may be a skin cancer. Most are cured when they are taken out early. Please do not wait."),
        _("You get the result in about 2 weeks. Call your clinic if you hear nothing."),
    ),
    "eczema": (
        "Eczema", "dermatology",
        _("This is eczema: dry and sore skin. It is not cancer, and nobody can catch it from you."), _AGAIN,
    ),
    "fungus": (
        "Fungus", "dermatology",
        _("This is a fungus of the skin. It is common, and a cream mostly heals it. Keep the skin clean and dry."), _AGAIN,
    ),
    "pink_eye": (
        "Viral pink eye", "ophthalmology",
        _("This looks like pink eye from a virus. It mostly heals by itself in 1 to 2 weeks. Wash your hands often and do not "
          "share towels."),
        _("Go in the same day if you see less or if the eye hurts."),
    ),
    "eye_soon": (
        "Eye to be seen soon", "ophthalmology",
        _("A doctor should look at your eye in person soon. Please do not wait if you see less or if the eye hurts."), "",
    ),
    "in_person": (
        "To be seen in person", "dermatology ophthalmology",
        _("The photos do not show enough to be sure. Someone should look at it in person."), "",
    ),
}  # fmt: skip


def in_language(language: str, specialty: str) -> Iterator[StandingText]:
    for key, (name, specialties, told, later) in _TEXTS.items():
        if specialty not in specialties:
            continue
        with translation.override("en"):
            english = (str(told), str(later))
        with translation.override(language):
            yield StandingText(f"both-{key}", name, english[0], str(told), english[1], str(later))


def of(pk: str, language: str, specialty: str) -> StandingText | None:
    return next((one for one in in_language(language, specialty) if one.pk == pk), None)
