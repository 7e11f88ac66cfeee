"""Messages with photos, a clinic's own texts, and conversations that are put away and come back."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.urls import reverse

from intake import message_templates, messages, services
from intake.models import Message, MessagePhoto, MessageTemplate, Photo, Thread
from intake.renditions import process_photo
from tests.intake.imaging import corpus

pytestmark = pytest.mark.django_db


def send(case, by, text="Look", files=(), key=None):
    return messages.send(case=case, by=by, text=text, key=key or uuid.uuid4(), files=files)


def file(name="spot.jpg", data=None):
    return SimpleUploadedFile(name, corpus.jpeg() if data is None else data, content_type="image/jpeg")


def text(answer) -> str:
    return answer.content.decode()


def test_a_photo_of_a_message_is_a_photo_of_the_case(submitted, ana, sign_in, ben):
    sent = send(submitted, ana, "It is bigger now", [("spot.jpg", corpus.jpeg())])
    photo = sent.photos.get().photo
    assert (photo.case, photo.uploaded_by, photo.work_status) == (submitted, ana, "waiting")
    client = sign_in(ben)
    url = reverse("intake:messages", args=[submitted.pk])
    assert "on its way" in text(client.get(url))
    process_photo(photo.pk)
    assert reverse("intake:picture", args=[photo.pk, "thumb"]) in text(client.get(url))
    assert photo in services.Photo.objects.live().filter(case=submitted)


def test_the_same_form_again_is_the_same_message_and_photo(submitted, ana):
    key, files = uuid.uuid4(), [("a.jpg", corpus.jpeg())]
    assert send(submitted, ana, files=files, key=key) == send(submitted, ana, files=files, key=key)
    assert (Message.objects.count(), Photo.objects.count(), MessagePhoto.objects.count()) == (1, 1, 1)


def test_a_photo_may_come_without_words(submitted, ana):
    assert send(submitted, ana, "", [("a.jpg", corpus.jpeg())]).text == "A photo."


def test_what_is_no_photo_sends_nothing(submitted, ana, sign_in):
    url = reverse("intake:messages", args=[submitted.pk])
    facts = {"text": "Look", "key": uuid.uuid4(), "photos": [file("a.pdf", b"%PDF-1.7 ...")]}
    answer = sign_in(ana).post(url, facts)
    assert answer.status_code == 422 and "This is a PDF document" in text(answer) and "Look" in text(answer)
    assert not Message.objects.exists() and not Photo.objects.exists()


def test_too_many_and_strangers_are_refused_before_anything_is_kept(submitted, ana, max_stranger):
    many = [("a.jpg", b"x")] * 5
    with pytest.raises(messages.MessageRefused, match="at most 4"):
        send(submitted, ana, files=many)
    with pytest.raises(messages.MessageRefused, match="may not"):
        send(submitted, max_stranger, files=[("a.jpg", corpus.jpeg())])
    assert not Photo.objects.exists()


def test_by_the_page_with_two_photos(submitted, sign_in, ben, ana):
    url = reverse("intake:messages", args=[submitted.pk])
    other = corpus.jpeg(quality=70)
    facts = {"text": "", "key": uuid.uuid4(), "photos": [file("a.jpg"), file("b.jpg", other)]}
    assert sign_in(ben).post(url, facts).status_code == 302
    assert Message.objects.get().photos.count() == 2 and messages.unread_of(submitted, ana) == 1


def test_the_link_is_never_changed(submitted, ana):
    send(submitted, ana, files=[("a.jpg", corpus.jpeg())])
    with pytest.raises(DatabaseError), transaction.atomic():
        MessagePhoto.objects.all()._raw_delete("default")


# a clinic's own texts


def test_a_text_is_filled_in_the_patients_language(submitted, ben, clinic, sign_in, max_stranger):
    row = message_templates.add(
        by=ben, clinic=clinic, name="Call us", text="Hello {name}, call {clinic}: {phone}.", text_es="Hola {name}."
    )
    client, url = sign_in(ben), reverse("intake:messages", args=[submitted.pk])
    assert f"Hello Ana, call {clinic.name}: 614-555-0100." in text(client.get(url, {"template": row.pk}))
    submitted.patient.preferred_language = "es"
    assert message_templates.fill(row, submitted) == "Hola Ana."
    assert not message_templates.of_user(max_stranger)
    with pytest.raises(services.IntakeRefused, match="already"):
        message_templates.add(by=ben, clinic=clinic, name="Call us", text="x")
    with pytest.raises(services.IntakeRefused, match="Only staff"):
        message_templates.remove(by=max_stranger, row=row)


def test_the_page_of_texts(sign_in, ben, max_stranger):
    client, url = sign_in(ben), reverse("intake:message_templates")
    assert "No text yet" in text(client.get(url))
    assert client.post(url, {"name": "", "text": ""}).status_code == 422
    client.post(url, {"name": "Hours", "text": "We open at 8."})
    row = MessageTemplate.objects.get()
    assert "We open at 8." in text(client.get(url))
    remove = reverse("intake:message_template_remove", args=[row.pk])
    assert sign_in(max_stranger).post(remove).status_code == 404
    assert sign_in(ben).post(remove).status_code == 302 and not MessageTemplate.objects.exists()


# an end


def test_a_conversation_is_put_away_and_comes_back_with_the_next_message(submitted, ana, ben, sign_in):
    send(submitted, ana)
    client, away = sign_in(ben), reverse("intake:messages_put_away", args=[submitted.pk])
    assert "Read it first" in text(client.post(away, follow=True))
    client.get(reverse("intake:messages", args=[submitted.pk]))
    client.post(away, follow=True)
    assert Thread.objects.get().closed_by == ben
    assert submitted.number not in text(client.get(reverse("intake:inbox")))
    assert submitted.number in text(client.get(reverse("intake:inbox"), {"show": "closed"}))
    send(submitted, ana, "One more thing")
    assert Thread.objects.get().closed_at is None
    assert submitted.number in text(client.get(reverse("intake:inbox")))


def test_patients_and_strangers_put_nothing_away(submitted, ana, max_stranger):
    send(submitted, ana)
    for somebody in (ana, max_stranger):
        with pytest.raises(messages.MessageRefused):
            messages.put_away(case=submitted, by=somebody)
