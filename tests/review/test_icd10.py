"""The ICD-10-CM set in its table: once, whole, and honest about its date."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from review import icd10
from review.icd10 import import_codes
from review.models import Icd10Code, Icd10Release, ReviewDiagnosis
from review.models.icd import RELEASE, RELEASE_CODES, VALID_FROM, VERIFIED_UNTIL

pytestmark = pytest.mark.django_db


def test_the_set_is_read_once(capsys):
    call_command("import_icd10cm")
    assert "codes added" in capsys.readouterr().out
    assert Icd10Code.objects.filter(billable=True).count() > 74_000
    assert import_codes() == 0
    assert Icd10Code.objects.filter(release=RELEASE).count() == RELEASE_CODES
    Icd10Code.objects.filter(code__in=["B20", "D03.61"]).delete()
    assert import_codes() == 2
    melanoma = Icd10Code.objects.get(code="D03.61")
    assert melanoma.billable and melanoma.description == "Melanoma in situ of right upper limb, including shoulder"
    assert not Icd10Code.objects.get(code="D03.6").billable
    assert Icd10Code.objects.get(code="B20").billable
    assert not Icd10Code.objects.filter(code__in=["1", "A00-A09"]).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        Icd10Code.objects.create(
            code="B20", billable=True, release="x", valid_from=date.today(), verified_until=date.today()
        )


@pytest.mark.parametrize(
    ("day", "verified"),
    [(date(2026, 3, 31), False), (date(2026, 4, 1), True), (date(2026, 9, 30), True), (date(2026, 10, 1), False)],
)
def test_the_release_answers_for_its_own_months(icd, day, verified):
    assert Icd10Code.objects.get(code="D22.61").is_verified_on(day) is verified


def test_a_code_that_ended_is_not_verified_later(icd):
    code = Icd10Code.objects.get(code="D22.61")
    code.valid_until = date(2026, 5, 31)
    assert code.is_verified_on(date(2026, 5, 31)) and not code.is_verified_on(date(2026, 6, 1))


def test_a_diagnosis_stands_once_in_a_review(review):
    ReviewDiagnosis.objects.create(review=review, icd10cm="L30.9", description="Dermatitis", rank=1)
    with pytest.raises(IntegrityError, match="diagnosis_stands_once|UNIQUE"), transaction.atomic():
        ReviewDiagnosis.objects.create(review=review, icd10cm="L30.9", description="Dermatitis", rank=2)


def test_a_search_finds_what_a_clinician_types(icd):
    def codes(text):
        return list(Icd10Code.objects.search(text, date(2026, 5, 1)).values_list("code", flat=True))

    assert codes("d22.6") == ["D22.61", "D22.62"]
    assert codes("upper RIGHT nevi") == ["D22.61"]
    assert codes("dermatitis") == ["L30.9"] and codes(" ") == []


# --- further releases


def order_line(code: str, words: str, billable: bool = True, number: int = 1) -> str:
    return f"{number:05d} {code.replace('.', ''):<7} {int(billable)} {words[:60]:<60} {words}"


def order_file(**codes: str) -> bytes:
    """order_file(D2261="words", D226="-heading") in CMS's columns; a heading's words begin with a hyphen."""
    lines = [
        order_line(code, words.removeprefix("-"), not words.startswith("-"), number)
        for number, (code, words) in enumerate(codes.items(), start=1)
    ]
    return "\r\n".join([*lines, ""]).encode()


OCTOBER = icd10.Release("October 2026", date(2026, 10, 1), date(2027, 3, 31))
APRIL_27 = icd10.Release("April 2027", date(2027, 4, 1), date(2027, 9, 30))
FIRST = {f"L10.{n}": f"Code 10{n}" for n in range(10)}
# L109 ends, L108 gets a child and becomes a heading, L107 other words, L110 is new
NEXT = {code: words for code, words in FIRST.items() if code != "L10.9"} | {
    "L10.8": "-Code 108", "L10.81": "Code 108, child", "L10.7": "Code 107, reworded", "L11.0": "Code 110",
}  # fmt: skip


@pytest.fixture
def first(db):
    Icd10Release.objects.create(name=RELEASE, valid_from=VALID_FROM, verified_until=VERIFIED_UNTIL, codes=len(FIRST))
    Icd10Code.objects.bulk_create(
        Icd10Code(
            code=code, description=words, billable=True, release=RELEASE, valid_from=VALID_FROM,
            verified_until=VERIFIED_UNTIL,
        )
        for code, words in FIRST.items()
    )  # fmt: skip


def read(content: bytes, release=OCTOBER) -> Icd10Release:
    return icd10.apply_release(icd10.plan_release(content, release), by=None)


def on(code: str, day: date) -> tuple[bool, bool]:
    row = Icd10Code.objects.of_codes([code], day)[code]
    return row.is_billable_on(day), row.is_verified_on(day)


def test_a_plan_says_what_changes_and_writes_nothing(first):
    before = list(Icd10Code.objects.values_list())
    plan = icd10.plan_release(order_file(**NEXT), OCTOBER)
    assert (plan.added, plan.changed, plan.ended, plan.gap) == (
        ["L10.81", "L11.0"], ["L10.7", "L10.8"], ["L10.9"], None,
    )  # fmt: skip
    assert plan.unchanged == 7 and list(Icd10Code.objects.values_list()) == before


@pytest.mark.parametrize(
    ("code", "day", "billable", "verified"),
    [
        # the day before and the day on which the set changes
        ("L10.9", date(2026, 9, 30), True, True), ("L10.9", date(2026, 10, 1), False, False),
        ("L10.8", date(2026, 9, 30), True, True), ("L10.8", date(2026, 10, 1), False, True),
        ("L11.0", date(2026, 9, 30), False, False), ("L11.0", date(2026, 10, 1), True, True),
        ("L10.0", date(2026, 9, 30), True, True), ("L10.0", date(2026, 10, 1), True, True),
        ("L10.0", date(2027, 3, 31), True, True), ("L10.0", date(2027, 4, 1), True, False),
        ("L10.7", date(2026, 4, 1), True, True), ("L10.7", date(2026, 3, 31), True, False),
    ],
)  # fmt: skip
def test_each_day_has_the_codes_of_its_own_release(first, code, day, billable, verified):
    read(order_file(**NEXT))
    assert on(code, day) == (billable, verified)
    assert Icd10Code.objects.billable_on(day).filter(code=code).exists() is billable


def test_words_are_those_of_the_day(first):
    read(order_file(**NEXT))
    words = {
        day: Icd10Code.objects.of_codes(["L10.7"], day)["L10.7"].description
        for day in (VERIFIED_UNTIL, OCTOBER.valid_from)
    }
    assert list(words.values()) == ["Code 107", "Code 107, reworded"]
    assert [row.description for row in Icd10Code.objects.search("L10.7", VERIFIED_UNTIL)] == ["Code 107"]


def test_a_third_release_follows_and_a_code_may_come_back(first):
    read(order_file(**NEXT))
    kept = read(order_file(**(NEXT | {"L10.9": "Code 109"})), APRIL_27)
    assert (kept.added, kept.changed, kept.ended) == (1, 0, 0)
    assert [on("L10.9", day)[0] for day in (date(2026, 9, 30), date(2027, 3, 31), date(2027, 4, 1))] == [
        True,
        False,
        True,
    ]
    assert on("L10.0", date(2027, 9, 30)) == (True, True)


def test_days_of_a_release_that_is_missing_are_not_verified(first):
    """April 2027 read without October 2026: for the days between nothing is known, and it is said."""
    plan = icd10.plan_release(order_file(**NEXT), APRIL_27)
    assert plan.gap == (date(2026, 10, 1), date(2027, 3, 31))
    icd10.apply_release(plan, by=None)
    for code in ("L10.0", "L10.9", "L10.7"):
        assert on(code, date(2026, 9, 30)) == (True, True)
        assert on(code, date(2026, 12, 1)) == (True, False)
    assert on("L10.0", date(2027, 4, 1)) == (True, True) and on("L10.9", date(2027, 4, 1)) == (False, False)


def test_codes_of_every_form_are_read(db):
    """Merkel cell carcinoma, COVID-19, and a block with a letter in its second place that came in October 2025."""
    codes = {"QA0": "-A heading", "QA0.0101": "A", "U07.1": "B", "C4A.30": "C", "Z3A.01": "D", "I10": "E"}
    assert icd10.parse_order(order_file(**codes)).keys() == codes.keys()


@pytest.mark.parametrize(
    ("content", "release", "why"),
    [
        (order_file(**NEXT)[:100] + b"\nnonsense\n", OCTOBER, "Line 2 does not have the form"),
        (b"", OCTOBER, "holds no codes"),
        (order_file(**{"L10.0": "x"}) * 2, OCTOBER, "a second time"),
        (order_file(**{"L10.0": "Code 100"}), OCTOBER, "Is it complete?"),
        (order_file(**NEXT), icd10.Release("x", VALID_FROM, VERIFIED_UNTIL), "oldest first"),
        (order_file(**NEXT), icd10.Release(RELEASE, date(2026, 10, 1), date(2027, 3, 31)), "is read already"),
        (order_file(**NEXT), icd10.Release("x", date(2026, 10, 1), date(2026, 9, 30)), "before the first"),
        (order_file(**NEXT), icd10.Release("", date(2026, 10, 1), date(2027, 3, 31)), "Name the release"),
    ],
)  # fmt: skip
def test_what_is_no_release_is_refused_in_words(first, content, release, why):
    with pytest.raises(icd10.ReleaseRefused, match=why.replace("?", r"\?")):
        icd10.plan_release(content, release)


@pytest.mark.parametrize(
    ("name", "dates"),
    [
        ("icd10cm-order-2027.txt", (date(2026, 10, 1), date(2027, 3, 31))),
        ("icd10cm-order-April-2027.txt", (date(2027, 4, 1), date(2027, 9, 30))),
        ("icd10cm_order_2026.txt", (date(2025, 10, 1), date(2026, 3, 31))),
        ("codes.txt", None),
    ],
)
def test_the_dates_that_a_files_name_says(name, dates):
    assert icd10.usual_dates(name) == dates


def test_the_command_reads_a_file(first, tmp_path, capsys):
    path = tmp_path / "icd10cm-order-2027.txt"
    path.write_bytes(order_file(**NEXT))
    call_command("import_icd10cm", "--file", str(path), "--dry-run")
    assert "Nothing was written." in capsys.readouterr().out and Icd10Release.objects.count() == 1
    call_command("import_icd10cm", "--file", str(path))
    assert "October 2026, 2026-10-01 to 2027-03-31: 11 codes, 2 new, 2 changed, 1 ended." in capsys.readouterr().out
    with pytest.raises(CommandError, match="read already"):
        call_command("import_icd10cm", "--file", str(path))
    other = tmp_path / "codes.txt"
    other.write_bytes(order_file(**NEXT))
    with pytest.raises(CommandError, match="--from and --until"):
        call_command("import_icd10cm", "--file", str(other))


def test_a_release_that_is_cut_off_leaves_nothing(first, monkeypatch):
    monkeypatch.setattr(Icd10Code.objects, "bulk_create", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        read(order_file(**NEXT))
    assert Icd10Release.objects.count() == 1 and not Icd10Code.objects.exclude(valid_until=None).exists()
