"""The gate as a table: everything right is ready; one wrong fact holds with its own code and no other."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import rules
from billing.rules import CHECKS, HELD, NOT_BILLABLE, READY, WARNINGS, Diagnosis, Facts, decide

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
    "NOT_SIGNED": {"is_signed": False},
    "TIME_MISSING": {"total_ms": 0},
    "TIME_TOO_SHORT": {"total_ms": 29_999},
    "TIME_UNCERTAIN": {"total_ms": 590_000, "lost_ms": 10_000},
    "TIME_GE_10": {"total_ms": 600_000},
    "TIME_DISPUTED": {"time_disputed": True},
    "LIVE_CONTACT": {"live_contact": True},
    "QUERY_OPEN": {"query_open": True},
    "NOT_DELIVERED": {"is_delivered": False},
    "CORRECTION_NEEDED": {"needs_correction": True},
    "FILED_IN_ERROR": {"filed_in_error": True},
    "DOS_IN_FUTURE": {"decided_on": DAY - timedelta(days=1)},
    "DOB_AFTER_DOS": {"date_of_birth": DAY + timedelta(days=1)},
    "MEDICARE_ADVANTAGE": {"plan": "advantage"},
    "MEDICARE_NOT_PRIMARY": {"plan": "secondary"},
    "COVERAGE_MISSING": {"payer_code": "", "plan": ""},
    "PAYER_POLICY_UNKNOWN": {"payer_code": "aetna", "plan": "commercial", "is_aligned": False, "programme": ""},
    "PATIENT_NOT_ALIGNED": {"is_aligned": False},
    "PROVIDER_NOT_LISTED": {"is_rostered": False},
    "PROG_INACTIVE": {"programme_active": False},
    "PROGRAM_UNCONFIRMED": {"programme_confirmed": False},
    "CODE_NOT_IN_PROGRAM": {"programme_covers_code": False},
    "CODE_NOT_VALID_ON_DOS": {"code_is_valid": False},
    "DX_MISSING": {"diagnoses": ()},
    "DX_INVALID": {"diagnoses": (Diagnosis("X", False, False),)},
    "DX_NOT_BILLABLE_ON_DOS": {"diagnoses": (Diagnosis("D226", True, False),)},
    "MBI_BAD": {"claim_problems": (("MBI_BAD", "The number is missing."),)},
    "NPI_BAD": {"claim_problems": (("NPI_BAD", "The NPI is not possible."),)},
    "POS_MISMATCH": {"claim_problems": (("POS_MISMATCH", "11 does not fit."),)},
    "ADDRESS_INCOMPLETE": {"claim_problems": (("ADDRESS_INCOMPLETE", "No street."),)},
    "CHARGE_AMOUNT_UNSET": {"amount": None},
    "DUPLICATE": {"is_duplicate": True},
    "G2010_CONFLICT": {"g2010_conflict": True},
    "TIMELY_FILING_EXPIRED": {"decided_on": DAY + timedelta(days=366)},
}
WARNED = {
    "TIMELY_FILING_WARN": {"decided_on": DAY + timedelta(days=300)},
    "DX_NOT_VERIFIED": {"diagnoses": (Diagnosis("D2261", True, True, False),)},
    "SUBMITTER_MISSING": {"has_submitter": False},
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


@pytest.mark.parametrize("code", [check.code for check in CHECKS])
def test_each_check_is_false_on_good_facts_and_true_on_its_own(code):
    check = rules.BY_CODE[code]
    assert check.fails(GOOD) is False
    assert check.fails(replace(GOOD, **SPOILED[code])) is True


def test_each_hold_says_who_and_where():
    from billing.places import PLACES

    for check in (*CHECKS, *WARNINGS):
        assert check.sentence.endswith(".") and check.resolver and check.where in PLACES, check.code


def test_each_warning_has_a_row_here():
    assert set(WARNED) == {check.code for check in WARNINGS}


@pytest.mark.parametrize("code", WARNED)
def test_a_warning_is_said_and_holds_nothing(code):
    decision = decide(replace(GOOD, **WARNED[code]))
    assert (decision.status, decision.holds) == (READY, ())
    assert [warning.code for warning in decision.warnings] == [code]


@pytest.mark.parametrize(
    ("service", "decided", "filing"),
    [
        (date(2026, 1, 1), date(2026, 10, 27), "open"),  # day 299
        (date(2026, 1, 1), date(2026, 10, 28), "late"),  # day 300
        (date(2026, 1, 1), date(2027, 1, 1), "late"),
        (date(2026, 1, 1), date(2027, 1, 2), "expired"),
        (date(2024, 2, 29), date(2025, 2, 28), "late"),  # a leap day ends on the 28th
        (date(2024, 2, 29), date(2025, 3, 1), "expired"),
        (date(2023, 2, 28), date(2024, 2, 28), "late"),
        (date(2023, 2, 28), date(2024, 2, 29), "expired"),
        (date(2023, 3, 1), date(2024, 3, 1), "late"),  # 366 days, and still a calendar year
        (date(2023, 3, 1), date(2024, 3, 2), "expired"),
    ],
)
def test_timely_filing_is_a_calendar_year(service, decided, filing):
    facts = replace(GOOD, date_of_service=service, decided_on=decided)
    assert facts.filing == filing
    decision = decide(facts)
    assert ("TIMELY_FILING_EXPIRED" in [h.code for h in decision.holds]) == (filing == "expired")
    assert ("TIMELY_FILING_WARN" in [w.code for w in decision.warnings]) == (filing == "late")


@pytest.mark.parametrize(
    ("ms", "code", "status"),
    [
        (0, "G9868", HELD),
        (1, "G9868", HELD),
        (29_999, "G9868", HELD),
        (30_000, "G9868", READY),
        (599_000, "G9868", READY),
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


@pytest.mark.parametrize(
    ("total", "lost", "holds"),
    [(599_999, 0, []), (599_999, 1, ["TIME_UNCERTAIN"]), (500_000, 99_999, []), (500_000, 100_000, ["TIME_UNCERTAIN"]),
     (600_000, 5, ["TIME_GE_10"]), (29_999, 570_001, ["TIME_TOO_SHORT", "TIME_UNCERTAIN"])],
)  # fmt: skip
def test_lost_time_counts_only_where_it_could_reach_ten_minutes(total, lost, holds):
    assert codes(replace(GOOD, total_ms=total, lost_ms=lost)) == holds


@given(st.integers(0, 3_000_000), st.integers(0, 3_000_000))
def test_ten_minutes_are_never_ready_by_themselves(total, lost):
    decision = decide(replace(GOOD, total_ms=total, lost_ms=lost))
    if decision.status == READY:
        assert decision.code == "G9868" and 30_000 <= total and total + lost < 600_000
    assert rules.code_for(total) == decision.code


def test_only_what_today_does_is_in_the_facts():
    assert GOOD.as_json()["filing"] == "open"
    assert replace(GOOD, decided_on=DAY + timedelta(days=300)).as_json() != GOOD.as_json()


def test_facts_are_stable_json_without_today():
    tomorrow = replace(GOOD, decided_on=DAY + timedelta(days=1))
    assert GOOD.as_json() == tomorrow.as_json()
    assert GOOD.as_json() != replace(GOOD, is_delivered=False).as_json()
