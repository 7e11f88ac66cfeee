"""A killable child beside the same decode in process (HEIC), and the most memory that one photo takes.

There is no free encoder for HEIC: phone photographs lie beside the program, or these rows say that there are none."""

import io
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from PIL import Image

from intake.imaging import child, pipeline
from intake.imaging.types import Accepted, Refused
from tests.benchmarks import benchmark
from tests.benchmarks.timing import compared, interleaved

FOLDER = Path(settings.BASE_DIR).parent / "shared" / "data" / "photos"
MEGAPIXELS_48 = (8064, 6048)


def _heic(data: bytes) -> Accepted | Refused:
    return pipeline._process(data, "heic")


def in_process(data: bytes) -> None:
    if not isinstance(_heic(data), Accepted):
        raise ValueError("refused")


def in_child(data: bytes) -> None:
    if not isinstance(child.run(_heic, data), Accepted):
        raise ValueError("refused")


@benchmark
def heic(quick: bool) -> Iterator[dict]:
    photos = [path.read_bytes() for path in sorted(FOLDER.glob("*.HEIC"))]
    if not photos:
        yield {"skipped": "no HEIC photographs on this machine"}
        return
    spent = interleaved({"in_process": in_process, "in_child": in_child}, photos, 2 if quick else 8)
    yield {"photos": len(photos)} | compared(spent, "in_child")


# a fresh interpreter that processes one file in a child, as a worker does; the highest resident set of that child
PEAK = """
import json, os, resource, sys
import django
django.setup()
from intake.imaging import pipeline
data = open(sys.argv[1], "rb").read()
if sys.argv[2] == "jpeg":
    pid = os.fork()
    if pid == 0:
        outcome = pipeline.process(data)
        os._exit(0 if type(outcome).__name__ == "Accepted" else 1)
    _, status, used = os.wait4(pid, 0)
    peak, fine = used.ru_maxrss, status == 0
else:
    fine = type(pipeline.process(data)).__name__ == "Accepted"
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps(dict(peak_MB=round(peak / 1024), accepted=fine)))
"""


def _peak(path: Path, kind: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", PEAK, path, kind], cwd=settings.BASE_DIR, capture_output=True, check=True
    )
    return json.loads(done.stdout)


def large_jpeg(**options) -> bytes:
    from tests.benchmarks.ingest import photograph

    with Image.open(io.BytesIO(photograph(1))) as image:
        large = image.convert("RGB").resize(MEGAPIXELS_48, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    large.save(out, "JPEG", quality=90, subsampling=2, **options)
    return out.getvalue()


@benchmark
def memory(quick: bool) -> Iterator[dict]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.jpg"
        for name, options in (("JPEG, 48 megapixels", {}), ("progressive JPEG, 48 megapixels", {"progressive": True})):
            path.write_bytes(large_jpeg(**options))
            yield {"photo": name, "limit_MB": 300} | _peak(path, "jpeg")
    peaks = [(path.name, _peak(path, "heic")) for path in sorted(FOLDER.glob("*.HEIC"))]
    for name, peak in peaks:
        yield {"photo": name, "limit_MB": 700} | peak
    if peaks:
        yield {"photo": "HEIC, median", "limit_MB": 700, "peak_MB": statistics.median(p["peak_MB"] for _, p in peaks)}
