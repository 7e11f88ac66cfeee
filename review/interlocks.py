"""What a record says against itself. Pure: facts in, named findings out; no request, no query, no settings.

A finding is a question for the signer, never a judgement: it is mended, answered or overridden with a reason, and both the
finding and the words about it are part of what is signed.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True)
class Facts:
    """One review as it stands. `texts` by their label on the page; `plan` every step in words."""

    specialty: str = "dermatology"
    side: str = ""
    map_side: str = ""
    site: str = ""
    eye_side: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[tuple[str, str], ...] = ()
    foreign_photos: tuple[str, ...] = ()
    danger_asked: bool = True
    red_flags: tuple[str, ...] = ()
    opinion: str = ""
    plan: tuple[str, ...] = ()
    plan_kinds: frozenset[str] = frozenset()
    pregnancy: str = ""
    allergies: str = ""
    medicines: str = ""
    triage_urgency: str = ""
    urgency: str = ""
    urgency_reason: str = ""
    photos: int = 1
    photos_adequate: str = "yes"
    each_photo: tuple[str, ...] = ()
    no_opinion: bool = False


@dataclass(frozen=True)
class Finding:
    """`field` is where to mend it; one that does not hold is shown and may be signed over."""

    code: str
    text: str
    detail: str = ""
    field: str = ""
    holds: bool = True

    @property
    def key(self) -> str:
        """An answer belongs to exactly this finding: other facts are another question."""
        return f"{self.code}-{sha256(f'{self.text}|{self.detail}'.encode()).hexdigest()[:10]}"


_PARTS: dict[str, str] = {
    "arm": r"arms?|forearms?|elbows?|wrists?|hands?|palms?|fingers?|fingernails?|thumbs?|upper limbs?|shoulders?",
    "leg": r"legs?|thighs?|knees?|calf|calves|shins?|ankles?|foot|feet|heels?|soles?|toes?|toenails?|lower limbs?|hips?",
    "head": r"scalp|forehead|temples?|nose|cheeks?|lips?|chin|ears?|face|neck|nape|mouth|tongue|eyebrows?|eyelids?|lids?",
    "trunk": r"chest|abdomen|belly|upper back|lower back|trunk|torso|breasts?|axillae?|armpits?|groin|buttocks?|genital\w*"
    r"|umbilicus|areola|gluteal|perineum|perianal|flank",
    "eye": r"eyes?|conjunctivae?|cornea|iris|eyelids?|lids?|sclera|pupil|retina",
}  # fmt: skip
_ANY_PART = "|".join(_PARTS.values())
_SIDED = re.compile(rf"\b(left|right)\b(?:[ -]\w+){{0,2}}?[ -](?:{_ANY_PART}|side)\b", re.IGNORECASE)
_COMPARED = re.compile(r"(compar\w+|unlike|than|contralateral|opposite|not)\b[^.;]{0,25}$", re.IGNORECASE)
_EYE_LETTERS = {"OD": "right", "OS": "left"}
_OTHER = {"left": "right", "right": "left"}
_NOT = re.compile(r"\b(no|not|without|denies|never)\b[^.;,]{0,30}$", re.IGNORECASE)


def findings(facts: Facts) -> list[Finding]:
    """All of them, in the order of the table."""
    return [finding for check in TABLE for finding in check(facts)]


def _mentions(pattern: re.Pattern, text: str, but: re.Pattern) -> list[re.Match]:
    return [match for match in pattern.finditer(text) if not but.search(text[: match.start()])]


def sides_in(text: str, is_eye: bool = False) -> set[str]:
    """The sides that a text gives to a part of the body; "right away" and comparisons name none."""
    found = {match[1].lower() for match in _mentions(_SIDED, text, _COMPARED)}
    if is_eye:
        found |= {side for letters, side in _EYE_LETTERS.items() if re.search(rf"\b{letters}\b", text)}
    return found


def parts_in(text: str) -> set[str]:
    return {part for part, words in _PARTS.items() if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE)}


def _side_differs(facts: Facts) -> Iterable[Finding]:
    if facts.side not in _OTHER:
        return
    other = _OTHER[facts.side]
    if facts.map_side == other:
        yield Finding("SIDE", f"The point on the body map lies {other}, the case says {facts.side}.", field="findings")
    for code, description in facts.codes:
        sides = {word.lower() for word in re.findall(r"\b(left|right)\b", description, re.IGNORECASE)}
        if sides == {other}:
            yield Finding(
                "SIDE",
                f"{code} says {other}, the case says {facts.side}.",
                "Choose the code of the right side, or send the case back to have its side corrected.",
                "icd_q",
            )
    for label, text in facts.texts.items():
        sides = sides_in(text, facts.specialty == "ophthalmology")
        if other in sides and facts.side not in sides:
            yield Finding("SIDE", f"“{label}” says {other}, the case says {facts.side}.", field=_FIELDS.get(label, ""))


def _eye_differs(facts: Facts) -> Iterable[Finding]:
    if facts.specialty != "ophthalmology":
        return
    if not facts.eye_side:
        yield Finding("EYE_SIDE", "No eye is named: OD, OS or OU.", field="eye_side", holds=False)
    elif facts.side in {*_OTHER, "both"} and facts.eye_side != facts.side:
        yield Finding(
            "EYE_SIDE", f"You chose {_letters(facts.eye_side)}, the case says {facts.side}.", field="eye_side"
        )


def _letters(side: str) -> str:
    return {"right": "OD", "left": "OS", "both": "OU"}[side]


def _site_differs(facts: Facts) -> Iterable[Finding]:
    here = parts_in(facts.site)
    if not here:
        return
    named = [*((label, text) for label, text in facts.texts.items() if label == "What you see"), *facts.codes]
    for label, text in named:
        there = parts_in(text)
        if there and not there & here:
            field = "findings" if label == "What you see" else "icd_q"
            yield Finding("SITE", f"“{label}” names another place than the case: {facts.site.lower()}.", field=field)
    for label in facts.foreign_photos:
        yield Finding("SITE", f"The photo “{label}” does not belong to a case of this kind.", field="photos_adequate")


def _red_flags(facts: Facts) -> Iterable[Finding]:
    if not facts.danger_asked:
        yield Finding("RED_FLAG", "The danger signs were never asked.", "Ask, or say what you know.", "findings")
    if facts.red_flags and not facts.plan_kinds & {"in_person", "refer"}:
        words = ", ".join(facts.red_flags)
        yield Finding("RED_FLAG", f"Reported and not dealt with in the plan: {words}.", field="plan")


_MALIGNANT = re.compile(
    r"\b(melanoma|lentigo maligna|carcinoma|cancer|malignan\w+|lymphoma|sarcoma|mycosis fungoides|merkel|paget\w*|metasta\w+|bcc|scc)\b",
    re.IGNORECASE,
)
# in situ and of uncertain behavior count: they are what a biopsy is for
_MALIGNANT_CODES = ("C", "D03", "D04", "D09", "D48", "D49")
_TISSUE_OR_LOOK = frozenset({"biopsy", "in_person", "refer", "watch_rephotograph"})


def _malignancy(facts: Facts) -> Iterable[Finding]:
    named = [match[0].lower() for match in _mentions(_MALIGNANT, facts.opinion, _NOT)]
    named += [code for code, _ in facts.codes if code.startswith(_MALIGNANT_CODES)]
    if named and not facts.plan_kinds & _TISSUE_OR_LOOK:
        yield Finding(
            "MALIGNANCY",
            f"{named[0][:1].upper()}{named[0][1:]} is named, and nothing in the plan looks further.",
            "Plan tissue, a visit, a referral or a new photo.",
            "plan",
        )


@dataclass(frozen=True)
class Drug:
    """A class of medicines: how its members and its name are written, and why it does not fit a pregnancy."""

    name: str
    members: str
    pregnancy: str = ""
    nursing: str = ""
    also_allergic_to: tuple[str, ...] = ()


DRUGS: tuple[Drug, ...] = (
    Drug(
        "Oral retinoid", r"isotretinoin|acitretin|alitretinoin|bexarotene", "causes birth defects", "passes into milk"
    ),
    Drug("Topical retinoid", r"tretinoin|adapalene|tazarotene|trifarotene", "is avoided in pregnancy"),
    Drug(
        "Tetracycline",
        r"doxycycline|minocycline|tetracyclines?|sarecycline",
        "harms teeth and bone",
        "passes into milk",
    ),
    Drug("Methotrexate", r"methotrexate", "causes birth defects", "passes into milk"),
    Drug("Mycophenolate", r"mycophenol\w+", "causes birth defects", "passes into milk"),
    Drug("Thalidomide", r"thalidomide|lenalidomide", "causes birth defects", "passes into milk"),
    Drug("5-alpha-reductase inhibitor", r"finasteride|dutasteride", "harms a male fetus"),
    Drug("Spironolactone", r"spironolactone", "harms a male fetus"),
    Drug("Fluorouracil", r"fluorouracil|5-fu|efudex", "causes birth defects", "passes into milk"),
    Drug("Podophyllin", r"podophyll\w+|podofilox", "causes birth defects"),
    Drug("Fluoroquinolone", r"\w+floxacin|fluoroquinolones?|quinolones?", "is avoided in pregnancy"),
    Drug("NSAID", r"ibuprofen|naproxen|diclofenac|ketorolac|aspirin|nsaids?", "is avoided from week 20"),
    Drug("Hydroquinone", r"hydroquinone", "is avoided in pregnancy"),
    Drug("Penicillin", r"\w*cillins?|augmentin"),
    Drug("Cephalosporin", r"cef\w+|ceph\w+|keflex", also_allergic_to=("Penicillin",)),
    Drug("Sulfonamide", r"sulfa\w*|sulfadiazine|bactrim|co-trimoxazole|silver sulfadiazine"),
    Drug("Macrolide", r"\w*thromycin|macrolides?"),
    Drug("Neomycin or bacitracin", r"neomycin|bacitracin|polysporin|neosporin"),
    Drug("Local anesthetic", r"lidocaine|benzocaine|\w+caine"),
)
_BY_NAME = {drug.name: drug for drug in DRUGS}


def _drugs_in(text: str) -> dict[str, str]:
    """class -> the word that names it; a medicine that is to be stopped or avoided is not proposed."""
    away = re.compile(r"\b(stop|avoid|no|not|without|instead of)\b[^.;,]{0,20}$", re.IGNORECASE)
    found = {}
    for drug in DRUGS:
        hits = _mentions(re.compile(rf"\b(?:{drug.members})\b", re.IGNORECASE), text, away)
        if hits:
            found[drug.name] = hits[0][0]
    return found


def _medicines(facts: Facts) -> Iterable[Finding]:
    proposed = _drugs_in("; ".join(facts.plan))
    told = re.sub(r"\b(?:no|none|not|nkda)\b[^.;,]*", "", facts.allergies, flags=re.IGNORECASE)
    allergic = {drug.name for drug in DRUGS if re.search(rf"\b(?:{drug.members})\b", told, re.IGNORECASE)}
    for name, word in proposed.items():
        drug = _BY_NAME[name]
        why = drug.nursing if facts.pregnancy == "breast-feeding" else drug.pregnancy
        if facts.pregnancy and why:
            yield Finding(
                "PREGNANCY", f"{word} {why}, and the patient is {facts.pregnancy}.", f"Class: {name}.", "plan"
            )
        if allergic & {name, *drug.also_allergic_to}:
            yield Finding("ALLERGY", f"{word} is planned, and the patient named an allergy: {facts.allergies.strip()}", f"Class: {name}.", "plan")  # fmt: skip


_THINNERS = r"apixaban|eliquis|rivaroxaban|xarelto|dabigatran|edoxaban|warfarin|coumadin|clopidogrel|plavix|heparin|blood thinner"


def _thinner(facts: Facts) -> Iterable[Finding]:
    """Shown, never holding: a biopsy is mostly done without stopping it, but somebody should know."""
    takes = re.search(_THINNERS, facts.medicines, re.IGNORECASE)
    if (
        takes
        and "biopsy" in facts.plan_kinds
        and not re.search(f"{_THINNERS}|anticoag", "; ".join(facts.plan), re.IGNORECASE)
    ):
        yield Finding("THINNER", "A biopsy is planned and the patient takes a blood thinner.", f"{takes[0]}. A plan line can say what to do.", "plan", holds=False)  # fmt: skip


_RANK = {"routine": 0, "priority": 1, "urgent": 2}


def _urgency(facts: Facts) -> Iterable[Finding]:
    lower = _RANK.get(facts.urgency, 9) < _RANK.get(facts.triage_urgency, 0)
    if lower and not facts.urgency_reason.strip():
        yield Finding("URGENCY", f"You chose {facts.urgency}, the clinic said {facts.triage_urgency}.", "Say why it can wait.", "urgency_reason")  # fmt: skip


def _adequacy(facts: Facts) -> Iterable[Finding]:
    if facts.no_opinion or not (facts.codes or facts.opinion.strip()):
        return
    if not facts.photos:
        yield Finding("ADEQUACY", "There is a diagnosis and no photo.", "Ask for one, or tick that no opinion was possible.", "no_opinion")  # fmt: skip
    elif facts.photos_adequate == "no":
        yield Finding("ADEQUACY", "The photos are not enough to decide.", "Ask for more, or tick that no opinion was possible.", "no_opinion")  # fmt: skip
    elif facts.each_photo and set(facts.each_photo) == {"no"} and len(facts.each_photo) >= facts.photos:
        yield Finding("ADEQUACY", "No single photo is enough to decide, and there is a diagnosis.", "Ask for more, or tick that no opinion was possible.", "no_opinion")  # fmt: skip


_FIELDS = {
    "What you see": "findings", "Most likely": "assessment", "Also possible": "differential", "Plan": "plan",
    "Follow-up": "follow_up", "For the patient": "patient_text",
}  # fmt: skip
TABLE: tuple[Callable[[Facts], Iterable[Finding]], ...] = (
    _side_differs, _eye_differs, _site_differs, _red_flags, _malignancy, _medicines, _thinner, _urgency, _adequacy,
)  # fmt: skip
