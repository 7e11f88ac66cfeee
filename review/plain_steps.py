"""A standing sentence for each kind of step, which patients read in their language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

STEPS: dict[str, Promise] = {
    "biopsy": _("Have a small piece of skin taken and tested"),
    "in_person": _("See someone in person"),
    "medicine": _("Use this medicine"),
    "watch_rephotograph": _("Watch it and take a new photo"),
    "reassurance": _("You do not need to do more"),
    "refer": _("Your clinic sends you to someone else"),
    "recall": _("Have it looked at again"),
    "other": _("One more step"),
}
