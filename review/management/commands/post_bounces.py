import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from review import paper
from review.bounces import returned


class Command(BaseCommand):
    help = (
        "Mail that came back: reads each FILE (a mail as the server keeps it; a folder is read file by file; - is the "
        "standard input, for a pipe of the mail server) and puts what did not arrive on the clinic's list to print."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")

    def handle(self, *args, **options) -> None:
        known = failed = other = 0
        for data in self._mails(options["files"]):
            report = returned(data)
            if report is None:
                other += 1
            elif paper.came_back(identity=report.identity, address=report.address, at=timezone.now()):
                known += 1
            else:
                failed += 1
        # counts only: what is in a returned mail is nobody's business here
        self.stdout.write(f"{known} came back, {failed} not ours, {other} no report of a failure")

    def _mails(self, names: list[str]):
        for name in names:
            if name == "-":
                yield sys.stdin.buffer.read()
                continue
            path = Path(name)
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    yield file.read_bytes()
