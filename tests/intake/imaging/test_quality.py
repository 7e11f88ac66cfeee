import io

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter

from intake import demo_pictures
from intake.imaging import quality


def photograph(kind: str = "changing_mole", **options) -> Image.Image:
    return Image.open(io.BytesIO(demo_pictures.picture(kind, **options))).convert("RGB")


def verdict(image: Image.Image) -> quality.Quality:
    return quality.assess(image, *image.size)


@pytest.fixture(scope="module")
def sharp() -> Image.Image:
    return photograph()


@pytest.mark.parametrize("tone", ["light", "mid", "deep", "dark"])
def test_a_sharp_well_lit_photo_is_good_on_every_tone(tone):
    assert verdict(photograph("rash", tone=tone)).verdict == "good"


@pytest.mark.parametrize("tone", ["light", "mid", "deep", "dark"])
def test_halving_the_light_blurs_nothing_on_any_tone(tone):
    assert "blurred" not in verdict(ImageEnhance.Brightness(photograph("rash", tone=tone)).enhance(0.5)).reasons


@pytest.mark.parametrize("radius", [6, 10, 20])
def test_blur_is_told(sharp, radius):
    outcome = verdict(sharp.filter(ImageFilter.GaussianBlur(radius)))
    assert (outcome.verdict, outcome.reasons) == ("retake_suggested", ("blurred",))


def test_a_shake_along_one_axis_is_blur(sharp):
    pixels = numpy.asarray(sharp, dtype=float)
    shaken = sum(numpy.roll(pixels, shift, axis=1) for shift in range(-20, 21)) / 41
    assert "blurred" in verdict(Image.fromarray(shaken.astype("u1"))).reasons


def test_too_dark_is_told_and_nothing_guessed_about_sharpness():
    assert verdict(photograph(flaw="dark")).reasons == ("too_dark",)


def test_washed_out_is_told(sharp):
    assert "too_bright" in verdict(sharp.point(lambda level: min(255, level * 3))).reasons


def test_a_blank_picture_is_told():
    assert verdict(Image.new("RGB", (800, 1000), (128, 120, 110))).reasons == ("blank",)


@pytest.mark.parametrize(("side", "told"), [(399, True), (400, False)])
def test_below_400_px_is_advised(sharp, side, told):
    image = sharp.resize((side, 600))
    assert ("too_small" in verdict(image).reasons) is told


def test_brightness_cancels_out():
    texture = numpy.random.default_rng(3).normal(size=(400, 500)) * 20 + 120
    whole, half = quality.sharpness(texture, 0), quality.sharpness(texture / 2, 0)
    assert whole == pytest.approx(half)


@pytest.mark.parametrize("size", [(100, 6000), (6000, 100)])
def test_a_long_strip_gets_numbers(size):
    assert all(numpy.isfinite(list(verdict(Image.new("RGB", size, "tan")).scores.values())))


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 255))
@settings(max_examples=40, deadline=None)
def test_every_size_gets_a_verdict(width, height, level):
    outcome = verdict(Image.new("RGB", (width, height), (level, level, level)))
    assert outcome.verdict in {"good", "usable", "retake_suggested"}
    assert all(numpy.isfinite(list(outcome.scores.values())))


@given(st.lists(st.integers(0, 255), min_size=1, max_size=300), st.sampled_from([0, 50, 95, 99.5, 100]))
@settings(deadline=None)
def test_percentiles_are_those_of_the_levels_themselves(levels, share):
    image = Image.fromarray(numpy.array([levels], dtype=numpy.uint8))
    assert quality._percentile(image.histogram(), share) == pytest.approx(numpy.percentile(levels, share))


def test_a_photo_is_judged_alike_whole_and_by_its_small_greys(sharp):
    small = quality.small_grey(sharp)
    assert max(small.size) == 512
    assert quality.small_grey(small) is small
    assert quality.assess(small, *sharp.size) == quality.assess(sharp, *sharp.size)
