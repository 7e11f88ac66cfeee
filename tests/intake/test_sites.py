"""Where a problem is: every place has one key, one code and words for both readers; the drawing only picks from the list."""

import re

import pytest
from django.urls import reverse
from django.utils.translation import override

from intake import bodymap, routing, sites
from intake.models import Case

# the starter list of codes: skin by DICOM CID 4029, the parts of the eye by CID 4209
WANTED = """
43067004 68698007 16621002 367577003 41310005 113179006 36141000 16251004 66934001 23747009 1902009 24483006 43081002
70762009 11584001 5272005 28726007 18619003 5665001 181491009 244106003 75093004 315003 76261009 699893008 66643007
113182001 22180002 63029009 39687006 8001006 39937001 81745001 29445007 41296002 78076003 45981001 72939005 17957002
181536004 70559009 24527008 33712006 70887009 244169007 770809003 61248009 47224004 181563003 181564009 60496002
52034004 84607009 770805009
""".split()


def test_the_starter_list_is_there_to_the_last_code():
    assert set(WANTED) - {site.sct for site in sites.SITES} == set()


def test_keys_and_codes_are_given_once():
    for column in ("key", "sct", "label"):
        values = [getattr(site, column) for site in sites.SITES]
        assert sorted(values) == sorted(set(values)), column


def test_a_code_is_digits_or_names_its_scheme():
    assert all(re.fullmatch(r"\d{6,9}|DCM \d{6}", site.sct) for site in sites.SITES)


def test_every_side_that_has_a_code_is_one_that_a_case_can_have():
    chosen = {value for value, _ in Case._meta.get_field("side").choices}
    assert set(sites.SIDE_CODES) == chosen - {"midline"}
    assert sites.SIDE_CODES == {"left": "7771000", "right": "24028007", "both": "51440002"}


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_patient_can_tell_all_places_of_a_list_apart(language):
    with override(language):
        for specialty in (sites.SKIN, sites.EYE):
            words = [(str(site.region), str(site.plain)) for site in sites.for_specialty(specialty)]
            assert len(words) == len(set(words))


def test_parts_of_the_eye_are_offered_for_an_eye_only():
    parts = {"sclera", "iris", "lens", "retina"}
    assert parts <= {site.key for site in sites.for_specialty(sites.EYE)}
    assert not parts & {site.key for site in sites.for_specialty(sites.SKIN)}
    assert all(sites.BY_KEY[key].has_side for key in parts)


def test_each_region_of_the_drawing_is_a_place_of_the_list_with_a_side_where_one_is_needed():
    for view in bodymap.VIEWS:
        for shape in view.shapes:
            assert not shape.site or shape.site in sites.BY_KEY, (view.key, shape.site)


def test_the_back_of_the_arm_and_the_front_of_the_neck_are_drawn_as_such():
    drawn = {view.key: {shape.site for shape in view.shapes} for view in bodymap.VIEWS}
    assert "upper_arm_posterior" in drawn["back"] and "upper_arm" not in drawn["back"]
    assert "upper_arm" in drawn["front"] and "neck_front" in drawn["front"] and "nape" in drawn["back"]


@pytest.mark.parametrize(
    ("site", "kind"),
    [
        ("neck_side", "head"),
        ("head", "head"),
        ("upper_arm_posterior", "arms"),
        ("ankle_lateral", "legs"),
        ("iris", "eye"),
    ],
)
def test_the_new_places_are_routed_like_their_neighbours(site, kind):
    assert routing.site_kind(Case(site=site)) == getattr(routing.K, kind.upper())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("site", "side", "label"),
    [
        ("neck_side", "left", "Left neck, side"),
        ("upper_arm_posterior", "both", "Upper arm, back, both sides"),
        ("head", "", "Head"),
        ("behind_ear", "left", "Behind the ear, left side"),
    ],
)
def test_a_patient_chooses_one_of_them(sign_in, ana, draft, site, side, label):
    answer = sign_in(ana).post(reverse("intake:case_step", args=[draft.pk, "place"]), {"site": site, "side": side})
    draft.refresh_from_db()
    assert answer.status_code == 302
    assert (draft.site, draft.side, draft.site_label) == (site, side, label)


@pytest.mark.django_db
def test_a_side_of_the_neck_needs_its_side(sign_in, ana, draft):
    answer = sign_in(ana).post(reverse("intake:case_step", args=[draft.pk, "place"]), {"site": "neck_side", "side": ""})
    assert answer.status_code == 200 and "Choose your left, your right, or both sides." in answer.content.decode()


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("Is this rosacea?", "Is this rosacea?"),
        ("It grew and is darker now. Is it skin cancer, or am I wrong about it?", "It grew and is darker now. Is it skin cancer, or am I wrong…"),
        ("It has grown. It bleeds and it is darker. Is this cancer, please?", "It has grown. It bleeds and it is darker. Is this cancer…"),
        ("x" * 80, "x" * 59 + "…"),
        (" \n ", "Skin problem"),
    ],
)  # fmt: skip
def test_a_long_question_is_cut_between_words_for_lists(reason, problem):
    assert Case(reason=reason).problem == problem


@pytest.mark.parametrize(
    ("site", "side", "english", "spanish"),
    [
        ("knee", "both", "Knee, both sides", "Rodilla, los dos lados"),
        ("sole", "right", "Right sole of the foot", "Planta del pie, lado derecho"),
        ("behind_ear", "left", "Behind the ear, left side", "Detrás de la oreja, lado izquierdo"),
        ("eye", "left", "Left eye", "Ojo izquierdo"),
        ("eye", "both", "Both eyes", "Los dos ojos"),
        ("conjunctiva", "right", "Right eye, the white of the eye", "Ojo derecho, lo blanco del ojo"),
        ("upper_eyelid", "both", "Upper eyelid, both sides", "Párpado de arriba, los dos lados"),
        ("scalp", "midline", "Scalp, in the middle", "Cuero cabelludo, en el medio"),
    ],
)
def test_a_place_reads_as_a_person_says_it(site, side, english, spanish):
    case = Case(site=site, side=side)
    assert case.site_plain == english
    with override("es"):
        assert case.site_plain == spanish


@pytest.mark.parametrize("site", sites.SITES, ids=lambda site: site.key)
def test_every_place_with_a_side_names_it_once(site):
    for side in ("left", "right", "both") if site.has_side else ():
        words = Case(site=site.key, side=side).site_plain
        assert words[0].isupper() and len(re.findall(rf"\b{side}\b", words.lower())) == 1, words
        assert not re.match(r"(left|right|both) (the|behind)\b", words.lower()), words
