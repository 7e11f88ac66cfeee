"""From the signature to "read": nothing is lost when mail is down, nothing is doubled when tasks come twice."""

import smtplib
import threading

import pytest
from django.core import mail as outbox
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from config.audit.models import AuditEvent
from config.work import services as work
from intake.models import Case, CaseEvent
from intake.workflow import TransitionRefused
from review import delivery
from review.models import Delivery, Review
from tests import factories


def notices(review: Review) -> None:
    for row in review.deliveries.all():
        delivery.send_notice(row.pk)


def status(review: Review) -> str:
    return Case.objects.get(pk=review.case_id).status


def test_patient_and_referrer_each_get_it(answered, ana, ruth):
    review = answered()
    assert {(row.recipient_kind, row.recipient) for row in review.deliveries.all()} == {
        ("patient", ana),
        ("referrer", ruth),
    }
    assert all(row.work_status == "waiting" and row.visible_at for row in review.deliveries.all())


def test_delivered_only_when_every_recipient_has_it(answered):
    review = answered()
    first, second = review.deliveries.all()
    delivery.send_notice(first.pk)
    assert status(review) == "signed"
    delivery.send_notice(second.pk)
    assert status(review) == "delivered"
    event = CaseEvent.objects.get(case=review.case, verb="deliver")
    assert (event.by, event.role) == (None, "system")


def test_the_notice_carries_no_clinical_word(answered, patient):
    review = answered()
    notices(review)
    assert len(outbox.outbox) == 2
    for message in outbox.outbox:
        text = f"{message.subject} {message.body} {message.extra_headers}".lower()
        for word in (
            patient.first_name,
            patient.last_name,
            "skin",
            "derm",
            "macule",
            "spot",
            "forearm",
            review.case.number,
        ):
            # the name of the service in the address of the link is not about the person
            assert word.lower() not in text.replace("dermforward", ""), word
        assert "sign in" in text


def test_a_doubled_task_sends_once(answered):
    review = answered(referred=False)
    notices(review)
    notices(review)
    assert len(outbox.outbox) == 1
    assert CaseEvent.objects.filter(case=review.case, verb="deliver").count() == 1


def test_mail_that_is_down_delays_and_loses_nothing(answered, monkeypatch):
    review = answered(referred=False)
    row = review.deliveries.get()
    real = delivery.mail.send_notice

    def down(**kwargs):
        raise smtplib.SMTPServerDisconnected("away")

    monkeypatch.setattr(delivery.mail, "send_notice", down)
    for _ in range(8):  # longer than five attempts: an outage is not the row's fault
        Delivery.objects.filter(pk=row.pk).update(due_at=timezone.now())
        delivery.send_notice(row.pk)
    row.refresh_from_db()
    assert (row.work_status, row.attempts, row.notice_sent_at) == ("waiting", 0, None)
    assert status(review) == "signed"
    monkeypatch.setattr(delivery.mail, "send_notice", real)
    delivery.send_notice(row.pk)
    assert (status(review), len(outbox.outbox)) == ("delivered", 1)


def test_an_address_that_is_refused_for_good_needs_attention(answered, monkeypatch):
    def refuse(**_):
        raise smtplib.SMTPRecipientsRefused({"ana@example.test": (550, b"no such mailbox")})

    row = answered(referred=False).deliveries.get()
    monkeypatch.setattr(delivery.mail, "send_notice", refuse)
    for _ in range(5):
        Delivery.objects.filter(pk=row.pk).update(due_at=timezone.now())
        delivery.send_notice(row.pk)
    row.refresh_from_db()
    assert (row.work_status, row.last_error) == ("dead", "SMTPRecipientsRefused")
    assert row.notice_sent_at is None


def test_a_copy_that_lost_its_lease_writes_nothing(answered):
    review = answered(referred=False)
    row = review.deliveries.get()
    frozen = work.claim(Delivery, row.pk)
    Delivery.objects.filter(pk=row.pk).update(due_at=timezone.now())
    delivery.send_notice(row.pk)
    with pytest.raises(work.Fenced):
        work.settle(frozen, notice_sent_at=None)
    row.refresh_from_db()
    assert row.notice_sent_at is not None


def test_patient_without_an_account_is_told_by_staff(answered, clinic, ben):
    review = answered(referred=False, patient=factories.make_patient(clinic))
    row = review.deliveries.get()
    assert (row.recipient, row.visible_at, row.work_status) == (None, None, "idle")
    with pytest.raises(delivery.DeliveryRefused, match="Choose how"):
        delivery.record_told(delivery=row, by=ben, how="pigeon")
    delivery.record_told(delivery=row, by=ben, how="phone")
    row.refresh_from_db()
    assert (row.told_by, row.told_how, status(review)) == (ben, "phone", "delivered")


def test_only_staff_of_the_clinic_record_that(answered, max_stranger, ana):
    row = answered(referred=False).deliveries.get()
    for somebody in (max_stranger, ana):
        with pytest.raises(delivery.DeliveryRefused):
            delivery.record_told(delivery=row, by=somebody, how="phone")


def test_closed_when_everybody_acknowledged(answered, ana, ruth):
    review = answered()
    notices(review)
    delivery.acknowledge(case=review.case, kind="patient", by=ana)
    assert status(review) == "delivered"
    delivery.acknowledge(case=review.case, kind="referrer", by=ruth)
    assert status(review) == "closed"
    assert AuditEvent.objects.filter(verb="delivery.acknowledged").count() == 2


def test_read_before_the_notice_went_out_closes_after_it(answered, ana):
    review = answered(referred=False)
    delivery.acknowledge(case=review.case, kind="patient", by=ana)
    assert status(review) == "signed"
    notices(review)
    assert status(review) == "closed"


def test_nobody_acknowledges_for_another(answered, ana, ruth, max_stranger, dana):
    review = answered()
    for kind, somebody in (("patient", ruth), ("referrer", ana), ("patient", max_stranger), ("patient", dana)):
        with pytest.raises(delivery.DeliveryRefused):
            delivery.acknowledge(case=review.case, kind=kind, by=somebody)


def test_staff_hear_it_by_phone(answered, ben):
    review = answered(referred=False)
    notices(review)
    delivery.acknowledge(case=review.case, kind="patient", by=ben, how="phone")
    row = review.deliveries.get()
    assert (row.acknowledged_by, row.opened_at) == (ben, None)


def test_opened_is_the_first_time(answered):
    review = answered(referred=False)
    delivery.record_opened(case=review.case, kind="patient")
    first = review.deliveries.get().opened_at
    delivery.record_opened(case=review.case, kind="patient")
    assert first is not None and review.deliveries.get().opened_at == first


def test_staff_close_with_a_reason(answered, ben):
    review = answered(referred=False)
    notices(review)
    case = Case.objects.get(pk=review.case_id)
    with pytest.raises(delivery.DeliveryRefused, match="Write why"):
        delivery.close_case(case=case, by=ben, reason=" ")
    assert delivery.close_case(case=case, by=ben, reason="Moved away, letter sent.").status == "closed"


def test_addendum_is_delivered_and_acknowledged_anew(answered, ana, dana):
    review = answered(referred=False)
    notices(review)
    delivery.acknowledge(case=review.case, kind="patient", by=ana)
    assert status(review) == "closed"
    review = Review.objects.select_related("case__group", "case__patient").get(pk=review.pk)
    with pytest.raises(delivery.DeliveryRefused, match="patient needs to know"):
        delivery.add_addendum(review=review, by=dana, text="Left.", patient_text="", changes={"side": True})
    addendum = delivery.add_addendum(
        review=review, by=dana, text="It is the left arm.", patient_text="It is your left arm.", changes={"side": True}
    )
    assert status(review) == "signed" and addendum.content_sha256
    assert Review.objects.get(pk=review.pk).patient_text == "Have it tested."
    notices(review)
    assert status(review) == "delivered"
    delivery.acknowledge(case=review.case, kind="patient", by=ana)
    assert status(review) == "closed"


def test_addendum_by_a_colleague_but_not_by_a_stranger(answered, group, eli, ben):
    review = answered(referred=False)
    notices(review)
    review = Review.objects.select_related("case__group", "case__patient").get(pk=review.pk)
    for somebody in (eli, ben):
        with pytest.raises(TransitionRefused):
            delivery.add_addendum(review=review, by=somebody, text="More.", patient_text="", changes={})
    drew = factories.make_specialist("Drew", group)
    assert delivery.add_addendum(review=review, by=drew, text="Pathology: benign.", patient_text="", changes={})


def test_the_database_refuses_what_may_not_be(answered, ben):
    review = answered(referred=False)
    row = review.deliveries.get()
    for spoil in (
        {"told_at": timezone.now(), "told_by": ben},
        {"visible_at": None, "acknowledged_at": timezone.now()},
        {"recipient_kind": "neighbor"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Delivery.objects.filter(pk=row.pk).update(**spoil)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(review=review, case=review.case, recipient_kind="patient")


@pytest.mark.django_db(transaction=True)
def test_twelve_at_once_deliver_and_close_once(answered, ana, ruth):
    """Notices of both recipients and both acknowledgements race: one delivered event, one closed event."""
    review = answered()
    rows = list(review.deliveries.values_list("pk", flat=True))
    steps = [lambda pk=pk: delivery.send_notice(pk) for pk in rows * 3]
    steps += [lambda: delivery.acknowledge(case=review.case, kind="patient", by=ana)] * 3
    steps += [lambda: delivery.acknowledge(case=review.case, kind="referrer", by=ruth)] * 3
    start, errors = threading.Barrier(len(steps)), []

    def run(step):
        try:
            start.wait()
            step()
        except Exception as error:
            errors.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [event.verb for event in CaseEvent.objects.filter(case=review.case)] == ["deliver", "close"]
    assert len(outbox.outbox) == 2
