"""The same photograph is known again after what phones and messengers do to it; another one is not."""

import io

import numpy
import pytest
from PIL import Image, ImageEnhance

from intake import demo_pictures
from intake.imaging.fingerprint import SAME_WITHIN, distance, fingerprint, same_detail


@pytest.fixture(scope="module")
def mole() -> Image.Image:
    return Image.open(io.BytesIO(demo_pictures.picture("changing_mole", view="close_up", seed=3))).convert("RGB")


def recompressed(image, quality):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(io.BytesIO(out.getvalue()))


@pytest.mark.parametrize(
    "change",
    [
        lambda image: recompressed(image, 30),
        lambda image: image.resize((image.width // 3, image.height // 3)),
        lambda image: ImageEnhance.Brightness(image).enhance(0.7),
        lambda image: image.crop((4, 4, image.width - 4, image.height - 4)),
    ],
    ids=["recompressed", "smaller", "darker", "cropped a little"],
)
def test_changed_as_phones_do_it_is_the_same(mole, change):
    assert distance(fingerprint(mole), fingerprint(change(mole))) <= SAME_WITHIN


def posed(seed: int) -> Image.Image:
    """One pose, a dark spot on a light ground, with a grain of its own: hair, pores and light differ between people."""
    y, x = numpy.mgrid[0:600, 0:480]
    spot = 200 - 110 * (((x - 240) / 90) ** 2 + ((y - 300) / 90) ** 2 < 1)
    grain = numpy.random.default_rng(seed).normal(0, 14, (150, 120)).repeat(4, axis=0).repeat(4, axis=1)
    return Image.fromarray(numpy.clip(spot + grain, 0, 255).astype(numpy.uint8)).convert("RGB")


def test_two_spots_that_look_alike_are_not_copies_and_a_changed_copy_is():
    one, other = posed(1), posed(2)
    assert not same_detail(one, other)
    for copy in (recompressed(one, 50), ImageEnhance.Brightness(one).enhance(0.6)):
        assert same_detail(one, copy)


def test_a_turned_picture_is_another_so_the_upright_one_is_taken(mole):
    assert distance(fingerprint(mole), fingerprint(mole.transpose(Image.Transpose.ROTATE_90))) > SAME_WITHIN


def test_a_flat_picture_has_none():
    assert fingerprint(Image.new("RGB", (900, 900), (180, 140, 120))) == ""
