"""Why something is asked for again: codes with words for staff and the standard sentence for the patient."""

from django.utils import translation
from django.utils.translation import gettext_lazy

# reason code -> (words for staff, sentence for the patient)
RETAKE_REASONS = {
    "blurred": (
        "Blurred",
        gettext_lazy("The photo is blurry. Hold the phone a hand's width away and tap the spot on the screen."),
    ),
    "too_dark": ("Too dark", gettext_lazy("The photo is too dark. Stand by a window or turn on a lamp.")),
    "too_bright": ("Too bright or glare", gettext_lazy("Part of the photo is too bright. Turn the flash off.")),
    "too_far": (
        "Too far away",
        gettext_lazy("The photo is from too far away. Come closer until the spot fills half of the screen."),
    ),
    "wrong_place": (
        "Another place is shown",
        gettext_lazy("The photo shows another place. Photograph the spot that you told us about."),
    ),
    "missing": ("Missing", gettext_lazy("This photo is still missing.")),
    "no_scale": ("Nothing to measure by", gettext_lazy("Lay a coin or a ruler beside the spot, not on it.")),
}

# why a part of the story is asked about again: reason code -> (words for staff, sentence for the patient)
QUESTION_REASONS = {
    "no_answer": ("No answer", gettext_lazy("You did not answer this yet.")),
    "not_clear": ("Not clear", gettext_lazy("We want to be sure that we understand you.")),
    "more_detail": ("More detail", gettext_lazy("Tell us a little more.")),
}

# parts of the story that every case has: field -> (words for staff, what the patient is asked)
STORY_TOPICS = {
    "reason": ("Problem", gettext_lazy("What is the problem?")),
    "onset": ("Since", gettext_lazy("Since when?")),
    "history": ("History", gettext_lazy("What has happened since?")),
    "medicines": ("Medicines", gettext_lazy("Which medicines do you take?")),
    "allergies": ("Allergies", gettext_lazy("Any allergies?")),
}


def english(text) -> str:
    """Stored in English, shown in the reader's language."""
    with translation.override("en"):
        return str(text)


def in_language(text, language: str) -> str:
    with translation.override(language):
        return str(text)
