import faulthandler
import os
import time

import pytest

from intake.imaging import child, pipeline
from intake.imaging.refusals import refuse
from tests.intake.imaging import corpus
from tests.intake.imaging.looking import accepted, refused


def children() -> int:
    """Live or unreaped children of this process."""
    with open(f"/proc/self/task/{os.getpid()}/children") as listing:
        return len(listing.read().split())


@pytest.fixture(autouse=True)
def _nobody_left_behind():
    before = children()
    yield
    assert children() == before


def abort(data: bytes):
    faulthandler.disable()  # pytest would print a traceback of the death that is wanted
    os.abort()


def grab_memory(data: bytes):
    return bytearray(4 << 30)


def catch_memory_error(data: bytes):
    try:
        bytearray(4 << 30)
    except MemoryError:
        return refuse("too_hard")
    return refuse("not_a_photo")


def spin(data: bytes):
    while True:
        pass


def write_rubbish(data: bytes):
    return refuse("empty").message  # not an Outcome: cannot be packed


def test_the_answer_comes_back_unchanged():
    png = corpus.encode(corpus.scene(), "PNG")
    outcome = accepted(child.run(lambda data: pipeline._process(data, "png"), png))
    assert outcome == accepted(pipeline._process(png, "png"))


def test_a_refusal_comes_back():
    assert child.run(lambda data: refuse("empty"), b"") == refuse("empty")


@pytest.mark.parametrize("work", [abort, grab_memory, write_rubbish])
def test_a_child_that_dies_is_one_refused_photo(work):
    refused(child.run(work, b""), "too_hard")


def test_memory_is_limited_beyond_what_the_parent_has():
    refused(child.run(catch_memory_error, b""), "too_hard")


def test_a_child_that_never_returns_is_killed():
    began = time.monotonic()
    refused(child.run(spin, b"", wall_seconds=0.3), "too_hard")
    assert time.monotonic() - began < 3


def test_a_half_answer_is_no_answer():
    png = corpus.encode(corpus.scene(), "PNG")
    whole = child._pack(pipeline._process(png, "png"))
    for size in (1, 3, 50, len(whole) // 2, len(whole) - 1):
        refused(child._unpack(whole[:size]), "too_hard")


def test_a_jpeg_with_hundreds_of_scans_goes_to_the_child(monkeypatch):
    asked = []
    monkeypatch.setattr(child, "run", lambda work, data: asked.append(1) or refuse("too_hard"))
    data = corpus.jpeg(progressive=True)
    at = data.rindex(b"\xff\xda")
    refused(pipeline.process(data[:-2] + data[at:-2] * 200 + b"\xff\xd9"), "too_hard")
    accepted(pipeline.process(data))
    assert asked == [1]


@pytest.mark.parametrize(("mode", "size"), [("RGBA", (6000, 9900)), ("RGB", (6000, 9900))])
def test_the_largest_allowed_picture_fits(mode, size):
    data = corpus.encode(corpus.scene(60, 99).convert(mode).resize(size, 0), "PNG", compress_level=1)
    outcome = accepted(pipeline.process(data))
    assert (outcome.width, outcome.height) == size
