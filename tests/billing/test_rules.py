"""The gate as a table: everything right is ready; one wrong fact holds with its own code and no other."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import rules
from billing.rules import CHECKS, HELD, NOT_BILLABLE, READY, Diagnosis, Facts, decide

DAY = date(2026, 11, 20)
GOOD = Facts(
    date_of_service=DAY,
    decided_on=DAY,
    total_ms=462_000,
    lost_ms=0,
    is_delivered=True,
    payer_code="medicare",
    plan="original",
    programme="model",
    programme_active=True,
    programme_confirmed=True,
    programme_covers_code=True,
    is_aligned=True,
    is_rostered=True,
    amount=Decimal("42.00"),
    diagnoses=(Diagnosis("D2261", True, True),),
)

SPOILED = {
    "TIME_MISSING": {"total_ms": 0},
    "TIME_TOO_SHORT": {"total_ms": 29_999},
    "TIME_UNCERTAIN": {"total_ms": 590_000, "lost_ms": 10_000},
    "TIME_GE_10": {"total_ms": 600_000},
    "TIME_DISPUTED": {"time_disputed": True},
    "LIVE_CONTACT": {"live_contact": True},
    "NOT_DELIVERED": {"is_delivered": False},
    "CORRECTION_NEEDED": {"needs_correction": True},
    "MEDICARE_ADVANTAGE": {"plan": "advantage"},
    "MEDICARE_NOT_PRIMARY": {"plan": "secondary"},
    "COVERAGE_MISSING": {"payer_code": "", "plan": ""},
    "PAYER_POLICY_UNKNOWN": {"payer_code": "aetna", "plan": "commercial", "is_aligned": False, "programme": ""},
    "PATIENT_NOT_ALIGNED": {"is_aligned": False},
    "PROVIDER_NOT_LISTED": {"is_rostered": False},
    "PROG_INACTIVE": {"programme_active": False},
    "PROGRAM_UNCONFIRMED": {"programme_confirmed": False},
    "CODE_NOT_IN_PROGRAM": {"programme_covers_code": False},
    "DX_MISSING": {"diagnoses": ()},
    "DX_INVALID": {"diagnoses": (Diagnosis("X", False, False),)},
    "DX_NOT_BILLABLE_ON_DOS": {"diagnoses": (Diagnosis("D226", True, False),)},
    "MBI_BAD": {"claim_problems": (("MBI_BAD", "The number is missing."),)},
    "NPI_BAD": {"claim_problems": (("NPI_BAD", "The NPI is not possible."),)},
    "POS_MISMATCH": {"claim_problems": (("POS_MISMATCH", "11 does not fit."),)},
    "ADDRESS_INCOMPLETE": {"claim_problems": (("ADDRESS_INCOMPLETE", "No street."),)},
    "CHARGE_AMOUNT_UNSET": {"amount": None},
    "DUPLICATE": {"is_duplicate": True},
    "TIMELY_FILING_EXPIRED": {"decided_on": DAY + timedelta(days=366)},
}


def codes(facts: Facts) -> list[str]:
    return [hold.code for hold in decide(facts).holds]


def test_everything_right_is_ready():
    decision = decide(GOOD)
    assert (decision.status, decision.code, decision.amount, decision.holds) == (READY, "G9868", Decimal("42.00"), ())


def test_each_check_has_a_row_here():
    assert set(SPOILED) == {check.code for check in CHECKS}


@pytest.mark.parametrize("code", SPOILED)
def test_one_wrong_fact_holds_with_its_own_code(code):
    decision = decide(replace(GOOD, **SPOILED[code]))
    assert decision.status == HELD
    assert [hold.code for hold in decision.holds] == [code]
    assert decision.holds[0].sentence.endswith(".") and decision.holds[0].resolver


@pytest.mark.parametrize(
    ("ms", "code", "status"),
    [
        (1, "G9868", HELD),
        (30_000, "G9868", READY),
        (599_999, "G9868", READY),
        (600_000, "G9869", HELD),
        (1_200_000, "G9869", HELD),
        (1_200_001, "G9870", HELD),
    ],
)
def test_bands_compare_milliseconds(ms, code, status):
    decision = decide(replace(GOOD, total_ms=ms))
    assert (decision.code, decision.status) == (code, status)


def test_all_failures_are_reported_not_the_first():
    facts = replace(GOOD, is_delivered=False, amount=None, is_aligned=False)
    assert codes(facts) == ["NOT_DELIVERED", "PATIENT_NOT_ALIGNED", "CHARGE_AMOUNT_UNSET"]


@pytest.mark.parametrize(
    "spoil",
    [
        {"no_opinion": True},
        {"second_opinion": True},
        {"is_redirected": True},
        {"payer_code": "self_pay", "plan": "self_pay"},
        {"payer_code": "aetna", "plan": "commercial", "payer_pays": False},
    ],
)
def test_not_billable_is_not_held(spoil):
    decision = decide(replace(GOOD, is_delivered=False, **spoil))
    assert (decision.status, decision.amount, decision.holds) == (NOT_BILLABLE, None, ())
    assert decision.reason.endswith(".")


def test_known_policy_of_another_payer_is_ready_without_a_model():
    facts = replace(GOOD, payer_code="aetna", plan="commercial", payer_pays=True, programme="", is_aligned=False)
    assert decide(facts).status == READY


def test_only_releasable_holds_go_by_release():
    for check in CHECKS:
        facts = replace(GOOD, **SPOILED[check.code], released=frozenset({check.code}))
        assert (decide(facts).status == READY) == check.releasable, check.code


def test_law_and_facts_are_never_releasable():
    never = {"NOT_DELIVERED", "PATIENT_NOT_ALIGNED", "PROVIDER_NOT_LISTED", "PROG_INACTIVE", "PROGRAM_UNCONFIRMED"}
    assert not [check.code for check in CHECKS if check.releasable and check.code in never | {"CHARGE_AMOUNT_UNSET"}]


@given(st.integers(0, 3_000_000), st.integers(0, 3_000_000))
def test_ten_minutes_are_never_ready_by_themselves(total, lost):
    decision = decide(replace(GOOD, total_ms=total, lost_ms=lost))
    if decision.status == READY:
        assert decision.code == "G9868" and 30_000 <= total and total + lost < 600_000
    assert rules.code_for(total) == decision.code


def test_facts_are_stable_json_without_today():
    tomorrow = replace(GOOD, decided_on=DAY + timedelta(days=1))
    assert GOOD.as_json() == tomorrow.as_json()
    assert GOOD.as_json() != replace(GOOD, is_delivered=False).as_json()
