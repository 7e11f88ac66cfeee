import io

import numpy
import pytest
from PIL import Image, ImageCms

from intake.imaging import colour, pipeline
from tests.intake.imaging import corpus
from tests.intake.imaging.looking import accepted, assert_carries_nothing, by_kind, difference, shown

# skin-like and in gamut
PATCHES = [(236, 205, 188), (227, 195, 163), (201, 159, 120), (122, 79, 54), (95, 64, 49), (190, 90, 84), (90, 60, 90)]
_P3_TO_XYZ = numpy.array(
    [[0.48657, 0.26567, 0.19822], [0.22897, 0.69174, 0.07929], [0.0, 0.04511, 1.04394]]
)  # SMPTE EG 432-1, D65
_XYZ_TO_SRGB = numpy.array(
    [[3.24097, -1.53738, -0.49861], [-0.96924, 1.87597, 0.04156], [0.05563, -0.20398, 1.05697]]
)  # IEC 61966-2-1


def linear(levels):
    share = numpy.asarray(levels, dtype=float) / 255
    return numpy.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def levels(light):
    light = numpy.clip(light, 0, 1)
    return 255 * numpy.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def p3_as_srgb(rgb):
    """The formula, without any profile."""
    return levels(_XYZ_TO_SRGB @ _P3_TO_XYZ @ linear(rgb))


def patch(rgb, mode: str = "RGB") -> Image.Image:
    return Image.new("RGB", (320, 400), rgb).convert(mode)


def centre(pixels):
    return pixels[len(pixels) // 2, pixels.shape[1] // 2]


@pytest.mark.parametrize("rgb", PATCHES)
def test_display_p3_becomes_the_right_srgb(rgb):
    data = corpus.jpeg(patch(rgb), icc_profile=colour.display_p3_profile(), subsampling=0, quality=98)
    for rendition in by_kind(accepted(pipeline.process(data))).values():
        assert numpy.abs(centre(shown(rendition)) - p3_as_srgb(rgb)).max() <= 3.5, rendition.kind


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF"])
def test_display_p3_in_other_formats(format):
    rgb = (190, 90, 84)
    data = corpus.encode(patch(rgb), format, icc_profile=colour.display_p3_profile(), quality=95)
    for rendition in by_kind(accepted(pipeline.process(data))).values():
        assert numpy.abs(centre(shown(rendition)) - p3_as_srgb(rgb)).max() <= 3, rendition.kind


def test_a_p3_jpeg_keeps_its_pixels_with_a_profile_of_our_own():
    received = colour.display_p3_profile()[:36] + b"acsp" + colour.display_p3_profile()[40:]
    data = corpus.jpeg(patch(PATCHES[0]), icc_profile=received + corpus.CANARY)
    full = by_kind(accepted(pipeline.process(data)))["full"]
    assert_carries_nothing(full)
    kept = Image.open(io.BytesIO(full.data))
    assert kept.info["icc_profile"] == colour.display_p3_profile()
    assert numpy.array_equal(numpy.asarray(kept), numpy.asarray(Image.open(io.BytesIO(data))))


def test_an_srgb_profile_is_left_out():
    data = corpus.jpeg(icc_profile=corpus.icc())
    full = by_kind(accepted(pipeline.process(data)))["full"]
    assert "icc_profile" not in Image.open(io.BytesIO(full.data)).info


def swapped_primaries() -> bytes:
    """A valid profile in which red and blue change places: nobody's camera, so its use can be seen."""
    own = colour.display_p3_profile()
    return own.replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")


def test_an_unknown_profile_is_worked_into_the_pixels():
    data = corpus.jpeg(patch((200, 60, 50)), icc_profile=swapped_primaries(), subsampling=0)
    for rendition in by_kind(accepted(pipeline.process(data))).values():
        assert_carries_nothing(rendition)
        red, _, blue = centre(shown(rendition))
        assert blue > red + 80, rendition.kind


@pytest.mark.parametrize("profile", [b"not a profile", corpus.icc("LAB"), colour.display_p3_profile()[:200]])
def test_a_profile_that_does_not_fit_is_left_aside(profile):
    data = corpus.jpeg(patch((200, 60, 50)), icc_profile=profile, subsampling=0)
    for rendition in by_kind(accepted(pipeline.process(data))).values():
        assert_carries_nothing(rendition)
        assert numpy.abs(centre(shown(rendition)) - (200, 60, 50)).max() <= 3


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_an_rgb_profile_on_other_pixels_is_left_aside(mode):
    data = corpus.jpeg(patch((128, 128, 128), mode), icc_profile=colour.display_p3_profile())
    for rendition in by_kind(accepted(pipeline.process(data))).values():
        assert_carries_nothing(rendition)
        assert numpy.abs(centre(shown(rendition)) - 128).max() <= 3


def test_cmyk_becomes_rgb_everywhere():
    data = corpus.jpeg(corpus.scene().convert("CMYK"), quality=95)
    scene = numpy.asarray(corpus.scene().resize((48, 64)), dtype=float)
    for rendition in by_kind(accepted(pipeline.process(data))).values():
        assert Image.open(io.BytesIO(rendition.data)).mode == "RGB"
        assert difference(shown(rendition, (48, 64)), scene) < 12


def test_16_bits_are_scaled_not_clipped():
    outcome = accepted(pipeline.process(corpus.encode(corpus.grey16(), "PNG")))
    row = shown(outcome.renditions[0])[300, :, 0]
    assert numpy.abs(row - numpy.linspace(0, 255, 480)).max() < 4


def test_a_dark_16_bit_picture_stays_dark():
    image = Image.fromarray(numpy.full((200, 200), 200, "u2"))
    assert shown(accepted(pipeline.process(corpus.encode(image, "PNG"))).renditions[0]).max() < 3


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_becomes_white(mode):
    image = corpus.scene().convert(mode)
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda level: 255 if level > 128 else 0))
    for rendition in by_kind(accepted(pipeline.process(corpus.encode(image, "PNG")))).values():
        pixels = shown(rendition)
        assert pixels[: len(pixels) // 3].min() > 250
        assert pixels[-10:].mean() < 200


def test_a_palette_keeps_its_colours_and_its_hole():
    image = Image.new("P", (200, 200), 1)
    image.putpalette([0, 0, 0, 200, 60, 50])
    image.paste(0, (0, 0, 200, 100))
    pixels = shown(accepted(pipeline.process(corpus.encode(image, "PNG", transparency=0))).renditions[0])
    assert pixels[20, 100].min() > 250
    assert numpy.abs(pixels[180, 100] - (200, 60, 50)).max() < 4


def test_our_own_profile_is_one_that_others_read():
    profile = ImageCms.ImageCmsProfile(io.BytesIO(colour.display_p3_profile()))
    assert "P3" in ImageCms.getProfileDescription(profile)
    assert len(colour.display_p3_profile()) < 700
    assert colour.classify(colour.display_p3_profile()) == colour.DISPLAY_P3
    assert colour.classify(corpus.icc()) == colour.SRGB
    assert colour.classify(swapped_primaries()) == colour.OTHER
    assert colour.classify(b"") == colour.classify(None) == colour.NONE
