from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from review import icd10
from review.models.icd import RELEASE


class Command(BaseCommand):
    help = (
        "Reads the ICD-10-CM codes into the database, once. With --file a further release from CMS's order file "
        "(icd10cm-order-YYYY.txt); its name says the dates, or --from and --until do."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--file", type=Path, help="CMS's order file of a further release")
        parser.add_argument("--from", dest="valid_from", type=date.fromisoformat, help="its first day")
        parser.add_argument(
            "--until", dest="verified_until", type=date.fromisoformat, help="the last day it answers for"
        )
        parser.add_argument("--release", help="its name, such as 'October 2026'")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *args, **options) -> None:
        if options["file"] is None:
            added = icd10.import_codes()
            self.stdout.write(f"ICD-10-CM, release of {RELEASE}: {added} codes added.")
            return
        try:
            self._further(options)
        except (OSError, icd10.ReleaseRefused) as refused:
            raise CommandError(str(refused)) from refused

    def _further(self, options) -> None:
        usual = icd10.usual_dates(options["file"].name) or (None, None)
        first, last = options["valid_from"] or usual[0], options["verified_until"] or usual[1]
        if first is None or last is None:
            raise icd10.ReleaseRefused("The file's name does not say its dates. Give --from and --until.")
        name = options["release"] or f"{first:%B %Y}"
        plan = icd10.plan_release(options["file"].read_bytes(), icd10.Release(name, first, last))
        if not options["dry_run"]:
            icd10.apply_release(plan, by=None)
        self.stdout.write(
            f"ICD-10-CM, release of {name}, {first} to {last}: {len(plan.codes)} codes, {len(plan.added)} new, "
            f"{len(plan.changed)} changed, {len(plan.ended)} ended."
        )
        if plan.gap:
            self.stdout.write(f"No release answers for {plan.gap[0]} to {plan.gap[1]}: not verified for those dates.")
        if options["dry_run"]:
            self.stdout.write("Nothing was written.")
