"""Whole files through the whole pipeline: each is taken without anything hidden in it, or refused by name."""

import zlib

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from intake.imaging import pipeline
from intake.imaging.types import Accepted, Refused
from tests.intake.imaging import corpus
from tests.intake.imaging.looking import accepted, assert_carries_nothing, by_kind, difference, refused, shown

WHOLE = {
    "jpeg with everything": corpus.chatty_jpeg(),
    "mpo": corpus.multi_picture() + corpus.CANARY,
    "png with everything": corpus.chatty_png(),
    "progressive jpeg": corpus.jpeg(progressive=True, exif=corpus.exif(), comment=corpus.CANARY),
    "grey jpeg": corpus.jpeg(corpus.scene().convert("L"), comment=corpus.CANARY),
    "cmyk jpeg": corpus.jpeg(corpus.scene().convert("CMYK"), exif=corpus.exif(), comment=corpus.CANARY),
    "webp": corpus.encode(corpus.scene(), "WEBP", exif=corpus.exif(), xmp=corpus.CANARY),
    "avif": corpus.encode(corpus.scene(), "AVIF", exif=corpus.exif(), xmp=corpus.CANARY),
    "palette png": corpus.encode(corpus.scene().quantize(64), "PNG"),
    "palette png with a hole": corpus.encode(corpus.scene().quantize(64), "PNG", transparency=0),
    "black and white png": corpus.encode(corpus.scene().convert("1"), "PNG"),
    "grey and alpha png": corpus.encode(corpus.scene().convert("LA"), "PNG"),
    "16-bit grey png": corpus.encode(corpus.grey16(), "PNG"),
    "png with a private chunk": corpus.chatty_png() + b"PK\x03\x04" + corpus.CANARY,
    "jpeg and zip in one": corpus.jpeg() + b"PK\x03\x04" + corpus.CANARY,
    "jpeg and web page in one": corpus.jpeg(comment=b"<script>alert('" + corpus.CANARY + b"')</script>"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_taken_and_nothing_hidden_in_it(name):
    outcome = accepted(pipeline.process(WHOLE[name]))
    assert (outcome.width, outcome.height) == (480, 640)
    for rendition in by_kind(outcome).values():
        assert_carries_nothing(rendition)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_every_orientation_comes_out_upright(format, orientation):
    data = corpus.encode(corpus.turned(orientation), format, exif=corpus.exif(orientation), quality=90)
    outcome = accepted(pipeline.process(data))
    assert (outcome.width, outcome.height) == (480, 640)
    scene = numpy.asarray(corpus.scene().resize((48, 64), Image.Resampling.BOX), dtype=float)
    for rendition in by_kind(outcome).values():
        assert difference(shown(rendition, (48, 64)), scene) < 12, rendition.kind


@pytest.mark.parametrize("tag", [0, 9, 65535])
def test_an_orientation_outside_the_standard_is_ignored(tag):
    assert accepted(pipeline.process(corpus.jpeg(exif=corpus.exif(tag)))).width == 480


def test_exif_that_makes_no_sense_is_no_obstacle():
    data = corpus.with_segments(corpus.jpeg(), corpus.segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff" + corpus.CANARY))
    assert_carries_nothing(accepted(pipeline.process(data)).renditions[0])


def test_a_jpegs_full_size_keeps_its_pixels():
    data = corpus.jpeg(exif=corpus.exif(), comment=corpus.CANARY)
    full = by_kind(accepted(pipeline.process(data)))["full"]
    received = shown(type(full)("full", data, "jpeg", 480, 640))
    assert numpy.array_equal(shown(full), received)


def test_sizes_of_renditions():
    kinds = by_kind(accepted(pipeline.process(corpus.jpeg(corpus.scene(2400, 3200)))))
    assert {kind: (r.width, r.height) for kind, r in kinds.items()} == {
        "full": (2400, 3200),
        "screen": (1512, 2016),
        "thumb": (300, 400),
    }


def test_nothing_is_enlarged():
    kinds = by_kind(accepted(pipeline.process(corpus.jpeg(corpus.scene(150, 200)))))
    assert {(r.width, r.height) for r in kinds.values()} == {(150, 200)}


def test_the_same_bytes_give_the_same_renditions():
    assert pipeline.process(corpus.chatty_jpeg()) == pipeline.process(corpus.chatty_jpeg())


def test_when_the_photo_was_taken_is_kept_as_data():
    assert accepted(pipeline.process(corpus.chatty_jpeg())).captured_at.isoformat() == "2026-11-20T14:19:05"


CUT = {
    "jpeg": corpus.jpeg(),
    "progressive": corpus.jpeg(progressive=True),
    "cmyk": corpus.jpeg(corpus.scene().convert("CMYK")),
    "png": corpus.encode(corpus.scene(), "PNG"),
    "webp": corpus.encode(corpus.scene(), "WEBP"),
    "avif": corpus.encode(corpus.scene(), "AVIF"),
}


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("name", CUT)
def test_a_cut_off_file_is_refused(name, share):
    data = CUT[name]
    refused(pipeline.process(data[: int(len(data) * share)]), "damaged")


@pytest.mark.parametrize("name", CUT)
def test_the_last_byte_counts(name):
    refused(pipeline.process(CUT[name][:-1]), "damaged")


def test_damage_within_a_png_is_found():
    data = bytearray(CUT["png"])
    data[len(data) // 2] ^= 0xFF
    refused(pipeline.process(bytes(data)), "damaged")


def test_text_that_unpacks_to_gigabytes_is_refused_or_ignored():
    note = b"Comment\0\0" + zlib.compress(b"a" * 80_000_000)
    chunk = len(note).to_bytes(4, "big") + b"zTXt" + note + zlib.crc32(b"zTXt" + note).to_bytes(4, "big")
    png = CUT["png"]
    outcome = pipeline.process(png[:33] + chunk + png[33:])
    assert isinstance(outcome, Accepted) or outcome.reason in {"damaged", "too_hard"}


@given(st.sampled_from(sorted(CUT)), st.data())
@settings(max_examples=60, deadline=None)
def test_flipped_bytes_end_in_a_verdict(name, draw):
    data = bytearray(CUT[name])
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, min(len(data), 2000) - 1))] = draw.draw(st.integers(0, 255))
    outcome = pipeline.process(bytes(data))
    assert isinstance(outcome, Accepted | Refused)
    for rendition in getattr(outcome, "renditions", ()):
        assert_carries_nothing(rendition)
