"""Files that a payer would take: two validators, an own reader for what they miss, hostile names, totals that agree."""

import csv
import io
import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import batches
from billing.exports import csv as csv_export
from billing.exports import x12
from billing.models import BatchFile, ChargeLine
from config.identifiers import is_mbi, is_npi
from tests.billing.test_decisions import charge
from tests.factories import luhn_npi

CLAIM = {
    "claim_id": "CH-20001",
    "case_number": "DF-4K7Q2A",
    "code": "G9868",
    "modifier": "",
    "pos": "10",
    "amount": "42.00",
    "date_of_service": "2026-09-14",
    "decided_on": "2026-09-15",
    "diagnoses": ["L570", "L821"],
    "demo_number": "92",
    "review_ms": 462_000,
    "review_started_at": "2026-09-14T12:00:00+00:00",
    "signed_at": "2026-09-14T13:00:00+00:00",
    "delivered_at": "2026-09-14T13:01:00+00:00",
    "patient": {
        "first_name": "ALEX", "middle_name": "Q", "last_name": "TESTPATIENT", "date_of_birth": "1950-03-01", "sex": "F",
        "address_line1": "200 SAMPLE AVE", "address_line2": "", "city": "SPRINGFIELD", "state": "IL",
        "zip_code": "627020002", "member_id": "1EG4TE5MK73",
    },
    "payer": {"code": "medicare", "name": "SYNTHETIC MAC PART B", "payer_id": "SYNMACPARTB", "claim_filing_code": "MB"},
    "rendering": {"first_name": "PAT", "last_name": "SYNTHDERM", "npi": "2999999917", "taxonomy_code": "207N00000X"},
    "referring": {},
    "billing": {
        "name": "SYNTHETIC TELEDERM GROUP", "npi": "2999999909", "tin": "000000001", "taxonomy_code": "207N00000X",
        "address_line1": "100 EXAMPLE ST", "address_line2": "", "city": "SPRINGFIELD", "state": "IL",
        "zip_code": "627010001",
    },
    "programme": {"key": "demo", "name": "Demo model", "demo_number": "92", "entity_id": "D0001"},
}  # fmt: skip
BATCH = {
    "number": "B-000101",
    "created_at": "2026-09-15T14:30:00+00:00",
    "created_by": "Kay",
    "date": "20260915",
    "time": "1430",
    "control_number": 101,
    "billing_name": "SYNTHETIC TELEDERM GROUP",
    "submitter": {
        "etin": "TELEDERMSYN01", "contact_name": "BILLING OFFICE", "contact_phone": "5555550100",
        "receiver_name": "SYNTHETIC MAC PART B", "receiver_id": "SYNMACPARTB", "is_test": True,
    },
}  # fmt: skip


def claim(**changes) -> dict:
    made = json.loads(json.dumps(CLAIM))
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = made
        for parent in parents:
            target = target[parent]
        target[last] = value
    return made


def pyx12_says(content: bytes, tmp_path) -> tuple[bool, str]:
    """Through the API: the program's exit status says nothing."""
    import pyx12.params
    import pyx12.x12n_document

    path, answer = tmp_path / "claim.837", io.StringIO()
    path.write_bytes(content)
    valid = pyx12.x12n_document.x12n_document(
        param=pyx12.params.params(),
        src_file=str(path),
        fd_997=answer,
        fd_html=None,
        fd_xmldoc=None,
        fd_json=io.StringIO(),
    )
    return bool(valid), answer.getvalue()


def segments(content: bytes) -> list[list[str]]:
    return [segment.strip().split("*") for segment in content.decode("ascii").split("~") if segment.strip()]


VARIANTS = {
    "plain": {},
    "no demo number": {"demo_number": ""},
    "modifier": {"modifier": "GQ"},
    "facility": {"pos": "02"},
    "referred": {"referring": {"first_name": "PRIYA", "last_name": "NAIR", "npi": "2999999941", "taxonomy_code": ""}},
    "billing renders": {"rendering__npi": "2999999909"},
    # a letter in the second place, and the chapter of codes for special purposes
    "codes of other forms": {"diagnoses": ["QA00101", "U071", "C4A30", "Z3A01"]},
    "twelve diagnoses": {"diagnoses": [f"L57{n}" for n in range(10)] + ["L821", "L820"]},
    "hostile names": {
        "patient__last_name": "O'Brien*~:^ Núñez & Söhne\r\n",
        "patient__first_name": "=cmd|' /C calc'!A0" + "X" * 70,
        "patient__address_line1": "1 Main St * Apt ~ 4",
        "billing__name": "Łódź Derm & Co.",
    },
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_pyx12_accepts(variant, tmp_path):
    valid, answer = pyx12_says(x12.write([claim(**VARIANTS[variant])], BATCH), tmp_path)
    assert valid, answer
    assert "AK9*A*1*1*1" in answer


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_second_validator_parses(variant, tmp_path):
    from x12sdk.io import X12ModelReader

    path = tmp_path / "claim.837"
    path.write_bytes(x12.write([claim(**VARIANTS[variant])], BATCH))
    with X12ModelReader(str(path)) as reader:
        models = list(reader.models())
    assert len(models) == 1


def test_pyx12_refuses_a_broken_file(tmp_path):
    broken = x12.write([claim()], BATCH).replace(b"REF*EI*000000001~", b"")
    assert not pyx12_says(broken, tmp_path)[0]


def test_every_count_is_counted():
    found = segments(x12.write([claim(claim_id=f"CH-{n}") for n in range(3)], BATCH))
    names = [segment[0] for segment in found]
    start, end = names.index("ST"), names.index("SE")
    assert found[end][1] == str(end - start + 1)
    assert [s[1:] for s in found if s[0] in {"GE", "IEA"}] == [["1", "101"], ["1", "000000101"]]
    assert [s[1] for s in found if s[0] == "HL"] == ["1", "2", "3", "4"]
    assert len(x12.write([claim()], BATCH).split(b"~")[0]) == 105


def test_what_no_validator_checks():
    """NPI, MBI, diagnosis form, pointers, totals, place of service and the line number, each read back."""
    found = segments(x12.write([claim()], BATCH))
    by_name = {segment[0]: segment for segment in found}
    npis = [segment[9] for segment in found if segment[0] == "NM1" and segment[8] == "XX"]
    assert len(npis) == 2 and all(map(is_npi, npis))
    assert is_mbi(next(segment[9] for segment in found if segment[0] == "NM1" and segment[1] == "IL"))
    diagnoses = [element.split(":")[1] for element in by_name["HI"][1:]]
    assert all(re.fullmatch(r"(?=..?\d)[A-Z][0-9A-Z]{2,6}", code) for code in diagnoses)
    pointers = by_name["SV1"][7].split(":")
    assert [int(pointer) for pointer in pointers] == list(range(1, len(diagnoses) + 1))
    assert by_name["CLM"][2] == by_name["SV1"][2] == "42"
    assert by_name["CLM"][5] == "10:B:1"
    assert by_name["CLM"][1] == next(segment[2] for segment in found if segment[:2] == ["REF", "6R"])
    order = [segment[0] + (segment[1] if segment[0] == "REF" else "") for segment in found]
    assert order.index("REFP4") < order.index("HI")


def test_default_modifier_sends_nothing():
    assert b"SV1*HC:G9868*42*" in x12.write([claim()], BATCH)
    assert b"SV1*HC:G9868:GQ*42*" in x12.write([claim(modifier="GQ")], BATCH)


@given(st.text(max_size=90))
def test_no_name_breaks_the_file(name):
    safe = x12.text(name, 60)
    assert len(safe) <= 60 and safe.isascii() and not set(safe) & set("*~:^\r\n") and safe == safe.upper()


def test_too_many_claims_for_one_file():
    with pytest.raises(ValueError, match="5001"):
        x12.write([CLAIM] * 5_001, BATCH)


def test_csv_keeps_zeros_quotes_and_neutralises_formulas():
    hostile = claim(
        patient__last_name='=HYPERLINK("http://x")', patient__first_name='Q, "uote"', patient__zip_code="012340001"
    )
    content = csv_export.write([hostile], BATCH)
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert content.startswith(b"batch_id,batch_created_at,claim_id") and content.count(b"\r\n") == 2
    row = rows[0]
    assert (row["last"], row["first"], row["zip"]) == ('\'=HYPERLINK("http://x")', 'Q, "uote"', "012340001")
    assert (row["charge"], row["dx1"], row["dx_pointers"], row["review_seconds"]) == (
        "42.00",
        "L57.0",
        "1:2",
        "462.000",
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start):
    assert csv_export.safe(f"{start}1+1").startswith("'")


def test_npi_check_digit():
    assert is_npi("1245319599") and not is_npi("1245319598")
    assert all(is_npi(luhn_npi(n)) for n in range(50))
    assert not any(is_npi(bad) for bad in ("", "124531959", "3245319599", "12453195990", "124531959X"))


def test_mbi_form():
    assert is_mbi("1EG4TE5MK73")
    assert not any(
        is_mbi(bad) for bad in ("", "1EG4-TE5-MK73", "0EG4TE5MK73", "1SG4TE5MK73", "1EG4TE5MK7", "1eg4te5mk73")
    )


def test_batch_keeps_bytes_and_totals_agree(signed, kay):
    line = charge(signed())
    (batch,) = batches.export_ready(by=kay)
    files = {file.kind: bytes(file.content) for file in batch.files.all()}
    rows = list(csv.DictReader(io.StringIO(files["csv"].decode(), newline="")))
    claims = [segment for segment in segments(files["837p"]) if segment[0] == "CLM"]
    manifest = json.loads(files["manifest"])
    total = sum(Decimal(row["charge"]) for row in rows)
    assert total == sum(Decimal(segment[2]) for segment in claims) == batch.total == Decimal(manifest["total"])
    assert (
        [row["charge_id"] for row in rows]
        == [segment[1] for segment in claims]
        == manifest["charge_ids"]
        == [line.number]
    )
    by_name = {file["name"]: file["sha256"] for file in manifest["files"]}
    assert all(by_name[file.name] == file.sha256 for file in BatchFile.objects.exclude(kind="manifest"))
    line.refresh_from_db()
    assert line.status == "exported"
    assert batches.export_ready(by=kay) == []


def test_control_numbers_grow(signed, kay, dana, group):
    charge(signed())
    first = batches.export_ready(by=kay)[0]
    ChargeLine.objects.filter(pk=charge(signed()).pk).update(status="ready", holds=[])
    second = batches.export_ready(by=kay)[0]
    assert second.control_number == first.control_number + 1
