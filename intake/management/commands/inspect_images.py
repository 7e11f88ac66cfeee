import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser

from intake.imaging import pipeline
from intake.imaging.limits import MAX_BYTES
from intake.imaging.refusals import refuse
from intake.imaging.types import Accepted, Refused

_EXTENSION = {"jpeg": "jpg"}


class Command(BaseCommand):
    help = "Runs files through exactly the pipeline that an upload runs through, without the database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a photograph, or a folder of them")
        parser.add_argument("--json", action="store_true", help="one JSON object a line, the only form there is")
        parser.add_argument("--out", type=Path, metavar="DIR", help="write the renditions here")

    def handle(self, *args, **options) -> None:
        if options["out"]:
            options["out"].mkdir(parents=True, exist_ok=True)
        for path in self._files(options["paths"]):
            self.stdout.write(json.dumps(self._verdict(path, options["out"]), separators=(",", ":")))
            self.stdout.flush()

    @staticmethod
    def _files(paths: list[str]) -> list[str]:
        files: list[str] = []
        for path in paths:
            inside = sorted(str(p) for p in Path(path).iterdir() if p.is_file()) if Path(path).is_dir() else [path]
            files += inside
        return files

    def _verdict(self, path: str, out: Path | None) -> dict:
        try:
            with open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)
                size = max(len(data), Path(path).stat().st_size)
        except OSError as error:
            return _refused(path, refuse("unreadable_file", why=error.strerror or "unknown"), b"")
        if size > MAX_BYTES:
            data += Path(path).read_bytes()[len(data) :]
        outcome = pipeline.process(data)
        if isinstance(outcome, Refused):
            return _refused(path, outcome, data)
        return _accepted(path, outcome, out)


def _refused(path: str, refused: Refused, data: bytes) -> dict:
    return {
        "file": path,
        "accepted": False,
        "sha256": sha256(data).hexdigest(),
        "reason": refused.reason,
        "message": refused.message,
        "renditions": [],
    }


def _accepted(path: str, accepted: Accepted, out: Path | None) -> dict:
    renditions = []
    for rendition in accepted.renditions:
        written = None
        if out is not None:
            extension = _EXTENSION.get(rendition.format, rendition.format)
            written = out / f"{accepted.sha256}-{rendition.kind}.{extension}"
            written.write_bytes(rendition.data)
        renditions.append(
            {
                "kind": rendition.kind,
                "path": str(written) if written else None,
                "format": rendition.format,
                "width": rendition.width,
                "height": rendition.height,
                "bytes": len(rendition.data),
            }
        )
    return {
        "file": path,
        "accepted": True,
        "format": accepted.format,
        "width": accepted.width,
        "height": accepted.height,
        "sha256": accepted.sha256,
        "quality": asdict(accepted.quality),
        "renditions": renditions,
    }
