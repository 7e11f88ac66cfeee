"""Pictures: only what people may see, only to whom it belongs, never without a trace, never the received file."""

import pytest
from django.urls import reverse

from config.audit.models import AuditEvent
from intake import own_photos, services
from intake.renditions import process_photo
from tests import factories
from tests.intake.imaging import corpus

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR = tmp_path


@pytest.fixture
def photo(draft, ana):
    photo = services.attach_photo(case=draft, by=ana, data=corpus.chatty_jpeg(), name="a.jpg", slot="close_up")
    process_photo(photo.pk)
    photo.refresh_from_db()
    return photo


def url(photo, kind="screen"):
    return reverse("intake:picture", args=[photo.pk, kind])


def test_the_patient_and_the_clinic_see_it(sign_in, photo, ana, ben):
    for user in (ana, ben):
        answer = sign_in(user).get(url(photo))
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")


def test_the_answering_specialist_sees_it_and_nobody_else_of_the_group(sign_in, photo, draft, group, dana, eli, olga):
    factories.put_status(draft, "ready", group=group, patient_state="OH")
    assert sign_in(dana).get(url(photo)).status_code == 200
    for other in (eli, olga):
        assert sign_in(other).get(url(photo)).status_code == 404


def test_biller_administrator_and_strangers_find_nothing(sign_in, photo, kay, ada, max_stranger, client):
    assert client.get(url(photo)).status_code == 302
    for user in (kay, ada, max_stranger):
        assert sign_in(user).get(url(photo)).status_code == 404


@pytest.mark.parametrize("kind", ["original", "orig", "..", "full.jpg"])
def test_the_received_file_is_never_served(sign_in, photo, ana, kind):
    assert sign_in(ana).get(f"/pictures/{photo.pk}/{kind}/").status_code == 404


def test_no_copy_stays_behind_and_nothing_in_it_runs(sign_in, photo, ana):
    answer = sign_in(ana).get(url(photo))
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert photo.original_name not in answer["Content-Disposition"]


def test_nothing_hidden_in_the_received_file_leaves_with_it(sign_in, photo, ana):
    for kind in ("full", "screen", "thumb"):
        body = sign_in(ana).get(url(photo, kind)).content
        assert corpus.WORDS.encode() not in body
        assert corpus.CANARY not in body


@pytest.mark.parametrize(("kind", "rows"), [("full", 1), ("screen", 1), ("thumb", 0)])
def test_each_look_at_a_picture_is_one_row_and_a_thumbnail_is_its_lists(sign_in, photo, ana, kind, rows):
    sign_in(ana).get(url(photo, kind))
    assert AuditEvent.objects.filter(verb="photo.viewed", subject_id=str(photo.pk), actor=ana).count() == rows


def test_a_refused_look_leaves_no_row(sign_in, photo, max_stranger):
    sign_in(max_stranger).get(url(photo))
    assert not AuditEvent.objects.filter(verb="photo.viewed").exists()


def test_a_removed_photo_and_one_on_its_way_are_not_shown(sign_in, photo, draft, ana):
    fresh = services.attach_photo(
        case=draft, by=ana, data=corpus.jpeg(corpus.scene(500, 500)), name="b.jpg", slot="other"
    )
    assert sign_in(ana).get(url(fresh)).status_code == 404
    own_photos.remove_photo(photo=photo, by=ana)
    assert sign_in(ana).get(url(photo)).status_code == 404


def test_the_specialist_sees_it_from_the_moment_it_is_routed_and_not_before(sign_in, photo, draft, group, dana):
    for status in ("draft", "submitted", "needs_information"):
        factories.put_status(draft, status, group=group, patient_state="OH")
        assert sign_in(dana).get(url(photo)).status_code == 404, status


def test_named_for_one_specialist_it_is_nobody_elses(sign_in, photo, draft, group, dana):
    drew = factories.make_specialist("Drew", group)
    factories.put_status(draft, "ready", group=group, patient_state="OH", assigned_to=drew)
    assert sign_in(drew).get(url(photo)).status_code == 200
    assert sign_in(dana).get(url(photo)).status_code == 404


def test_the_referring_clinic_sees_it_once_it_was_sent(sign_in, photo, draft, clinic, ruth):
    type(draft).objects.update(referring_clinic=clinic, referring_clinician=ruth)
    assert sign_in(ruth).get(url(photo)).status_code == 404
    factories.put_status(draft, "submitted")
    assert sign_in(ruth).get(url(photo)).status_code == 200
    type(draft).objects.update(referring_clinic=factories.make_clinic("clinic"))
    assert sign_in(ruth).get(url(photo)).status_code == 404


def test_another_patient_of_the_same_clinic_finds_nothing(sign_in, photo, clinic):
    other = factories.make_user("Otto")
    factories.make_patient(clinic, user=other)
    for kind in ("thumb", "screen", "full"):
        assert sign_in(other).get(url(photo, kind)).status_code == 404


def test_who_may_not_sign_in_any_more_sees_nothing(sign_in, photo, ben):
    client = sign_in(ben)
    type(ben).objects.filter(pk=ben.pk).update(is_active=False)
    assert client.get(url(photo)).status_code == 302


def test_the_trace_is_there_also_when_the_bytes_are_not(sign_in, photo, ana, settings, tmp_path):
    """Written before the bytes leave: with the storage away there is a row, no picture, and a plain word."""
    settings.STORAGE_URL = f"file://{tmp_path / 'elsewhere'}"
    answer = sign_in(ana).get(url(photo))
    assert answer.status_code == 503
    assert answer["Cache-Control"] == "private, no-store"
    assert AuditEvent.objects.filter(verb="photo.viewed", subject_id=str(photo.pk), actor=ana).count() == 1


def test_the_trace_says_which_size_of_which_case(sign_in, photo, draft, ben):
    sign_in(ben).get(url(photo, "full"))
    event = AuditEvent.objects.get(verb="photo.viewed")
    assert (event.data["kind"], event.data["case"], event.role) == ("full", str(draft.pk), "staff")


@pytest.mark.parametrize("kind", ["full", "screen", "thumb"])
def test_every_size_has_the_same_headers(sign_in, photo, ana, kind):
    answer = sign_in(ana).get(url(photo, kind))
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Content-Disposition"] == f'inline; filename="{photo.pk}-{kind}.jpg"'
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.content.startswith(b"\xff\xd8\xff")


def test_a_picture_that_could_not_be_read_is_not_there(sign_in, draft, ana):
    broken = corpus.jpeg(corpus.scene(900, 900))
    photo = services.attach_photo(case=draft, by=ana, data=broken[: len(broken) // 2], name="b", slot="other")
    process_photo(photo.pk)
    assert sign_in(ana).get(url(photo)).status_code == 404
