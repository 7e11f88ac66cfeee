import io

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from intake.imaging import segments
from tests.intake.imaging import corpus, looking
from tests.intake.imaging.corpus import CANARY


def pixels(data: bytes) -> numpy.ndarray:
    return numpy.asarray(Image.open(io.BytesIO(data)))


PLAIN = {
    "baseline": corpus.jpeg(),
    "progressive": corpus.jpeg(progressive=True),
    "grey": corpus.jpeg(corpus.scene().convert("L")),
    "cmyk": corpus.jpeg(corpus.scene().convert("CMYK")),
    "4:4:4": corpus.jpeg(subsampling=0),
    "restarts": corpus.jpeg(restart_marker_rows=1),
    "rgb": corpus.jpeg(keep_rgb=True),
    "odd size": corpus.jpeg(corpus.scene(211, 333)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_pixels_are_untouched(name):
    assert numpy.array_equal(pixels(segments.strip(PLAIN[name])), pixels(PLAIN[name]))


@pytest.mark.parametrize("name", PLAIN)
def test_stripping_twice_changes_nothing(name):
    once = segments.strip(PLAIN[name], orientation=6)
    assert segments.strip(once, orientation=6) == once


@pytest.mark.parametrize("marker", [0xE0, 0xE1, 0xE2, 0xE5, 0xED, 0xEE, 0xEF, 0xFE, 0xDC, 0xF0, 0xF7, 0xCC, 0xC8])
@pytest.mark.parametrize(
    "start", [b"", b"JFIF\0", b"JFXX\0\x10", b"Exif\0\0", b"ICC_PROFILE\0\x01\x01", b"MPF\0", b"Adobe"]
)
def test_text_in_any_segment_goes(marker, start):
    data = corpus.with_segments(corpus.jpeg(), corpus.segment(marker, start + CANARY * 3))
    assert CANARY not in segments.strip(data)


def test_what_follows_the_end_goes():
    assert segments.strip(corpus.jpeg() + CANARY) == segments.strip(corpus.jpeg())
    assert segments.strip(corpus.jpeg() + corpus.jpeg(comment=CANARY)) == segments.strip(corpus.jpeg())


def test_the_thumbnail_inside_jfif_goes():
    plain = corpus.jpeg()
    length = 4 + int.from_bytes(plain[4:6], "big") - 2
    jfif = b"JFIF\0\x01\x01\0\0\x01\0\x01\x03\x02" + CANARY[:18].ljust(18)
    stripped = segments.strip(plain[:2] + corpus.segment(0xE0, jfif) + plain[2 + length :])
    assert CANARY[:8] not in stripped


def test_bytes_between_segments_go_as_decoders_skip_them():
    data = corpus.jpeg()
    noisy = data[:2] + b"Jane Roe" + data[2:]
    assert segments.strip(noisy) == segments.strip(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_36_bytes_or_nothing(orientation):
    plain, tagged = segments.strip(corpus.jpeg()), segments.strip(corpus.jpeg(), orientation=orientation)
    assert len(tagged) - len(plain) == (0 if orientation == 1 else 36)
    assert Image.open(io.BytesIO(tagged)).getexif().get(0x0112, 1) == orientation


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.9, 0.99, 0.999])
def test_a_file_without_its_end_is_told(share):
    data = corpus.jpeg()
    with pytest.raises(segments.NotAJpeg):
        segments.strip(data[: int(len(data) * share)])


def test_a_missing_end_marker_alone_is_told():
    with pytest.raises(segments.NotAJpeg):
        segments.strip(corpus.jpeg()[:-2])


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"\xff\xd8" + b"\xff" * 99, CANARY])
def test_no_image_is_told(data):
    with pytest.raises(segments.NotAJpeg):
        segments.strip(data)


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC9, 0xCA, 0xCF])
def test_coding_that_browsers_do_not_show_is_told(marker):
    data = corpus.jpeg()
    at = data.index(b"\xff\xc0")
    with pytest.raises(segments.UncommonFrame):
        segments.strip(data[: at + 1] + bytes([marker]) + data[at + 2 :])


_parts = st.lists(
    st.tuples(st.sampled_from([0xE0, 0xE1, 0xE2, 0xE8, 0xED, 0xEE, 0xFE, 0xDC]), st.binary(max_size=200)), max_size=8
)


@given(parts=_parts, tail=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_extra_segments_leave_the_same_pixels_and_no_bytes(parts, tail):
    data = corpus.with_segments(PLAIN["baseline"], *(corpus.segment(marker, CANARY + body) for marker, body in parts))
    stripped = segments.strip(data + tail)
    assert CANARY not in stripped
    assert len(stripped) <= len(segments.strip(PLAIN["baseline"]))
    assert looking.segments(stripped)[-1] == (0, b"")


@given(at=st.integers(0, len(PLAIN["baseline"]) - 1), value=st.integers(0, 255), more=st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_damage_ends_in_a_whole_file_or_a_named_error(at, value, more):
    data = PLAIN["baseline"]
    try:
        stripped = segments.strip(data[:at] + bytes([value]) + more + data[at + 1 :])
    except (segments.NotAJpeg, segments.UncommonFrame):
        return
    assert stripped.startswith(b"\xff\xd8") and stripped.endswith(b"\xff\xd9")


@given(st.binary(max_size=2000))
@settings(max_examples=300, deadline=None)
def test_noise_behind_the_magic_ends_in_a_named_error_or_a_file(noise):
    try:
        segments.strip(b"\xff\xd8" + noise)
    except (segments.NotAJpeg, segments.UncommonFrame):
        return
