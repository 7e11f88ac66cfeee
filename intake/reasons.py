"""Why something is asked for again: codes with words for staff and the standard sentence for the patient."""

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
