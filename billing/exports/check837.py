"""Reads a finished 837P file back and says what a payer would reject. Knows nothing of the writer: bytes in, findings out.

Covers what syntax validators let pass: check digits, forms, dates, pointers, sums, and whether the claims are the ones
that were to be sent. Sources: 005010X222A1 as pyx12 maps it; CMS' edits for 837P; the forms of NPI, MBI and ICD-10-CM.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from billing.exports import quick
from billing.exports.quick import cents
from config.identifiers import is_mbi, is_npi

VERSION = "005010X222A1"
_ICD = re.compile(r"(?=..?\d)[A-Z][0-9A-Z]{2,6}")
_AMOUNT = re.compile(r"\d{1,8}(\.\d{1,2})?")
_LOWER = re.compile(rb"[a-z]")
_TAXONOMY = re.compile(r"[0-9A-Z]{9}X")
_CODES = {"G9868", "G9869", "G9870"}
_PLACES = {"02", "10", "11"}

MESSAGES = {
    "NOT_ASCII": "The file holds characters that are not ASCII.",
    "LOWER_CASE": "The file holds lower-case letters.",
    "ISA": "The header (ISA) is not 105 characters long or lacks elements.",
    "USAGE": "The header says neither test nor production (ISA15).",
    "IEA": "The end of the interchange (IEA) does not fit its header or its count.",
    "GE": "The end of the group (GE) does not fit its header or its count.",
    "SE": "The end of the transaction (SE) does not fit its header or its count.",
    "VERSION": "The transaction does not name 005010X222A1.",
    "BHT": "The beginning of the transaction (BHT) is missing.",
    "SUBMITTER": "The submitter, its contact or the receiver is missing.",
    "SEGMENT": "A segment stands in the file that a claim does not have.",
    "ORDER": "A segment stands in the wrong place.",
    "TRAILING": "A segment ends with an empty element.",
    "HL": "The levels (HL) are not numbered one after the other, or name a parent that is not there.",
    "BILLING_NPI": "The billing provider's NPI is not possible.",
    "BILLING_ADDRESS": "The billing provider's street or city is missing.",
    "BILLING_ZIP": "The billing provider's ZIP code does not have 9 digits.",
    "BILLING_TIN": "The billing provider's tax number does not have 9 digits.",
    "TAXONOMY": "A taxonomy code is not possible.",
    "SBR": "The subscriber's information (SBR) is missing or does not name the kind of payer (SBR09).",
    "SUBSCRIBER": "The patient's name or number is missing.",
    "MBI": "The Medicare number is not possible.",
    "ADDRESS": "The patient's address is missing.",
    "STATE": "A state is not two letters, or a ZIP code not 5 or 9 digits.",
    "DMG": "The patient's date of birth or sex is missing.",
    "BIRTH_DATE": "The date of birth is no date, or after the service.",
    "SEX": "The sex is not F, M or U.",
    "PAYER": "The payer is missing.",
    "CLAIM_NUMBER": "A claim's number is empty, too long or used twice.",
    "CLAIM_TOTAL": "A claim's total is not the sum of its lines.",
    "POS": "The place of service is not one that fits.",
    "FREQUENCY": "The frequency code is not 1, 7 or 8.",
    "ORIGINAL": "A replacement or void does not name the payer's claim.",
    "ASSIGNMENT": "Signature, assignment or release is not as it must be (CLM06 to CLM09).",
    "HI": "The diagnoses (HI) are missing.",
    "HI_QUALIFIER": "A diagnosis is not marked as ICD-10-CM.",
    "ICD": "A diagnosis does not have the form of an ICD-10-CM code without its dot.",
    "ICD_TWICE": "A diagnosis stands twice on a claim.",
    "RENDERING": "The rendering provider is missing.",
    "RENDERING_NPI": "The NPI of a rendering or referring provider is not possible.",
    "LX": "The lines (LX) are not numbered one after the other.",
    "SV1": "A service (SV1) is missing.",
    "HCPCS": "The service's code is none of those that are charged.",
    "MODIFIER": "A modifier is not two letters or digits.",
    "AMOUNT": "An amount is no amount, or nothing.",
    "UNITS": "The units are not one or more.",
    "POINTER": "A diagnosis pointer is missing or points to no diagnosis.",
    "SERVICE_DATE": "The date of service is missing or no date.",
    "FUTURE": "The date of service is in the future.",
    "LINE_NUMBER": "A line's control number is missing.",
    "NOTE": "A note is longer than 80 characters.",
    "CLAIMS_DIFFER": "The claims in the file are not the ones that were to be sent.",
    "DEMO_DIFFERS": "The model's demo number is not the one that was to be sent.",
}  # fmt: skip

_ENVELOPE = frozenset(("ISA", "GS", "ST", "SE", "GE", "IEA"))
_KEYED = frozenset(("NM1", "REF", "DTP", "PRV"))
_HEAD = ("ST", "BHT", "NM1*41", "PER", "NM1*40")
# loop 2000B to 2400 of a claim, in the order of the guide; the ones that may stand once each
_ORDER = {
    name: rank
    for rank, name in enumerate(
        "SBR NM1*IL N3 N4 DMG NM1*PR CLM REF*F8 REF*P4 NTE HI NM1*DN NM1*82 PRV*PE LX SV1 DTP*472 REF*6R".split()
    )
}
_BILLING = {name: rank for rank, name in enumerate("PRV*BI NM1*85 N3 N4 REF*EI".split())}


@dataclass(frozen=True)
class FileFinding:
    code: str
    segment: int

    @property
    def message(self) -> str:
        return f"{MESSAGES[self.code]} (segment {self.segment})"


@dataclass
class _Reader:
    found: list[FileFinding] = field(default_factory=list)
    at: int = 0
    numbers: set[str] = field(default_factory=set)
    claims: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def say(self, code: str) -> None:
        self.found.append(FileFinding(code, self.at))

    def want(self, holds: object, code: str) -> None:
        if not holds:
            self.say(code)


def check(
    content: bytes, *, today: date, claims: Iterable[dict] | None = None, meant: list[str] | None = None
) -> list[FileFinding]:
    """Everything wrong with a file, in its order; with `claims`, or what `meaning` kept of them, also whether it holds
    exactly those. Empty: it may go."""
    if claims is not None:
        meant = [meaning(claim) for claim in claims]
    if not content.isascii() or _LOWER.search(content):
        return _look(content, today, meant)
    return [] if quick.is_right(content.decode("ascii"), today, meant) else _look(content, today, meant)


def _look(content: bytes, today: date, meant: list[str] | None) -> list[FileFinding]:
    reader = _Reader()
    if not content.isascii():
        reader.say("NOT_ASCII")
    if _LOWER.search(content):
        reader.say("LOWER_CASE")
    ends = _Ends()
    _levels(reader, _body(content, ends), today)
    _envelope(reader, ends, content)
    if meant is not None:
        _compare(reader, meant)
    return reader.found


def _get(row: list[str], place: int) -> str:
    return row[place] if place < len(row) else ""


@dataclass
class _Ends:
    """The first segment of each name of the envelope and where it stands; how many there are of each; the head."""

    first: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    head: list[str] = field(default_factory=list)
    start: list[str] = field(default_factory=lambda: [""])
    last: int = 0

    def row(self, name: str) -> list[str]:
        return self.first.get(name, (0, [""]))[1]


def _body(content: bytes, ends: _Ends) -> Iterator[tuple[int, list[str], str]]:
    """(place, elements, key) of what lies between the envelope and the head, one at a time: a file is large."""
    at = 0
    for part in content.decode("latin-1").split("~"):
        if not part or part.isspace():
            continue
        at += 1
        row = part.strip("\r\n").split("*")
        name = row[0]
        if at == 1:
            ends.start = row
        if name in _ENVELOPE:
            ends.first.setdefault(name, (at, row))
            ends.counts[name] = ends.counts.get(name, 0) + 1
            continue
        key = f"{name}*{row[1]}" if name in _KEYED and len(row) > 1 else name
        if len(ends.head) < 4:
            ends.head.append(key)
        if key not in _HEAD:
            yield at, row, key
    ends.last = at


def _envelope(reader: _Reader, ends: _Ends, content: bytes) -> None:
    first, gs, st, se = ends.start, ends.row("GS"), ends.row("ST"), ends.row("SE")
    ge, iea = ends.row("GE"), ends.row("IEA")
    reader.at = 1
    reader.want(first[0] == "ISA" and len(first) == 17 and content.find(b"~") == 105, "ISA")
    reader.want(_get(first, 15) in {"T", "P"}, "USAGE")
    reader.at = ends.last
    reader.want(_get(iea, 1) == str(ends.counts.get("GS", 0)) and _get(iea, 2) == _get(first, 13), "IEA")
    reader.want(_get(ge, 1) == str(ends.counts.get("ST", 0)) and _get(ge, 2) == _get(gs, 6), "GE")
    count = ends.first["SE"][0] - ends.first["ST"][0] + 1 if {"ST", "SE"} <= set(ends.first) else 0
    reader.want(_get(se, 1) == str(count) and _get(se, 2) == _get(st, 2), "SE")
    reader.want(_get(st, 3) == VERSION == _get(gs, 8), "VERSION")
    reader.at = 4
    reader.want("BHT" in ends.head, "BHT")
    reader.want({"NM1*41", "PER", "NM1*40"} <= set(ends.head), "SUBMITTER")


def _levels(reader: _Reader, body: Iterable[tuple[int, list[str], str]], today: date) -> None:
    level, parents, loop, kind, at = 0, set(), [], "", 0
    for at, row, key in body:
        reader.at = at
        if row[0] != "HL":
            if row[-1] == "":
                reader.say("TRAILING")
            loop.append((at, row, key))
            continue
        _loop(reader, kind, loop, today)
        reader.at, kind, loop = at, _get(row, 3), []
        level += 1
        fits = _get(row, 1) == str(level) and (kind != "22" or _get(row, 2) in parents)
        reader.want(fits, "HL")
        if kind == "20":
            parents.add(_get(row, 1))
    reader.at = at
    _loop(reader, kind, loop, today)


def _loop(reader: _Reader, kind: str, loop: list[tuple[int, list[str], str]], today: date) -> None:
    if kind == "20":
        _billing(reader, loop)
    elif kind == "22":
        _claim(reader, loop, today)


def _sorted(reader: _Reader, loop: list[tuple[int, list[str], str]], order: dict[str, int]) -> dict[str, list[str]]:
    """The loop's segments by their key; unknown and misplaced ones are said."""
    found: dict[str, list[str]] = {}
    last = -1
    for at, row, key in loop:
        reader.at = at
        rank = order.get(key)
        if rank is None:
            reader.say("SEGMENT")
            continue
        if rank < last or key in found:
            reader.say("ORDER")
        last = max(last, rank)
        found.setdefault(key, row)
    return found


def _billing(reader: _Reader, loop: list[tuple[int, list[str], str]]) -> None:
    found = _sorted(reader, loop, _BILLING)
    name, place, tin = found.get("NM1*85", [""]), found.get("N4", [""]), found.get("REF*EI", [""])
    reader.want(_get(name, 8) == "XX" and _is_npi(_get(name, 9)), "BILLING_NPI")
    reader.want(_get(found.get("N3", [""]), 1) and _get(place, 1), "BILLING_ADDRESS")
    reader.want(re.fullmatch(r"\d{9}", _get(place, 3)), "BILLING_ZIP")
    reader.want(re.fullmatch(r"[A-Z]{2}", _get(place, 2)), "STATE")
    reader.want(re.fullmatch(r"\d{9}", _get(tin, 2)), "BILLING_TIN")
    if "PRV*BI" in found:
        reader.want(_TAXONOMY.fullmatch(_get(found["PRV*BI"], 3)), "TAXONOMY")


def _claim(reader: _Reader, loop: list[tuple[int, list[str], str]], today: date) -> None:
    found = _sorted(reader, loop, _ORDER)
    reader.at = loop[0][0] if loop else reader.at

    def get(key: str, place: int) -> str:
        return _get(found.get(key, [""]), place)

    served = _day(get("DTP*472", 3))
    _patient(reader, get, found, served)
    clm = found.get("CLM", [""])
    number = _get(clm, 1)
    reader.want(0 < len(number) <= 20 and number not in reader.numbers, "CLAIM_NUMBER")
    reader.numbers.add(number)
    place, _, frequency = (_get(clm, 5).split(":") + ["", ""])[:3]
    reader.want(place in _PLACES, "POS")
    reader.want(frequency in {"1", "7", "8"}, "FREQUENCY")
    if frequency in {"7", "8"}:
        reader.want(get("REF*F8", 2), "ORIGINAL")
    reader.want(clm[6:10] == ["Y", "A", "Y", "Y"], "ASSIGNMENT")
    diagnoses = _diagnoses(reader, found.get("HI"))
    for key in ("NM1*82", "NM1*DN"):
        if key in found:
            reader.want(get(key, 8) == "XX" and _is_npi(get(key, 9)), "RENDERING_NPI")
    if "PRV*PE" in found:
        reader.want(_TAXONOMY.fullmatch(get("PRV*PE", 3)), "TAXONOMY")
    reader.want(len(get("NTE", 2)) <= 80, "NOTE")
    _service(reader, get, found, len(diagnoses))
    reader.want(served, "SERVICE_DATE")
    reader.want(served is None or served <= today, "FUTURE")
    reader.want(get("REF*6R", 2), "LINE_NUMBER")
    code = (get("SV1", 1).split(":") + [""])[1]
    reader.claims[number] = (
        f"{cents(_get(clm, 2))}|{get('NM1*IL', 9)}|{code}|{get('DTP*472', 3)}|{' '.join(diagnoses)}|{get('REF*6R', 2)}",
        get("REF*P4", 2),
        get("NM1*82", 9),
    )


def _patient(reader: _Reader, get, found: dict, served: date | None) -> None:
    reader.want(get("SBR", 9), "SBR")
    reader.want(get("NM1*IL", 3) and get("NM1*IL", 9), "SUBSCRIBER")
    if get("SBR", 9) == "MB":
        reader.want(is_mbi(get("NM1*IL", 9)), "MBI")
    reader.want(get("N3", 1) and get("N4", 1), "ADDRESS")
    reader.want(re.fullmatch(r"[A-Z]{2}", get("N4", 2)) and re.fullmatch(r"\d{5}(\d{4})?", get("N4", 3)), "STATE")
    reader.want("DMG" in found, "DMG")
    if "DMG" in found:
        born = _day(get("DMG", 2))
        reader.want(born and (served is None or born <= served), "BIRTH_DATE")
        reader.want(get("DMG", 3) in {"F", "M", "U"}, "SEX")
    reader.want(get("NM1*PR", 3) and get("NM1*PR", 9), "PAYER")


def _diagnoses(reader: _Reader, row: list[str] | None) -> list[str]:
    reader.want(row is not None and len(row) > 1, "HI")
    codes = []
    for place, element in enumerate((row or [""])[1:]):
        qualifier, _, code = element.partition(":")
        reader.want(qualifier == ("ABF" if place else "ABK"), "HI_QUALIFIER")
        reader.want(_ICD.fullmatch(code), "ICD")
        codes.append(code)
    reader.want(len(set(codes)) == len(codes), "ICD_TWICE")
    return codes


def _service(reader: _Reader, get, found: dict, diagnoses: int) -> None:
    reader.want(get("LX", 1) == "1", "LX")
    reader.want("SV1" in found, "SV1")
    if "SV1" not in found:
        return
    qualifier, code, *modifiers = (get("SV1", 1).split(":") + [""])[: max(2, get("SV1", 1).count(":") + 1)]
    reader.want(qualifier == "HC" and code in _CODES, "HCPCS")
    reader.want(all(re.fullmatch(r"[0-9A-Z]{2}", modifier) for modifier in modifiers), "MODIFIER")
    for amount in (get("SV1", 2), get("CLM", 2)):
        reader.want(_AMOUNT.fullmatch(amount) and amount.strip("0."), "AMOUNT")
    reader.want(get("SV1", 2) == get("CLM", 2), "CLAIM_TOTAL")
    reader.want(get("SV1", 4).isdigit() and int(get("SV1", 4)) > 0, "UNITS")
    pointers = get("SV1", 7).split(":")
    reader.want(all(p.isdigit() and 0 < int(p) <= diagnoses for p in pointers), "POINTER")


# the same few providers and days stand on many claims
_is_npi = lru_cache(maxsize=1024)(is_npi)


@lru_cache(maxsize=4096)
def _day(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])) if re.fullmatch(r"\d{8}", text) else None
    except ValueError:
        return None


def meaning(claim: dict) -> str:
    """What the file must say of a claim that was to be sent: a short text, kept while the claim itself is let go."""
    rendering, name = claim["rendering"]["npi"], claim["claim_id"]
    return (
        f"{name}|{cents(claim['amount'])}|{claim['patient']['member_id']}|{claim['code']}"
        f"|{claim['date_of_service'].replace('-', '')}|{' '.join(claim['diagnoses'][:12]).replace('.', '')}|{name}"
        f"|{claim['demo_number'] or ''}|{'' if rendering == claim['billing']['npi'] else rendering}"
    )


def _compare(reader: _Reader, meant: list[str]) -> None:
    reader.want([text.partition("|")[0] for text in meant] == list(reader.claims), "CLAIMS_DIFFER")
    for text in meant:
        number, _, rest = text.partition("|")
        read = reader.claims.get(number)
        if read is None:
            continue
        said, demo, rendering = rest.rsplit("|", 2)
        reader.want(read[0] == said, "CLAIMS_DIFFER")
        reader.want(read[1] == demo, "DEMO_DIFFERS")
        reader.want(read[2] == rendering, "RENDERING")
