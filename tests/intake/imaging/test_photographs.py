"""Photographs that other people's cameras and programs wrote."""

import itertools
import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from intake.imaging import pipeline
from tests.intake.imaging.looking import accepted, assert_carries_nothing, by_kind, difference, shown

FOLDER = Path(settings.BASE_DIR).parent / "shared" / "data" / "photos"
NAMES = [
    "cmyk_pil.jpg", "exif_png.png", "gps_DSCN0010.jpg", "iphone_IMG_2927.HEIC", "iphone_IMG_5195.HEIC",
    "libheif_example.avif", "orient_landscape_1.jpg", "orient_landscape_3.jpg", "orient_landscape_6.jpg",
    "orient_landscape_8.jpg", "phone_Samsung_SM-J327T1.jpg", "skin_ISIC_0000000.jpg", "skin_ISIC_0000002.jpg",
    "skin_ISIC_0012222_full.jpg", "sugarshack.mpo", "webp_HTC_Desire.webp",
]  # fmt: skip
UPRIGHT = {
    "iphone_IMG_2927.HEIC": (3024, 4032),
    "iphone_IMG_5195.HEIC": (2566, 3313),
    "phone_Samsung_SM-J327T1.jpg": (1932, 2576),
    "sugarshack.mpo": (640, 480),
    "libheif_example.avif": (800, 533),
} | {f"orient_landscape_{turn}.jpg": (1800, 1200) for turn in (1, 3, 6, 8)}
# makers, programs and positions that stand in these files; long enough not to occur by chance in pixels
TELLTALES = re.compile(
    rb"samsung|SM-J327|iPhone|Apple Inc|NIKON|COOLPIX|Photoshop|Adobe RGB|HTC_|http://ns\.|x:xmpmeta|Copyright"
    rb"|ASCII\0\0\0|WGS-84|JFXX|MPF\0|8BIM|\d{4}:\d\d:\d\d \d\d:\d\d"
)

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder of real photographs is not on this machine")


@cache
def processed(name: str):
    return accepted(pipeline.process((FOLDER / name).read_bytes()))


@pytest.mark.parametrize("name", NAMES)
def test_taken_and_nothing_hidden_in_it(name):
    for rendition in by_kind(processed(name)).values():
        assert_carries_nothing(rendition)
        assert not TELLTALES.search(rendition.data.replace(b"No copyright", b"")), rendition.kind


@pytest.mark.parametrize("name", NAMES)
def test_all_three_renditions_show_the_same_picture(name):
    outcome = processed(name)
    kinds = by_kind(outcome)
    size = (48, 64) if outcome.height > outcome.width else (64, 48)
    views = [shown(rendition, size) for rendition in kinds.values()]
    assert all(difference(one, other) < 6 for one, other in itertools.combinations(views, 2))
    assert (kinds["full"].width, kinds["full"].height) == (outcome.width, outcome.height)
    assert max(kinds["screen"].width, kinds["screen"].height) == min(2016, max(outcome.width, outcome.height))
    assert max(kinds["thumb"].width, kinds["thumb"].height) == min(400, max(outcome.width, outcome.height))


@pytest.mark.parametrize("name", UPRIGHT)
def test_sizes_are_upright(name):
    assert (processed(name).width, processed(name).height) == UPRIGHT[name]


@pytest.mark.parametrize("kind", ["full", "screen", "thumb"])
def test_the_four_orientations_come_out_alike(kind):
    views = [shown(by_kind(processed(f"orient_landscape_{turn}.jpg"))[kind]) for turn in (1, 3, 6, 8)]
    assert len({view.shape for view in views}) == 1
    assert max(difference(one, other) for one, other in itertools.combinations(views, 2)) < 12


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("skin", "phone", "iphone"))])
def test_cameras_in_use_get_no_false_alarm(name):
    assert processed(name).quality.verdict == "good"
