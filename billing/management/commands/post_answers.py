from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import posting
from billing.services import BillingRefused
from config.accounts.models import Clinic


class Command(BaseCommand):
    help = "Posts files that payers sent (999, 277CA, 835). What was posted before is not posted again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args, **options) -> None:
        refused = 0
        groups = list(Clinic.objects.filter(kind=Clinic.Kind.GROUP))
        for path in options["files"]:
            try:
                received = posting.receive(content=path.read_bytes(), name=path.name, by=None, groups=groups)
            except (BillingRefused, OSError) as problem:
                self.stderr.write(f"{path}: {problem}")
                refused += 1
                continue
            done = "posted before" if not received.is_new else f"{received.posted} posted, {received.known} known"
            self.stdout.write(f"{path}: {done}, {received.matched} matched, {received.unmatched} unmatched")
        if refused:
            raise CommandError(f"{refused} of {len(options['files'])} files were not posted.")
