"""One decision and one line for a signed review; held lines become ready by themselves when their fact is there."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from billing import facts, rules, services
from billing.models import Alignment, ChargeDecision, ChargeLine, Fee, PayerPolicy, Programme, RosterEntry
from config.work import services as work
from intake.models import Coverage
from review.models import Addendum, Review
from tests import factories


def charge(review: Review) -> ChargeLine:
    services.charge_review(review.pk)
    return ChargeLine.objects.get(review=review)


def run_due() -> None:
    """What the workers would do for every due line, without waiting for the clock."""
    services.wake_changed()
    for pk in ChargeLine.objects.filter(work_status="waiting").values_list("pk", flat=True):
        services.decide_again(pk)


def test_everything_there_makes_one_ready_line(signed):
    line = charge(signed())
    assert (line.status, line.code, line.amount, line.holds) == ("ready", "G9868", Decimal("42.00"), [])
    assert line.snapshot["diagnoses"] == ["D2261"] and line.snapshot["modifier"] == ""
    assert [decision.status for decision in line.decisions.all()] == ["ready"]


def test_nine_fifty_nine_and_ten(signed):
    assert charge(signed(ms=599_999)).status == "ready"
    line = charge(signed(ms=600_000))
    assert (line.status, line.code, line.hold_codes[0]) == ("held", "G9869", "TIME_GE_10")


def test_without_beats_is_held_time_missing(signed):
    assert charge(signed(ms=0)).hold_codes == ["TIME_MISSING"]


def test_not_delivered_becomes_ready_when_it_is(signed):
    review = signed(delivered=False)
    line = charge(review)
    assert (line.status, line.hold_codes) == ("held", ["NOT_DELIVERED"])
    review.deliveries.update(notice_sent_at=timezone.now())
    type(review.case).objects.filter(pk=review.case_id).update(status="delivered", delivered_at=timezone.now())
    run_due()
    line.refresh_from_db()
    assert (line.status, line.holds, line.decisions.count()) == ("ready", [], 2)


@pytest.mark.parametrize("fact", ["alignment", "roster", "fee", "programme"])
def test_a_missing_fact_holds_and_its_arrival_releases(fact, signed, patient, programme, dana, group):
    if fact == "alignment":
        Alignment.objects.all().delete()
        code = "PATIENT_NOT_ALIGNED"
    elif fact == "roster":
        RosterEntry.objects.all().delete()
        code = "PROVIDER_NOT_LISTED"
    elif fact == "fee":
        Fee.objects.all().delete()
        code = "CHARGE_AMOUNT_UNSET"
    else:
        Programme.objects.filter(pk=programme.pk).update(valid_until=factories.practice_today() - timedelta(days=1))
        code = "PROG_INACTIVE"
    line = charge(signed())
    assert line.hold_codes == [code]
    since = date(2024, 1, 1)
    if fact == "alignment":
        Alignment.objects.create(programme=programme, patient=patient, valid_from=since, source="file")
    elif fact == "roster":
        RosterEntry.objects.create(
            programme=programme, practitioner=dana.practitioner, tin=group.tin, valid_from=since, source="file"
        )
    elif fact == "fee":
        Fee.objects.create(group=group, code="G9868", amount=Decimal("42.00"), valid_from=since, source="board")
    else:
        programme.refresh_from_db()
        programme.valid_until = None
        programme.save()
    run_due()
    line.refresh_from_db()
    assert (line.status, line.amount) == ("ready", Decimal("42.00"))


def test_programme_that_ended_yesterday_holds(signed, programme):
    Programme.objects.filter(pk=programme.pk).update(valid_until=factories.practice_today() - timedelta(days=1))
    assert charge(signed()).hold_codes == ["PROG_INACTIVE"]


def test_alignment_that_ended_yesterday_holds(signed):
    Alignment.objects.update(valid_until=factories.practice_today() - timedelta(days=1))
    assert charge(signed()).hold_codes == ["PATIENT_NOT_ALIGNED"]


def test_other_payer_waits_for_its_policy(signed, patient):
    Coverage.objects.update(payer_code="aetna", plan="commercial", member_id="W1")
    line = charge(signed())
    assert line.hold_codes == ["PAYER_POLICY_UNKNOWN"]
    PayerPolicy.objects.create(payer=line.payer, pays=False, valid_from=date(2024, 1, 1), source="letter of the payer")
    run_due()
    line.refresh_from_db()
    assert (line.status, line.not_billable_reason) == ("not_billable", "The payer does not pay for this service.")


def test_no_line_changes_twice_for_one_fact(signed):
    Fee.objects.all().delete()
    line = charge(signed())
    for _ in range(3):
        ChargeLine.objects.wake()
        run_due()
    assert line.decisions.count() == 1


def test_doubled_task_makes_nothing(signed):
    review = signed()
    charge(review)
    services.charge_review(review.pk)
    assert (ChargeLine.objects.count(), ChargeDecision.objects.count()) == (1, 1)


def test_a_second_copy_after_its_lease_is_fenced(signed):
    """The first worker froze after it claimed; another finished; the first wakes up and writes nothing."""
    review = signed()
    frozen = work.claim(Review, review.pk)
    Review.objects.filter(pk=review.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    charge(review)
    with pytest.raises(work.Fenced):
        work.settle(frozen)
    assert ChargeLine.objects.count() == 1


def test_the_database_refuses_a_second_live_line(signed):
    line = charge(signed())
    with pytest.raises(IntegrityError, match="one_live_charge_per_review|UNIQUE"), transaction.atomic():
        ChargeLine.objects.create(
            review=line.review, group=line.group, status="held", code="G9869", date_of_service=line.date_of_service,
            holds=[{"code": "X"}], version=line.version + 1,
        )  # fmt: skip


def test_second_line_of_the_day_is_a_duplicate(signed):
    first, second = charge(signed()), charge(signed())
    assert (first.status, second.hold_codes) == ("ready", ["DUPLICATE"])


def test_addendum_that_changes_the_diagnosis_holds_a_ready_line(signed, dana):
    review = signed()
    line = charge(review)
    Addendum.objects.create(
        review=review, by=dana, text="The other side.", changes={"side": True}, content_sha256="cd" * 32
    )
    run_due()
    line.refresh_from_db()
    new = line.superseded_by
    assert (line.status, line.amount) == ("superseded", Decimal("42.00"))
    assert (new.version, new.status, new.hold_codes) == (2, "held", ["CORRECTION_NEEDED"])
    run_due()
    assert ChargeLine.objects.count() == 2


def test_biller_releases_the_longer_code(signed, kay, group):
    Fee.objects.create(group=group, code="G9869", amount=Decimal("68.00"), valid_from=date(2024, 1, 1), source="board")
    line = charge(signed(ms=700_000))
    with pytest.raises(services.BillingRefused, match="Write why"):
        services.release_hold(line=line, by=kay, code="TIME_GE_10", reason="")
    services.release_hold(line=line, by=kay, code="TIME_GE_10", reason="Eleven minutes, checked with the reader.")
    assert (line.status, line.code, line.amount) == ("ready", "G9869", Decimal("68.00"))


def test_facts_are_not_released_by_opinion(signed, kay):
    line = charge(signed(delivered=False))
    with pytest.raises(services.BillingRefused, match="cannot be released"):
        services.release_hold(line=line, by=kay, code="NOT_DELIVERED", reason="They will get it soon.")


def test_others_release_nothing(signed, ben):
    line = charge(signed(ms=700_000))
    with pytest.raises(services.BillingRefused):
        services.release_hold(line=line, by=ben, code="TIME_GE_10", reason="I say so, please.")


def test_void_needs_a_reason_and_stays(signed, kay):
    line = charge(signed())
    services.void_line(line=line, by=kay, reason="Entered for training.")
    assert (line.status, line.void_reason) == ("void", "Entered for training.")
    with pytest.raises(services.BillingRefused, match="not held or ready"):
        services.void_line(line=line, by=kay, reason="Once more, to be sure.")


def test_redirected_self_pay_and_unclear_are_not_billable(signed):
    assert charge(signed(no_opinion=True)).not_billable_reason == "The photographs allowed no opinion."
    assert charge(signed(second_opinion=True)).status == "not_billable"
    Coverage.objects.update(payer_code="self_pay", plan="self_pay")
    assert charge(signed()).not_billable_reason == "The patient pays without insurance."


@pytest.mark.django_db(transaction=True)
def test_twelve_workers_make_one_line(signed):
    review = signed()
    start, errors = threading.Barrier(12), []

    def work_it():
        try:
            start.wait()
            services.charge_review(review.pk)
        except Exception as error:
            errors.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work_it) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (ChargeLine.objects.count(), ChargeDecision.objects.count()) == (1, 1)


def test_a_years_end_between_two_programmes(signed, programme):
    """The last day of one, the first of the next: closed, open but unconfirmed, confirmed."""
    year = factories.practice_today().year
    review, last, first = signed(), date(year, 12, 31), date(year + 1, 1, 1)

    def on(day: date) -> list[str]:
        return [hold.code for hold in rules.decide(facts.gather(review, asked=facts.Asked(day=day)).facts).holds]

    Programme.objects.filter(pk=programme.pk).update(valid_until=last)
    assert (on(last), on(first)) == ([], ["PROG_INACTIVE"])
    copied = ("key", "name", "codes", "demo_number", "places_of_service", "source")
    following = Programme.objects.create(
        version=2, valid_from=first, is_confirmed=False, **{name: getattr(programme, name) for name in copied}
    )
    assert (on(last), on(first)) == ([], ["PROGRAM_UNCONFIRMED"])
    Programme.objects.filter(pk=following.pk).update(is_confirmed=True)
    assert (on(last), on(first)) == ([], [])
