"""PDF from a template and plain data: tagged, the same each time, and blind to markup in what people typed."""

import io
import json
from datetime import UTC, datetime

import pytest
import typst
from PIL import Image

from config import typesetting
from review.letters import compose
from tests.review.letter_facts import URL, facts

AT = datetime(2026, 11, 23, 19, 19, 7, 123456, tzinfo=UTC)
HOSTILE = (
    '#eval("1+1") #image("/etc/passwd") *bold* $x^2$ @ref <label> \\ // `raw` [x] {y} #link("https://evil.test")[z]'
)


def letter(**changes) -> dict:
    return compose.patient_letter(facts(**changes), check_url=URL)


def elements(data: dict, selector: str, tmp_path, template: str = "patient_letter") -> int:
    source = typesetting._lay_out(tmp_path, template, data, "us-letter", {})
    found = typst.query(str(source), selector, root=str(tmp_path), font_paths=typesetting._fonts(False))
    return len(json.loads(found))


def test_a_letter_is_a_tagged_pdf_with_title_and_language():
    data = typesetting.pdf("patient_letter", letter(), at=AT)
    assert data.startswith(b"%PDF-")
    for part in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang", b"pdfuaid:part", b"pdfaid:part", b"DF-4K7Q2M"):
        assert part in data, part


@pytest.mark.parametrize("paper", typesetting.PAPERS)
def test_both_papers_and_the_same_bytes_each_time(paper):
    first, second = (typesetting.pdf("clinical_letter", compose.clinical_letter(facts(), check_url=URL), at=AT, paper=paper) for _ in range(2))  # fmt: skip
    assert first == second
    assert {"us-letter": b"612 792", "a4": b"595.2756 841.8898"}[paper] in first


@pytest.mark.parametrize("field", ["patient_name", "reason", "signer", "opinion"])
def test_what_a_person_typed_is_text_and_never_markup(field, tmp_path):
    typed = {"patient_text": HOSTILE, "findings": HOSTILE} if field == "opinion" else HOSTILE
    hostile = facts(**{field: typed})
    for template, made in (("patient_letter", compose.patient_letter), ("clinical_letter", compose.clinical_letter)):
        plain = made(facts(), check_url=URL)
        for selector in ("image", "link", "strong", "math.equation", "raw", "ref"):
            typesetting.pdf(template, made(hostile, check_url=URL), at=AT)
            assert elements(made(hostile, check_url=URL), selector, tmp_path, template) == elements(
                plain, selector, tmp_path, template
            ), selector


@pytest.mark.parametrize(
    "name", ["محمد عبد الرحمن", "דוד כהן", "Nguyễn Thị Hương", "Ёлкина Ольга", "王小明", "\U0001f600"]
)
def test_a_name_in_any_script_stops_no_letter(name):
    assert typesetting.pdf("patient_letter", letter(patient_name=name), at=AT).startswith(b"%PDF-")


def test_long_texts_break_into_pages():
    long = letter(opinion={"patient_text": "A long plain text about it. " * 400})
    assert len(typesetting.pages("patient_letter", long, ppi=20)) >= 3
    assert len(typesetting.pages("patient_letter", letter(), ppi=20)) == 2


def test_pictures_are_named_by_us_only():
    file = io.BytesIO()
    Image.new("RGB", (40, 50), "teal").save(file, "JPEG")
    with pytest.raises(ValueError, match="no name for a picture"):
        typesetting.pdf("patient_letter", letter(), at=AT, pictures={"../../x.jpg": file.getvalue()})
    with pytest.raises(ValueError, match="no paper"):
        typesetting.pdf("patient_letter", letter(), at=AT, paper="a3")


def test_what_does_not_fit_the_template_says_so_without_a_word_of_it():
    with pytest.raises(typesetting.TypesettingFailed):
        typesetting.pdf("patient_letter", {"title": "x", "language": "en"}, at=AT)
