from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = (
        "What a start needs: migrations, static files, reference data, ICD-10-CM codes. A second run changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="demo data as well, when none was loaded before")

    def handle(self, *args, **options) -> None:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("load_reference", stdout=self.stdout)
        call_command("import_icd10cm", stdout=self.stdout)
        if options["demo"]:
            call_command("seed_demo", once=True, stdout=self.stdout)
