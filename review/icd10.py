"""The ICD-10-CM sets in one table: the first release from a package, further ones from CMS's order files."""

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from django.db import transaction

from config.accounts.models import User
from review.models import Icd10Code, Icd10Release
from review.models.icd import RELEASE, RELEASE_CODES, VALID_FROM, VERIFIED_UNTIL

BATCH = 500  # rows a statement: below SQLite's limit of variables
MAX_BYTES = 40_000_000  # an order file has about 15 MB
# a letter and a digit among the first three: C4A, U07, and since October 2025 QA0
_CODE = re.compile(r"(?=..?\d)[A-Z][0-9A-Z]{2,6}")
_FILE_YEAR = re.compile(r"icd10cm[-_]order[-_](?:april[-_]?)?(20\d\d)", re.IGNORECASE)


class ReleaseRefused(Exception):
    """The text may be shown."""


def import_codes() -> int:
    """Add every code of the first release that is not in the table yet; returns how many were added. Safe to repeat."""
    # the package takes seconds to read its own data, and a start with nothing to add should not wait for it
    if Icd10Code.objects.filter(release=RELEASE).count() == RELEASE_CODES:
        _first_release()
        return 0
    with warnings.catch_warnings():
        # its way of reading its own data is deprecated in the standard library; not ours to mend
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10_cm as cm  # reads its data on import: not for web processes

    have = set(Icd10Code.objects.filter(release=RELEASE).values_list("code", flat=True))
    rows = [
        Icd10Code(
            code=code,
            description=cm.get_description(code)[:300],
            billable=cm.is_leaf(code),
            release=RELEASE,
            valid_from=VALID_FROM,
            verified_until=VERIFIED_UNTIL,
        )
        # a category such as B20 is also listed as the block of itself: once is enough, and ranges are headings
        for code in dict.fromkeys(cm.get_all_codes(with_dots=True))
        if code not in have and not cm.is_chapter(code) and "-" not in code
    ]
    with transaction.atomic():
        # two runs at once add each code once
        Icd10Code.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
        _first_release()
    return len(rows)


def _first_release() -> None:
    Icd10Release.objects.get_or_create(
        name=RELEASE,
        defaults={"valid_from": VALID_FROM, "verified_until": VERIFIED_UNTIL, "codes": RELEASE_CODES},
    )


# --- a further release, from CMS's order file -------------------------------------------------------------------------


@dataclass(frozen=True)
class Release:
    name: str
    valid_from: date
    verified_until: date


@dataclass(frozen=True)
class Plan:
    """What reading a file would do, by code. `gap`: days between the newest release and this one of which nothing is known."""

    release: Release
    file_sha256: str
    codes: dict[str, tuple[str, bool]]
    added: list[str]
    changed: list[str]
    ended: list[str]
    gap: tuple[date, date] | None

    @property
    def unchanged(self) -> int:
        return len(self.codes) - len(self.added) - len(self.changed)

    @property
    def fingerprint(self) -> str:
        said = repr((self.release, self.file_sha256, self.added, self.changed, self.ended, self.gap))
        return sha256(said.encode()).hexdigest()


def parse_order(content: bytes) -> dict[str, tuple[str, bool]]:
    """Code with its dot: (long description, whether it may stand on a claim).

    Fixed width: an order number of five digits, the code without its dot from column 7, 1 or 0 (a heading) in column 15,
    a short description from column 17 and the long one from column 78.
    """
    if len(content) > MAX_BYTES:
        raise ReleaseRefused("The file is larger than 40 MB: that is no order file.")
    found: dict[str, tuple[str, bool]] = {}
    for number, line in enumerate(content.decode("utf-8-sig", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        code, flag, words = line[6:13].strip(), line[14:15], line[77:].strip()
        if not (line[:5].isdigit() and _CODE.fullmatch(code) and flag in ("0", "1") and words):
            raise ReleaseRefused(
                f"Line {number} does not have the form of CMS's order file (icd10cm-order-YYYY.txt): "
                "order number, code, 0 or 1, short and long description at fixed columns."
            )
        dotted = f"{code[:3]}.{code[3:]}" if len(code) > 3 else code
        if dotted in found:
            raise ReleaseRefused(f"Line {number} names {dotted} a second time.")
        found[dotted] = (words[:300], flag == "1")
    if not found:
        raise ReleaseRefused("The file holds no codes.")
    return found


def usual_dates(file_name: str) -> tuple[date, date] | None:
    """First and last day of the release that a file's name says: the year of the file ends in its own September.

    An October set is looked at anew in April, so it is verified until the end of March.
    """
    found = _FILE_YEAR.search(file_name)
    if found is None:
        return None
    year = int(found[1])
    if "april" in file_name.lower():
        return date(year, 4, 1), date(year, 9, 30)
    return date(year - 1, 10, 1), date(year, 3, 31)


def plan_release(content: bytes, release: Release) -> Plan:
    """What the file would change, without writing anything."""
    if not release.name.strip() or len(release.name) > 20:
        raise ReleaseRefused("Name the release in at most 20 characters, such as October 2026.")
    if release.verified_until < release.valid_from:
        raise ReleaseRefused("The last day is before the first one.")
    newest = Icd10Release.objects.first()
    if newest is None:
        raise ReleaseRefused("The first release is not read yet. Run: manage.py import_icd10cm")
    if Icd10Release.objects.filter(name=release.name).exists():
        raise ReleaseRefused(f"The release {release.name} is read already.")
    if release.valid_from <= newest.valid_from:
        raise ReleaseRefused(
            f"Releases are read oldest first: {newest} from {newest.valid_from} is here, and this one begins on "
            f"{release.valid_from}."
        )
    codes = parse_order(content)
    standing = {
        code: (words, billable)
        for code, words, billable in Icd10Code.objects.filter(valid_until__isnull=True).values_list(
            "code", "description", "billable"
        )
    }
    ended = sorted(standing.keys() - codes.keys())
    if len(ended) * 5 > len(standing):
        raise ReleaseRefused(
            f"{len(ended):,} of {len(standing):,} codes are not in the file: more than any release takes away. Is it complete?"
        )
    changed = sorted(code for code in standing.keys() & codes.keys() if standing[code] != codes[code])
    follows = newest.verified_until + timedelta(days=1)
    gap = (follows, release.valid_from - timedelta(days=1)) if follows < release.valid_from else None
    return Plan(
        release, sha256(content).hexdigest(), codes, sorted(codes.keys() - standing.keys()), changed, ended, gap
    )


def apply_release(plan: Plan, by: User | None) -> Icd10Release:
    """Write the plan, all or nothing. Rows that say the same go on; after a gap every row begins anew."""
    release = plan.release
    day_before = release.valid_from - timedelta(days=1)
    begin = set(plan.added) | (plan.codes.keys() if plan.gap else set(plan.changed))
    with transaction.atomic():
        kept = Icd10Release.objects.create(
            name=release.name, valid_from=release.valid_from, verified_until=release.verified_until,
            codes=len(plan.codes), added=len(plan.added), changed=len(plan.changed), ended=len(plan.ended),
            file_sha256=plan.file_sha256, loaded_by=by,
        )  # fmt: skip
        Icd10Release.objects.filter(verified_until__gt=day_before).exclude(pk=kept.pk).update(verified_until=day_before)
        standing = Icd10Code.objects.filter(valid_until__isnull=True)
        for some in _chunks((begin - set(plan.added)) | set(plan.ended)):
            standing.filter(code__in=some).update(valid_until=day_before)
        # an old release's word does not reach into the days of this one
        Icd10Code.objects.filter(valid_until=day_before, verified_until__gt=day_before).update(
            verified_until=day_before
        )
        standing.update(verified_until=release.verified_until)
        Icd10Code.objects.bulk_create(
            (
                Icd10Code(
                    code=code, description=plan.codes[code][0], billable=plan.codes[code][1], release=release.name,
                    valid_from=release.valid_from, verified_until=release.verified_until, is_first=False,
                )
                for code in sorted(begin)
            ),
            batch_size=BATCH,
        )  # fmt: skip
    return kept


def _chunks(codes: Iterable[str]) -> Iterable[list[str]]:
    listed = sorted(codes)
    return (listed[at : at + BATCH] for at in range(0, len(listed), BATCH))
