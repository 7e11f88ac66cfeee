"""What stands in the boxes of a CMS-1500 form (version 02/12), and where: for payers that want paper. Pure.

Only the data is printed: the form itself is bought, in red. It is laid out on the typewriter's grid, ten characters and
six lines an inch; the columns are those that print programs commonly use, the lengths those of NUCC's instructions.
Names are cut at the end of their box; nothing is made smaller, nothing runs into the next box.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from billing.exports.plain import identifier, text
from billing.exports.x12 import NEW
from config.identifiers import zip_words

LINES_A_FORM = 6
DIAGNOSES_A_FORM = 12
LETTERS = "ABCDEFGHIJKL"
ON_FILE = "SIGNATURE ON FILE"
_FILING = {"MB": "1.medicare", "MC": "1.medicaid", "CH": "1.tricare"}
_PUNCTUATION = re.compile(r"[^A-Z0-9 &/\-]")

# box: (line, column, characters). A tick is one character wide.
BOXES: dict[str, tuple[int, int, int]] = {
    **{f"0.{n}": (n + 1, 41, 37) for n in range(1, 5)},
    "1.medicare": (8, 1, 1), "1.medicaid": (8, 8, 1), "1.tricare": (8, 15, 1), "1.other": (8, 45, 1), "1a": (8, 50, 29),
    "2": (10, 1, 28), "3.month": (10, 31, 2), "3.day": (10, 34, 2), "3.year": (10, 37, 4), "3.male": (10, 42, 1),
    "3.female": (10, 47, 1), "4": (10, 50, 29),
    "5.street": (12, 1, 28), "6.self": (12, 33, 1), "7.street": (12, 50, 29),
    "5.city": (14, 1, 24), "5.state": (14, 26, 2), "7.city": (14, 50, 23), "7.state": (14, 74, 2),
    "5.zip": (16, 1, 12), "7.zip": (16, 50, 12),
    "11": (18, 50, 29), "10a.no": (20, 41, 1), "10b.no": (22, 41, 1), "10c.no": (24, 41, 1), "11d.no": (26, 57, 1),
    "12": (29, 7, 28), "13": (29, 55, 24),
    "17.qualifier": (34, 1, 2), "17": (34, 4, 24), "17b": (34, 33, 10), "19": (36, 1, 47), "20.no": (36, 57, 1),
    "21.indicator": (37, 42, 1),
    **{f"21.{letter}": (38 + n // 4, 3 + 13 * (n % 4), 7) for n, letter in enumerate(LETTERS)},
    "22.code": (38, 50, 10), "22.original": (38, 62, 18), "23": (40, 50, 29),
    **{
        f"24.{n + 1}.{name}": (44 + 2 * n, column, width)
        for n in range(LINES_A_FORM)
        for name, column, width in (
            ("from.month", 1, 2), ("from.day", 4, 2), ("from.year", 7, 2), ("to.month", 10, 2), ("to.day", 13, 2),
            ("to.year", 16, 2), ("place", 19, 2), ("code", 25, 6), ("modifier1", 33, 2), ("modifier2", 36, 2),
            ("modifier3", 39, 2), ("modifier4", 42, 2), ("pointers", 45, 4), ("dollars", 50, 6), ("cents", 57, 2),
            ("units", 60, 3), ("npi", 68, 10),
        )
    },
    "25": (56, 1, 15), "25.ein": (56, 19, 1), "26": (56, 23, 14), "27.yes": (56, 38, 1), "28.dollars": (56, 52, 7),
    "28.cents": (56, 60, 2), "33.phone": (57, 66, 13),
    "32.name": (58, 23, 26), "33.name": (58, 50, 29), "32.street": (59, 23, 26), "33.street": (59, 50, 29),
    "31": (60, 1, 21), "32.city": (60, 23, 26), "33.city": (60, 50, 29),
    "31.date": (61, 6, 8), "32a": (61, 23, 10), "33a": (61, 50, 10),
}  # fmt: skip
_RIGHT = (".dollars", ".units")
# points: the grid's first character, as such forms are fed; the rest is the printer's, and set by the practice
LEFT, TOP, WIDE, HIGH = 20.0, 24.0, 7.2, 12.0


@dataclass(frozen=True)
class Mark:
    """A text at a place of the page, in points from its upper left corner."""

    box: str
    x: float
    y: float
    width: float
    text: str


def _clean(value: object, limit: int) -> str:
    """As NUCC wants names and addresses: capitals, no punctuation but a hyphen."""
    return text(_PUNCTUATION.sub(" ", text(str(value or "").replace("'", ""), 200)), limit)


def name(person: dict, limit: int) -> str:
    """LAST, FIRST, M. What does not fit goes: the middle initial, the first name's end, then the last name's; never the
    first initial."""
    last, first = _clean(person["last_name"], limit), _clean(person["first_name"], limit)
    middle = _clean(person.get("middle_name"), 1)
    whole = ", ".join(part for part in (last, first, middle) if part)
    if len(whole) > limit and middle:
        whole = ", ".join(part for part in (last, first) if part)
    if len(last) > limit - 3 and first:
        return f"{last[: limit - 3].rstrip(' -')}, {first[0]}"
    return whole[:limit].rstrip(" ,-")


def _zip(value: str) -> str:
    return zip_words(identifier(value, 15).replace("-", ""))


def _city(place: dict) -> str:
    return f"{_clean(place['city'], 14)} {identifier(place['state'], 2)} {_zip(place['zip_code'])}"


def together(claims: Iterable[dict]) -> list[list[dict]]:
    """Claims of one patient that may share a form: six lines, twelve diagnoses, everything above the lines the same."""
    groups: list[list[dict]] = []
    for claim in claims:
        home = next((group for group in groups if _fits(group, claim)), None)
        if home is None:
            groups.append([claim])
        else:
            home.append(claim)
    return groups


def _fits(group: list[dict], claim: dict) -> bool:
    if len(group) >= LINES_A_FORM or (claim.get("frequency_code") or NEW) != NEW:
        return False
    # one signature with its day stands below the lines: of one person
    same = ("patient", "payer", "billing", "rendering", "referring", "demo_number")
    alike = all(group[0][part] == claim[part] for part in same) and (group[0].get("frequency_code") or NEW) == NEW
    return alike and len(_diagnoses([*group, claim])) <= DIAGNOSES_A_FORM


def _diagnoses(claims: list[dict]) -> list[str]:
    return list(dict.fromkeys(code.replace(".", "") for claim in claims for code in claim["diagnoses"]))


def fields(claims: list[dict], phone: str = "", address: str = "") -> dict[str, str]:
    """Box by box what one form says of one to six claims of a patient. Boxes that stay empty are not named.

    `address` is the payer's, for the envelope's window; `phone` the billing provider's.
    """
    if len(claims) > LINES_A_FORM:
        raise ValueError(f"{len(claims)} lines are more than {LINES_A_FORM} for one form")
    first = claims[0]
    codes = _diagnoses(claims)[:DIAGNOSES_A_FORM]
    found = _upper(first, address) | _middle(first, codes)
    for number, claim in enumerate(claims, start=1):
        found |= {f"24.{number}.{box}": value for box, value in _service(claim, codes).items()}
    found |= _lower(first, claims, phone)
    return {box: value for box, value in found.items() if value}


def _upper(claim: dict, address: str) -> dict[str, str]:
    patient, payer = claim["patient"], claim["payer"]
    year, month, day = patient["date_of_birth"].split("-")
    is_medicare = payer["claim_filing_code"] == "MB"
    window = [payer["name"], *[part for part in address.splitlines() if part.strip()]][:4]
    found = {
        **{f"0.{n}": _clean(part, 37) for n, part in enumerate(window, start=1)},
        _FILING.get(payer["claim_filing_code"], "1.other"): "X",
        "1a": identifier(patient["member_id"], 29),
        "2": name(patient, 28),
        "3.month": month, "3.day": day, "3.year": year,
        "3.male": "X" if patient["sex"] == "M" else "", "3.female": "X" if patient["sex"] == "F" else "",
        "5.street": _clean(f"{patient['address_line1']} {patient.get('address_line2') or ''}", 28),
        "5.city": _clean(patient["city"], 24), "5.state": identifier(patient["state"], 2), "5.zip": _zip(patient["zip_code"]),
        "10a.no": "X", "10b.no": "X", "10c.no": "X", "12": ON_FILE,
    }  # fmt: skip
    if is_medicare:
        # Medicare is the patient's own, and the first to pay: nothing of another insured, and the word NONE
        return found | {"11": "NONE"}
    return found | {
        "4": name(patient, 29), "6.self": "X", "7.street": found["5.street"], "7.city": found["5.city"][:23],
        "7.state": found["5.state"], "7.zip": found["5.zip"], "11d.no": "X", "13": ON_FILE,
    }  # fmt: skip


def _middle(claim: dict, codes: list[str]) -> dict[str, str]:
    referring, frequency = claim["referring"], claim.get("frequency_code") or NEW
    found = {f"21.{letter}": code for letter, code in zip(LETTERS, codes, strict=False)} | {"21.indicator": "0"}
    found["20.no"] = "X"
    if claim["demo_number"]:
        found["19"] = f"DEMO {identifier(claim['demo_number'], 10)}"
    if referring.get("npi"):
        found |= {"17.qualifier": "DN", "17": name(referring, 24), "17b": identifier(referring["npi"], 10)}
    if frequency != NEW:
        found |= {"22.code": frequency, "22.original": identifier(claim["original_claim_number"], 18)}
    return found


def _service(claim: dict, codes: list[str]) -> dict[str, str]:
    year, month, day = claim["date_of_service"].split("-")
    dollars, cents = claim["amount"].split(".")
    modifiers = [part for part in claim["modifier"].split(":") if part][:4]
    own = [code.replace(".", "") for code in claim["diagnoses"]]
    return {
        "from.month": month, "from.day": day, "from.year": year[2:], "to.month": month, "to.day": day, "to.year": year[2:],
        "place": identifier(claim["pos"], 2), "code": claim["code"],
        **{f"modifier{n}": part for n, part in enumerate(modifiers, start=1)},
        "pointers": "".join(LETTERS[codes.index(code)] for code in own if code in codes)[:4],
        "dollars": dollars, "cents": cents, "units": "1", "npi": identifier(claim["rendering"]["npi"], 10),
    }  # fmt: skip


def _lower(first: dict, claims: list[dict], phone: str) -> dict[str, str]:
    billing, rendering = first["billing"], first["rendering"]
    total = sum(int(claim["amount"].replace(".", "")) for claim in claims)
    # the day of the signature where it was signed, which is the day of the service
    signed = max(claim["date_of_service"] for claim in claims).split("-")
    street = f"{billing['address_line1']} {billing.get('address_line2') or ''}"
    return {
        "25": identifier(billing["tin"], 15), "25.ein": "X",
        # no hyphens here; a payer's answer with it is matched all the same
        "26": first["claim_id"].replace("-", ""), "27.yes": "X",
        "28.dollars": str(total // 100), "28.cents": f"{total % 100:02d}",
        "31": _clean(f"{rendering['first_name']} {rendering['last_name']}", 21),
        "31.date": f"{signed[1]} {signed[2]} {signed[0][2:]}",
        "32.name": _clean(billing["name"], 26), "32.street": _clean(street, 26), "32.city": _city(billing)[:26],
        "32a": identifier(billing["npi"], 10),
        "33.phone": f"{phone[:3]} {phone[3:6]}-{phone[6:]}" if len(phone) == 10 else "",
        "33.name": _clean(billing["name"], 29), "33.street": _clean(street, 29), "33.city": _city(billing)[:29],
        "33a": identifier(billing["npi"], 10),
    }  # fmt: skip


def marks(found: dict[str, str], right_mm: float = 0, down_mm: float = 0) -> list[Mark]:
    """Where each text is printed, moved by so much for the printer at hand."""
    made = []
    for box, value in found.items():
        line, column, width = BOXES[box]
        if len(value) > width:
            raise ValueError(f"{value!r} does not fit into box {box}")
        shifted = column + width - len(value) if box.endswith(_RIGHT) else column
        x, y = LEFT + (shifted - 1) * WIDE + right_mm * 72 / 25.4, TOP + (line - 1) * HIGH + down_mm * 72 / 25.4
        made.append(Mark(box, round(x, 2), round(y, 2), round(len(value) * WIDE, 2), value))
    return made


def outlines(right_mm: float = 0, down_mm: float = 0) -> list[Mark]:
    """Every box as a frame with its number: the test page, laid over an empty form and held against the light."""
    return [
        Mark(
            box,
            round(LEFT + (column - 1) * WIDE + right_mm * 72 / 25.4, 2),
            round(TOP + (line - 1) * HIGH + down_mm * 72 / 25.4, 2),
            round(width * WIDE, 2),
            _label(box),
        )
        for box, (line, column, width) in BOXES.items()
    ]


def _label(box: str) -> str:
    parts = box.split(".")
    return ("" if parts[0] == "24" and parts[1] != "1" else parts[0]) if parts[0] != "0" else ""
