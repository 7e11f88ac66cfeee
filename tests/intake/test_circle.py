"""The circle that a patient draws around the spot: it tells whether the photo was taken from near enough, whatever the skin."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from intake import own_photos, services
from intake.models import CaseStatus, Photo
from intake.renditions import process_photo
from intake.slots import EYE_ACROSS, SPOT_ACROSS
from tests import factories
from tests.intake.imaging import corpus

pytestmark = pytest.mark.django_db
SIZE = (1200, 1000)


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR = tmp_path


def sent(case, by, slot="close_up") -> Photo:
    photo = services.attach_photo(case=case, by=by, data=corpus.jpeg(corpus.scene(*SIZE)), name="a.jpg", slot=slot)
    process_photo(photo.pk)
    return Photo.objects.select_related("case").get(pk=photo.pk)


@pytest.fixture
def photo(draft, ana):
    return sent(draft, ana)


@pytest.fixture
def circle(photo, ana):
    def _circle(across: float | None, x: float = 0.5, y: float = 0.5) -> Photo:
        own_photos.circle_photo(photo=photo, by=ana, circle=None if across is None else (x, y, across))
        photo.refresh_from_db()
        return photo

    return _circle


@pytest.mark.parametrize(("px", "far"), [(SPOT_ACROSS - 1, True), (SPOT_ACROSS, False), (600, False)])
def test_a_spot_of_few_pixels_was_taken_from_too_far_away(px, far, circle):
    found = circle(px / min(SIZE))
    assert ("too_far" in found.quality_reasons) is far
    assert (found.quality_verdict == "retake_suggested") is far


def test_a_larger_circle_or_none_takes_the_hint_back_and_leaves_the_others(circle, photo):
    Photo.objects.update(quality_reasons=["glare"], quality_verdict="usable")
    photo.refresh_from_db()
    assert circle(0.05).quality_reasons == ["glare", "too_far"]
    assert circle(0.5).quality_reasons == ["glare"] and photo.quality_verdict == "usable"
    assert circle(0.05).quality_verdict == "retake_suggested"
    assert circle(None).quality_reasons == ["glare"] and photo.circled_px is None


def test_an_eye_needs_more_pixels_than_a_spot(patient, ana):
    eye = sent(factories.make_draft(patient, by=ana, specialty="ophthalmology", site="eye"), ana)
    for px, far in ((EYE_ACROSS - 1, True), (EYE_ACROSS, False)):
        own_photos.circle_photo(photo=eye, by=ana, circle=(0.5, 0.5, px / min(SIZE)))
        eye.refresh_from_db()
        assert ("too_far" in eye.quality_reasons) is far


def test_the_database_keeps_whole_circles_only(photo):
    for wrong in ({"circle_x": 0.5}, {"circle_x": 0.5, "circle_y": 0.5}, {"circle_x": 2, "circle_y": 0, "circle_across": 0.1},
                  {"circle_x": 0, "circle_y": 0, "circle_across": 0}):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Photo.objects.filter(pk=photo.pk).update(**wrong)


def test_on_the_phone_it_is_drawn_kept_changed_and_taken_away(sign_in, ana, photo):
    phone, url = sign_in(ana), reverse("intake:circle", args=[photo.pk])
    assert 'cx="600.0"' in phone.get(url).content.decode()
    page = phone.post(url, {"x": "0.25", "y": "0.75", "across": "0.05"}, follow=True).content.decode()
    assert "The circle is kept." in page and "It is small on this photo." in page and "Change the circle" in page
    assert 'cx="300.0" cy="750.0" r="25.0"' in phone.get(url).content.decode()
    assert "Set the circle again." in phone.post(url, {"x": "north"}).content.decode()
    page = phone.post(url, {"away": "1"}, follow=True).content.decode()
    assert "The circle is taken away." in page and "Circle the spot" in page


def test_it_is_written_with_points_in_spanish_too(sign_in, ana, photo):
    phone = sign_in(ana)
    phone.post(reverse("accounts:language"), {"language": "es", "next": "/"})
    page = phone.get(reverse("intake:circle", args=[photo.pk])).content.decode()
    assert 'cx="600.0"' in page and 'value="0.5"' in page and "Marque la mancha" in page


def test_an_overview_takes_no_circle(sign_in, ana, draft):
    overview = sent(draft, ana, "overview")
    assert sign_in(ana).get(reverse("intake:circle", args=[overview.pk])).status_code == 404
    with pytest.raises(services.IntakeRefused):
        own_photos.circle_photo(photo=overview, by=ana, circle=(0.5, 0.5, 0.5))


def test_what_the_clinic_has_stays_as_it_is(circle, photo, draft, sign_in, ana):
    factories.put_status(draft, CaseStatus.SUBMITTED)
    photo.case.refresh_from_db()
    with pytest.raises(services.IntakeRefused):
        circle(0.5)
    assert sign_in(ana).get(reverse("intake:circle", args=[photo.pk])).status_code == 404


def test_strangers_find_nothing(sign_in, photo, max_stranger, dana, kay):
    for user in (max_stranger, dana, kay):
        assert sign_in(user).get(reverse("intake:circle", args=[photo.pk])).status_code == 404
