from django.core.management.base import BaseCommand

from config.audit import seals


class Command(BaseCommand):
    help = "Checks the audit trail's hash chain; exit 1 where it is broken or a row waited too long for its seal."

    def handle(self, *args, **options) -> None:
        verdict = seals.verify()
        self.stdout.write(str(verdict))
        for line in verdict.breaks:
            self.stderr.write(line)
        if verdict.breaks or verdict.late:
            raise SystemExit(1)
