"""Messages of a case: who reads and writes them, what is new for whom, who is told, and when they end."""

import uuid

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from config.accounts.signin_models import OutgoingMail
from config.audit.models import AuditEvent
from intake import messages, related
from intake.models import Case, Message, Patient, RelatedPerson, Thread
from tests import factories
from tests.racing import race

pytestmark = pytest.mark.django_db


def send(case, by, text="May I swim?", key=None):
    return messages.send(case=case, by=by, text=text, key=key or uuid.uuid4())


def read(case, by):
    return [line.message.text for line in messages.open_thread(case=case, by=by) if line.is_new]


@pytest.fixture
def cara(patient, ben):
    """Acts for Ana as a carer."""
    cara = factories.make_user("Cara")
    RelatedPerson.objects.create(patient=patient, user=cara, relationship="carer", created_by=ben)
    return cara


def told():
    return sorted(OutgoingMail.objects.filter(template="message_waiting").values_list("to", flat=True))


# what is new for whom


def test_a_message_is_new_for_the_other_sides_until_read(ready, ana, ben, dana):
    send(ready, ana, "May I swim?")
    assert [messages.unread(ready, who) for who in (ana, ben, dana)] == [0, 1, 1]
    assert read(ready, ben) == ["May I swim?"]
    assert read(ready, ben) == []
    assert [messages.unread(ready, who) for who in (ben, dana)] == [0, 1]
    send(ready, ben, "Yes.")
    assert [messages.unread(ready, who) for who in (ana, ben, dana)] == [1, 0, 2]
    assert read(ready, ana) == ["Yes."]


def test_a_desk_reads_together_and_each_of_the_family_alone(ready, ana, ben, cara, clinic):
    second = factories.make_user("Bea", "staff", clinic)
    send(ready, ana)
    read(ready, ben)
    assert messages.unread(ready, second) == 0
    send(ready, ben, "Yes.")
    read(ready, cara)
    assert [messages.unread(ready, who) for who in (cara, ana)] == [0, 1]


def test_what_comes_while_the_page_is_read_stays_new(ready, ana, ben):
    first = send(ready, ana, "One")
    send(ready, ana, "Two")
    messages.mark_read(case=ready, by=ben, side="clinic", until=first)
    assert messages.unread(ready, ben) == 1


def test_an_older_page_does_not_take_back_what_was_read(ready, ana, ben):
    first = send(ready, ben, "One")
    send(ready, ben, "Two")
    read(ready, ana)
    messages.mark_read(case=ready, by=ana, side="patient", until=first)
    assert messages.unread(ready, ana) == 0


def test_before_it_is_routed_nothing_waits_for_a_specialist(submitted, ana):
    send(submitted, ana)
    thread = Thread.objects.get()
    assert (thread.clinic_unread, thread.specialist_unread) == (1, 0)


# who may


@pytest.mark.parametrize("who", ["max_stranger", "eli", "olga", "ruth", "kay"])
def test_strangers_neither_read_nor_write(request, sign_in, ready, who):
    person = request.getfixturevalue(who)
    url = reverse("intake:messages", args=[ready.pk])
    assert sign_in(person).get(url).status_code == 404
    assert sign_in(person).post(url, {"text": "Hello", "key": uuid.uuid4()}).status_code == 404
    with pytest.raises(messages.MessageRefused, match="may not write"):
        send(ready, person)
    assert not Message.objects.exists()


def test_the_holder_of_a_photo_link_has_no_messages(sign_in, clinic, ben):
    walk_in = factories.make_patient(clinic)
    case = factories.put_status(factories.make_draft(walk_in, by=ben), "needs_information")
    link, _ = related.make_link(by=ben, case=case)
    holder = related.open_link(link=link, date_of_birth=walk_in.date_of_birth)
    assert messages.unread(case, holder) is None
    assert sign_in(holder).get(reverse("intake:messages", args=[case.pk])).status_code == 404


@pytest.mark.parametrize("status", ["closed", "redirected", "withdrawn"])
def test_messages_close_with_the_case_and_stay_readable(sign_in, ready, ana, status):
    send(ready, ana, "May I swim?")
    case = factories.put_status(ready, status)
    with pytest.raises(messages.MessageRefused, match="finished"):
        send(case, ana)
    page = sign_in(ana).get(reverse("intake:messages", args=[case.pk])).content.decode()
    assert "May I swim?" in page
    assert "This case is finished" in page
    assert "<textarea" not in page


def test_staff_do_not_write_to_a_patient_who_cannot_read_it(sign_in, clinic, ben):
    walk_in = factories.make_patient(clinic)
    case = factories.put_status(factories.make_draft(walk_in, by=ben), "submitted")
    with pytest.raises(messages.MessageRefused, match="there is no account"):
        send(case, ben)
    page = sign_in(ben).get(reverse("intake:messages", args=[case.pk])).content.decode()
    assert "Nobody reads messages for this patient" in page
    assert walk_in.phone in page


def test_a_draft_has_no_messages(sign_in, draft, ana):
    assert sign_in(ana).get(reverse("intake:messages", args=[draft.pk])).status_code == 404


# notices


def test_the_patients_side_is_told_once_until_it_reads(ready, ana, ben, cara):
    send(ready, ben, "One")
    send(ready, ben, "Two")
    assert told() == sorted([ana.email, cara.email])
    read(ready, ana)
    send(ready, ben, "Three")
    assert told() == sorted([ana.email, ana.email, cara.email])
    assert {mail.context == {} for mail in OutgoingMail.objects.all()} == {True}


def test_staff_and_specialist_are_told_where_they_wrote_before(ready, ana, ben, dana):
    send(ready, ana, "May I swim?")
    assert told() == []
    send(ready, dana, "For how long?")
    OutgoingMail.objects.all().delete()
    read(ready, dana)
    send(ready, ana, "An hour")
    send(ready, ana, "Or two")
    assert told() == [dana.email]


# the database keeps it


def test_a_button_pressed_twice_is_one_message(sign_in, ready, ana):
    url, form = reverse("intake:messages", args=[ready.pk]), {"text": "May I swim?", "key": uuid.uuid4()}
    for _ in range(2):
        assert sign_in(ana).post(url, form).status_code == 302
    assert Message.objects.count() == 1
    assert Thread.objects.get().clinic_unread == 1


def test_other_words_in_the_form_that_the_back_button_brought_are_not_lost(sign_in, ready, ana):
    url, key = reverse("intake:messages", args=[ready.pk]), uuid.uuid4()
    client = sign_in(ana)
    for text in ("May I swim?", "And may I shower?", "And may I shower?", "May I swim?"):
        assert client.post(url, {"text": text, "key": key}).status_code == 302
    assert list(Message.objects.values_list("text", flat=True)) == ["May I swim?", "And may I shower?"]


def test_staff_are_told_who_reads_nothing_here(sign_in, ready, patient, ruth, ben, clinic):
    Case.objects.filter(pk=ready.pk).update(referring_clinician=ruth, referring_clinic=clinic)
    url = reverse("intake:messages", args=[ready.pk])
    assert "reads nothing here" not in sign_in(ben).get(url).content.decode()
    Patient.objects.filter(pk=patient.pk).update(user=None)
    page = sign_in(ben).get(url).content.decode()
    assert "has no account and reads nothing here" in page and "not the patient." in page


@pytest.mark.django_db(transaction=True)
def test_twenty_presses_at_once_are_one_message(ready, ana):
    key = uuid.uuid4()
    results = race(8, lambda _: send(ready, ana, key=key).pk)
    assert len(set(results)) == 1, results
    assert (Message.objects.count(), Thread.objects.get().clinic_unread) == (1, 1)


def test_what_was_written_is_never_changed(ready, ana):
    message = send(ready, ana)
    with pytest.raises(Exception, match="append-only|never changed"), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(text="Other words")
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(case=ready, side="nobody", by=ana, text="a", key=uuid.uuid4())


def test_sending_and_reading_are_on_record(sign_in, ready, ana, ben):
    send(ready, ana, "A secret")
    sign_in(ben).get(reverse("intake:messages", args=[ready.pk]))
    sent = AuditEvent.objects.get(verb="message.sent")
    assert (sent.actor, sent.case_number) == (ana, ready.number)
    assert "secret" not in str(sent.data)
    assert AuditEvent.objects.filter(verb="case.messages_viewed", actor=ben).exists()


# pages


@pytest.mark.parametrize(("text", "words"), [(" ", "Write your message first."), ("a" * 2001, "too long")])
def test_what_cannot_be_sent_stays_on_the_page(sign_in, ready, ana, text, words):
    page = sign_in(ana).post(reverse("intake:messages", args=[ready.pk]), {"text": text, "key": uuid.uuid4()})
    assert page.status_code == 422
    assert words in page.content.decode()
    assert text.strip() in page.content.decode()


def test_markup_in_a_message_is_shown_as_written(sign_in, ready, ana, ben):
    send(ready, ana, "<script>alert(1)</script>")
    page = sign_in(ben).get(reverse("intake:messages", args=[ready.pk])).content.decode()
    assert "&lt;script&gt;alert(1)" in page


def test_unread_messages_stand_first_wherever_people_look(sign_in, ready, ana, ben, dana):
    send(ready, ana, "May I swim?")
    for person in ben, dana:
        client = sign_in(person)
        inbox = client.get(reverse("intake:inbox")).content.decode()
        assert "1 new" in inbox
        assert 'Messages <span class="count">1</span>' in inbox
        assert "May I swim?" in inbox
    assert "1 new message" in sign_in(ben).get(reverse("intake:triage_case", args=[ready.pk])).content.decode()
    assert "1 new message" in sign_in(dana).get(reverse("review:earlier", args=[ready.pk])).content.decode()
    send(ready, ben, "Yes.")
    home = sign_in(ana).get(reverse("intake:patient_home")).content.decode()
    assert "You have 1 new message" in home
    sign_in(ana).get(reverse("intake:messages", args=[ready.pk]))
    assert "new message" not in sign_in(ana).get(reverse("intake:patient_home")).content.decode()


def test_a_family_reads_it_in_spanish(sign_in, ready, patient, ana, ben):
    patient.preferred_language = "es"
    patient.save()
    send(ready, ben, "Yes.")
    assert "Tiene 1 mensaje nuevo" in sign_in(ana).get(reverse("intake:patient_home")).content.decode()
    send(ready, ben, "But not for long.")
    assert "Tiene 2 mensajes nuevos" in sign_in(ana).get(reverse("intake:patient_home")).content.decode()
    page = sign_in(ana).get(reverse("intake:messages", args=[ready.pk])).content.decode()
    assert "Enviar el mensaje" in page
    assert "Nuevo" in page


def test_the_inbox_shows_only_the_own_desks_threads(sign_in, ready, ana, max_stranger, eli):
    send(ready, ana, "May I swim?")
    for person in max_stranger, eli:
        page = sign_in(person).get(reverse("intake:inbox")).content.decode()
        assert "May I swim?" not in page
        assert "No messages yet" in page
