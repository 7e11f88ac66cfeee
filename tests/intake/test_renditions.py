"""A photo row from received bytes to the pictures people see, whatever comes twice, late or broken."""

import io
import threading
from hashlib import sha256

import pytest
from django.db import connection
from PIL import Image

from config import storages
from config.work import services as work
from intake import demo_pictures, own_photos, renditions, services, tasks
from intake.imaging import pipeline
from intake.models import Photo, Rendition
from tests.intake.imaging import corpus

pytestmark = pytest.mark.django_db


def received(case, by, data: bytes, slot: str = "close_up") -> Photo:
    return services.attach_photo(case=case, by=by, data=data, name="IMG_0001.jpg", slot=slot)


@pytest.fixture
def photo(draft, ana):
    return received(draft, ana, corpus.chatty_jpeg(6))


def kept(photo: Photo) -> dict[str, Rendition]:
    return {rendition.kind: rendition for rendition in photo.renditions.all()}


def test_a_photo_becomes_ready(photo):
    tasks.process_photo_task(str(photo.pk))
    photo.refresh_from_db()
    assert (photo.status, photo.width, photo.height) == ("ready", 480, 640)
    assert set(kept(photo)) == {"full", "screen", "thumb"}
    for rendition in kept(photo).values():
        stored = storages.read(rendition.key)
        assert (len(stored), sha256(stored).hexdigest()) == (rendition.byte_size, rendition.sha256)
        assert rendition.key.startswith(f"rend/{photo.case_id}/{photo.pk}/{rendition.kind}-{rendition.sha256[:16]}")
        assert corpus.CANARY not in stored


def test_the_received_bytes_stay_as_they_came(photo):
    renditions.process_photo(photo.pk)
    assert storages.read(photo.original_key) == corpus.chatty_jpeg(6)


def test_when_it_was_taken_is_local_time_of_the_clinic(photo):
    renditions.process_photo(photo.pk)
    photo.refresh_from_db()
    assert photo.captured_at.astimezone(photo.case.clinic.zone).strftime("%Y-%m-%d %H:%M") == "2026-11-20 14:19"


def test_the_verdict_is_kept_with_its_numbers(draft, ana):
    photo = received(draft, ana, demo_pictures.picture("papules", flaw="blurred"))
    renditions.process_photo(photo.pk)
    photo.refresh_from_db()
    assert (photo.quality_verdict, photo.quality_reasons) == ("retake_suggested", ["blurred"])
    assert photo.quality_scores["q512"] < 0.03


def test_the_same_picture_under_another_slot_is_noticed_and_taken_all_the_same(draft, ana):
    picture = Image.open(io.BytesIO(demo_pictures.picture("changing_mole", view="close_up")))
    other = received(draft, ana, demo_pictures.picture("changing_mole", view="overview"), "overview")
    first = received(draft, ana, corpus.jpeg(picture, quality=92))
    again = received(draft, ana, corpus.jpeg(picture.resize((900, 1125)), quality=80), "oblique")
    for photo in (other, first, again):
        renditions.process_photo(photo.pk)
        photo.refresh_from_db()
    assert (again.quality_verdict, again.quality_reasons) == ("usable", ["again"])
    assert (other.quality_reasons, first.quality_reasons) == ([], [])
    # worked off once more it is not taken for a copy of itself, nor the first for a copy of what came later
    Photo.objects.update(**work.due_fields())
    for photo in (other, first, again):
        renditions.process_photo(photo.pk)
        photo.refresh_from_db()
    assert (first.quality_reasons, again.quality_reasons) == ([], ["again"])
    own_photos.remove_photo(photo=other, by=ana)
    again.refresh_from_db()
    assert again.quality_reasons == ["again"]
    own_photos.remove_photo(photo=first, by=ana)
    again.refresh_from_db()
    assert (again.quality_reasons, again.quality_verdict) == ([], "good")
    Photo.objects.filter(pk=again.pk).update(**work.due_fields())
    renditions.process_photo(again.pk)
    again.refresh_from_db()
    assert again.quality_reasons == []


def test_delivered_twice_it_leaves_one_set(photo):
    renditions.process_photo(photo.pk)
    before = {rendition.pk for rendition in photo.renditions.all()}
    renditions.process_photo(photo.pk)
    assert {rendition.pk for rendition in photo.renditions.all()} == before and len(before) == 3


def test_a_refusal_after_a_full_look_is_a_sentence_on_the_row(draft, ana):
    data = corpus.jpeg()
    photo = received(draft, ana, data[: len(data) // 2])
    renditions.process_photo(photo.pk)
    photo.refresh_from_db()
    assert (photo.status, photo.refusal_reason) == ("unreadable", "damaged")
    assert "damaged" in photo.refusal_message and not kept(photo)


def test_who_was_overtaken_writes_nothing(photo, monkeypatch):
    process = pipeline.process

    def overtaken(data):
        Photo.objects.filter(pk=photo.pk).update(lease_token="00000000-0000-0000-0000-000000000001")
        return process(data)

    monkeypatch.setattr(pipeline, "process", overtaken)
    renditions.process_photo(photo.pk)
    photo.refresh_from_db()
    assert photo.status == "arriving" and not kept(photo)


def test_bytes_that_changed_in_storage_are_not_shown(photo):
    storages.private_storage().delete(photo.original_key)
    storages.put_once(photo.original_key, corpus.jpeg())
    renditions.process_photo(photo.pk)
    photo.refresh_from_db()
    assert (photo.status, photo.last_error) == ("arriving", "StorageDamaged") and not kept(photo)


def test_missing_bytes_are_tried_five_times_then_told(photo):
    storages.private_storage().delete(photo.original_key)
    for _ in range(work.MAX_ATTEMPTS):
        renditions.process_photo(photo.pk)
    photo.refresh_from_db()
    assert photo.status == "needs_attention"


def test_a_photo_after_a_crash_between_files_and_rows_is_finished(photo, monkeypatch):
    def dies(*args, **columns):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(work, "settle", dies)
        renditions.process_photo(photo.pk)
    assert not kept(photo)
    Photo.objects.filter(pk=photo.pk).update(**work.due_fields())
    renditions.process_photo(photo.pk)
    photo.refresh_from_db()
    assert photo.status == "ready" and len(kept(photo)) == 3


@pytest.mark.django_db(transaction=True)
def test_many_workers_one_set(photo):
    def works():
        try:
            renditions.process_photo(photo.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=works) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    photo.refresh_from_db()
    assert photo.status == "ready" and photo.attempts == 1
    assert len(kept(photo)) == 3
