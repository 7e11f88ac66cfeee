"""What validators miss: every fault of a claim before it is written, every mutation of a written file, each by its own
message; and a thousand claims with hostile names that pass everything."""

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing import scrub
from billing.exports import check837, plain, quick, x12
from billing.exports import csv as csv_export
from config.identifiers import is_mbi, is_npi
from tests.billing.test_exports import BATCH, VARIANTS, claim, pyx12_says, segments
from tests.factories import luhn_npi

TODAY = date(2026, 9, 20)
GOOD = x12.write([claim(), claim(claim_id="CH-20002", pos="02", demo_number="")], BATCH)


def codes(found) -> list[str]:
    return [finding.code for finding in found]


# --- claims, before they are written

FAULTS = {
    "MBI": {"patient__member_id": "1EG4-TE5-MK73"},
    "BILLING_NPI": {"billing__npi": "2999999908"},
    "RENDERING_NPI": {"rendering__npi": "299999991"},
    "REFERRING_NPI": {"referring": {"first_name": "A", "last_name": "B", "npi": "1234567890", "taxonomy_code": ""}},
    "POS": {"pos": "11"},
    "PATIENT_NAME": {"patient__last_name": "李~*"},
    "PATIENT_SEX": {"patient__sex": "X"},
    "BIRTH_DATE": {"patient__date_of_birth": "1950-02-30"},
    "BORN_AFTER_SERVICE": {"patient__date_of_birth": "2026-09-15"},
    "PATIENT_ADDRESS": {"patient__address_line1": ""},
    "PATIENT_ZIP": {"patient__zip_code": "6270"},
    "BILLING_NAME": {"billing__name": "***"},
    "BILLING_ADDRESS": {"billing__zip_code": "62701"},
    "BILLING_PO_BOX": {"billing__address_line1": "P.O. Box 7"},
    "BILLING_TIN": {"billing__tin": "00000001"},
    "BILLING_TAXONOMY": {"billing__taxonomy_code": "DERM"},
    "RENDERING_TAXONOMY": {"rendering__taxonomy_code": "207N0000"},
    "RENDERING_NAME": {"rendering__last_name": ""},
    "MEMBER_NUMBER": {"payer__code": "aetna", "patient__member_id": " "},
    "PAYER_ID": {"payer__payer_id": ""},
    "HCPCS": {"code": "G9999"},
    "MODIFIER": {"modifier": "GQX"},
    "DIAGNOSIS_MISSING": {"diagnoses": []},
    "DIAGNOSIS_FORM": {"diagnoses": ["250.00"]},
    "DIAGNOSIS_TWICE": {"diagnoses": ["L570", "L57.0"]},
    "DIAGNOSES_TOO_MANY": {"diagnoses": [f"L{n}" for n in range(100, 113)]},
    "SERVICE_DATE": {"date_of_service": "2026-13-01"},
    "SERVICE_IN_FUTURE": {"date_of_service": "2026-09-21"},
    "TOO_LATE": {"date_of_service": "2025-09-19"},
    "DEMO_NUMBER": {"demo_number": "9*2"},
    "AMOUNT": {"amount": "0.00"},
    "CLAIM_NUMBER": {"claim_id": "CH-20001*"},
    "ORIGINAL_CLAIM": {"frequency_code": "7", "original_claim_number": ""},
    "FREQUENCY": {"frequency_code": "9", "original_claim_number": "X"},
}  # fmt: skip


def with_pos(**changes) -> dict:
    return claim(**({"allowed_pos": ["10", "02"]} | changes))


def test_a_good_claim_has_no_finding():
    assert scrub.findings(with_pos(), TODAY) == []


@pytest.mark.parametrize("diagnosis", ["QA0.0101", "U07.1", "C4A.30", "Z3A.01", "O9A.211", "I10"])
def test_every_form_of_a_diagnosis_code_passes(diagnosis):
    assert scrub.findings(with_pos(diagnoses=[diagnosis]), TODAY) == []


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_has_its_own_message_and_fix(code):
    found = scrub.findings(with_pos(**FAULTS[code]), TODAY)
    assert code in codes(found)
    finding = next(one for one in found if one.code == code)
    assert finding.message.endswith(".") and finding.fix and not re.search(r"[*~]", finding.message)


def test_no_two_faults_share_a_message():
    found = {f.message: f.code for code in FAULTS for f in scrub.findings(with_pos(**FAULTS[code]), TODAY)}
    assert set(FAULTS) <= set(found.values()) and len(found) >= len(FAULTS)


def test_every_check_of_the_scrubber_is_tried():
    tables = (scrub.PATIENT, scrub.BILLING, scrub.RENDERING, scrub.REFERRING, scrub.CLAIM, scrub.SENDING)
    assert {check.code for table in tables for check in table} | {"SERVICE_IN_FUTURE", "TOO_LATE"} == set(FAULTS)


@pytest.mark.parametrize(
    ("day", "today", "late"),
    [
        (date(2025, 9, 20), date(2026, 9, 20), False), (date(2025, 9, 19), date(2026, 9, 20), True),
        (date(2024, 2, 29), date(2025, 2, 28), False), (date(2024, 2, 29), date(2025, 3, 1), True),
        (date(2025, 12, 31), date(2026, 12, 31), False), (date(2025, 12, 31), date(2027, 1, 1), True),
    ],
)  # fmt: skip
def test_a_calendar_year_to_file(day, today, late):
    made = with_pos(date_of_service=day.isoformat(), patient__date_of_birth="1950-03-01")
    assert ("TOO_LATE" in codes(scrub.findings(made, today))) is late


# --- files, after they are written

MUTATIONS = {
    "NOT_ASCII": (b"TESTPATIENT", "NÚÑEZ".encode()),
    "LOWER_CASE": (b"SPRINGFIELD", b"Springfield"),
    "ISA": (b"ISA*00*          *", b"ISA*00*         *"),
    "USAGE": (b"*0*T*:", b"*0*X*:"),
    "IEA": (b"IEA*1*000000101", b"IEA*1*000000102"),
    "GE": (b"GE*1*101", b"GE*2*101"),
    "SE": (b"LX*1~\n", b""),
    "VERSION": (b"ST*837*0001*005010X222A1", b"ST*837*0001*005010X222A2"),
    "BHT": (re.compile(rb"BHT[^~]*~\n"), b""),
    "SUBMITTER": (re.compile(rb"PER[^~]*~\n"), b""),
    "SEGMENT": (b"LX*1~\n", b"LX*1~\nZZZ*1~\n"),
    "ORDER": (re.compile(rb"(REF\*P4\*92~\n)(HI[^~]*~\n)"), rb"\2\1"),
    "TRAILING": (b"REF*P4*92~", b"REF*P4*92*~"),
    "HL": (b"HL*2*1*22*0", b"HL*3*1*22*0"),
    "BILLING_NPI": (b"XX*2999999909", b"XX*2999999908"),
    "BILLING_ADDRESS": (b"N3*100 EXAMPLE ST~\n", b""),
    "BILLING_ZIP": (b"IL*627010001", b"IL*62701"),
    "BILLING_TIN": (b"REF*EI*000000001", b"REF*EI*00000001"),
    "TAXONOMY": (b"PRV*BI*PXC*207N00000X", b"PRV*BI*PXC*207N00000"),
    "SBR": (b"SBR*P*18*******MB", b"SBR*P*18"),
    "SUBSCRIBER": (re.compile(rb"NM1\*IL[^~]*~\n"), b""),
    "MBI": (b"1EG4TE5MK73", b"1EG4TE5MKB3"),
    "ADDRESS": (b"N3*200 SAMPLE AVE~\n", b""),
    "STATE": (b"IL*627020002", b"ILL*627020002"),
    "DMG": (b"DMG*D8*19500301*F~\n", b""),
    "BIRTH_DATE": (b"D8*19500301", b"D8*19500231"),
    "SEX": (b"19500301*F", b"19500301*X"),
    "PAYER": (re.compile(rb"NM1\*PR[^~]*~\n"), b""),
    "CLAIM_NUMBER": (b"CLM*CH-20001*", b"CLM*CH-20001-IS-LONGER-THAN-20*"),
    "CLAIM_TOTAL": (b"CLM*CH-20001*42*", b"CLM*CH-20001*43*"),
    "POS": (b"10:B:1", b"ZZ:B:1"),
    "FREQUENCY": (b"10:B:1", b"10:B:9"),
    "ORIGINAL": (b"10:B:1", b"10:B:7"),
    "ASSIGNMENT": (b"*Y*A*Y*Y~", b"*Y*X*Y*Y~"),
    "HI": (re.compile(rb"HI\*[^~]*~\n"), b""),
    "HI_QUALIFIER": (b"ABK:L570", b"BK:L570"),
    "ICD": (b"ABK:L570", b"ABK:L57.0"),
    "ICD_TWICE": (b"ABF:L821", b"ABF:L570"),
    "RENDERING": (re.compile(rb"NM1\*82[^~]*~\nPRV\*PE[^~]*~\n"), b""),
    "RENDERING_NPI": (b"XX*2999999917", b"XX*299999991"),
    "LX": (b"LX*1~", b"LX*2~"),
    "SV1": (re.compile(rb"SV1[^~]*~\n"), b""),
    "HCPCS": (b"HC:G9868", b"HC:X9999"),
    "MODIFIER": (b"HC:G9868", b"HC:G9868:GQX"),
    "AMOUNT": (b"G9868*42*", b"G9868*FORTY*"),
    "UNITS": (b"UN*1*", b"UN*0*"),
    "POINTER": (b"*1:2~", b"*1:3~"),
    "SERVICE_DATE": (b"DTP*472*D8*20260914", b"DTP*472*D8*20260931"),
    "FUTURE": (b"DTP*472*D8*20260914", b"DTP*472*D8*20270914"),
    "LINE_NUMBER": (b"REF*6R*CH-20001~\n", b""),
    "NOTE": (b"HI*ABK", b"NTE*ADD*" + b"X" * 81 + b"~\nHI*ABK"),
    "CLAIMS_DIFFER": (b"CH-20002", b"CH-20003"),
    "DEMO_DIFFERS": (b"REF*P4*92", b"REF*P4*99"),
}  # fmt: skip
SENT = [claim(), claim(claim_id="CH-20002", pos="02", demo_number="")]


def test_a_good_file_has_no_finding():
    assert check837.check(GOOD, today=TODAY, claims=SENT) == []


@pytest.mark.parametrize("code", MUTATIONS)
def test_each_mutation_of_a_good_file_is_caught_by_its_own_message(code):
    old, new = MUTATIONS[code]
    mutated = re.sub(old, new, GOOD, count=1) if isinstance(old, re.Pattern) else GOOD.replace(old, new, 1)
    assert mutated != GOOD
    found = check837.check(mutated, today=TODAY, claims=SENT)
    assert code in codes(found)
    assert any(f.message.startswith(check837.MESSAGES[code]) for f in found)


NEED_THE_CLAIMS = {"CLAIMS_DIFFER", "DEMO_DIFFERS", "RENDERING"}
AGAIN = {
    "SE": (re.compile(rb"SE\*\d+\*"), b"SE*9*"),
    "CLAIM_NUMBER": (b"CH-20002", b"CH-20001"),
    "MBI": (b"1EG4TE5MK73", b"1EG4TE5MK7B"),
    "HL": (b"HL*3*1*22*0", b"HL*3*2*22*0"),
    "FUTURE": (b"D8*20260914", b"D8*20260921"),
    "AMOUNT": (re.compile(rb"\*42\*"), b"*0*"),
}


@pytest.mark.parametrize("code", sorted(MUTATIONS.keys() - NEED_THE_CLAIMS))
def test_a_mutation_is_caught_by_the_file_alone(code):
    """Without the claims to compare with, so that each look of the quick reader stands for itself."""
    for old, new in (MUTATIONS[code], AGAIN.get(code, MUTATIONS[code])):
        count = 0 if code == "AMOUNT" else 1
        mutated = re.sub(old, new, GOOD, count=count) if isinstance(old, re.Pattern) else GOOD.replace(old, new, 1)
        if code == "CLAIM_NUMBER":
            mutated = mutated.replace(b"REF*6R*CH-20002", b"REF*6R*CH-20001")
        assert mutated != GOOD
        assert code in codes(check837.check(mutated, today=TODAY))


def test_every_message_is_tried():
    assert set(MUTATIONS) == set(check837.MESSAGES)
    assert len(set(check837.MESSAGES.values())) == len(check837.MESSAGES)


# --- a thousand claims with hostile names

NASTY = st.text(alphabet=st.sampled_from("*~:^|'\"&<>=+-@;,\r\n\t\x00ÅßØłñéç李🙂aBZ 09."), max_size=60) | st.text(
    max_size=70
)


@st.composite
def hostile_claims(draw, count: int = 100) -> list[dict]:
    """Each claim takes its names from a handful of drawn ones, so that a hundred claims are few draws."""
    pool = draw(st.lists(NASTY, min_size=25, max_size=25))
    chance = draw(st.randoms(use_true_random=False))
    diagnoses = ["L570", "L82.1", "D2261", "C44.311", "H0011"]
    made = []
    for number in range(count):
        names = {
            f"{who}__{part}": f"{start}{chance.choice(pool)}"
            for who, part, start in (
                ("patient", "last_name", "Q"), ("patient", "first_name", ""), ("patient", "middle_name", ""),
                ("patient", "address_line1", "1 "), ("patient", "city", "Co"), ("payer", "name", "P"),
                ("rendering", "last_name", "R"),
            )
        }  # fmt: skip
        group = f"G{pool[number // 25]}"
        others = {
            "claim_id": f"CH-{20001 + number}", "billing__name": group, "rendering__npi": luhn_npi(number),
            "amount": f"{Decimal(chance.randint(1, 99_999_999)) / 100:.2f}", "pos": chance.choice(["10", "02"]),
            "modifier": chance.choice(["", "GQ", "GQ:25"]), "patient__sex": chance.choice("FM"),
            "diagnoses": chance.sample(diagnoses, chance.randint(1, 5)),
        }  # fmt: skip
        made.append(with_pos(**names, **others))
    return made


@settings(max_examples=10, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(hostile_claims())
def test_a_thousand_hostile_claims_pass_both_validators_and_the_own_reader(tmp_path_factory, claims):
    from x12sdk.io import X12ModelReader

    folder = tmp_path_factory.mktemp("claims")
    assert [scrub.findings(made, TODAY) for made in claims] == [[]] * len(claims)
    content = x12.write(claims, BATCH)
    valid, answer = pyx12_says(content, folder)
    assert valid and "AK9*A*1*1*1" in answer, answer
    with X12ModelReader(str(folder / "claim.837")) as reader:
        assert len(list(reader.models())) == 1
    assert check837.check(content, today=TODAY, claims=claims) == []
    assert_read_alike(content, claims, csv_export.write(claims, BATCH))


def assert_read_alike(content: bytes, claims: list[dict], table: bytes) -> None:
    """The own reader: everything that validators let pass, found again claim by claim, and the CSV row by row."""
    found = segments(content)
    of = lambda name: [row for row in found if row[0] == name]  # noqa: E731
    clm, sv1, hi = of("CLM"), of("SV1"), of("HI")
    rows = list(csv.DictReader(io.StringIO(table.decode(), newline="")))
    assert len(clm) == len(sv1) == len(hi) == len(rows) == len(claims)
    for sent, claim_row, service, diagnoses, row in zip(claims, clm, sv1, hi, rows, strict=True):
        assert claim_row[1] == sent["claim_id"] == row["charge_id"]
        assert Decimal(claim_row[2]) == Decimal(service[2]) == Decimal(row["charge"]) == Decimal(sent["amount"])
        assert claim_row[5] == f"{sent['pos']}:B:1" and row["pos"] == sent["pos"]
        pointed = [int(pointer) for pointer in service[7].split(":")]
        assert pointed == list(range(1, min(4, len(diagnoses) - 1) + 1))
        assert [e.partition(":")[2] for e in diagnoses[1:]] == [d.replace(".", "") for d in sent["diagnoses"]]
        assert [row[f"dx{n}"] for n in range(1, 6) if row[f"dx{n}"]] == [
            d if "." in d or len(d) < 4 else f"{d[:3]}.{d[3:]}" for d in sent["diagnoses"]
        ]
        assert not any(value[:1] in tuple("=+-@\t\r\n") for value in row.values() if value)
    names = of("NM1")
    assert all(is_npi(row[9]) for row in names if len(row) > 9 and row[8] == "XX")
    assert all(is_mbi(row[9]) for row in names if row[1] == "IL")
    assert sum(Decimal(row["charge"]) for row in rows) == sum(Decimal(row[2]) for row in clm)
    levels = [(row[1], row[2], row[3]) for row in of("HL")]
    assert [level[0] for level in levels] == [str(n) for n in range(1, len(levels) + 1)]
    parent = ""
    for number, above, kind in levels:
        parent = number if kind == "20" else parent
        assert above == ("" if kind == "20" else parent)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Łukasz Ødegård", "LUKASZ ODEGARD"), ("Groß", "GROSS"), ("Æther", "AETHER"), ("O’Brien–Núñez", "O'BRIEN-NUNEZ"),
        ("a*b~c:d^e", "A B C D E"), ("  two   spaces ", "TWO SPACES"), ("Þór", "THOR"), ("İpek", "IPEK"),
    ],
)  # fmt: skip
def test_letters_are_written_as_ascii(name, written):
    assert plain.text(name, 60) == written


def test_claims_of_two_groups_data_get_a_loop_each(tmp_path):
    """A group that moved between two signatures: each claim under the address it was signed with."""
    moved = [
        claim(claim_id="CH-1"),
        claim(claim_id="CH-2", billing__address_line1="7 OTHER ST"),
        claim(claim_id="CH-3"),
    ]
    content = x12.write(moved, BATCH)
    assert [row[3] for row in segments(content) if row[0] == "HL"] == ["20", "22", "20", "22", "20", "22"]
    assert pyx12_says(content, tmp_path)[0] and check837.check(content, today=TODAY, claims=moved) == []


# --- what is looked at in one glance is never let through where the full look finds something


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_the_quick_reader_says_yes_only_where_the_full_one_finds_nothing(chance):
    """Bytes of a good file changed, removed, put in or moved; whole segments too."""
    for _ in range(20):
        spoilt = bytearray(GOOD)
        for _ in range(chance.choice((1, 1, 2))):
            at, how = chance.randrange(len(spoilt)), chance.randrange(4)
            if how == 0:
                spoilt[at] = chance.choice(b"*~:0123456789ABXYZ \n")
            elif how == 1:
                del spoilt[at : at + chance.choice((1, 3, 20))]
            elif how == 2:
                spoilt[at:at] = bytes([chance.choice(b"*~:0129AB\n ")])
            else:
                parts = bytes(spoilt).split(b"~\n")
                one, other = chance.randrange(len(parts)), chance.randrange(len(parts))
                parts[one], parts[other] = parts[other], parts[one]
                spoilt = bytearray(b"~\n".join(parts))
        meant = [check837.meaning(made) for made in SENT]
        if quick.is_right(bytes(spoilt).decode(), TODAY, meant):
            assert check837._look(bytes(spoilt), TODAY, meant) == []


def test_a_good_file_needs_no_second_look():
    """Every variant of a claim; otherwise large exports would pay for the full look."""
    for changes in (*VARIANTS.values(), {"frequency_code": "7", "original_claim_number": "ICN1"}):
        claims = [claim(**changes), claim(claim_id="CH-2")]
        meant = [check837.meaning(made) for made in claims]
        assert quick.is_right(x12.write(claims, BATCH).decode(), TODAY, meant), changes


@pytest.mark.parametrize("code", FAULTS)
def test_no_fault_is_taken_for_a_usual_claim(code):
    assert scrub._is_usual(with_pos(), TODAY)
    assert not scrub._is_usual(with_pos(**FAULTS[code]), TODAY)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(hostile_claims())
def test_a_usual_claim_has_no_finding_whatever_its_names(claims):
    for made in claims:
        assert not scrub._is_usual(made, TODAY) or scrub._all_findings(made, TODAY) == []
