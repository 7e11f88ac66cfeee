"""A patient's whole record as one ZIP: complete, theirs alone, made under a lease, gone after a week."""

import csv
import io
import json
import re
import tracemalloc
import zipfile
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from config import storages
from config.audit.models import AuditEvent
from config.audit.services import record as audit
from intake import messages
from intake.models import Case, RelatedPerson
from review.letters import making
from review.models import RecordExport
from review.record import building
from tests import factories

ORIGINAL = b"\xff\xd8 as it came from the phone \xff\xd9"


def make_case(answered, patient, ana, ben, words: str):
    """A signed case with a photo, an answer, a message and letters, each of which says `words`."""
    review = answered(patient=patient, patient_text=f"{words} told", findings=f"{words} seen")
    Case.objects.filter(pk=review.case_id).update(reason=f"{words} reason", history=f"{words} history")
    review.case.refresh_from_db()
    data = ORIGINAL + words.encode()
    photo = factories.make_ready_photo(review.case, by=ana, sha256=sha256(data).hexdigest())
    storages.put_once(photo.original_key, data)
    review.case.answers.create(question="changes", version="1", value=["size"], answered_by=ana)
    if patient.user_id:
        messages.send(case=review.case, by=ben, text=f"{words} message", key=review.pk)
    making.make_letters(review.letter_pairs.get().pk)
    audit("case.viewed", by=ben, subject=review.case, clinic=review.case.clinic)
    audit("case.listed", by=ben, subject=ben, data={"cases": [str(review.case_id)]})
    return review


@pytest.fixture
def mine(answered, patient, ana, ben, monkeypatch):
    monkeypatch.setattr(making.typesetting, "pdf", lambda template, data, **rest: json.dumps(data["to"]).encode())
    return make_case(answered, patient, ana, ben, "MINE")


@pytest.fixture
def other(answered, mine, clinic, ana, ben):
    person = factories.make_patient(clinic, user=factories.make_user("Oscar"), first_name="Oscar", last_name="Otherman")
    return make_case(answered, person, ana, ben, "OTHERS")


def opened(patient) -> zipfile.ZipFile:
    file = io.BytesIO()
    building.write(patient, file)
    return zipfile.ZipFile(file)


def test_everything_of_theirs_is_in_it(mine, patient):
    archive = opened(patient)
    number = mine.case.number
    names = archive.namelist()
    assert {"README.txt", f"cases/{number}.txt", f"messages/{number}.txt", "who-looked.csv", "fhir/bundle.json",
            "contents.csv"} <= set(names)  # fmt: skip
    assert sum(name.startswith(f"letters/{number}/") for name in names) == 2
    [photo] = [name for name in names if name.startswith("photos/")]
    assert archive.read(photo) == ORIGINAL + b"MINE"
    text = archive.read(f"cases/{number}.txt").decode()
    for part in ("MINE reason", "MINE history", "MINE told", "MINE seen"):
        assert part in text, part
    assert "MINE message" in archive.read(f"messages/{number}.txt").decode()
    assert archive.testzip() is None


def test_each_file_is_listed_with_its_hash(mine, patient):
    archive = opened(patient)
    rows = list(csv.DictReader(io.StringIO(archive.read("contents.csv").decode())))
    assert [row["file"] for row in rows] == [name for name in archive.namelist() if name != "contents.csv"]
    for row in rows:
        if row["file"] not in {"fhir/bundle.json", "who-looked.csv"}:
            data = archive.read(row["file"])
            assert (int(row["bytes"]), row["sha256"]) == (len(data), sha256(data).hexdigest())


def test_nobody_elses_row_is_in_it(mine, other, patient):
    archive = opened(patient)
    everything = b"".join(archive.read(name) for name in archive.namelist()) + " ".join(archive.namelist()).encode()
    theirs = other.case
    strange = ["OTHERS", "Oscar", "Otherman", theirs.number, str(theirs.pk), str(theirs.patient_id), str(other.pk)]
    strange += [str(row.pk) for row in theirs.photos.all()]
    strange += [str(letter.pk) for pair in other.letter_pairs.all() for letter in pair.letters.all()]
    assert [word for word in strange if word.encode() in everything] == []
    assert b"MINE" in everything


def test_what_stood_under_them_by_mistake_is_not_theirs(mine, patient):
    Case.objects.filter(pk=mine.case_id).update(filed_in_error_at=timezone.now())
    archive = opened(patient)
    assert b"MINE" not in b"".join(archive.read(name) for name in archive.namelist())


def test_the_access_report_tells_who_looked_also_in_lists(mine, patient, ben):
    rows = list(csv.DictReader(io.StringIO(opened(patient).read("who-looked.csv").decode())))
    seen = [(row["who"], row["what"]) for row in rows]
    assert (str(ben), "case.viewed") in seen
    assert (str(ben), "case.listed") in seen


def test_a_name_is_no_formula_in_a_spreadsheet(mine, patient, ben):
    type(ben).objects.filter(pk=ben.pk).update(first_name="=HYPERLINK(1)", last_name="")
    text = opened(patient).read("who-looked.csv").decode()
    assert "'=HYPERLINK(1)" in text


def test_the_bundle_is_fhir_r4b_and_names_the_files_beside_it(mine, patient):
    archive = opened(patient)
    bundle = json.loads(archive.read("fhir/bundle.json"))
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    resources = [entry["resource"] for entry in bundle["entry"]]
    kinds = {resource["resourceType"] for resource in resources}
    assert {"Patient", "Organization", "Practitioner", "ServiceRequest", "QuestionnaireResponse", "Media",
            "DiagnosticReport", "DocumentReference", "Communication"} <= kinds  # fmt: skip
    known = {f"{resource['resourceType']}/{resource['id']}" for resource in resources}
    text = json.dumps(resources)
    for reference in set(re.findall(r'"reference": "([^"]+)"', text)):
        assert reference in known, reference
    for address in re.findall(r'"url": "\.\./([^"]+)"', text):
        assert address in archive.namelist()

    def empty(value) -> bool:
        if isinstance(value, dict):
            return not value or any(empty(part) for part in value.values())
        if isinstance(value, list):
            return not value or any(empty(part) for part in value)
        return value in ("", None)

    assert not [resource for resource in resources if empty(resource)]


def test_a_spanish_readers_notes_are_in_spanish(mine, patient):
    patient.preferred_language = "es"
    assert "Esto es todo lo que" in opened(patient).read("README.txt").decode()


def test_a_large_photo_takes_no_more_memory_than_a_small_one(mine, patient):
    photo = mine.case.photos.get()
    big = b"\x00" * (30 * 1024 * 1024)
    type(photo).objects.filter(pk=photo.pk).update(sha256=sha256(big).hexdigest())
    photo.refresh_from_db()
    storages.put_once(photo.original_key, big)
    with open("/dev/null", "wb") as sink:

        class Sink(io.RawIOBase):
            at = 0

            def writable(self):
                return True

            def seekable(self):
                return False

            def write(self, data):
                self.at += len(data)
                return sink.write(data)

        tracemalloc.start()
        building.write(patient, Sink())
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 12 * 1024 * 1024


# asking, making, fetching


def test_a_patient_makes_it_sees_it_grow_and_saves_it(mine, patient, ana, sign_in, settings, mailoutbox):
    client = sign_in(ana)
    assert "Make the file" in client.get(reverse("review:record")).content.decode()
    for _ in range(2):
        assert client.post(reverse("review:record_ask", args=[patient.pk])).status_code == 302
    row = RecordExport.objects.get()
    assert "Being made" in client.get(reverse("review:record"), headers={"HX-Request": "true"}).content.decode()
    building.make_record(row.pk)
    building.make_record(row.pk)
    row.refresh_from_db()
    assert (row.work_status, row.attempts, row.percent) == ("done", 1, 100)
    page = client.get(reverse("review:record")).content.decode()
    address = reverse("review:record_download", args=[row.pk])
    assert address in page
    response = client.get(address)
    data = b"".join(response.streaming_content)
    assert (len(data), sha256(data).hexdigest()) == (row.byte_size, row.sha256)
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    assert response["Cache-Control"].startswith("private, no-store")
    assert [verb for verb in AuditEvent.objects.order_by("pk").values_list("verb", flat=True) if verb.startswith("record.")] == [
        "record.asked", "record.made", "record.downloaded",
    ]  # fmt: skip


def test_after_a_week_the_file_is_gone(mine, patient, ana, sign_in):
    row = building.ask(patient=patient, by=ana)
    building.make_record(row.pk)
    row.refresh_from_db()
    assert building.tidy() == 0
    assert building.tidy(row.expires_at + timedelta(seconds=1)) == 1
    assert not storages.exists(row.key)
    assert sign_in(ana).get(reverse("review:record_download", args=[row.pk])).status_code == 404
    with pytest.raises(ValueError, match="never removed"):
        storages.remove(mine.case.photos.get().original_key)


def test_a_storage_that_is_away_delays_it(mine, patient, ana, monkeypatch):
    row = building.ask(patient=patient, by=ana)
    monkeypatch.setattr(storages, "check", lambda: "storage does not answer")

    def away(*args):
        raise ConnectionError

    monkeypatch.setattr(storages, "put_stream_once", away)
    building.make_record(row.pk)
    row.refresh_from_db()
    assert (row.work_status, row.attempts) == ("waiting", 0)


def test_the_database_makes_one_at_a_time(patient, ana):
    building.ask(patient=patient, by=ana)
    with pytest.raises(IntegrityError), transaction.atomic():
        RecordExport.objects.create(patient=patient, asked_by=ana, work_status="waiting")


@pytest.mark.parametrize("person", ["ben", "ruth", "dana", "max_stranger", "kay"])
def test_nobody_else_asks_for_it_or_fetches_it(request, mine, patient, ana, sign_in, person):
    row = building.ask(patient=patient, by=ana)
    building.make_record(row.pk)
    user = request.getfixturevalue(person)
    client = sign_in(user)
    assert client.get(reverse("review:record_download", args=[row.pk])).status_code == 404
    assert client.post(reverse("review:record_ask", args=[patient.pk])).status_code == 404
    with pytest.raises(building.RecordRefused):
        building.ask(patient=patient, by=user)


def parent_of(child, by, **changes) -> RelatedPerson:
    fields = {"relationship": "parent", "valid_until": timezone.now() + timedelta(days=900), "name": "Pat Parent"}
    return RelatedPerson.objects.create(
        patient=child, user=factories.make_user("Pat"), created_by=by, **(fields | changes)
    )


def test_a_parent_has_the_childs_record_and_only_while_they_act_for_them(mine, patient, ben, sign_in, ana):
    parent = parent_of(patient, ben)
    client = sign_in(parent.user)
    assert patient.name in client.get(reverse("review:record")).content.decode()
    client.post(reverse("review:record_ask", args=[patient.pk]))
    row = RecordExport.objects.get(asked_by=parent.user)
    building.make_record(row.pk)
    address = reverse("review:record_download", args=[row.pk])
    assert client.get(address).status_code == 200
    RelatedPerson.objects.filter(pk=parent.pk).update(valid_until=timezone.now())
    assert client.get(address).status_code == 404
    assert client.post(reverse("review:record_ask", args=[patient.pk])).status_code == 404


def test_a_parent_has_nobody_elses_record(mine, other, patient, ben, sign_in):
    client = sign_in(parent_of(other.case.patient, ben).user)
    assert client.post(reverse("review:record_ask", args=[patient.pk])).status_code == 404


def test_the_holder_of_a_link_to_one_case_has_no_record(mine, patient, ben, sign_in):
    link = parent_of(patient, ben, relationship="link", case=mine.case)
    client = sign_in(link.user)
    assert client.post(reverse("review:record_ask", args=[patient.pk])).status_code == 404
