"""Reference data: kept by forms without overwriting, with its history; read from files after a preview."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.kinds import KINDS
from billing.models import (
    Alignment,
    ChargeLine,
    Fee,
    Payer,
    Programme,
    ReferenceChange,
    Submitter,
)
from config.audit.models import AuditEvent
from tests import factories
from tests.billing.test_decisions import charge, run_due


def values_of(row, **changed):
    form = {
        "programme": ("key name is_confirmed codes demo_number send_demo_number places_of_service modifier entity_id"),
        "fee": "group_id code amount",
        "alignment": "programme_id patient_id",
        "hcpcscode": "code short_description description",
    }[row._meta.model_name].split()
    found = {name.removesuffix("_id") if name != "entity_id" else name: getattr(row, name) for name in form}
    found |= {"valid_from": row.valid_from, "valid_until": row.valid_until or "", "source": row.source}
    return {name: value for name, value in (found | changed).items() if value is not False}


def edit(client, kind, row, **changed):
    return client.post(reverse("billing:reference_edit", args=[kind, row.pk]), values_of(row, **changed), follow=True)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_pages(client_of, ada, kind):
    client = client_of(ada)
    page = client.get(reverse("billing:reference_kind", args=[kind]))
    assert page.status_code == 200 and KINDS[kind].plural in page.content.decode()
    assert client.get(reverse("billing:reference_kind", args=[kind]), {"show": "all", "q": "xyz"}).status_code == 200
    if KINDS[kind].can_be_added:
        assert client.get(reverse("billing:reference_new", args=[kind])).status_code == 200
    else:
        assert client.get(reverse("billing:reference_new", args=[kind])).status_code == 404
    for row in page.context["rows"][:1]:
        assert client.get(reverse("billing:reference_edit", args=[kind, row["row"].pk])).status_code == 200


@pytest.mark.parametrize("kind", [key for key, kind in KINDS.items() if "biller" not in kind.keepers])
def test_a_biller_reads_what_an_administrator_keeps(client_of, kay, kind):
    client = client_of(kay)
    page = client.get(reverse("billing:reference_kind", args=[kind]))
    assert page.status_code == 200 and b"Change<span" not in page.content
    assert client.get(reverse("billing:reference_new", args=[kind])).status_code == 404


@pytest.mark.parametrize("who", ["ana", "ben", "dana", "max_stranger"])
def test_nobody_else(client_of, request, who):
    client = client_of(request.getfixturevalue(who))
    for name in ("reference_kind", "reference_new", "reference_import", "reference_file"):
        assert client.get(reverse(f"billing:{name}", args=["fee"])).status_code == 404


def test_a_row_of_another_group_does_not_exist(client_of, kay):
    other = factories.make_clinic("group")
    fee = Fee.objects.create(group=other, code="G9868", amount=1, valid_from=date(2024, 1, 1), source="x")
    assert client_of(kay).get(reverse("billing:reference_edit", args=["fee", fee.pk])).status_code == 404
    assert client_of(kay).get(reverse("billing:reference_edit", args=["fee", "nonsense"])).status_code == 404


def test_a_new_price_ends_the_old_one_the_day_before(client_of, kay, signed):
    line = charge(signed())
    old = Fee.objects.get()
    begins = factories.practice_today() + timedelta(days=40)
    edit(client_of(kay), "fee", old, amount="45.00", valid_from=begins.isoformat(), source="Board of Nov 20")
    old.refresh_from_db()
    new = Fee.objects.exclude(pk=old.pk).get()
    assert (old.valid_until, old.amount, old.withdrawn_at) == (begins - timedelta(days=1), Decimal("42.00"), None)
    assert (new.valid_from, new.amount, new.source) == (begins, Decimal("45.00"), "Board of Nov 20")
    change = ReferenceChange.objects.get()
    assert (change.action, change.by, change.old["amount"], change.new["amount"]) == ("replaced", kay, "42.00", "45.00")
    run_due()
    line.refresh_from_db()
    assert line.status == "ready"


def test_a_correction_from_the_start_withdraws_the_old_row_and_decides_again(client_of, kay, signed):
    line = charge(signed())
    old = Fee.objects.get()
    edit(client_of(kay), "fee", old, amount="45.00", source="Typed wrong")
    old.refresh_from_db()
    assert old.withdrawn_at and Fee.objects.standing().get().amount == Decimal("45.00")
    run_due()
    line.refresh_from_db()
    assert (line.status, line.amount, line.superseded_by.amount) == ("superseded", Decimal("42.00"), Decimal("45.00"))


def test_only_an_end_ends_and_writes_no_new_row(client_of, kay):
    row = Alignment.objects.get()
    edit(client_of(kay), "alignment", row, valid_until="2026-11-15", source="File of Nov 16")
    row.refresh_from_db()
    assert row.valid_until == date(2026, 11, 15) and Alignment.objects.count() == 1
    change = ReferenceChange.objects.get()
    assert (change.action, change.new["source"]) == ("ended", "File of Nov 16")


def test_nothing_different_changes_nothing(client_of, kay):
    answer = edit(client_of(kay), "fee", Fee.objects.get())
    assert b"Nothing was different" in answer.content and not ReferenceChange.objects.exists()


def test_overlap_is_said_in_words(client_of, kay, group):
    form = {"group": group.pk, "code": "G9868", "amount": "50", "valid_from": "2026-01-01", "source": "Board"}
    answer = client_of(kay).post(reverse("billing:reference_new", args=["fee"]), form)
    assert "Another row of the same thing holds from Jan 1, 2024, without an end." in answer.content.decode()


def test_a_model_is_confirmed_in_a_new_version(client_of, ada):
    lead = Programme.objects.get(key="lead")
    edit(client_of(ada), "programme", lead, is_confirmed="on", source="CMS letter of Nov 2")
    rows = Programme.objects.filter(key="lead")
    assert [(row.version, row.is_confirmed, row.withdrawn_at is None) for row in rows.order_by("version")] == [
        (1, False, False),
        (2, True, True),
    ]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("modifier", "0", "A modifier has 2 letters"), ("codes", [], "required"), ("source", "", "Write where")],
)
def test_a_model_is_entered_by_its_rules(client_of, ada, field, value, said):
    lead = Programme.objects.get(key="lead")
    assert said in edit(client_of(ada), "programme", lead, **{field: value}).content.decode()


@pytest.mark.parametrize(
    ("kind", "field", "value", "said"),
    [
        ("group", "npi", "2999999918", "This NPI is not possible"),
        ("group", "tin", "12345678", "has 9 digits"),
        ("group", "zip_code", "1234", "5 or 9 digits"),
        ("group", "taxonomy_code", "207N", "ends with X"),
        ("practitioner", "npi", "3999999909", "This NPI is not possible"),
    ],
)
def test_identifiers_by_their_rules(client_of, ada, group, dana, kind, field, value, said):
    pk = group.pk if kind == "group" else dana.practitioner.pk
    answer = client_of(ada).post(reverse("billing:reference_edit", args=[kind, pk]), {field: value})
    assert said in answer.content.decode()


def test_identifiers_change_with_their_history_and_wake_held_lines(client_of, ada, dana, signed):
    practitioner = dana.practitioner
    right = practitioner.npi
    practitioner.__class__.objects.filter(pk=practitioner.pk).update(npi="2999999918")
    line = charge(signed())
    assert "NPI_BAD" in line.hold_codes
    url = reverse("billing:reference_edit", args=["practitioner", practitioner.pk])
    client_of(ada).post(url, {"npi": right, "taxonomy_code": "207n00000x"})
    run_due()
    line.refresh_from_db()
    change = ReferenceChange.objects.get()
    assert line.status == "ready"
    assert (change.old["npi"], change.new["npi"], change.new["taxonomy_code"]) == ("2999999918", right, "207N00000X")


def test_submitter_and_payer_are_kept_by_an_administrator(client_of, ada, group):
    client = client_of(ada)
    client.post(
        reverse("billing:reference_new", args=["payer"]),
        {"name": "Blue Plan of Ohio", "claim_filing_code": "bl", "correction_mode": "replace_void"},
    )
    payer = Payer.objects.get(name="Blue Plan of Ohio")
    assert (payer.code, payer.claim_filing_code, payer.correction_mode) == ("blue-plan-of-ohio", "BL", "replace_void")
    form = {
        "group": group.pk, "payer": payer.pk, "etin": "S1", "contact_name": "Office", "contact_phone": "614 555 0181",
        "receiver_name": "Blue", "receiver_id": "R1", "is_test": "on",
    }  # fmt: skip
    client.post(reverse("billing:reference_new", args=["submitter"]), form)
    assert Submitter.objects.get(payer=payer).contact_phone == "6145550181"


def test_a_withdrawn_row_counts_no_more_and_says_why(client_of, kay, signed):
    line = charge(signed())
    row = Alignment.objects.get()
    url = reverse("billing:reference_withdraw", args=["alignment", row.pk])
    client = client_of(kay)
    assert b"Write why this row is wrong" in client.post(url, {"reason": ""}, follow=True).content
    client.post(url, {"reason": "Another person of the same name."})
    run_due()
    line.refresh_from_db()
    assert line.superseded_by.hold_codes == ["PATIENT_NOT_ALIGNED"]
    assert ReferenceChange.objects.get().new == {"reason": "Another person of the same name."}
    page = client.get(reverse("billing:reference_kind", args=["alignment"]))
    assert page.context["rows"] == [] and b"Another person of the same name." in page.content
    assert b"Withdrawn" in client.get(reverse("billing:reference_kind", args=["alignment"]), {"show": "all"}).content


def test_a_model_that_ends_without_a_follower_is_said(client_of, kay, programme):
    today = factories.practice_today()
    Programme.objects.exclude(pk=programme.pk).update(withdrawn_at=timezone.now())
    Programme.objects.filter(pk=programme.pk).update(valid_until=today + timedelta(days=38))
    page = client_of(kay).get(reverse("billing:reference")).content.decode()
    assert "ends in 38 days, and no confirmed row follows it" in page
    Programme.objects.create(
        key="next", name="Next", valid_from=today + timedelta(days=39), is_confirmed=True, codes=["G9868"], source="x"
    )
    assert "no confirmed row follows" not in client_of(kay).get(reverse("billing:reference")).content.decode()


# --- what would it be


def ask(client, line, **more):
    return client.get(reverse("billing:what_if"), {"number": line.number, **more})


def test_what_if_answers_and_writes_nothing(client_of, kay, signed):
    line = charge(signed())
    before = (ChargeLine.objects.count(), line.decisions.count())
    client = client_of(kay)
    assert "It is the same today" in ask(client, line).content.decode()
    other = ask(client, line, payer="aetna")
    assert [hold["code"] for hold in other.context["holds"]] == ["PAYER_POLICY_UNKNOWN"]
    assert ask(client, line, payer="self_pay").context["decision"].status == "not_billable"
    assert "MEDICARE_ADVANTAGE" in str(ask(client, line, payer="medicare", plan="advantage").context["holds"])
    old = ask(client, line, day="2023-12-31", payer="medicare").context
    assert {"PATIENT_NOT_ALIGNED", "TIMELY_FILING_EXPIRED"} <= {hold["code"] for hold in old["holds"]}
    line.refresh_from_db()
    assert (ChargeLine.objects.count(), line.decisions.count()) == before and line.status == "ready"
    assert AuditEvent.objects.filter(verb="charge.asked_what_if").count() == 5


def test_what_if_knows_only_the_own_lines(client_of, signed, kay):
    line = charge(signed())
    other = factories.make_user("Kim", "biller", factories.make_clinic("group"))
    assert b"There is no such line" in ask(client_of(other), line).content
    assert b"There is no such line" in client_of(kay).get(reverse("billing:what_if"), {"number": "CH-x"}).content
