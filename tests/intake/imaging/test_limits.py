import time

import pytest

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
