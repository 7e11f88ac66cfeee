"""Display-P3 by tables: the same colours as the profile itself makes, for every picture and size."""

import io

import numpy
import pytest
from PIL import Image, ImageCms

from intake.imaging import colour, wide


def cube(step: int = 5) -> Image.Image:
    levels = numpy.arange(0, 256, step, dtype=numpy.uint8)
    grid = numpy.stack(numpy.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    return Image.fromarray(grid.reshape(len(levels), -1, 3))


def by_profile(image: Image.Image) -> numpy.ndarray:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(colour.display_p3_profile()))
    made = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return numpy.asarray(made, dtype=int)


def test_each_colour_is_the_one_that_the_profile_makes():
    apart = numpy.abs(numpy.asarray(wide.to_srgb(cube()), dtype=int) - by_profile(cube()))
    assert apart.max() <= 1
    assert apart.mean() < 0.03


@pytest.mark.parametrize("level", [0, 1, 2, 5, 17, 128, 254, 255])
def test_greys_stay_what_they_are(level):
    assert wide.to_srgb(Image.new("RGB", (7, 5), (level,) * 3)).getcolors() == [(35, (level,) * 3)]


@pytest.mark.parametrize(("given", "made"), [((255, 0, 0), (255, 0, 0)), ((0, 255, 0), (0, 255, 0))])
def test_what_srgb_does_not_have_is_cut_and_never_wraps_around(given, made):
    assert wide.to_srgb(Image.new("RGB", (3, 3), given)).getpixel((1, 1)) == made


@pytest.mark.parametrize("size", [(1, 1), (3, 31), (5, 32), (4, 33), (2, 65), (300, 1)])
def test_every_row_is_converted_whatever_the_height(size):
    picture = Image.effect_noise(size, 60).convert("RGB")
    one = Image.merge(
        "RGB", [picture.getchannel(0), picture.getchannel(1).point(lambda v: 255 - v), picture.getchannel(2)]
    )
    made = wide.to_srgb(one)
    assert (made.size, made.mode) == (size, "RGB")
    assert numpy.abs(numpy.asarray(made, dtype=int) - by_profile(one)).max() <= 1


def test_the_given_picture_is_left_as_it_was():
    picture = cube(51)
    before = picture.tobytes()
    wide.to_srgb(picture)
    assert picture.tobytes() == before


def test_a_display_p3_photo_goes_this_way_and_a_grey_one_does_not(monkeypatch):
    went = []
    monkeypatch.setattr(wide, "to_srgb", lambda image: went.append(image.mode) or image)
    colour.to_srgb(cube(51), colour.display_p3_profile())
    grey = colour.to_srgb(Image.new("L", (4, 4), 90), colour.display_p3_profile())
    assert went == ["RGB"] and grey.getpixel((0, 0)) == (90, 90, 90)
