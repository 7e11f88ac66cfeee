"""NPI and MBI by their published rules, and ZIP codes as people write them."""

import re

# CMS, "Understanding the Medicare Beneficiary Identifier format": no S, L, O, I, B, Z
_LETTER, _EITHER = "AC-HJKMNP-RT-Y", "0-9AC-HJKMNP-RT-Y"
_MBI = re.compile(f"[1-9][{_LETTER}][{_EITHER}][0-9][{_LETTER}][{_EITHER}][0-9][{_LETTER}]{{2}}[0-9]{{2}}")


def is_npi(value: str) -> bool:
    """10 digits, first 1 or 2, Luhn over 80840 and the number (45 CFR 162.406)."""
    if not re.fullmatch(r"[12]\d{9}", value):
        return False
    total = 24  # the constant that 80840 adds
    for place, digit in enumerate(reversed(value)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def is_mbi(value: str) -> bool:
    """11 characters, stored without dashes."""
    return _MBI.fullmatch(value) is not None


def zip_words(code: str) -> str:
    """A ZIP code as it is written on letters: 432150002 -> 43215-0002; anything else comes back as it is."""
    return f"{code[:5]}-{code[5:]}" if len(code) == 9 and code.isdigit() else code
