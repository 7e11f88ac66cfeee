"""The ICD-10-CM set, read once into a table: code, words, and whether it may stand on a claim."""

import warnings

from django.db import transaction

from review.models import Icd10Code
from review.models.icd import RELEASE, RELEASE_CODES, VALID_FROM, VERIFIED_UNTIL

BATCH = 500  # rows a statement: below SQLite's limit of variables


def import_codes() -> int:
    """Add every code of the release that is not in the table yet; returns how many were added. Safe to repeat."""
    # the package takes seconds to read its own data, and a start with nothing to add should not wait for it
    if Icd10Code.objects.filter(release=RELEASE).count() == RELEASE_CODES:
        return 0
    with warnings.catch_warnings():
        # its way of reading its own data is deprecated in the standard library; not ours to mend
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10_cm as cm  # reads its data on import: not for web processes

    have = set(Icd10Code.objects.values_list("code", flat=True))
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
    return len(rows)
