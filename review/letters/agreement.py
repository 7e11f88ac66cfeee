"""Do the two letters say the same? Pure: two contents in, sentences about what differs out; none means that they agree.

Both are made from one record, but by different words and in two languages: what a reader acts on (who, which side, what,
how much, by when, whom to ask) is read from the words of both and compared before either leaves.
"""

import re
from datetime import date
from typing import Any

_DOSE = re.compile(
    r"(\d{1,3}(?:[.,]\d{3})+|\d+(?:[.,]\d+)?)\s*(%|mg|mcg|µg|g|ml|mL|units?|unidad(?:es)?|mm|cm)(?![a-z])",
    re.IGNORECASE,
)
_SIDES = {
    "left": re.compile(r"\b(left|izquierd[oa]s?)\b", re.IGNORECASE),
    "right": re.compile(r"\b(right(?! (?:away|now|after|before|there))|derech[oa]s?(?! a\b))\b", re.IGNORECASE),
}
_MONTHS = (
    "january february march april may june july august september october november december".split(),
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),
)
_DAY = re.compile(
    r"(?P<month>[a-z]+) (?P<day>\d{1,2}), (?P<year>\d{4})|(?P<dia>\d{1,2}) de (?P<mes>[a-z]+) de (?P<ano>\d{4})"
)


def disagreements(patient: dict[str, Any], clinical: dict[str, Any]) -> list[str]:
    return [
        *_of_one_person(patient, clinical),
        *_of_one_record(patient, clinical),
        *_of_the_place(patient, clinical),
        *_of_the_plan(patient, clinical),
        *_of_the_words(patient, clinical),
        *_of_the_pictures(patient, clinical),
    ]


def _of_one_person(patient: dict, clinical: dict) -> list[str]:
    about = next((row["words"] for row in clinical["about"] if row["label"] == "Patient"), "")
    found = []
    if not patient["to"] or not about.startswith(f"{patient['to'][0]}, born "):
        found.append("The letters name different people.")
    if patient["facts"]["born"] != clinical["facts"]["born"] or day_in(about) != patient["facts"]["born"]:
        found.append("The letters give different dates of birth.")
    return found


def _of_one_record(patient: dict, clinical: dict) -> list[str]:
    found = []
    if patient["foot"]["hash"] != clinical["foot"]["hash"] or not patient["foot"]["hash"]:
        found.append("The letters are of different signed records.")
    if patient["foot"]["url"] != clinical["foot"]["url"]:
        found.append("The letters are checked at different addresses.")
    if patient["number"].split()[-1] != clinical["number"].split()[-1]:
        found.append("The letters name different cases.")
    if patient["signer"]["name"] != clinical["signer"]["name"]:
        found.append("The letters name different signers.")
    if day_in(patient["date"]) != day_in(clinical["date"]):
        found.append("The letters carry different dates.")
    return found


def _of_the_place(patient: dict, clinical: dict) -> list[str]:
    """The side as it stands in each letter's own line about the place."""
    if patient["facts"]["site"] != clinical["facts"]["site"] or patient["facts"]["side"] != clinical["facts"]["side"]:
        return ["The letters are about different places."]
    about = next((row["words"] for row in clinical["about"] if row["label"] in {"Referred", "Sent"}), "")
    if patient["place"] and sides_in(patient["place"]) != sides_in(about):
        return ["The letters name different sides."]
    return []


def _of_the_plan(patient: dict, clinical: dict) -> list[str]:
    steps = [step for section in patient["sections"] if section["kind"] == "steps" for step in section["steps"]]
    rows = clinical["plan"]
    if [step["id"] for step in steps] != [row["id"] for row in rows]:
        return [f"The plan has {len(rows)} steps in one letter and {len(steps)} in the other, or in another order."]
    found = []
    for n, (step, row) in enumerate(zip(steps, rows, strict=True), start=1):
        if day_in(step["by"]) != day_in(row["by"]):
            found.append(f"Step {n} has a different day in each letter.")
        plain, exact = f"{step['what']} {step['words']}", row["what"]
        if doses_in(plain) - doses_in(exact):
            found.append(f"Step {n} names an amount to the patient that the clinical letter does not have.")
        told, meant = sides_in(plain), sides_in(exact)
        if told and meant and told != meant:
            found.append(f"Step {n} names a different side in each letter.")
    return found


def _of_the_words(patient: dict, clinical: dict) -> list[str]:
    """What the specialist wrote in the patient's language, beside the English of it that the other letter has."""
    english = {row["source"]: row["words"] for row in clinical["notes"]}
    found = []
    for section in patient["sections"]:
        source = section.get("source", "")
        said = translated_otherwise(english.get(source, ""), " ".join(section["paragraphs"])) if source else ""
        if said:
            found.append(f"The text to the patient is not the English one: {said}")
    return found


def translated_otherwise(english: str, own: str, clinical: str = "") -> str:
    """What of a text in two languages differs that both spell alike: amounts and sides. "" for nothing.

    Amounts of the `clinical` words may stand in the own ones; those of the English plain words must."""
    if not doses_in(english) <= doses_in(own) <= doses_in(f"{english} {clinical}"):
        return "the amounts differ."
    told, meant = sides_in(own), sides_in(f"{english} {clinical}")
    return "the sides differ." if told and meant and told != meant else ""


def _of_the_pictures(patient: dict, clinical: dict) -> list[str]:
    shown = [one["photo"] for part in patient["sections"] if part["kind"] == "pictures" for one in part["pictures"]]
    return (
        [] if shown == [one["photo"] for one in clinical["pictures"]] else ["The letters show different photographs."]
    )


def day_in(words: str) -> str:
    """The first day that a text names, in English or Spanish, as 2026-12-07; "" for none."""
    match = _DAY.search(words.lower())
    if match is None:
        return ""
    months, name = (_MONTHS[0], match["month"]) if match["month"] else (_MONTHS[1], match["mes"])
    number = next((n for n, month in enumerate(months, start=1) if month.startswith(name[:3])), 0)
    if not number:
        return ""
    return date(int(match["year"] or match["ano"]), number, int(match["day"] or match["dia"])).isoformat()


def doses_in(words: str) -> set[tuple[float, str]]:
    """ "0.05 %" and "2,5 mg" as numbers with their unit; "1,000 units" and "1.000 unidades" are a thousand."""
    spelled = {"ml": "ml", "mcg": "µg", "unit": "units", "unidad": "units", "unidades": "units"}
    return {(_number(number), spelled.get(unit.lower(), unit.lower())) for number, unit in _DOSE.findall(words)}


def _number(spelled: str) -> float:
    whole, *parts = re.split("[.,]", spelled)
    if whole.strip("0") and parts and all(len(part) == 3 for part in parts):
        return float("".join((whole, *parts)))
    return float(".".join((whole, *parts)))


def sides_in(words: str) -> set[str]:
    return {side for side, pattern in _SIDES.items() if pattern.search(words)}
