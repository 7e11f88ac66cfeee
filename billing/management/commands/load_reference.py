from django.core.management.base import BaseCommand

from billing import reference


class Command(BaseCommand):
    help = "Loads codes, payers and known models. What exists is left alone."

    def handle(self, *args, **options) -> None:
        reference.load()
        self.stdout.write("Reference data is there.")
