"""Reference data from CSV files: seen first, written after, each line by its rules."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from billing.models import (
    Alignment,
    BilledElsewhere,
    Fee,
    HcpcsCode,
    PayerPolicy,
    Programme,
    ReferenceChange,
    RosterEntry,
)
from intake.models import Coverage
from tests import factories

MBI = factories.MBI


def upload(client, kind, text, **more):
    file = SimpleUploadedFile("rows.csv", text.encode(), content_type="text/csv")
    return client.post(reverse("billing:reference_import", args=[kind]), {"file": file, **more})


def confirm(client, kind, preview):
    form = {name: preview.context[name] for name in ("seen", "content")}
    form["complete_on"] = str(preview.context["complete_on"] or "")
    return client.post(reverse("billing:reference_import", args=[kind]), form, follow=True)


def outcome(page):
    return [(line.number, line.action) for line in page.context["lines"]]


HEAD = "programme,mbi,last_name,date_of_birth,valid_from,valid_until,source\n"


@pytest.fixture
def on_file(patient, client_of):
    Coverage.objects.filter(patient=patient).update(member_id=MBI)
    Alignment.objects.all().delete()
    return f"test-model,{MBI},{patient.last_name},{patient.date_of_birth}"


def test_an_alignment_file_is_seen_first_and_written_after(client_of, kay, on_file):
    client = client_of(kay)
    page = upload(client, "alignment", f"{HEAD}{on_file},2026-01-01,,File of Nov\n")
    assert page.context["counts"]["added"] == 1 and not Alignment.objects.exists()
    answer = confirm(client, "alignment", page)
    assert b"1 added, 0 changed, 0 ended, 0 refused" in answer.content
    row = Alignment.objects.get()
    assert (row.valid_from, row.valid_until, row.source) == (date(2026, 1, 1), None, "File of Nov")
    change = ReferenceChange.objects.get()
    assert (change.action, change.by, len(change.file_sha256)) == ("added", kay, 64)
    again = upload(client, "alignment", f"{HEAD}{on_file},2026-01-01,,File of Nov\n")
    assert outcome(again) == [(2, "unchanged")]
    later = upload(client, "alignment", f"{HEAD}{on_file},2026-06-01,2026-11-30,File of Dec\n")
    assert outcome(later) == [(2, "ended")]
    confirm(client, "alignment", later)
    assert Alignment.objects.get().valid_until == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda row: row.replace(MBI, "1EG4TE5MK7X"), "not possible"),
        (lambda row: row.replace(MBI, "2EG4TE5MK73"), "No patient here"),
        (lambda row: row.replace("test-model", "nothing"), "There is no model nothing"),
        (lambda row: row.replace(",2026-01-01,", ",01/01/2026,"), "a date is written like"),
        (lambda row: row.replace(",,File", ",2025-01-01,File"), "The end is before the start"),
        (lambda row: row.replace("File", ""), "where is this known from"),
        (lambda row: row.replace(row.split(",")[2], "Other"), "last name is another"),
        (lambda row: row.replace(row.split(",")[3], "1900-01-01"), "date of birth is another"),
    ],
)
def test_a_wrong_line_is_refused_with_its_number_and_reason(client_of, kay, on_file, spoil, reason):
    good = f"{on_file},2026-01-01,,File"
    page = upload(client_of(kay), "alignment", f"{HEAD}\n{spoil(good)}\n")
    [line] = page.context["lines"]
    assert (line.number, line.action) == (3, "refused") or line.number in (2, 3)
    assert reason in line.reason and reason in page.content.decode().replace("&#x27;", "'")
    assert b"Nothing to write" in page.content


def test_a_complete_file_ends_who_is_not_in_it(client_of, kay, on_file, programme, patient, clinic, group, ana):
    gone = factories.make_patient(clinic, medicare=False)
    case = factories.make_draft(gone, by=ana)
    case.__class__.objects.filter(pk=case.pk).update(group=group)
    Alignment.objects.create(programme=programme, patient=gone, valid_from=date(2025, 1, 1), source="old file")
    client = client_of(kay)
    lines = f"{HEAD}{on_file},2026-01-01,,File\n"
    spoilt = upload(
        client, "alignment", f"{lines}test-model,nobody,X,1950-01-01,2026-01-01,,File\n", complete_on="2026-12-01"
    )
    assert outcome(spoilt) == [(3, "refused"), (2, "added")] and b"Nobody is ended yet" in spoilt.content
    page = upload(client, "alignment", lines, complete_on="2026-12-01")
    assert sorted(outcome(page)) == [(0, "ended"), (2, "added")]
    confirm(client, "alignment", page)
    assert Alignment.objects.get(patient=gone).valid_until == date(2026, 11, 30)
    assert outcome(upload(client, "alignment", lines, complete_on="2026-10-01")) == [(0, "ended"), (2, "unchanged")]


def test_what_changed_since_the_preview_is_not_written(client_of, kay, on_file, programme, patient):
    client = client_of(kay)
    page = upload(client, "alignment", f"{HEAD}{on_file},2026-01-01,,File\n")
    Alignment.objects.create(programme=programme, patient=patient, valid_from=date(2026, 1, 1), source="by hand")
    answer = confirm(client, "alignment", page)
    assert b"The rows changed since the preview" in answer.content and Alignment.objects.count() == 1


def test_the_same_thing_twice_in_a_file_is_refused_once(client_of, kay, on_file):
    row = f"{on_file},2026-01-01,,File\n"
    assert sorted(outcome(upload(client_of(kay), "alignment", HEAD + row + row))) == [(2, "added"), (3, "refused")]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Missing: programme"), ("a,b\n1,2\n", "Missing: programme"), ("\udcff", "not UTF-8")],
)
def test_a_file_of_another_kind_is_refused_as_a_whole(client_of, kay, text, said):
    content = text.encode("utf-8", "surrogateescape")
    file = SimpleUploadedFile("rows.csv", content or b"\n", content_type="text/csv")
    answer = client_of(kay).post(reverse("billing:reference_import", args=["alignment"]), {"file": file})
    assert said in answer.content.decode()


FILES = {
    "roster": ("programme,npi,tin,valid_from,valid_until,source\ntest-model,{npi},{tin},2020-01-01,2023-12-31,list\n", RosterEntry),
    "fee": ("group_npi,code,amount,valid_from,valid_until,source\n{group},G9869,68.00,2026-01-01,,board\n", Fee),
    "policy": ("payer,pays,note,valid_from,valid_until,source\naetna,yes,,2026-01-01,,letter\n", PayerPolicy),
    "programme": (
        "key,name,is_confirmed,codes,demo_number,send_demo_number,places_of_service,modifier,entity_id,valid_from,valid_until,source\n"
        "new-model,New,yes,G9868 G9869,,no,10 02,GQ,,2027-01-01,,CMS\n",
        Programme,
    ),
    "hcpcs": ("code,short_description,description,valid_from,valid_until,source\nG2010,Remote image,Remote evaluation,2019-01-01,,CMS\n", HcpcsCode),
    "elsewhere": ("mbi,last_name,date_of_birth,code,date_of_service,source\n{mbi},{last},{born},G2010,2026-11-02,list\n", BilledElsewhere),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_each_kind_of_file_is_read_and_written_back(client_of, ada, kind, dana, group, patient):
    Coverage.objects.filter(patient=patient).update(member_id=MBI)
    text, model = FILES[kind]
    text = text.format(
        npi=dana.practitioner.npi,
        tin=group.tin,
        group=group.npi,
        mbi=MBI,
        last=patient.last_name,
        born=patient.date_of_birth,
    )
    client = client_of(ada)
    before = model.objects.count()
    page = upload(client, kind, text)
    assert outcome(page) == [(2, "added")], page.context["lines"]
    confirm(client, kind, page)
    assert model.objects.count() == before + 1
    file = client.get(reverse("billing:reference_file", args=[kind])).content.decode()
    read_back = upload(client, kind, file)
    assert {line.action for line in read_back.context["lines"]} == {"unchanged"}


@pytest.mark.parametrize("amount", ["0", "-1", "1.001", "NaN", "Infinity", "x", "9999999"])
def test_an_impossible_amount_is_refused(client_of, ada, group, amount):
    text = f"group_npi,code,amount,valid_from,valid_until,source\n{group.npi},G9869,{amount},2026-01-01,,board\n"
    assert outcome(upload(client_of(ada), "fee", text)) == [(2, "refused")]


def test_a_downloaded_cell_runs_nothing(client_of, kay):
    row = Fee.objects.get()
    Fee.objects.filter(pk=row.pk).update(source="=cmd|' /C calc'!A0")
    assert b",'=cmd" in client_of(kay).get(reverse("billing:reference_file", args=["fee"])).content
