"""CMS-1500: box by box, the cuts of long names, six lines a form, the printer's offset, and the pages around it."""

import io

import pytest
from django.urls import reverse
from PIL import Image

from billing import batches
from billing.exports import cms1500
from billing.models import ChargeLine, PaperOffset, Payer
from config import typesetting
from config.audit.models import AuditEvent
from tests.billing.test_batch_life import ready_lines  # noqa: F401
from tests.billing.test_decisions import charge
from tests.billing.test_exports import claim

MEDICARE = {
    "0.1": "SYNTHETIC MAC PART B", "0.2": "PO BOX 7", "0.3": "SPRINGFIELD IL 62701",
    "1.medicare": "X", "1a": "1EG4TE5MK73", "2": "TESTPATIENT, ALEX, Q",
    "3.month": "03", "3.day": "01", "3.year": "1950", "3.female": "X",
    "5.street": "200 SAMPLE AVE", "5.city": "SPRINGFIELD", "5.state": "IL", "5.zip": "62702-0002",
    "10a.no": "X", "10b.no": "X", "10c.no": "X", "11": "NONE", "12": "SIGNATURE ON FILE",
    "19": "DEMO 92", "20.no": "X", "21.indicator": "0", "21.A": "L570", "21.B": "L821",
    "24.1.from.month": "09", "24.1.from.day": "14", "24.1.from.year": "26",
    "24.1.to.month": "09", "24.1.to.day": "14", "24.1.to.year": "26",
    "24.1.place": "10", "24.1.code": "G9868", "24.1.pointers": "AB", "24.1.dollars": "42", "24.1.cents": "00",
    "24.1.units": "1", "24.1.npi": "2999999917",
    "25": "000000001", "25.ein": "X", "26": "CH20001", "27.yes": "X", "28.dollars": "42", "28.cents": "00",
    "31": "PAT SYNTHDERM", "31.date": "09 14 26",
    "32.name": "SYNTHETIC TELEDERM GROUP", "32.street": "100 EXAMPLE ST", "32.city": "SPRINGFIELD IL 62701-0001",
    "32a": "2999999909", "33.phone": "614 555-0181", "33.name": "SYNTHETIC TELEDERM GROUP",
    "33.street": "100 EXAMPLE ST", "33.city": "SPRINGFIELD IL 62701-0001", "33a": "2999999909",
}  # fmt: skip
NAIR = {"first_name": "Priya", "last_name": "Nair", "npi": "2999999941", "taxonomy_code": ""}


def test_every_box_of_a_claim_to_medicare():
    assert cms1500.fields([claim()], "6145550181", "PO Box 7\nSpringfield, IL 62701") == MEDICARE


def test_what_another_payer_wants_besides():
    found = cms1500.fields([claim(payer__claim_filing_code="CI", demo_number="")])
    also = {
        "1.other": "X", "4": "TESTPATIENT, ALEX, Q", "6.self": "X", "7.street": "200 SAMPLE AVE",
        "7.city": "SPRINGFIELD", "7.state": "IL", "7.zip": "62702-0002", "11d.no": "X", "13": "SIGNATURE ON FILE",
    }  # fmt: skip
    assert {box: value for box, value in found.items() if MEDICARE.get(box) != value} == also
    assert not {"1.medicare", "11", "19"} & set(found)


def test_referral_replacement_and_modifiers():
    found = cms1500.fields(
        [claim(referring=NAIR, frequency_code="7", original_claim_number="ICN-123", modifier="GQ:25", patient__sex="M")]
    )
    assert (found["17.qualifier"], found["17"], found["17b"]) == ("DN", "NAIR, PRIYA", "2999999941")
    assert (found["22.code"], found["22.original"]) == ("7", "ICN-123")
    assert (found["24.1.modifier1"], found["24.1.modifier2"]) == ("GQ", "25")
    assert found["3.male"] == "X" and "3.female" not in found
    assert not {"3.male", "3.female"} & set(cms1500.fields([claim(patient__sex="U")]))


@pytest.mark.parametrize(
    ("last", "first", "middle", "written"),
    [
        ("Ellison", "Margaret", "Ann", "ELLISON, MARGARET, A"),
        ("O'Brien-Smith", "Mary-Jo", "", "OBRIEN-SMITH, MARY-JO"),
        ("St. John", "A.", "b", "ST JOHN, A, B"),
        ("Abcdefghijklmnopqrs", "Bernad", "X", "ABCDEFGHIJKLMNOPQRS, BERNAD"),  # 27: the initial does not fit
        ("Abcdefghijklmnopqrs", "Bernadette", "", "ABCDEFGHIJKLMNOPQRS, BERNADE"),
        ("Featherstonehaugh-Cholmondeley", "Alexandra", "Q", "FEATHERSTONEHAUGH-CHOLMON, A"),
        ("Núñez*~", "Łucja", "", "NUNEZ, LUCJA"),
        ("X" * 40, "", "", "X" * 28),
    ],
)
def test_long_names_are_cut_at_the_end_of_their_box(last, first, middle, written):
    made = claim(patient__last_name=last, patient__first_name=first, patient__middle_name=middle)
    assert cms1500.fields([made])["2"] == written and len(written) <= 28


def test_nothing_runs_into_the_next_box_whatever_is_typed():
    """Every text at its longest fits its box, and no two boxes of a line overlap."""
    long = "W" * 90
    made = claim(
        patient__last_name=long, patient__first_name=long, patient__address_line1=long, patient__city=long,
        billing__name=long, billing__address_line1=long, billing__city=long, payer__name=long,
        rendering__last_name=long, referring=NAIR | {"last_name": long}, amount="999999.99", modifier="GQ:25:26:27",
        diagnoses=[f"L{100 + n}.11" for n in range(12)], payer__claim_filing_code="CI",
    )  # fmt: skip
    found = cms1500.fields([made] * 6, "6145550181", f"{long}\n{long}\n{long}\n{long}")
    assert len(cms1500.marks(found)) == len(found)
    by_line: dict[int, list[tuple[int, int, str]]] = {}
    for box, (line, column, width) in cms1500.BOXES.items():
        assert 1 <= column and column + width <= 81 and 1 <= line <= 63, box
        by_line.setdefault(line, []).append((column, column + width, box))
    for spans in by_line.values():
        spans.sort()
        for (_, end, box), (start, _, other) in zip(spans, spans[1:], strict=False):
            assert end <= start, (box, other)


def test_a_text_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="does not fit into box 1a"):
        cms1500.marks({"1a": "X" * 30})


def test_six_lines_a_form_and_a_seventh_on_the_next():
    claims = [claim(claim_id=f"CH-2000{n}", diagnoses=["L570"] if n % 2 else ["D2261", "L821"]) for n in range(7)]
    groups = cms1500.together(claims)
    assert [len(group) for group in groups] == [6, 1]
    found = cms1500.fields(groups[0])
    assert (found["28.dollars"], found["28.cents"], found["26"]) == ("252", "00", "CH20000")
    assert [found[f"24.{n}.pointers"] for n in range(1, 7)] == ["AB", "C", "AB", "C", "AB", "C"]
    assert (found["21.A"], found["21.B"], found["21.C"]) == ("D2261", "L821", "L570")
    with pytest.raises(ValueError, match="7 lines"):
        cms1500.fields(claims)


@pytest.mark.parametrize(
    "other",
    [
        {"patient__last_name": "OTHER"}, {"billing__npi": "2999999925"}, {"referring": NAIR}, {"demo_number": ""},
        {"frequency_code": "7", "original_claim_number": "X"}, {"diagnoses": [f"L{n}" for n in range(100, 111)]},
    ],
)  # fmt: skip
def test_what_differs_above_the_lines_gets_a_form_of_its_own(other):
    assert [len(group) for group in cms1500.together([claim(), claim(**other)])] == [1, 1]


def test_the_offset_moves_everything_by_the_same():
    found = cms1500.fields([claim()])
    for plain, moved in zip(cms1500.marks(found), cms1500.marks(found, 2.5, -1), strict=True):
        assert (round(moved.x - plain.x, 1), round(moved.y - plain.y, 1)) == (7.1, -2.8)
        assert moved.text == plain.text


def test_amounts_end_at_the_right_edge_of_their_box():
    by_box = {mark.box: mark for mark in cms1500.marks(cms1500.fields([claim(amount="7.50")]))}
    line, column, width = cms1500.BOXES["24.1.dollars"]
    assert by_box["24.1.dollars"].x == pytest.approx(cms1500.LEFT + (column + width - 2) * cms1500.WIDE, abs=0.01)
    assert by_box["24.1.cents"].text == "50"


@pytest.mark.parametrize("moved", [(0, 0), (3, -2.5)])
def test_the_page_has_ink_in_its_boxes_and_nowhere_else(moved):
    """One pixel a point: each text leaves ink in its own box, and what lies between the boxes stays white."""
    marks = cms1500.marks(cms1500.fields([claim()] * 6, "6145550181"), *moved)
    data = {
        "title": "t", "language": "en", "note": "", "frames": [],
        "pages": [[{"x": m.x, "y": m.y, "width": m.width, "text": m.text} for m in marks]],
    }  # fmt: skip
    (page,) = typesetting.pages("cms1500", data, ppi=72)
    image = Image.open(io.BytesIO(page)).convert("L")
    assert image.size == (612, 792)
    for mark in marks:
        box = (int(mark.x) - 1, int(mark.y) - 1, int(mark.x + mark.width) + 2, int(mark.y) + 13)
        assert image.crop(box).getextrema()[0] < 128, mark.box
        image.paste(255, box)
    assert image.getextrema() == (255, 255)


# --- pages


@pytest.fixture
def paper_batch(ready_lines, kay):  # noqa: F811
    Payer.objects.filter(code="medicare").update(takes_paper=True, postal_address="PO Box 7\nSpringfield IL 62701")
    ready_lines(2)
    return batches.export_ready(by=kay)[0]


def test_a_batch_to_a_paper_payer_prints(paper_batch, kay, sign_in):
    client = sign_in(kay)
    page = client.get(reverse("billing:batch", args=[paper_batch.pk])).content.decode()
    url = reverse("billing:batch_forms", args=[paper_batch.pk, 1])
    assert url in page
    answer = client.get(url)
    assert answer.headers["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert AuditEvent.objects.filter(verb="batch.downloaded").get().data == {"form": "cms1500", "forms": 2}
    assert client.get(url + "?together=1").content.count(b"%PDF-") == 1
    assert AuditEvent.objects.filter(verb="batch.downloaded").last().data["forms"] == 1
    assert client.get(reverse("billing:batch_forms", args=[paper_batch.pk, 2])).status_code == 404


def test_a_line_prints_only_for_a_paper_payer(paper_batch, signed, kay, sign_in):
    client = sign_in(kay)
    line = ChargeLine.objects.first()
    url = reverse("billing:line_form", args=[line.uid])
    assert url in client.get(reverse("billing:line", args=[line.uid])).content.decode()
    assert client.get(url).content.startswith(b"%PDF-")
    held = charge(signed(delivered=False))
    assert client.get(reverse("billing:line_form", args=[held.uid])).status_code == 404
    Payer.objects.update(takes_paper=False)
    assert client.get(url).status_code == 404
    assert url not in client.get(reverse("billing:line", args=[line.uid])).content.decode()
    assert client.get(reverse("billing:batch_forms", args=[paper_batch.pk, 1])).status_code == 404


def test_the_offset_is_kept_and_bounded(billable, kay, group, sign_in):
    client = sign_in(kay)
    url, names = reverse("billing:paper"), {"right": f"g{group.pk}-right_mm", "down": f"g{group.pk}-down_mm"}
    assert client.post(url, {"group": group.pk, names["right"]: "1.5", names["down"]: "-2"}).status_code == 302
    assert str(PaperOffset.objects.get(group=group)) == "1.5 mm right, -2.0 mm down"
    refused = client.post(url, {"group": group.pk, names["right"]: "16", names["down"]: "0"}).content.decode()
    assert "At most 15 mm" in refused and PaperOffset.objects.get(group=group).right_mm == 1.5
    answer = client.get(reverse("billing:paper_test", args=[group.pk]))
    assert answer.content.startswith(b"%PDF-")


def test_a_paper_answer_without_hyphen_finds_its_line():
    assert ChargeLine.pk_of("CH20001") == ChargeLine.pk_of("CH-20001") == 1
