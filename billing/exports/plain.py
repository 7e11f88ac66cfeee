"""Text as a claim file can carry it: ASCII upper case, without the characters that separate its parts."""

import re
import unicodedata

_BASIC = re.compile(r"[^A-Z0-9 !\"&'()+,\-./;?=%@\[\]_{}\\|<>#$]")
_IDENTIFIER = re.compile(r"[^A-Z0-9\-]")
# letters that no decomposition turns into ASCII
_LETTERS = str.maketrans(
    {"Ł": "L", "Ø": "O", "Æ": "AE", "Œ": "OE", "Đ": "D", "Ð": "D", "Þ": "TH", "ẞ": "SS", "ı": "I", "Ħ": "H", "Ŋ": "N",
     "Ŧ": "T", "ʻ": "'", "ʼ": "'", "‘": "'", "’": "'", "‐": "-", "‑": "-", "–": "-", "—": "-"}
)  # fmt: skip


def text(value: object, limit: int) -> str:
    """ASCII upper case without separators or control characters, at most `limit` characters."""
    flat = str(value or "").upper()
    if not flat.isascii():
        flat = unicodedata.normalize("NFKD", flat.translate(_LETTERS)).encode("ascii", "ignore").decode().upper()
    if _BASIC.search(flat):
        flat = _BASIC.sub(" ", flat)
    if "  " in flat or len(flat) > limit or flat != flat.strip():
        flat = " ".join(flat.split())[:limit].strip()
    return flat


def identifier(value: object, limit: int) -> str:
    """Letters, digits and hyphens only: for numbers, codes and places where nothing else has a meaning."""
    flat = str(value or "")
    if not flat.isascii():
        flat = unicodedata.normalize("NFKD", flat).encode("ascii", "ignore").decode()
    flat = flat.upper()
    return (_IDENTIFIER.sub("", flat) if _IDENTIFIER.search(flat) else flat)[:limit]
