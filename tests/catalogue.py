"""Reading the Spanish catalogue as translators write it (.po), without any program."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "config/locale/es/LC_MESSAGES/django.po"


def entries(path: Path = PO) -> list[dict[str, str]]:
    """One dictionary an entry: msgid, msgid_plural, msgstr or msgstr[0], msgstr[1]; "fuzzy" where it is."""
    found = []
    for block in re.split(r"\n\s*\n", path.read_text()):
        entry: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line.startswith("#,") and "fuzzy" in line:
                entry["fuzzy"] = "yes"
            if line.startswith("#"):
                continue
            named = re.match(r'(msg\w+(?:\[\d\])?)\s+(".*")$', line)
            if named:
                key = named[1]
                entry[key] = ast.literal_eval(named[2])
            elif line.startswith('"') and key:
                entry[key] += ast.literal_eval(line)
        if "msgid" in entry:
            found.append(entry)
    return found
