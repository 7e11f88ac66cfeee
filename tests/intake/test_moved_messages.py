"""A case with messages under the wrong person: the case goes, the conversation stays, and each reads only the own."""

import uuid

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from config.accounts.signin_models import OutgoingMail
from config.audit.models import AuditEvent
from intake import calls, filing, invariants, merging, messages, moved, services
from intake.models import CallTask, Case, Message, Misfiling, MovedNotice, Photo, RelatedPerson, Thread
from review.record import building, scope
from tests import factories
from tests.intake.imaging import corpus
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def bea_login():
    return factories.make_user("Bea", email="bea@example.test")


@pytest.fixture
def bea(clinic, bea_login):
    """The right person, with a login of her own."""
    return factories.make_patient(clinic, user=bea_login, first_name="Bea", last_name="Other", medicare=False)


def send(case, by, text="My sister's mole", files=()):
    return messages.send(case=Case.objects.get(pk=case.pk), by=by, text=text, key=uuid.uuid4(), files=files)


def move(case, by, to, **facts):
    facts = {"reason": "Her sister's phone"} | facts
    return filing.move_case(case=Case.objects.get(pk=case.pk), by=by, to=to, **facts)


def read(case, by):
    return [line.message.text for line in messages.open_thread(case=Case.objects.get(pk=case.pk), by=by)]


def page(client, name, *args):
    return client.get(reverse(f"intake:{name}", args=args))


def text(answer) -> str:
    return answer.content.decode()


@pytest.fixture
def talked(waiting, ana, ben):
    """Ana wrote, the clinic answered, Ana read it; then each wrote once more, unread."""
    send(waiting, ana, "Ana asks")
    send(waiting, ben, "Ben answers")
    read(waiting, ana)
    read(waiting, ben)
    send(waiting, ana, "Ana asks again")
    send(waiting, ben, "Ben answers again")
    OutgoingMail.objects.all().delete()
    return Case.objects.get(pk=waiting.pk)


# who reads what


def test_the_right_person_begins_anew_and_reads_nothing_of_the_other(talked, ben, bea, bea_login, sign_in):
    case = move(talked, ben, bea)
    assert (case.patient, case.status) == (bea, "submitted")
    assert messages.unread(case, bea_login) == 0
    assert read(case, bea_login) == []
    client = sign_in(bea_login)
    for answer in (
        page(client, "messages", case.pk),
        page(client, "patient_case", case.pk),
        page(client, "patient_home"),
    ):
        assert answer.status_code == 200
        assert not [words for words in ("Ana asks", "Ben answers") if words in text(answer)]
    send(case, bea_login, "Bea asks")
    assert read(case, bea_login) == ["Bea asks"]
    assert Message.objects.filter(case=case).count() == 5


def test_the_person_before_reads_nothing_further_and_writes_nothing(talked, ana, ben, bea, bea_login, sign_in):
    case = move(talked, ben, bea)
    send(case, bea_login, "Bea asks")
    client = sign_in(ana)
    assert page(client, "messages", case.pk).status_code == 404
    assert page(client, "patient_case", case.pk).status_code == 404
    with pytest.raises(messages.MessageRefused, match="may not write"):
        send(case, ana, "Ana once more")
    assert messages.unread_by_case([case], ana) == {}


def test_what_had_been_read_stays_readable_and_what_was_not_goes(talked, ana, ben, bea, sign_in):
    move(talked, ben, bea)
    notice = MovedNotice.objects.get(which="left")
    answer = text(page(sign_in(ana), "moved_notice", notice.pk))
    assert [words for words in ("Ana asks again", "Ben answers") if words in answer] == [
        "Ana asks again",
        "Ben answers",
    ]
    assert "Ben answers again" not in answer
    assert bea.name not in answer and "Other" not in answer
    assert [one.text for one in scope.messages_of_moved_cases(talked.patient)] == [
        "Ana asks", "Ben answers", "Ana asks again",
    ]  # fmt: skip


def test_the_clinic_reads_both_apart_and_what_it_had_not_read_is_still_new(talked, ana, ben, bea, bea_login, sign_in):
    case = move(talked, ben, bea)
    assert messages.unread(case, ben) == 1
    send(case, bea_login, "Bea asks")
    answer = text(page(sign_in(ben), "messages", case.pk))
    assert "4 messages with Ana" in answer and "Ana asks again" in answer and "Bea asks" in answer
    assert read(case, ben) == ["Bea asks"]
    assert messages.unread(case, ben) == 0
    assert [len(part.lines) for part in moved.former(case)] == [4]


def test_specialist_and_referrer_have_only_what_came_since(talked, ana, ben, bea, bea_login, dana, group, sign_in):
    case = move(talked, ben, bea)
    case = factories.put_status(case, "ready", group=group, patient_state="OH")
    assert messages.unread(case, dana) == 0
    assert not messages.threads(dana, "specialist").exists()
    assert "Ana asks" not in text(page(sign_in(dana), "messages", case.pk))
    send(case, bea_login, "Bea asks")
    assert [row.pk for row in messages.threads(dana, "specialist")] == [case.pk]
    inbox = text(page(sign_in(dana), "inbox"))
    assert "Bea asks" in inbox and "Ana asks" not in inbox
    assert read(case, dana) == ["Bea asks"]


def test_the_inbox_says_that_nothing_was_written_since(talked, ben, bea, sign_in):
    move(talked, ben, bea)
    inbox = text(page(sign_in(ben), "inbox"))
    assert "Nothing written since the case was moved" in inbox and "1 new" in inbox
    assert "Ana asks" not in inbox


def test_one_who_acts_for_both_has_two_conversations(talked, ana, ben, bea, patient):
    """A mother who filed one child's spot under the other: she wrote it, and still each record has its own."""
    RelatedPerson.objects.create(patient=bea, user=ana, relationship="carer", created_by=ben)
    case = move(talked, ben, bea)
    assert read(case, ana) == []
    send(case, ben, "For Bea")
    assert messages.unread(Case.objects.get(pk=case.pk), ana) == 1
    assert messages.unread_by_case([case], ana) == {case.pk: 1}
    assert [one.text for one in scope.messages(bea)] == ["For Bea"]
    assert "For Bea" not in [one.text for one in scope.messages_of_moved_cases(patient)]


def test_moved_on_and_back_each_conversation_stays_with_its_person(talked, ana, ben, bea, bea_login, patient):
    case = move(talked, ben, bea)
    send(case, bea_login, "Bea asks")
    case = move(case, ben, patient, reason="It was hers after all")
    assert read(case, ana) == []
    send(case, ana, "Ana a third time")
    assert read(case, ana) == ["Ana a third time"]
    assert [[one.text for one in part.lines] for part in moved.former(case)] == [
        ["Ana asks", "Ben answers", "Ana asks again", "Ben answers again"], ["Bea asks"],
    ]  # fmt: skip
    assert [one.text for one in scope.messages_of_moved_cases(bea)] == ["Bea asks"]
    assert [one.text for one in scope.messages(patient)] == ["Ana a third time"]


def test_a_case_moved_without_messages_leaves_none_behind(waiting, ben, bea):
    move(waiting, ben, bea)
    row = Misfiling.objects.get()
    assert (row.messages_until, row.messages_after) == (None, 0)


# photos that came with messages


@pytest.fixture
def with_photo(talked, ana):
    sent = send(talked, ana, "This one", [("spot.jpg", corpus.jpeg())])
    return sent.photos.get().photo


def test_a_photo_of_a_message_stays_behind_unless_it_shows_the_right_person(with_photo, talked, ben, bea):
    case = move(talked, ben, bea)
    with_photo.refresh_from_db()
    assert with_photo.removed_at is not None
    assert case.photos.live().filter(slot="close_up").exists()  # those of the case go along
    assert Misfiling.objects.get(photo=with_photo).kind == "in_error"


def test_a_ticked_photo_goes_along(with_photo, talked, ben, bea, desk):
    url = reverse("intake:wrong_person", args=[talked.pk])
    answer = text(desk.get(url, {"q": "Bea"}))
    assert "5 messages stay with Ana" in answer and f'value="{with_photo.pk}"' in answer
    case = Case.objects.get(pk=talked.pk)
    form = {
        "to": str(bea.pk),
        "reason": "Wrong row",
        "do": "move",
        "version": case.version,
        "keep": [str(with_photo.pk)],
    }
    assert desk.post(url, form).status_code == 302
    assert Case.objects.get(pk=talked.pk).photos.live().filter(pk=with_photo.pk).exists()


def test_a_photo_of_a_message_can_be_moved_alone(with_photo, talked, ben, bea):
    there = factories.put_status(factories.make_draft(bea, by=ben), "submitted")
    copy = filing.move_photo(photo=with_photo, to_case=there, by=ben, reason="Bea's arm")
    assert copy.sha256 == with_photo.sha256
    assert not copy.in_messages.exists()
    assert "Ana asks" in [one.text for one in Message.objects.filter(case=talked)]


# both are told


def test_both_are_told_and_the_desk_sees_when_they_read_it(talked, ana, ben, bea, bea_login, sign_in):
    case = move(talked, ben, bea)
    mails = OutgoingMail.objects.filter(template="message_waiting")
    assert sorted(mails.values_list("to", flat=True)) == sorted([ana.email, bea_login.email])
    assert all(mail.context == {} and len(mail.dedupe_key) <= 100 for mail in mails)
    assert text(page(sign_in(ben), "triage_case", case.pk)).count("notice sent, not opened yet") == 2
    for login, words in ((ana, "A case that is not yours"), (bea_login, "A case was moved to your name")):
        client = sign_in(login)
        notice = moved.own_notices(login).get()
        assert "One thing to read" in text(page(client, "patient_home"))
        assert words in text(page(client, "moved_notice", notice.pk))
        home = text(page(client, "patient_home"))
        assert "One thing to read" not in home and words in home
    assert text(page(sign_in(ben), "triage_case", case.pk)).count("read the notice") == 2
    assert AuditEvent.objects.filter(verb="patient.told_of_move").count() == 2


def test_nobody_elses_notice_is_there(talked, ana, ben, bea, bea_login, max_stranger, sign_in):
    move(talked, ben, bea)
    theirs = MovedNotice.objects.get(which="left")
    for login in (bea_login, max_stranger, ben):
        assert page(sign_in(login), "moved_notice", theirs.pk).status_code in {403, 404}
    assert MovedNotice.objects.get(pk=theirs.pk).seen_at is None


def test_who_has_no_account_is_called(talked, ben, clinic, sign_in):
    cara = factories.make_patient(clinic, first_name="Cara", last_name="Walkin", medicare=False, phone="555-0199")
    case = move(talked, ben, cara)
    task = CallTask.objects.get(kind="moved")
    assert task.subject == MovedNotice.objects.get(which="came").pk
    [call] = calls.calls_about(case)
    assert (call.name, call.phone) == (cara.name, "555-0199")
    assert "has no account, on the call list" in text(page(sign_in(ben), "triage_case", case.pk))
    calls.log_call(case=case, by=ben, outcome="reached", whom="patient", note="Explained it")
    assert "told by phone" in text(page(sign_in(ben), "triage_case", case.pk))


def test_the_person_before_without_account_is_called_by_their_own_name(talked, ana, ben, bea, clinic, sign_in):
    """The account may have gone since the messages; the call names the one to be called and not the other."""
    ana.is_active = False
    ana.save()
    case = move(talked, ben, bea)
    [call] = calls.calls_about(case)
    assert call.patient == talked.patient != case.patient
    for answer in (page(sign_in(ben), "calls"), page(sign_in(ben), "call", case.pk)):
        assert f"Call {talked.patient.name}" in text(answer)
    assert bea.name not in call.why


def test_a_row_mixed_up_by_staff_calls_nobody(patient, ana, ben, clinic):
    walk_in, right = (factories.make_patient(clinic, first_name=name, medicare=False) for name in ("Cara", "Dora"))
    case = factories.put_status(factories.make_draft(walk_in, by=ben), "submitted")
    move(case, ben, right)
    assert not MovedNotice.objects.exists() and not CallTask.objects.exists()


def test_a_notice_goes_along_when_records_are_merged(talked, ana, ben, bea, patient):
    move(talked, ben, bea)
    twin = factories.make_patient(patient.home_clinic, first_name="Ana", last_name=patient.last_name, medicare=False)
    merging.merge(kept=twin, merged=patient, by=ben, reason="Same passport", checked=True)
    assert moved.own_notices(ana).get().patient == twin
    assert [one.text for one in scope.messages_of_moved_cases(twin)] == ["Ana asks", "Ben answers", "Ana asks again"]


# the database


def refused(rows, **columns) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(**columns)


def test_no_message_goes_to_another_person(talked, ben, bea, clinic):
    refused(Case.objects.filter(pk=talked.pk), patient=bea)
    case = move(talked, ben, bea)
    third = factories.make_patient(clinic, first_name="Cara", medicare=False)
    Case.objects.filter(pk=case.pk).update(patient=third)  # nothing was written since: no message would go over


def test_a_conversation_ends_where_the_move_says_and_for_good(talked, ben, bea):
    last = Message.objects.last()
    refused(Thread.objects.filter(pk=talked.pk), moved_after=last.pk)
    move(talked, ben, bea)
    refused(Thread.objects.filter(pk=talked.pk), moved_after=0)
    refused(Thread.objects.filter(pk=talked.pk), moved_after=last.pk + 1)


def test_a_move_names_messages_of_its_own_case(talked, ben, bea, patient):
    other = factories.put_status(factories.make_draft(bea, by=ben), "submitted")
    facts = {"kind": "moved", "from_patient": patient, "to_patient": bea, "reason": "x", "by": ben}
    with pytest.raises(IntegrityError), transaction.atomic():
        Misfiling.objects.create(case=other, messages_until=Message.objects.last(), **facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        Misfiling.objects.create(
            case=talked, messages_until=Message.objects.last(), messages_after=Message.objects.last().pk, **facts
        )


def test_that_somebody_was_told_stays_said(talked, ana, ben, bea):
    move(talked, ben, bea)
    notice = MovedNotice.objects.get(which="left")
    refused(MovedNotice.objects.filter(pk=notice.pk), read_until=0)
    moved.see(notice, ana)
    refused(MovedNotice.objects.filter(pk=notice.pk), seen_at=None, seen_by=None)


def test_the_invariants_hold_after_a_move(talked, ben, bea):
    move(talked, ben, bea)
    for check in (invariants.wrong_persons_are_on_record, invariants.conversations_are_with_their_person):
        assert list(check()) == []


@pytest.mark.django_db(transaction=True)
def test_a_message_sent_while_the_case_is_moved_is_before_or_refused(talked, ana, ben, bea, bea_login):
    def act(number):
        return send(talked, ana, f"Race {number}") if number else move(talked, ben, bea)

    results = race(6, act)
    assert not isinstance(results[0], Exception), results[0]
    assert {type(one) for one in results[1:]} <= {Message, messages.MessageRefused}
    case = Case.objects.get(pk=talked.pk)
    assert case.patient == bea
    assert read(case, bea_login) == []
    assert Message.objects.filter(case=case, text__startswith="Race").count() == sum(
        isinstance(one, Message) for one in results[1:]
    )


def test_words_for_one_person_do_not_reach_the_other_from_a_page_opened_before(talked, ben, bea, bea_login, sign_in):
    client = sign_in(ben)
    form = page(client, "messages", talked.pk).context["form"]
    move(talked, ben, bea)
    written = {"text": "For Ana alone", "key": form["key"].value(), "about": form["about"].value()}
    answer = client.post(reverse("intake:messages", args=[talked.pk]), written)
    assert answer.status_code == 422 and "moved to another person" in text(answer) and "For Ana alone" in text(answer)
    assert read(talked, bea_login) == [] and not Message.objects.filter(text="For Ana alone").exists()


def test_a_photo_that_was_on_its_way_does_not_land_in_the_other_persons_case(talked, ana, ben, bea, monkeypatch):
    before, photos = Case.objects.get(pk=talked.pk), set(Photo.objects.values_list("pk"))
    put_once = services.storages.put_once

    def moved_meanwhile(key, data):
        put_once(key, data)
        move(talked, ben, bea)

    monkeypatch.setattr(services.storages, "put_once", moved_meanwhile)
    with pytest.raises(services.PhotoRefused):
        picture = corpus.encode(corpus.scene(), "JPEG")
        services.attach_photo(case=before, by=ana, data=picture, name="a.jpg", slot="other", in_message=True)
    assert Case.objects.get(pk=talked.pk).patient == bea
    assert set(Photo.objects.values_list("pk")) == photos


def test_a_second_move_takes_back_what_the_first_one_had_to_say(talked, ana, ben, bea, bea_login, clinic, patient):
    cara = factories.make_patient(clinic, first_name="Cara", last_name="Walkin", medicare=False)
    move(talked, ben, bea)
    send(talked, bea_login, "Bea asks")
    move(talked, ben, cara)
    told = CallTask.objects.get(kind="moved", settled_at=None)
    assert MovedNotice.objects.get(pk=told.subject).patient == cara
    move(talked, ben, patient)
    assert not CallTask.objects.filter(pk=told.pk, settled_at=None).exists()
    assert [notice.which for notice in moved.own_notices(ana)] == ["came"]


def test_the_record_of_the_right_person_names_nobody_before_them(talked, ana, ben, bea):
    move(talked, ben, bea)
    rows = b"".join(building._access_lines(bea)).decode()
    assert "another person" in rows and str(ana) not in rows and str(ben) in rows


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_leave_one_trail(talked, ben, bea, clinic):
    cara = factories.make_patient(clinic, first_name="Cara", medicare=False)
    race(4, lambda n: move(talked, ben, bea if n % 2 else cara))
    case = Case.objects.get(pk=talked.pk)
    trail = list(Misfiling.objects.filter(case=case))
    assert trail[-1].to_patient == case.patient
    assert [row.from_patient for row in trail[1:]] == [row.to_patient for row in trail[:-1]]
