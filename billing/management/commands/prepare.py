from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = (
        "What a start needs: migrations, static files, reference data, ICD-10-CM codes. A second run changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", metavar="CASES", help="demo data as well, once; so many cases, or `all`")

    def handle(self, *args, **options) -> None:
        wanted = options["demo"] or "all"
        if wanted != "all" and not wanted.isdecimal():
            raise CommandError(f"DEMO_CASES is {wanted!r}. Write a number of cases, or all.")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("load_reference", stdout=self.stdout)
        call_command("import_icd10cm", stdout=self.stdout)
        if options["demo"]:
            cases = {} if wanted == "all" else {"cases": int(wanted)}
            call_command("seed_demo", once=True, stdout=self.stdout, **cases)
