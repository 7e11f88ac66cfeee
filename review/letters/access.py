"""Who may have which letter, and what of it a page lists."""

from dataclasses import dataclass

from config.accounts.models import User
from config.accounts.roles import Role
from review.letters import making
from review.models import Letter, LetterPair, Review


@dataclass(frozen=True)
class Shown:
    """A pair as one reader may see it: `letters` is empty while the files are being made."""

    pair: LetterPair
    letters: list[Letter]


def may_have(user: User, letter: Letter) -> bool:
    """The patient (or who acts for them) has the plain one, the referring clinic the clinical one, clinic and group both."""
    case = letter.pair.review.case
    if letter.audience == Letter.Audience.PATIENT and case.patient.is_cared_for_by(user):
        # what stood under the wrong person is not shown to them again
        return case.filed_in_error_at is None or letter.pair == making.newest(letter.pair.review)
    if letter.audience == Letter.Audience.CLINICIAN and case.referring_clinic_id:
        if user.has_role(Role.REFERRER, case.referring_clinic):
            return True
    return user.has_role(Role.STAFF, case.clinic) or user.has_role(Role.SPECIALIST, case.group)


def letters_for(user: User, review: Review) -> list[Shown]:
    """The newest pair first; one that is stopped has no letters."""
    found = []
    for pair in review.letter_pairs.order_by("-created_at").prefetch_related("letters"):
        pair.review = review
        letters = list(pair.letters.all())
        for letter in letters:
            letter.pair = pair
        found.append(Shown(pair, [letter for letter in letters if may_have(user, letter)]))
    return found
