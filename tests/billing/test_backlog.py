"""Many signed reviews at once: the same lines as one by one, each once, whatever is doubled or cut off."""

import pytest
from django.db import IntegrityError
from django.utils import timezone

from billing import backlog, services
from billing.models import Alignment, ChargeDecision, ChargeLine
from config.audit.models import AuditEvent
from config.work import services as work
from review.models import Review
from tests import factories
from tests.billing.test_decisions import charge
from tests.racing import race


@pytest.fixture
def many(signed, billable, clinic, ana):
    """many(6) -> as many due signed reviews of as many aligned patients, one not aligned, one of a day's second visit."""

    def _many(count: int) -> list[Review]:
        made = []
        for number in range(count):
            patient = factories.make_patient(clinic)
            if number != 1:
                Alignment.objects.create(
                    programme=billable, patient=patient, valid_from=factories.practice_today(), source="test"
                )
            made.append(signed(case=factories.make_draft(patient, by=ana)))
        made.append(signed(case=factories.make_draft(made[0].case.patient, by=ana)))
        made.append(signed(ms=700_000, case=factories.make_draft(made[2].case.patient, by=ana)))
        return made

    return _many


def test_a_chunk_comes_to_the_same_as_one_by_one(many):
    reviews = many(5)
    lease = work.claim_many(Review, 100)
    assert backlog.charge_chunk(lease) == len(reviews)
    at_once = {
        line.review_id: (line.status, line.code, line.hold_codes, line.snapshot) for line in ChargeLine.objects.all()
    }
    assert {status for status, *_ in at_once.values()} == {"ready", "held"}
    held = [codes for _, _, codes, _ in at_once.values() if codes]
    assert ["DUPLICATE"] in held and ["PATIENT_NOT_ALIGNED"] in held and len(held) == 3
    for line in ChargeLine.objects.select_related("review"):
        again = services.gathering.gather(services._review(line.review_id), line)
        decision = services.rules.decide(again.facts)
        assert (decision.status, decision.code, [h.code for h in decision.holds]) == (
            line.status,
            line.code,
            line.hold_codes,
        )
        assert again.snapshot == line.snapshot
        assert line.decisions.get().facts_sha256 == services.facts_digest(again.facts)
    assert set(Review.objects.values_list("work_status", flat=True)) == {"done"}
    assert AuditEvent.objects.filter(verb="charge.decided").count() == len(reviews)


def test_queries_do_not_grow_with_the_chunk(many, django_assert_max_num_queries):
    many(20)
    lease = work.claim_many(Review, 100)
    with django_assert_max_num_queries(35):
        backlog.charge_chunk(lease)


def test_a_short_queue_is_left_to_be_done_one_by_one(many):
    many(2)
    assert backlog.charge_backlog() == 0 and not ChargeLine.objects.exists()


def test_a_long_queue_is_emptied(many, monkeypatch):
    monkeypatch.setattr(backlog, "FROM", 2)
    monkeypatch.setattr(backlog, "CHUNK", 3)
    reviews = many(6)
    made = backlog.charge_backlog()
    for pk in Review.objects.filter(work_status="waiting").values_list("pk", flat=True):
        services.charge_review(pk)
    assert made >= 6 and ChargeLine.objects.count() == len(reviews)


def test_a_message_for_a_review_of_a_chunk_finds_nothing_to_do(many):
    reviews = many(3)
    lease = work.claim_many(Review, 100)
    services.charge_review(reviews[0].pk)
    assert not ChargeLine.objects.exists()
    backlog.charge_chunk(lease)
    services.charge_review(reviews[0].pk)
    assert ChargeLine.objects.count() == len(reviews)


def test_one_that_cannot_be_decided_goes_back_alone(many, monkeypatch):
    reviews = many(4)
    gather = services.gathering.gather

    def broken(review, *args, **kwargs):
        if review.pk == reviews[1].pk:
            raise ValueError
        return gather(review, *args, **kwargs)

    monkeypatch.setattr(services.gathering, "gather", broken)
    assert backlog.charge_chunk(work.claim_many(Review, 100)) == len(reviews) - 1
    services.charge_review(reviews[1].pk)
    reviews[1].refresh_from_db()
    assert (reviews[1].work_status, reviews[1].last_error) == ("waiting", "ValueError")
    assert work.claim_many(Review, 100) is None


def test_a_chunk_that_was_taken_over_writes_nothing(many):
    reviews = many(3)
    lease = work.claim_many(Review, 100)
    Review.objects.update(due_at=timezone.now())
    for review in reviews:
        services.charge_review(review.pk)
    assert backlog.charge_chunk(lease) == 0
    assert ChargeLine.objects.count() == ChargeDecision.objects.count() == len(reviews)


def test_a_chunk_cut_off_before_it_wrote_is_done_later(many, monkeypatch):
    reviews = many(3)

    def cut(*args):
        raise IntegrityError

    monkeypatch.setattr(ChargeDecision.objects, "bulk_create", cut)
    assert backlog.charge_chunk(work.claim_many(Review, 100)) == 0
    assert not ChargeLine.objects.exists() and set(Review.objects.values_list("work_status", flat=True)) == {"waiting"}
    monkeypatch.undo()
    assert backlog.charge_chunk(work.claim_many(Review, 100)) == len(reviews)


def test_a_killed_worker_costs_its_lease(many):
    reviews = many(2)
    work.claim_many(Review, 100)
    assert [work.claim(Review, review.pk) for review in reviews] == [None] * len(reviews)
    Review.objects.update(due_at=timezone.now())
    for review in reviews:
        services.charge_review(review.pk)
    assert ChargeLine.objects.count() == len(reviews)


@pytest.mark.django_db(transaction=True)
def test_chunks_and_single_messages_at_once_make_each_line_once(many):
    reviews = many(6)

    def work_on(i):
        if i < 2:
            lease = work.claim_many(Review, 4)
            return backlog.charge_chunk(lease) if lease else 0
        for review in reviews:
            services.charge_review(review.pk)
        return 0

    assert not [found for found in race(4, work_on) if isinstance(found, Exception)]
    for review in Review.objects.exclude(work_status="done"):
        services.charge_review(review.pk)
    assert sorted(ChargeLine.objects.values_list("review", flat=True)) == sorted(review.pk for review in reviews)
    assert charge(reviews[0]).decisions.count() == 1
