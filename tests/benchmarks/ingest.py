"""Taking in photographs of 12 megapixels: everything that the pipeline does, beside one bare decode of the same bytes
beside the calls that ISIC Archive makes for an upload (it keeps fewer renditions and checks no quality), and beside
libvips making two of the renditions (`pip install 'pyvips[binary]'`, or pyvips and the system's libvips; without it that
row is left out). The row names libvips' version: 8.18 takes two thirds of the time that 8.14 takes."""

import hashlib
import io
import logging
import os
import statistics
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

import numpy
from PIL import Image, ImageOps

from intake import demo_pictures
from intake.imaging import colour, pipeline
from intake.imaging.types import Accepted
from tests.benchmarks import benchmark
from tests.benchmarks.timing import compared, interleaved

SIZE = (4032, 3024)
ORIENTATIONS = (1, 6, 3, 8)


def photograph(number: int, icc: bytes = b"") -> bytes:
    """Skin with a sensor's grain, 4:2:0 quality 92 as phones write it, turned by a tag."""
    kind = demo_pictures.SKIN_KINDS[number % len(demo_pictures.SKIN_KINDS)]
    with Image.open(io.BytesIO(demo_pictures.picture(kind, seed=number))) as small:
        large = numpy.asarray(small.rotate(90, expand=True).resize(SIZE, Image.Resampling.BICUBIC), dtype=numpy.int16)
    grain = numpy.random.default_rng(number).normal(size=(*large.shape[:2], 1)) * 5
    picture = Image.fromarray(numpy.clip(large + grain.astype(numpy.int16), 0, 255).astype(numpy.uint8))
    tags = Image.Exif()
    tags[0x0112] = ORIENTATIONS[number % 4]
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92, subsampling=2, exif=tags, icc_profile=icc)
    return out.getvalue()


def bare_decode(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.load()


def isic_sequence(data: bytes) -> str:
    """Signature, full decode, turn, RGB, full-size JPEG with Pillow's defaults, reopen, 256 px LANCZOS, sha256."""
    if not data.startswith(b"\xff\xd8\xff"):
        raise ValueError("not a JPEG")
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        whole = ImageOps.exif_transpose(image).convert("RGB")
    blob = io.BytesIO()
    whole.save(blob, "JPEG")
    with Image.open(io.BytesIO(blob.getvalue())) as stored:
        stored.thumbnail((256, 256), Image.Resampling.LANCZOS)
        stored.save(io.BytesIO(), "JPEG")
    return hashlib.sha256(blob.getvalue()).hexdigest()


def pyvips_renditions(data: bytes) -> None:
    """Two thumbnails, turned, at the quality that ours have."""
    pyvips = import_module("pyvips")
    for side in (2048, 400):
        pyvips.Image.thumbnail_buffer(data, side, height=side).write_to_buffer(".jpg", Q=90)


def dermforward(data: bytes) -> None:
    if not isinstance(pipeline.process(data), Accepted):
        raise ValueError("refused")


@benchmark
def ingest(quick: bool) -> Iterator[dict]:
    rows = {"bare_decode": bare_decode, "isic_sequence": isic_sequence, "dermforward": dermforward}
    with_what: dict[str, str] = {}
    if find_spec("pyvips"):
        logging.getLogger("pyvips").setLevel(logging.WARNING)
        os.environ["VIPS_CONCURRENCY"] = "1"  # all rows on one core
        rows["pyvips_2048_400"] = pyvips_renditions
        vips = import_module("pyvips")
        with_what = {"libvips": ".".join(str(vips.version(part)) for part in range(3))}
    for profile, icc in (("sRGB", b""), ("Display-P3", colour.display_p3_profile())):
        photos = [photograph(number, icc) for number in range(2 if quick else 12)]
        spent = interleaved(rows, photos, 1 if quick else 3)
        yield (
            {
                "profile": profile,
                "photos": len(photos),
                "pixels": list(SIZE),
                "median_megabytes": round(statistics.median(map(len, photos)) / 1e6, 2),
            }
            | with_what
            | compared(spent, "dermforward")
        )
