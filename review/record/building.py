"""The ZIP itself: written to disk piece by piece, so that a record of gigabytes takes no more memory than a small one."""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config import storages
from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from config.audit.services import record
from config.work import services as work
from intake import questions, slots
from intake.models import Case, Patient
from intake.models.related import accounts_of
from review.models import RecordExport
from review.record import fhir, scope

LEASE_SECONDS = 900
KEPT_DAYS = 7
_BLOCK = 256 * 1024
_ENDINGS = {"jpeg": "jpg", "heif": "heic"}


class RecordRefused(Exception):
    """The text may be shown."""


def may_have(user: User, patient: Patient) -> bool:
    """The patient, or who acts for the patient in everything now; the holder of a link to one case does not."""
    return patient.is_cared_for_by(user)


def ask(*, patient: Patient, by: User) -> RecordExport:
    """One at a time for a patient: asked again while it is made, it is the same one."""
    if not may_have(by, patient):
        raise RecordRefused(_("You may not ask for this record."))
    now = timezone.now()
    try:
        with transaction.atomic():
            row = RecordExport.objects.create(patient=patient, asked_by=by, asked_at=now, **work.due_fields(now))
            record("record.asked", by=by, role=Role.PATIENT, subject=row, clinic=patient.home_clinic)
            return row
    except IntegrityError:
        return RecordExport.objects.get(patient=patient, work_status__in=["waiting", "working"])


def make_record(export_id) -> None:
    lease = work.claim(RecordExport, export_id, LEASE_SECONDS)
    if lease is None:
        return
    row = RecordExport.objects.select_related("patient__home_clinic", "asked_by").get(pk=export_id)
    mine = RecordExport.objects.filter(pk=row.pk, lease_token=lease.token)
    folder = Path(settings.VAR) / "records"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=f"{row.pk}-", suffix=".zip") as file:
        try:
            write(row.patient, file, lambda done, total: mine.update(steps_done=done, steps_total=total))
            file.flush()
            file.seek(0)
            digest = storages.digest_of(file)
            size = file.tell()
            key = f"records/{row.pk}/{digest[:16]}.zip"
            file.seek(0)
            storages.put_stream_once(key, file, digest)
        except (storages.StorageConflict, storages.StorageDamaged, FileNotFoundError, MemoryError) as error:
            work.fail(lease, type(error).__name__)
            return
        except Exception as error:  # noqa: BLE001 what is left is a storage that is away
            work.fail(lease, type(error).__name__, outage=storages.check() != "")
            return
    now = timezone.now()
    try:
        with transaction.atomic():
            ends = now + timedelta(days=KEPT_DAYS)
            work.settle(lease, key=key, sha256=digest, byte_size=size, made_at=now, expires_at=ends)
            record("record.made", by=None, role=Role.SYSTEM, subject=row, clinic=row.patient.home_clinic)
            queue_mail("message_waiting", to=row.asked_by.email, dedupe_key=f"record:{row.pk}")
    except work.Fenced:
        return


def write(patient: Patient, file, progress: Callable[[int, int], object] = lambda done, total: None) -> None:
    """Everything, in the patient's language where it is ours to say. `progress(done, total)` after each piece."""
    with translation.override(patient.preferred_language), zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        pieces = _pieces(patient)
        total = sum(1 for _piece in _pieces(patient))
        contents = io.StringIO()
        listing = csv.writer(contents)
        listing.writerow(["file", "bytes", "sha256"])
        for done, (name, at, data) in enumerate(pieces, start=1):
            size, digest = _add(archive, name, at, data())
            listing.writerow([name, size, digest])
            progress(done, total + 1)
        _add(archive, "contents.csv", timezone.now(), [contents.getvalue().encode()])
        progress(total + 1, total + 1)


Piece = tuple[str, datetime, Callable[[], Iterator[bytes]]]


def _add(archive: zipfile.ZipFile, name: str, at: datetime, blocks) -> tuple[int, str]:
    entry = zipfile.ZipInfo(name, timezone.localtime(at).timetuple()[:6])
    # pictures and PDF are small already
    packed = name.endswith((".txt", ".csv", ".json"))
    entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    size, digest = 0, sha256()
    with archive.open(entry, "w", force_zip64=True) as target:
        for block in blocks:
            target.write(block)
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def _pieces(patient: Patient) -> Iterator[Piece]:
    now = timezone.now()
    yield "README.txt", now, lambda: iter([_readme(patient).encode()])
    for case in scope.cases(patient).prefetch_related("answers", "consents").iterator(chunk_size=100):
        yield f"cases/{case.number}.txt", case.created_at, lambda case=case: iter([_case_text(case).encode()])
        if case.messages.of_now().exists():
            yield f"messages/{case.number}.txt", case.created_at, lambda case=case: _message_lines(case)
    if scope.messages_of_moved_cases(patient).exists():
        lines = scope.messages_of_moved_cases(patient)
        yield "messages/filed-by-mistake.txt", now, lambda: _lines_of(lines)
    for photo in scope.photos(patient).iterator(chunk_size=100):
        key = photo.original_key
        yield photo_path(photo), photo.received_at, lambda key=key: storages.stream(key)
    for report in scope.pathology(patient).exclude(file_sha256=""):
        yield pathology_path(report), report.at, lambda report=report: storages.stream(report.file_key)
    for letter in scope.letters(patient).iterator(chunk_size=100):
        yield letter_path(letter), letter.created_at, lambda letter=letter: storages.stream(letter.key)
    yield "who-looked.csv", now, lambda: _access_lines(patient)
    yield "fhir/bundle.json", now, lambda: _bundle(patient)


def photo_path(photo) -> str:
    ending = _ENDINGS.get(photo.received_format, photo.received_format)
    return f"photos/{photo.case.number}/{photo.received_at:%Y-%m-%d}-{photo.slot}-{photo.pk.hex[:8]}.{ending}"


def letter_path(letter) -> str:
    case = letter.pair.review.case
    return f"letters/{case.number}/{letter.pair.created_at:%Y-%m-%d}-{letter.audience}-{letter.pair_id.hex[:8]}.pdf"


def pathology_path(report) -> str:
    return f"laboratory/{report.review.case.number}/{report.reported_on:%Y-%m-%d}-{report.pk}.pdf"


def _readme(patient: Patient) -> str:
    lines = [
        _("This is everything that your clinic’s online service keeps about %(name)s.") % {"name": patient.name},
        "",
        _("cases: what you told us, and what was answered"),
        _("messages: what you and your clinic wrote"),
        _("photos: your photos just as you sent them"),
        _("letters: your letters, and those to the one who sent you to us"),
        _("who-looked.csv: who saw your record, and when"),
        _("fhir: the same for other health programs (FHIR R4B)"),
        _("contents.csv: a list of all files"),
        "",
        _("Keep it in a safe place. Photos may hold the place where they were taken."),
    ]
    return "\r\n".join(lines) + "\r\n"


def _case_text(case: Case) -> str:
    given = {answer.question: answer.value for answer in case.answers.all()}
    lines = [_("Case %(number)s") % {"number": case.number}, ""]
    told = (
        (_("What is the problem?"), case.reason),
        (_("Place"), case.site_plain),
        (_("Since when"), case.onset),
        (_("History"), case.history),
        (_("Medicines"), case.medicines),
        (_("Allergies"), case.allergies),
    )
    lines += [f"{label}: {words}" for label, words in told if words]
    for question in questions.SETS[slots.kind_of(case)]:
        if given.get(question.key):
            lines.append(f"{question.text} {questions.patient_words(question, given[question.key])}")
    for consent in case.consents.all():
        lines.append(f"{consent.get_kind_display()}: {consent.given_at:%Y-%m-%d}, {consent.version}")
    for review in scope.reviews(case.patient).filter(case=case):
        lines += ["", _("What your specialist says"), f"{review.specialist}, {review.signed_at:%Y-%m-%d}"]
        lines += [part for part in (review.findings, review.assessment, review.patient_text, review.follow_up) if part]
        lines += [part for part in (review.patient_text_own, review.follow_up_own) if part]
        lines += [f"- {item.in_words}" for item in review.action_items.all()]
        for added in review.addenda.all():
            lines += ["", f"{added.created_at:%Y-%m-%d}, {added.by}", added.text, added.patient_text]
            lines += [added.patient_text_own] if added.patient_text_own else []
        for report in review.pathology.all():
            lines += ["", _("From the laboratory"), f"{report.reported_on:%Y-%m-%d}, {report.laboratory or report.by}"]
            lines += [part for part in (str(report), report.report) if part]
    return "\r\n".join(str(line) for line in lines) + "\r\n"


def _message_lines(case: Case) -> Iterator[bytes]:
    yield from _lines_of(case.messages.of_now().select_related("by").order_by("pk"))


def _lines_of(messages) -> Iterator[bytes]:
    for message in messages.iterator(chunk_size=500):
        yield f"{timezone.localtime(message.sent_at):%Y-%m-%d %H:%M}, {message.by}:\r\n{message.text}\r\n\r\n".encode()


def _access_lines(patient: Patient) -> Iterator[bytes]:
    def row(*cells: str) -> bytes:
        line = io.StringIO()
        # a spreadsheet must not take a name for a formula
        csv.writer(line).writerow([f"'{cell}" if cell and cell[0] in "=+-@\t\r" else cell for cell in cells])
        return line.getvalue().encode()

    yield row(_("when"), _("who"), _("as"), _("where"), _("what"), _("case"))
    own = accounts_of(patient)
    for event in scope.accesses(patient).iterator(chunk_size=500):
        who = str(event.actor) if event.actor else _("the program itself")
        if event.role == Role.PATIENT and event.actor_id not in own:
            # while the case stood under somebody else by mistake: who that was is not this person's to know
            who = _("another person")
        yield row(event.at.isoformat(timespec="seconds"), who, event.role, str(event.clinic or ""), event.verb, event.case_number)  # fmt: skip


def _bundle(patient: Patient) -> Iterator[bytes]:
    """One resource at a time: a bundle of type collection."""
    head = {"resourceType": "Bundle", "type": "collection", "timestamp": timezone.now().isoformat()}
    yield json.dumps(head)[:-1].encode() + b', "entry": ['
    first = True
    for resource in _resources(patient):
        address = f"urn:uuid:{resource['id']}" if len(resource["id"]) == 36 else f"urn:dermforward:{resource['id']}"
        entry = json.dumps({"fullUrl": address, "resource": resource}, ensure_ascii=False)
        yield (b"" if first else b",") + b"\n" + entry.encode()
        first = False
    yield b"\n]}\n"


def _resources(patient: Patient) -> Iterator[dict]:
    yield fhir.patient(patient)
    seen: set = set()

    def once(made: Callable[..., dict], who) -> Iterator[dict]:
        if who is not None and who.pk not in seen:
            seen.add(who.pk)
            yield made(who)

    yield from once(fhir.organization, patient.home_clinic)
    for case in scope.cases(patient).prefetch_related("answers", "consents"):
        yield from once(fhir.organization, case.group)
        yield from once(fhir.practitioner, case.referring_clinician)
        yield fhir.encounter_of(case)
        yield fhir.answers(case)
        yield from (fhir.consent(row) for row in case.consents.all())
    for photo in scope.photos(patient).iterator(chunk_size=100):
        yield fhir.media(photo, f"../{photo_path(photo)}")
    for review in scope.reviews(patient):
        yield from once(fhir.practitioner, review.specialist)
        yield fhir.report(review)
        for added in review.addenda.all():
            yield from once(fhir.practitioner, added.by)
        yield from fhir.addenda(review)
        yield from fhir.tasks(review)
    for report in scope.pathology(patient):
        yield fhir.pathology(report, f"../{pathology_path(report)}")
    for letter in scope.letters(patient).iterator(chunk_size=100):
        yield fhir.document(letter, f"../{letter_path(letter)}")
    for message in scope.messages(patient).iterator(chunk_size=500):
        if message.side != "patient":
            yield from once(fhir.practitioner, message.by)
        yield fhir.communication(message)


def tidy(now: datetime | None = None) -> int:
    """Copies of a record do not lie about: a week after it was made the file is gone."""
    old = RecordExport.objects.filter(expires_at__lte=now or timezone.now(), removed_at=None, made_at__isnull=False)
    gone = 0
    for row in old[:100]:
        storages.remove(row.key)
        gone += RecordExport.objects.filter(pk=row.pk, removed_at=None).update(removed_at=timezone.now())
    return gone
