import os
import tempfile
from pathlib import Path
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import batches, exporting
from billing.models import Batch
from billing.services import BillingRefused


class Command(BaseCommand):
    help = "Makes a batch of all ready lines, as the biller's button does, and writes its file; or writes a kept one again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=["csv", "837p"], required=True)
        parser.add_argument("--output", type=Path, required=True, metavar="FILE")
        parser.add_argument("--batch", metavar="ID", help="write this batch again, byte for byte")

    def handle(self, *args, **options) -> None:
        output: Path = options["output"]
        if not output.parent.is_dir() or not os.access(output.parent, os.W_OK):
            raise CommandError(f"The folder {output.parent} does not exist or cannot be written. Nothing was exported.")
        if output.is_dir():
            raise CommandError(f"{output} is a folder. Name the file to write. Nothing was exported.")
        try:
            found = [self._kept(options["batch"])] if options["batch"] else batches.export_ready(by=None)
        except BillingRefused as refused:
            raise CommandError(str(refused)) from refused
        if not found:
            self.stdout.write("Nothing is ready to export.")
            return
        files = list(exporting.all_files(found, options["format"]))
        # first, so that whoever reads this knows the batch even when its file cannot be written
        for batch in found:
            self.stdout.write(f"Batch {batch.pk} ({batch.number}): {batch.line_count} lines, {batch.total:.2f}")
        for number, file in enumerate(files, start=1):
            name = output if len(files) == 1 else output.with_name(f"{output.stem}-{number}{output.suffix}")
            try:
                _write(name, file.read())
            except OSError as error:
                raise CommandError(
                    f"{name} cannot be written: {error.strerror}. The batch is kept: write it again with --batch."
                ) from error
            self.stdout.write(f"{name}: {file.byte_size} bytes, SHA-256 {file.sha256}")

    @staticmethod
    def _kept(text: str) -> Batch:
        try:
            return Batch.objects.get(pk=UUID(text))
        except ValueError:
            number = text.removeprefix("B-")
            found = Batch.objects.filter(control_number=int(number)) if number.isdigit() else Batch.objects.none()
            if found.count() == 1:
                return found[0]
        except Batch.DoesNotExist:
            pass
        raise CommandError(f"There is no batch {text}.")


def _write(path: Path, content: bytes) -> None:
    """Under a temporary name, then renamed: a reader never sees a part."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")  # for the own user only
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
