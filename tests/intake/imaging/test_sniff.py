import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.imaging import pipeline, refusals
from intake.imaging.sniff import sniff
from intake.imaging.types import Header, Refused
from tests.intake.imaging import corpus
from tests.intake.imaging.looking import accepted, refused


def ftyp(*brands: bytes) -> bytes:
    body = brands[0] + b"\0\0\0\0" + b"".join(brands[1:])
    return (8 + len(body)).to_bytes(4, "big") + b"ftyp" + body + b"\0" * 200


TAKEN = {
    "jpeg": corpus.jpeg(),
    "png": corpus.encode(corpus.scene(), "PNG"),
    "webp": corpus.encode(corpus.scene(), "WEBP"),
    "avif": corpus.encode(corpus.scene(), "AVIF"),
}
NAMED = {
    "empty": b"",
    "gif": corpus.encode(corpus.scene(), "GIF"),
    "pdf": b"%PDF-1.7\n" + b"x" * 200,
    "tiff": corpus.encode(corpus.scene(), "TIFF"),
    "bmp": corpus.encode(corpus.scene(), "BMP"),
    "dicom": b"\0" * 128 + b"DICM" + b"\0" * 100,
    "jpeg2000": b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 100,
    "jpeg_xl": b"\xff\x0a" + b"\0" * 100,
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "archive": b"PK\x03\x04" + b"\0" * 100,
    "video": ftyp(b"isom", b"iso2", b"avc1", b"mp41"),
    "not_a_photo": b"Dear doctor, here is my arm.",
}


@pytest.mark.parametrize("format", TAKEN)
def test_the_closed_list_is_told_by_content(format):
    assert sniff(TAKEN[format]) == Header(format, 480, 640)


@pytest.mark.parametrize("options", [{"lossless": True}, {"exif": corpus.exif()}, {"quality": 20}])
def test_each_webp_layout_tells_its_size(options):
    assert sniff(corpus.encode(corpus.scene(), "WEBP", **options)) == Header("webp", 480, 640)


@pytest.mark.parametrize("reason", NAMED)
def test_everything_else_is_named(reason):
    refused(pipeline.check(NAMED[reason]), reason)


@pytest.mark.parametrize(
    ("brands", "reason"),
    [
        ((b"qt  ",), "video"),
        ((b"3gp5", b"isom"), "video"),
        ((b"hevc", b"heic"), "animation"),
        ((b"avis", b"avif"), "animation"),
        ((b"crx ", b"isom"), "tiff"),
        ((b"zzzz",), "not_a_photo"),
    ],
)
def test_relatives_of_heic_are_not_taken_for_it(brands, reason):
    refused(sniff(ftyp(*brands)), reason)


@pytest.mark.parametrize("brands", [(b"heic", b"mif1"), (b"mif1", b"heic"), (b"heix",), (b"mif1", b"miaf")])
def test_heic_by_any_of_its_brands(brands):
    assert sniff(ftyp(*brands)).format == "heic"


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_moving_pictures_are_told_at_the_door(format):
    refused(pipeline.check(corpus.animated(format)), "animation")


def test_a_moving_avif_is_refused():
    refused(pipeline.process(corpus.animated("AVIF")), "animation")


def test_an_avif_that_calls_itself_a_still_shows_its_still():
    outcome = accepted(pipeline.process(corpus.animated("AVIF").replace(b"ftypavis", b"ftypavif", 1)))
    assert (outcome.width, outcome.height) == (480, 640)


@pytest.mark.parametrize("reason", refusals.MESSAGES)
def test_every_refusal_is_a_sentence_that_names_problem_and_remedy(reason):
    text = refusals.refuse(reason, size=26.2, megapixels=64.1, width=50, height=60, why="no such file").message
    assert re.match(r"This .+[.:]", text) and text.endswith(".")
    assert reason == "unreadable_file" or re.search(r"\b(Send|Choose|Take|Save|Export|Open)\b", text)
    assert not re.search(r"please|oops|invalid|failed|rejected|payload|\bbad\b|[{}]", text, re.IGNORECASE)
    assert len(text) <= 300


@given(st.sampled_from([*TAKEN.values(), *NAMED.values()]), st.integers(0, 60), st.binary(max_size=60))
@settings(max_examples=400, deadline=None)
def test_no_header_makes_it_stumble(data, at, noise):
    assert isinstance(sniff(data[:at] + noise + data[at + len(noise) :]), Header | Refused)
