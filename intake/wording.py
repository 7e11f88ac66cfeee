"""What the pure rooms say in English, in the language of the person who reads it."""

from django.utils.translation import gettext

from intake.imaging.refusals import MESSAGES
from intake.imaging.types import Refused


def words_of_refusal(refused: Refused) -> str:
    """The sentence in the active language; as it was written where the code is not one of ours."""
    template = MESSAGES.get(refused.reason)
    return gettext(template).format(**refused.facts) if template else refused.message
