"""What a decision may rest on is never changed: it is ended, or withdrawn for a new row."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from billing.models import Alignment, Fee, Programme, ReferenceChange, RosterEntry
from config.audit.models import AuditEvent
from tests import factories
from tests.billing.test_decisions import charge, run_due


def edit(client, kind, row, **changes):
    form_fields = {
        "fee": ("group", "code", "amount"),
        "roster": ("programme", "practitioner", "tin"),
        "alignment": ("programme", "patient"),
        "programme": (
            "name", "is_confirmed", "codes", "places_of_service", "demo_number", "send_demo_number", "modifier", "entity_id",
        ),
    }[kind]  # fmt: skip
    data = {}
    for name in (*form_fields, "valid_from", "valid_until", "source"):
        value = getattr(row, f"{name}_id", None) or getattr(row, name)
        if value not in (None, False):
            data[name] = "on" if value is True else value if isinstance(value, list) else str(value)
    data = {name: value for name, value in (data | {"source": "Board"} | changes).items() if value != ""}
    return client.post(reverse("billing:reference_edit", args=[kind, row.pk]), data)


@pytest.fixture
def decided(signed):
    """A decision exists since the rows were recorded."""
    return charge(signed())


def test_a_used_fee_is_replaced_and_the_ready_line_gets_a_new_version(decided, sign_in, kay):
    old = Fee.objects.get(code="G9868")
    answer = edit(sign_in(kay), "fee", old, amount="45.50")
    assert answer.status_code == 302
    old.refresh_from_db()
    new = Fee.objects.standing().get(code="G9868")
    assert old.withdrawn_at is not None and old.amount == Decimal("42.00") and new.amount == Decimal("45.50")
    change = ReferenceChange.objects.get(kind="fee")
    assert (change.action, change.old["amount"], change.new["amount"], change.by) == ("replaced", "42.00", "45.50", kay)
    assert AuditEvent.objects.filter(verb="reference.changed").count() == 1
    run_due()
    decided.refresh_from_db()
    assert decided.status == "superseded"
    assert decided.review.charge_lines.live().get().amount == Decimal("45.50")


def test_the_last_day_of_a_used_row_is_written_into_the_row(decided, sign_in, kay):
    row, last = Fee.objects.get(code="G9868"), factories.practice_today() + timedelta(days=30)
    Fee.objects.filter(pk=row.pk).update(valid_until=None)
    answer = edit(sign_in(kay), "fee", row, source=row.source, valid_until=str(last))
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.valid_until, row.withdrawn_at, Fee.objects.filter(code="G9868").count()) == (last, None, 1)
    assert ReferenceChange.objects.get(kind="fee").action == "ended"


def test_a_confirmed_model_keeps_its_key_so_that_rosters_and_alignments_go_on(signed, sign_in, kay):
    Programme.objects.update(is_confirmed=False)
    line = charge(signed())
    assert "PROGRAM_UNCONFIRMED" in line.hold_codes
    old = line.programme
    assert edit(sign_in(kay), "programme", old, is_confirmed="on").status_code == 302
    new = Programme.objects.standing().get(key=old.key)
    assert (new.version, new.codes, new.places_of_service) == (old.version + 1, old.codes, old.places_of_service)
    run_due()
    line.refresh_from_db()
    assert (line.status, line.programme) == ("ready", new)


def test_two_rows_of_one_thing_are_told_apart_in_words(decided, sign_in, kay, group):
    answer = sign_in(kay).post(
        reverse("billing:reference_new", args=["fee"]),
        {
            "group": group.pk,
            "code": "G9868",
            "amount": "50.00",
            "valid_from": str(factories.practice_today()),
            "source": "x",
        },
    )
    assert "Another row of the same thing holds from" in answer.content.decode()
    assert Fee.objects.filter(code="G9868").count() == 1 and not ReferenceChange.objects.exists()


@pytest.mark.parametrize(("kind", "model"), [("fee", Fee), ("roster", RosterEntry), ("alignment", Alignment)])
def test_rows_of_another_group_are_not_there(decided, sign_in, kind, model):
    elsewhere = factories.make_clinic("group", name="Elsewhere Group")
    stranger = factories.make_user("Una", "biller", elsewhere)
    client, row = sign_in(stranger), model.objects.first()
    assert client.get(reverse("billing:reference_edit", args=[kind, row.pk])).status_code == 404
    assert (
        reverse("billing:reference_edit", args=[kind, row.pk])
        not in client.get(reverse("billing:reference")).content.decode()
    )


def test_a_withdrawn_row_is_offered_no_more(decided, sign_in, kay):
    old = Fee.objects.get(code="G9868")
    edit(sign_in(kay), "fee", old, amount="45.50")
    assert sign_in(kay).get(reverse("billing:reference_edit", args=["fee", old.pk])).status_code == 404
