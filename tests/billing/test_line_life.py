"""The life of a line: what the database refuses, versions, reversing rows and corrections."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from billing import invariants, lifecycle, services
from billing.models import Alignment, BilledElsewhere, ChargeLine, ChargeReversal, Fee, Programme
from config.audit.models import AuditEvent
from review.models import Addendum
from tests import factories
from tests.billing.test_decisions import charge, run_due

DAY = factories.practice_today


def refused(change, message):
    with pytest.raises(DatabaseError, match=message), transaction.atomic():
        change()


def addendum(review, by, **changes):
    return Addendum.objects.create(
        review=review, by=by, text="The other side.", changes=changes, content_sha256="cd" * 32
    )


CHANGES = {
    "code": "G9870",
    "amount": Decimal("1.00"),
    "date_of_service": date(2020, 1, 1),
    "snapshot": {},
    "payer": None,
    "programme": None,
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_ready_line_keeps_what_it_claims(signed, column):
    line = charge(signed())
    refused(
        lambda: ChargeLine.objects.filter(pk=line.pk).update(**{column: CHANGES[column]}), "keeps its code|CHECK|check"
    )


def test_a_held_line_may_still_change(signed):
    line = charge(signed(delivered=False))
    ChargeLine.objects.filter(pk=line.pk).update(amount=Decimal("43.00"))


def test_no_line_is_removed(signed):
    line = charge(signed(delivered=False))
    refused(lambda: ChargeLine.objects.filter(pk=line.pk)._raw_delete("default"), "never removed")


@pytest.mark.parametrize(
    ("first", "then"), [("ready", "held"), ("ready", "not_billable"), ("void", "ready"), ("superseded", "ready")]
)
def test_a_line_moves_only_as_the_table_says(signed, kay, first, then):
    line = charge(signed())
    extra = {"voided_at": timezone.now(), "void_reason": "Training."} if first == "void" else {}
    if first != "ready":
        ChargeLine.objects.filter(pk=line.pk).update(status=first, **extra)
    more = {"holds": [{"code": "X"}], "not_billable_reason": "None."}
    refused(lambda: ChargeLine.objects.filter(pk=line.pk).update(status=then, **more), "cannot move")


def test_the_table_of_moves_knows_every_status_and_ends():
    known = set(lifecycle.MOVES)
    assert {choice.value for choice in ChargeLine.Status} <= known
    assert {target for targets in lifecycle.MOVES.values() for target in targets} <= known
    assert not any("held" in targets for targets in lifecycle.MOVES.values())
    assert not lifecycle.MOVES["void"] and not lifecycle.MOVES["superseded"]
    assert lifecycle.may_move("held", "held") and not lifecycle.may_move("paid", "held")


def test_void_leaves_the_line_and_a_row_that_takes_its_amount_back(signed, kay):
    line = charge(signed())
    services.void_line(line=line, by=kay, reason="Entered for training.")
    reversal = ChargeReversal.objects.get()
    assert (reversal.line, reversal.amount, line.amount) == (line, Decimal("-42.00"), Decimal("42.00"))
    assert list(invariants.void_lines_are_reversed_to_the_cent()) == []
    refused(lambda: ChargeReversal.objects.update(amount=None), "append-only")


def test_void_of_a_line_without_amount_is_reversed_too(signed, kay):
    Fee.objects.all().delete()
    line = charge(signed())
    services.void_line(line=line, by=kay, reason="Entered for training.")
    assert line.reversal.amount is None
    assert list(invariants.void_lines_are_reversed_to_the_cent()) == []


def test_an_addendum_is_corrected_by_a_new_version(signed, dana, kay, ben):
    review = signed()
    line = charge(review)
    addendum(review, dana, side=True)
    run_due()
    held = ChargeLine.objects.live().get(review=review)
    with pytest.raises(services.BillingRefused, match="Only billers"):
        services.correct_line(line=held, by=ben, reason="The side is the same on the claim.")
    with pytest.raises(services.BillingRefused, match="Write what"):
        services.correct_line(line=held, by=kay, reason=" ")
    new = services.correct_line(line=held, by=kay, reason="The side does not stand on the claim.")
    assert (new.version, new.status, new.needs_correction) == (3, "ready", False)
    assert [v.status for v in review.charge_lines.order_by("version")] == ["superseded", "superseded", "ready"]
    run_due()
    assert ChargeLine.objects.live().get(review=review) == new
    addendum(review, dana, diagnosis=True)
    run_due()
    assert ChargeLine.objects.live().get(review=review).hold_codes == ["CORRECTION_NEEDED"]
    assert AuditEvent.objects.filter(verb="charge.corrected", actor=kay).count() == 1
    assert list(invariants.superseded_lines_have_their_next_version()) == []
    assert line.number != new.number


def test_an_addendum_that_changes_nothing_changes_nothing(signed, dana):
    review = signed()
    charge(review)
    addendum(review, dana, side=False)
    run_due()
    assert ChargeLine.objects.get(review=review).status == "ready"


def test_a_sent_line_is_flagged_and_keeps_what_was_sent(signed, dana):
    review = signed()
    line = charge(review)
    ChargeLine.objects.filter(pk=line.pk).update(status="exported")
    addendum(review, dana, diagnosis=True)
    run_due()
    line.refresh_from_db()
    assert (line.status, line.needs_correction, line.amount) == ("exported", True, Decimal("42.00"))
    assert AuditEvent.objects.filter(verb="charge.needs_correction").count() == 1


def test_an_alignment_that_ends_before_the_service_holds_a_ready_line_in_a_new_version(signed):
    line = charge(signed())
    row = Alignment.objects.get()
    row.valid_until = DAY() - timedelta(days=1)
    row.save()
    run_due()
    line.refresh_from_db()
    assert line.status == "superseded" and line.superseded_by.hold_codes == ["PATIENT_NOT_ALIGNED"]


def test_a_release_goes_with_the_line_to_its_next_version(signed, kay, group):
    Fee.objects.create(group=group, code="G9869", amount=Decimal("68.00"), valid_from=date(2024, 1, 1), source="board")
    line = charge(signed(ms=700_000))
    services.release_hold(line=line, by=kay, code="TIME_GE_10", reason="Checked with the reader.")
    new = services.correct_line(line=line, by=kay, reason="Nothing changed for the claim.")
    assert (new.status, new.code, new.amount) == ("ready", "G9869", Decimal("68.00"))


def test_one_version_number_once(signed):
    line = charge(signed())
    ChargeLine.objects.filter(pk=line.pk).update(status="superseded")
    with pytest.raises(IntegrityError), transaction.atomic():
        ChargeLine.objects.create(
            review=line.review, group=line.group, status="held", code="G9868", holds=[{"code": "X"}],
            date_of_service=line.date_of_service,
        )  # fmt: skip


def test_what_a_decision_used_is_not_edited_and_not_removed(signed):
    charge(signed())
    for change in (
        lambda: Fee.objects.update(amount=Decimal("1.00")),
        lambda: Alignment.objects.update(valid_from=date(2020, 1, 1)),
        lambda: Programme.objects.filter(key="test-model").update(codes=[]),
        lambda: Fee.objects.all().delete(),
    ):
        refused(change, "a decision may rest on this row")
    Fee.objects.update(valid_until=DAY())


def test_the_line_keeps_the_rows_it_rests_on(signed, programme):
    line = charge(signed())
    rows = line.snapshot["rows"]
    assert set(rows) == {"programme", "alignment", "roster", "fee", "hcpcs"}
    assert rows["programme"]["version"] == 1 and rows["fee"]["amount"] == "42.00"
    assert rows["alignment"]["source"] == "test" and rows["roster"]["tin"] == line.group.tin


def test_g2010_of_the_week_before_holds(signed, patient, kay):
    BilledElsewhere.objects.create(patient=patient, date_of_service=DAY() - timedelta(days=7), source="clinic's list")
    line = charge(signed())
    assert line.hold_codes == ["G2010_CONFLICT"]
    services.release_hold(line=line, by=kay, code="G2010_CONFLICT", reason="Other photographs, of the other arm.")
    assert line.status == "ready"


def test_g2010_of_eight_days_before_is_another_matter(signed, patient):
    BilledElsewhere.objects.create(patient=patient, date_of_service=DAY() - timedelta(days=8), source="clinic's list")
    assert charge(signed()).status == "ready"
