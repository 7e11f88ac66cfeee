import io
import time

import numpy
import pytest
from PIL import Image, ImageChops, JpegImagePlugin

from intake.imaging import limits, pipeline
from intake.imaging.types import Header
from tests.intake.imaging import corpus
from tests.intake.imaging.looking import accepted, refused


def test_25_mb_is_the_limit():
    data = corpus.jpeg()
    assert accepted(pipeline.process(data + b"\0" * (limits.MAX_BYTES - len(data))))
    outcome = refused(pipeline.check(data + b"\0" * (limits.MAX_BYTES + 1 - len(data))), "too_many_bytes")
    assert "25.1 MB" in outcome.message and "25 MB" in outcome.message


@pytest.mark.parametrize(("size", "reason"), [((6000, 10000), None), ((6000, 10001), "too_many_pixels")])
def test_60_megapixels_is_the_limit(size, reason):
    outcome = limits.check_size(Header("jpeg", *size))
    assert (outcome.reason if outcome else None) == reason


@pytest.mark.parametrize("size", [(99, 4000), (4000, 99), (1, 1), (0, 500)])
def test_below_100_px_nothing_can_be_seen(size):
    refused(limits.check_size(Header("jpeg", *size)), "too_small")


def test_100_px_is_taken_and_a_larger_one_advised():
    outcome = accepted(pipeline.process(corpus.jpeg(corpus.scene(100, 100))))
    assert "too_small" in outcome.quality.reasons


@pytest.mark.parametrize("size", [(30_000, 30_000), (2**31 - 1, 2**31 - 1), (60_000_001, 1)])
def test_a_bomb_is_refused_by_its_header(size):
    began = time.process_time()
    refused(pipeline.process(corpus.png_header(*size)), "too_many_pixels")
    assert time.process_time() - began < 0.05


def test_a_jpeg_bomb_is_refused_by_its_header():
    refused(pipeline.process(corpus.claiming(corpus.jpeg(), 65_000, 65_000)), "too_many_pixels")


def test_a_header_that_promises_more_than_there_is():
    refused(pipeline.process(corpus.png_header(5000, 5000)), "damaged")


def test_a_second_frame_header_cannot_smuggle_a_size():
    data = corpus.jpeg()
    at = data.index(b"\xff\xc0")
    small = corpus.claiming(data, 200, 200)[at : at + 19]
    big = corpus.claiming(data, 60_000, 60_000)[at : at + 19]
    outcome = pipeline.process(data[:at] + small + big + data[at + 19 :])
    assert outcome.reason in {"too_many_pixels", "too_hard", "damaged"}


# --- a progressive picture too large to hold its coefficients and its pixels at once ---------------------------------


@pytest.fixture
def halved(monkeypatch):
    """What is decoded at half size from now on, counted."""
    asked = []
    real = JpegImagePlugin.JpegImageFile.draft

    def draft(image, mode, size):
        asked.append(size)
        return real(image, mode, size)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "draft", draft)
    monkeypatch.setattr(limits, "HALVED_FROM", 1_000_000)
    return asked


@pytest.fixture(scope="module")
def progressive() -> bytes:
    return corpus.encode(corpus.scene(1301, 2101), "JPEG", progressive=True, subsampling=2, exif=corpus.exif(6))


def pixels(rendition) -> Image.Image:
    with Image.open(io.BytesIO(rendition.data)) as image:
        return image.convert("RGB")


def test_a_large_progressive_photo_is_read_at_half_size_and_nothing_else_changes(progressive, halved, monkeypatch):
    half = accepted(pipeline.process(progressive))
    assert halved == [(650, 1050)]
    monkeypatch.undo()
    whole = accepted(pipeline.process(progressive))
    assert (half.width, half.height) == (whole.width, whole.height) == (2101, 1301)
    assert half.renditions[0] == whole.renditions[0], "the full size is the received pixels, rewritten"
    assert (half.quality.verdict, half.sha256) == (whole.quality.verdict, whole.sha256)
    screen = pixels(half.renditions[1])
    assert screen.size == (1051, 651)
    same = pixels(whole.renditions[1]).resize(screen.size, Image.Resampling.BOX)
    assert numpy.asarray(ImageChops.difference(screen, same)).mean() < 8  # of grain


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_what_is_cut_off_is_seen_at_half_size_too(progressive, halved, share):
    refused(pipeline.process(progressive[: int(len(progressive) * share)]), "damaged")


def test_only_what_is_large_and_progressive_is_read_at_half_size(halved):
    accepted(pipeline.process(corpus.jpeg(corpus.scene(1301, 2101))))
    accepted(pipeline.process(corpus.encode(corpus.scene(400, 600), "JPEG", progressive=True)))
    assert halved == []


def test_what_is_coded_anew_needs_all_of_its_pixels(halved):
    data = corpus.encode(corpus.scene(1301, 2101).convert("CMYK"), "JPEG", progressive=True)
    outcome = accepted(pipeline.process(data))
    assert halved == []
    assert pixels(outcome.renditions[0]).size == (1301, 2101)
