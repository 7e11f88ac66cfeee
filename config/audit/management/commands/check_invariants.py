import json

from django.core.management.base import BaseCommand

from config.registry import invariants


class Command(BaseCommand):
    help = "Holds the whole data set against its promises; exit 1 and one line per breach."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args, **options) -> None:
        breaches = 0
        for name, check in sorted(invariants.items()):
            for sentence in check():
                breaches += 1
                line = {"invariant": name, "breach": sentence}
                self.stdout.write(json.dumps(line) if options["json"] else f"{name}: {sentence}")
        if breaches:
            raise SystemExit(1)
        summary = {"status": "ok", "checked": sorted(invariants), "breaches": 0}
        self.stdout.write(json.dumps(summary) if options["json"] else f"{len(invariants)} promises hold")
