"""The named demo cases: one for every status of a case and of a line, and the things people ask to see."""

from dataclasses import dataclass, replace

from intake.demo import Person, Story
from review.demo import Answer

DERM, DERM2, EYE = "dermatologist", "second_dermatologist", "ophthalmologist"

NEVUS = Answer(
    findings="Asymmetric brown macule of 14 mm with at least 3 shades, irregular border, darker area at 1 o'clock.",
    assessment="Atypical nevus; melanoma cannot be excluded",
    codes=("D22.61",),
    differential=("Dysplastic nevus", "Melanoma in situ", "Solar lentigo"),
    plan="Excision biopsy with 2 mm margin within 14 days.\nSettle how apixaban is handled, within 1 week.",
    patient_text="This spot should be removed and tested.\nIt does not mean that you have cancer. Testing is the only way to be sure.\n"
    "Your clinic calls you to book a small operation. Keep taking your medicines until they tell you otherwise.",
    follow_up="Skin check in person in 6 months.",
    confidence="medium",
    disposition="procedure",
)
NEVUS_HAND_LEFT = replace(NEVUS, codes=("D22.62",))
NEVUS_BACK = replace(NEVUS, codes=("D22.5",))
NEVUS_CALF_RIGHT = replace(NEVUS, codes=("D22.71",))
ECZEMA = Answer(
    findings="Ill-defined pink plaques with fine scale, no crust, no vesicles.",
    assessment="Nummular eczema",
    codes=("L30.0",),
    differential=("Tinea corporis", "Psoriasis"),
    plan="Triamcinolone 0.1% ointment twice a day for 2 weeks.\nEmollient at least once a day.",
    patient_text="This is eczema: dry, irritated skin. It is not cancer and not catching.\nUse the ointment from your clinic twice a day for 2 weeks, and a plain cream every day.",
)
KERATOSIS = Answer(
    findings="Rough pink papule with an eroded center and rolled edge on the nose.",
    assessment="Basal cell carcinoma is likely",
    codes=("C44.311",),
    differential=("Actinic keratosis", "Sebaceous hyperplasia"),
    plan="Shave biopsy within 4 weeks.",
    patient_text="This spot should be tested with a small sample. It may be a slow-growing skin cancer that is easy to treat.\nYour clinic calls you to book it.",
    disposition="procedure",
)
ACNE = Answer(
    findings="Scattered erythematous papules on forehead and cheeks, no comedones.",
    assessment="Papulopustular rosacea",
    codes=("L71.9",),
    differential=("Acne", "Perioral dermatitis"),
    plan="Ivermectin 1% cream once a day for 12 weeks.\nSunscreen every day.",
    patient_text="This is rosacea. It is common and harmless.\nUse the cream once a day for 12 weeks, and sunscreen every day.",
)
RED_EYE = Answer(
    findings="Diffuse conjunctival injection without discharge, clear cornea, round pupil.",
    assessment="Viral conjunctivitis",
    codes=("B30.9",),
    differential=("Allergic conjunctivitis",),
    plan="Cool compresses, artificial tears.\nIn person within 1 day if sight gets worse or pain starts.",
    patient_text="This is most likely a viral pink eye. It gets better by itself in 1 to 2 weeks.\nUse cool compresses. Wash your hands often. Go in the same day if you see worse or it starts to hurt.",
)
LENTIGO = Answer(
    findings="Even light brown macule of 6 mm with a sharp border.",
    assessment="Solar lentigo",
    codes=("L81.4",),
    differential=("Flat seborrheic keratosis",),
    plan="Photograph it again in 2 weeks.\nSunscreen every day.",
    patient_text="This is an age spot. It is harmless.\nTake new photos in 2 weeks, so that we can see that it stays the same.",
    follow_up="",
)
UNCLEAR = Answer(
    findings="The photographs are too blurred to see borders or colors.",
    assessment="",
    codes=("R23.8",),
    plan="Visit in person within 2 weeks.",
    patient_text="The photos were not clear enough for an answer. Your clinic books a visit for you.",
    no_opinion=True,
    photos_adequate="no",
    confidence="low",
    disposition="in_person",
)


@dataclass(frozen=True)
class Way:
    """How far a case goes. Times are hours back from now; `ms` is the reading time."""

    story: Story
    status: str
    sent_hours: float
    urgency: str = "routine"
    reader: str = DERM
    ms: int = 462_000
    answer: Answer | None = None
    aligned: bool = True
    alignment_ended: bool = False
    told: bool = True
    line: str = ""
    # what was found later: kind, diagnosis, agreement, malignant
    truth: tuple[str, str, str, bool | None] | None = None
    assistant_minutes: int = 0
    # read and acknowledged, with steps still open
    read: bool = False
    # what the laboratory found later
    found: str = ""


MARGARET = Person("Margaret", "Ellison", 67, login="patient")
_P = Person


def _skin(number: str, person: Person, reason: str, site: str, side: str = "", **more) -> Story:
    return Story(number, person, reason, site, side, **more)


WAYS: tuple[Way, ...] = (
    Way(
        _skin("DF-4K7Q2A", MARGARET, "A flat brown spot for years. Is it skin cancer?", "forearm_posterior", "right",
              kind="quiet_mole", slots=("overview", "close_up"), history="Flat brown spot for ten years.", referred=True),
        "closed", 24 * 420, answer=NEVUS, line="exported", ms=402_300,
        truth=("pathology", "Dysplastic nevus, moderate", "same", False),
    ),
    Way(
        _skin("DF-4K7Q3B", MARGARET, "The brown spot grew and is darker. Is it skin cancer, and do I need it cut out?",
              "forearm_posterior", "right", kind="changing_mole", slots=("overview", "close_up", "oblique", "scale"),
              history="Flat brown spot for more than 10 years. Since August bigger, one corner darker. It caught on a sleeve and bled once. Basal cell cancer on the nose in 2019. Brother had melanoma.",
              medicines="Apixaban, lisinopril", referred=True, note="Called the clinic twice, anxious about family history."),
        "ready", 26, "urgent",
    ),
    Way(
        _skin("DF-4K7Q4C", MARGARET, "An itchy patch on my left shin", "lower_leg_anterior", "left", kind="rash",
              slots=("overview", "close_up"), flaw="blurred", seed=5),
        "needs_information", 30,
    ),
    Way(
        _skin("DF-4K7Q5D", MARGARET, "A light brown spot on my cheek", "cheek", "left", kind="quiet_mole", seed=26, referred=True),
        "delivered", 24 * 20, answer=LENTIGO, ms=214_000,
    ),
    Way(
        Story("DF-5M2R2D", _P("Linh", "Tran", 33, payer="aetna", plan="commercial"), "Red, sore eye since yesterday", "eye", "left",
              specialty="ophthalmology", kind="red_eye", slots=("face", "close_up"), history="I wear contact lenses. Light hurts.", onset="Yesterday", seed=4),
        "submitted", 25,
    ),
    Way(
        _skin("DF-5M2R3E", _P("Desmond", "Wright", 58, "M", state="TX"), "Spreading rash. Could it be the new tablet?", "trunk",
              kind="rash", tone="dark", history="New medicine 3 weeks ago. No fever, mouth is clear.", medicines="Allopurinol", onset="5 days", seed=9,
              note="Photos taken in the clinic. Here on a visit, lives in Texas."),
        "submitted", 5,
    ),
    Way(
        _skin("DF-5M2R4F", _P("Robert", "Kowalski", 74, "M"), "A sore on the nose that does not heal", "nose", kind="nose_sore",
              history="Bleeds when washed. Earlier skin cancer.", slots=("overview", "close_up"), seed=3),
        "submitted", 3,
    ),
    Way(
        _skin("DF-5M2R5G", _P("Fatima", "Siddiqui", 29, payer="cigna", plan="commercial"), "Itchy patches in the elbows", "elbow_flexure", "both",
              kind="rash", tone="mid", flaw="dark", seed=7),
        "needs_information", 28,
    ),
    Way(
        _skin("DF-5M2R6H", _P("Carmen", "Ruiz", 62), "Small red bumps. Is it rosacea?", "face", kind="papules", tone="light", seed=2),
        "ready", 20,
    ),
    Way(
        Story("DF-5M2R7J", _P("George", "Hall", 71, "M"), "A bump on the upper eyelid", "upper_eyelid", "right", specialty="ophthalmology",
              kind="eyelid_bump", slots=("face", "close_up"), seed=6),
        "ready", 18,
    ),
    Way(
        _skin("DF-5M2R8K", _P("Walter", "Boyd", 81, "M"), "A scaly patch on the scalp", "scalp", kind="rash", seed=8),
        "in_review", 22, reader=DERM2, ms=185_000,
    ),
    Way(
        _skin("DF-6N3S2L", _P("Theresa", "Quinn", 70), "A brown spot on the back of my hand", "hand", "left", kind="quiet_mole", seed=12),
        "signed", 50, answer=NEVUS_HAND_LEFT, told=False, ms=431_000,
    ),
    Way(
        _skin("DF-6N3S3M", _P("Ingrid", "Solberg", 68), "Dry patches on my arms", "upper_arm", "both", kind="rash", tone="light", seed=13),
        "delivered", 24 * 45, read=True, answer=ECZEMA, ms=245_000,
    ),
    Way(
        _skin("DF-6N3S4N", _P("Marcus", "Hale", 77, "M"), "Bumps on the forehead", "forehead", kind="papules", tone="mid", seed=14, referred=True),
        "delivered", 80, answer=ACNE, ms=599_000,
    ),
    Way(
        _skin("DF-6N3S5P", _P("Ada", "Freeman", 55, payer="aetna", plan="commercial"), "A rash on my belly", "abdomen", kind="rash", tone="deep", seed=15),
        "delivered", 98, answer=ECZEMA, ms=348_000,
    ),
    Way(
        _skin("DF-6N3S6Q", _P("Joanne", "Fisk", 72), "A sore on the nose", "nose", kind="nose_sore", seed=16),
        "delivered", 100, answer=KERATOSIS, ms=690_000, found="Basal cell carcinoma, nodular, margins clear",
    ),
    Way(
        _skin("DF-6N3S7R", _P("Henry", "Castle", 69, "M"), "A changing mole on my back", "upper_back", kind="changing_mole", seed=17),
        "delivered", 120, answer=NEVUS_BACK, ms=371_000, alignment_ended=True,
    ),
    Way(
        Story("DF-6N3S8S", _P("Bernice", "Olson", 79), "A red eye, no pain", "conjunctiva", "right", specialty="ophthalmology",
              kind="red_eye", slots=("face", "close_up"), seed=18),
        "delivered", 60, "priority", reader=EYE, answer=RED_EYE, ms=296_000,
    ),
    Way(
        _skin("DF-7P4T2T", _P("Paul", "Meyer", 73, "M"), "Itchy plaque on the knee", "knee", "left", kind="rash", seed=19),
        "closed", 24 * 12, answer=ECZEMA, ms=318_000, line="exported", assistant_minutes=6,
        truth=("in_person", "Plaque psoriasis", "in_differential", False),
    ),
    Way(
        _skin("DF-7P4T3U", _P("Ruth", "Abbot", 76), "Spots on my chest", "chest", kind="papules", flaw="blurred", seed=20),
        "closed", 24 * 9, answer=UNCLEAR, ms=122_000,
        truth=("in_person", "Seborrheic keratoses", "unclear", False),
    ),
    Way(
        _skin("DF-7P4T4V", _P("Vera", "Lindgren", 70), "A mole on the calf", "lower_leg_posterior", "right", kind="quiet_mole", seed=22),
        "closed", 24 * 15, answer=NEVUS_CALF_RIGHT, ms=402_000, line="void",
        truth=("pathology", "Melanoma in situ", "in_differential", True),
    ),
    Way(
        _skin("DF-7P4T5W", _P("Sam", "Ortega", 66, "M"), "Painful blisters on the forehead", "forehead", kind="papules", seed=23),
        "redirected", 8,
    ),
    Way(
        _skin("DF-7P4T6X", _P("Nora", "Pike", 65), "A mole that I wanted checked", "neck", kind="quiet_mole", slots=("close_up",), seed=24),
        "withdrawn", 40,
    ),
    Way(
        _skin("DF-7P4T7Y", _P("Noah", "Price", 9, "M", payer="uhc", plan="commercial"), "Itchy patches behind both knees", "knee_flexure", "both",
              kind="rash", tone="mid", slots=("close_up",), seed=25),
        "draft", 1,
    ),
)  # fmt: skip
