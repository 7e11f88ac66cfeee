import io
import time

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from intake import demo_pictures
from intake.imaging import pipeline
from tests.intake.imaging.looking import accepted

EVERY = [(kind, view) for kind in demo_pictures.SKIN_KINDS for view in ("overview", "close_up", "oblique", "scale")]
EVERY += [(kind, view) for kind in demo_pictures.FACE_KINDS for view in ("face", "close_up", "gaze", "closed")]


@pytest.mark.parametrize(("kind", "view"), EVERY)
def test_every_kind_has_every_view_and_passes_for_a_photo(kind, view):
    began = time.process_time()
    data = demo_pictures.picture(kind, view=view)
    assert time.process_time() - began < 6
    outcome = accepted(pipeline.process(data))
    assert (outcome.width, outcome.height, outcome.quality.verdict) == (1200, 1500, "good")


def test_the_same_call_gives_the_same_picture():
    assert demo_pictures.picture("rash", seed=4) == demo_pictures.picture("rash", seed=4)
    assert demo_pictures.picture("rash", seed=4) != demo_pictures.picture("rash", seed=5)


@pytest.mark.parametrize(("number", "site"), list(enumerate(demo_pictures.places.OVERVIEWS)))
def test_the_overview_of_a_place_passes_for_a_photo(number, site):
    tone = ("fair", "dark", "mid", "deep")[number % 4]
    outcome = accepted(pipeline.process(demo_pictures.picture("rash", view="overview", site=site, tone=tone)))
    assert outcome.quality.verdict == "good", outcome.quality


@pytest.mark.parametrize("site", demo_pictures.TURNED)
def test_what_has_a_side_is_turned_over_for_the_right_one(site):
    left, right = (
        Image.open(io.BytesIO(demo_pictures.picture("quiet_mole", view="overview", site=site, side=side)))
        for side in ("left", "right")
    )
    turned = ImageChops.difference(left.convert("L"), ImageOps.mirror(right).convert("L"))
    same = ImageChops.difference(left.convert("L"), right.convert("L"))
    assert ImageStat.Stat(turned).mean[0] < 2 < ImageStat.Stat(same).mean[0]


@pytest.mark.parametrize(("side", "redder"), [("left", 1), ("right", 0)])
def test_the_red_eye_is_on_the_persons_own_side(side, redder):
    """Seen from the front the left eye lies on the right."""
    with Image.open(io.BytesIO(demo_pictures.picture("red_eye", view="face", side=side))) as face:
        eyes = [face.crop((left, 400, left + 200, 490)) for left in (224, 776)]
    red = []
    for eye in eyes:
        r, g, b = ImageStat.Stat(eye.convert("RGB")).mean
        red.append(r - (g + b) / 2)
    assert red.index(max(red)) == redder


@pytest.mark.parametrize(("flaw", "reason"), [("blurred", "blurred"), ("dark", "too_dark")])
@pytest.mark.parametrize("kind", demo_pictures.KINDS)
def test_flawed_ones_are_told(kind, flaw, reason):
    outcome = accepted(pipeline.process(demo_pictures.picture(kind, flaw=flaw)))
    assert reason in outcome.quality.reasons


def test_the_earlier_mole_is_smaller():
    def dark_share(kind: str) -> float:
        grey = Image.open(io.BytesIO(demo_pictures.picture(kind))).convert("L")
        return sum(grey.histogram()[:140]) / (grey.width * grey.height)

    assert dark_share("quiet_mole") < 0.7 * dark_share("changing_mole")


@pytest.mark.parametrize("wrong", [{"view": "x-ray"}, {"tone": "green"}, {"flaw": "upside_down"}])
def test_an_unknown_wish_is_an_error(wrong):
    with pytest.raises(ValueError, match="no such picture"):
        demo_pictures.picture("rash", **wrong)
