"""Whether an 837P file is right, at one glance for each claim: yes, or "look closer" (`check837` says what is wrong).

Says yes to fewer files than the full reader, never to more: every form is one pattern over the whole loop, and what a
pattern cannot say (check digits, dates, sums, pointers, numbers used twice, levels, counts) is looked at beside it.
"""

import re
from datetime import date
from functools import lru_cache

from config.identifiers import is_mbi, is_npi

VERSION = "005010X222A1"
_E = r"[^*~\r\n]*"  # an element, and one that is not empty
_X = r"[^*~\r\n]+"
_AMOUNT = r"\d{1,8}(?:\.\d{1,2})?"
_ICD = r"(?=..?\d)[A-Z][0-9A-Z]{2,6}"
_PLACE = rf"N3\*{_X}(?:\*{_X})?~\nN4\*{_X}\*[A-Z]{{2}}\*"

_HEAD = re.compile(
    rf"(ISA\*(?:[^*~\r\n]*\*){{12}}(\d{{9}})\*[01]\*[TP]\*:)~\n"
    rf"GS\*HC\*{_X}\*{_X}\*\d{{8}}\*\d{{4}}\*(\d{{1,9}})\*X\*{VERSION}~\n"
    rf"ST\*837\*(\d{{4,9}})\*{VERSION}~\nBHT\*{_E}\*{_E}\*{_X}\*\d{{8}}\*\d{{4}}\*CH~\n"
    rf"NM1\*41\*2\*{_X}\*{_E}\*{_E}\*{_E}\*{_E}\*46\*{_X}~\nPER\*IC\*{_X}\*TE\*{_X}~\n"
    rf"NM1\*40\*2\*{_X}\*{_E}\*{_E}\*{_E}\*{_E}\*46\*{_X}~\n",
    re.ASCII,
)
_BILLING = re.compile(
    rf"HL\*(\d+)\*\*20\*1~\n(?:PRV\*BI\*PXC\*[0-9A-Z]{{9}}X~\n)?"
    rf"NM1\*85\*2\*{_X}\*{_E}\*{_E}\*{_E}\*{_E}\*XX\*(\d{{10}})~\n{_PLACE}\d{{9}}~\nREF\*EI\*\d{{9}}~\n",
    re.ASCII,
)
_CLAIM = re.compile(
    rf"HL\*(\d+)\*(\d+)\*22\*0~\nSBR\*P\*18\*(?:[^*~\r\n]*\*){{6}}({_X})~\n"
    rf"NM1\*IL\*1\*{_X}\*{_E}\*{_E}\*\*\*MI\*({_X})~\n{_PLACE}\d{{5}}(?:\d{{4}})?~\n"
    rf"DMG\*D8\*(\d{{8}})\*[FMU]~\nNM1\*PR\*2\*{_X}\*\*\*\*\*PI\*{_X}~\n"
    rf"CLM\*([0-9A-Z\-]{{1,20}})\*({_AMOUNT})\*\*\*(?:02|10|11):B:([178])\*Y\*A\*Y\*Y~\n"
    rf"(?:REF\*F8\*({_X})~\n)?(?:REF\*P4\*({_X})~\n)?HI\*ABK:({_ICD}(?:\*ABF:{_ICD})*)~\n"
    rf"(?:NM1\*DN\*1\*{_E}\*{_E}\*{_E}\*\*\*XX\*(\d{{10}})~\n)?"
    rf"(?:NM1\*82\*1\*{_E}\*{_E}\*{_E}\*\*\*XX\*(\d{{10}})~\n)?(?:PRV\*PE\*PXC\*[0-9A-Z]{{9}}X~\n)?"
    rf"LX\*1~\nSV1\*HC:(G98(?:68|69|70))(?::[0-9A-Z]{{2}})*\*({_AMOUNT})\*UN\*[1-9]\*\*\*(\d{{1,2}}(?::\d{{1,2}})*)~\n"
    rf"DTP\*472\*D8\*(\d{{8}})~\nREF\*6R\*({_X})~\n",
    re.ASCII,
)
_TAIL = re.compile(r"SE\*(\d+)\*(\d{4,9})~\nGE\*1\*(\d{1,9})~\nIEA\*1\*(\d{9})~\n", re.ASCII)


def is_right(text: str, today: date, meant: list[str] | None) -> bool:
    head = _HEAD.match(text)
    if head is None or len(head[1]) != 105:
        return False
    said, at = _claims(text, head.end(), f"{today:%Y%m%d}")
    tail = _TAIL.fullmatch(text, at) if said is not None else None
    if tail is None:
        return False
    # ST to SE: all of them but ISA and GS before, GE and IEA after
    counted = tail[1] == str(text.count("~") - 4)
    fits = (tail[2], tail[3], tail[4]) == (head[4], head[3], head[2])
    return counted and fits and (meant is None or said == meant)


def _claims(text: str, at: int, today: str) -> tuple[list[str] | None, int]:
    """(what each claim says, where they end); None: one of them needs a closer look."""
    said, seen = [], set()
    level, parent = 0, ""
    matches, is_npi_of, day_is = _CLAIM.match, _is_npi, _is_day
    while text.startswith("HL*", at):
        level += 1
        found = matches(text, at)
        if found is None:
            billing = _BILLING.match(text, at)
            if billing is None or billing[1] != str(level) or not is_npi_of(billing[2]):
                return None, at
            parent, at = billing[1], billing.end()
            continue
        (number, above, filing, member, born, claim, total, frequency, original, demo, listed, referring, rendering,
         code, charge, pointers, day, line) = found.groups()  # fmt: skip
        codes = _diagnoses(listed, pointers)
        if not (
            number == str(level) and above == parent and codes and claim not in seen and total == charge
            and (filing != "MB" or is_mbi(member)) and (frequency == "1" or original)
            and born <= day <= today and day_is(born) and day_is(day)
            and (referring is None or is_npi_of(referring)) and (rendering is None or is_npi_of(rendering))
            and (amount := cents(charge)).strip("0")
        ):  # fmt: skip
            return None, at
        seen.add(claim)
        said.append(f"{claim}|{amount}|{member}|{code}|{day}|{codes}|{line}|{demo or ''}|{rendering or ''}")
        at = found.end()
    return said, at


@lru_cache(maxsize=4096)
def cents(amount: str) -> str:
    """42 and 42.00 are the same; what is no amount is not."""
    whole, _, part = amount.partition(".")
    return whole + part.ljust(2, "0")


@lru_cache(maxsize=4096)
def _diagnoses(listed: str, pointers: str) -> str:
    """The codes; empty where one stands twice or a pointer points to none."""
    codes = listed.split("*ABF:")
    pointed = all(0 < int(pointer) <= len(codes) for pointer in pointers.split(":"))
    return " ".join(codes) if pointed and len(set(codes)) == len(codes) else ""


_is_npi = lru_cache(maxsize=4096)(is_npi)


@lru_cache(maxsize=65536)
def _is_day(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True
