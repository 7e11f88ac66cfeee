import json
import os
import stat
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser

from intake.imaging import pipeline
from intake.imaging.refusals import refuse
from intake.imaging.types import Accepted, Header, Refused

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
            files += sorted(str(p) for p in Path(path).iterdir() if p.is_file()) if _is_folder(path) else [path]
        return files

    def _verdict(self, path: str, out: Path | None) -> dict:
        try:
            if not stat.S_ISREG(Path(path).stat().st_mode):
                return _refused(path, refuse("unreadable_file", why="it is not a file"), None)
            data = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "the name cannot be used"
            return _refused(path, refuse("unreadable_file", why=why.lower()), None)
        outcome = pipeline.process(data)
        if isinstance(outcome, Refused):
            return _refused(path, outcome, data)
        return _accepted(path, outcome, out)


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir() and os.access(path, os.R_OK | os.X_OK)
    except ValueError:
        return False


def _refused(path: str, refused: Refused, data: bytes | None) -> dict:
    header = pipeline.check(data) if data else None
    known = header if isinstance(header, Header) else None
    return {
        "file": path,
        "accepted": False,
        "format": known.format if known else None,
        "width": None,
        "height": None,
        "sha256": sha256(data).hexdigest() if data is not None else None,
        "quality": None,
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
