"""One signed record as facts of a letter, to be changed by each test as it needs."""

from dataclasses import replace
from datetime import UTC, date, datetime

from review.letters.facts import Added, Facts, Line, Place

CLINIC = Place("Harbor Street Clinic", ("12 Example Street", "Lorain, OH 44052"), "614-555-0142")
URL = "https://derm.test/letters/7K2Q-9XVT-4MBD-C3HN/"
BIOPSY = Line(
    "1", "biopsy", "Excision biopsy, 2 mm margin", "Have the spot taken out and tested", "referring_clinic",
    date(2026, 12, 7),
)  # fmt: skip
CREAM = Line("2", "medicine", "Hydrocortisone 1 % cream twice a day", "", "patient", None)
CALM = Line("3", "reassurance", "Seborrheic keratosis, no treatment", "", "patient", None)
OPINION = {
    "findings": "Asymmetric 14 mm brown macule.",
    "assessment": "Atypical nevus; rule out melanoma",
    "confidence": "medium",
    "differential": [{"text": "Solar lentigo", "confidence": "low"}],
    "plan": "",
    "follow_up": "Result in 3 weeks.",
    "follow_up_own": "",
    "patient_text": "The spot has an uneven edge. It should be tested.",
    "patient_text_own": "",
    "own_language": "",
    "photos_adequate": "yes",
    "no_opinion": False,
    "eye_side": "",
}
FACTS = Facts(
    number="DF-4K7Q2M",
    sha256="9f3c71a0be4208d5" * 4,
    signed_at=datetime(2026, 11, 23, 19, 19, tzinfo=UTC),
    zone="America/New_York",
    specialty="dermatology",
    problem_kind="lesion",
    site="forearm_posterior",
    side="right",
    signer="Dana Sample, MD",
    licences=("OH-1",),
    npi="2000000001",
    group=Place("Northlake Dermatology Group", ("400 Example Pier",), "614-555-0180"),
    clinic=CLINIC,
    patient_name="Margaret Ellison",
    patient_born=date(1959, 3, 4),
    patient_address=("200 Sample Avenue", "Columbus, OH 43215"),
    language="en",
    referrer="Priya Nair",
    referrer_place=CLINIC,
    reason="A brown spot that grew",
    sent_on=datetime(2026, 11, 21, 15, 0, tzinfo=UTC),
    history=(("", "Bled once."), ("Medicines", "Apixaban"), ("Allergies", "None known")),
    opinion=OPINION,
    diagnoses=(("D22.61", "Melanocytic nevi of right upper limb"),),
    terms=(("morphology.macule", "macule"), ("color.dark_brown", "dark brown")),
    lines=(BIOPSY, CREAM),
    photo_count=5,
)
WRONG_PERSON = Added(
    datetime(2026, 11, 25, 15, 0, tzinfo=UTC), "Dana Sample", "Filed under the wrong person.",
    "This result was put into your record by mistake. It is not about you.", "ab" * 32, True,
)  # fmt: skip


def facts(**changes) -> Facts:
    opinion = OPINION | changes.pop("opinion", {})
    return replace(FACTS, opinion=opinion, **changes)
