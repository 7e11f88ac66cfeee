import json

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from review import tape, timekeeping


class Command(BaseCommand):
    help = "What the clock credits for a recorded tape. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tape", help="a file of beats, one JSON object a line; - for standard input")
        parser.add_argument("--json", action="store_true", help="JSON, the only form there is")
        parser.add_argument("--explain", action="store_true", help="also what was not counted, and why")

    def handle(self, *args, **options) -> None:
        try:
            with open(0 if options["tape"] == "-" else options["tape"], encoding="utf-8") as lines:
                beats = tape.read_tape(lines)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['tape']} cannot be read: {error}.") from error
        except tape.TapeUnreadable as error:
            raise CommandError(str(error)) from error
        idle_ms, gap_ms = settings.CLOCK_IDLE_SECONDS * 1000, settings.CLOCK_GAP_SECONDS * 1000
        account = timekeeping.credit(beats, idle_ms=idle_ms, gap_ms=gap_ms)
        body = tape.as_json(account, idle_ms=idle_ms, gap_ms=gap_ms, explain=options["explain"])
        self.stdout.write(json.dumps(body))
