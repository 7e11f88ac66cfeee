from django.core.management.base import BaseCommand

from review.icd10 import import_codes
from review.models.icd import RELEASE


class Command(BaseCommand):
    help = "Reads the ICD-10-CM codes into the database, once. A second run adds nothing."

    def handle(self, *args, **options) -> None:
        added = import_codes()
        self.stdout.write(f"ICD-10-CM, release of {RELEASE}: {added} codes added.")
