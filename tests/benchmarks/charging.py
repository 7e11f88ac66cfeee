"""A hundred thousand signed reviews charged, and as many lines exported, each beside the bare work of the same rows in
the same run. `BENCH_ROWS` sets how many."""

import contextlib
import os
import resource
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from django.db import connection, transaction
from django.test.utils import override_settings, setup_databases, teardown_databases
from django.utils import timezone

from tests.benchmarks import benchmark

CHUNK = 2_000


def _rows(quick: bool) -> int:
    return int(os.environ.get("BENCH_ROWS", "1000" if quick else "100000"))


@contextlib.contextmanager
def _scene() -> Iterator[dict]:
    """A database of its own with a group, a specialist and everything that a ready line needs."""
    from billing import reference
    from billing.models import Fee, Payer, Programme, RosterEntry, Submitter
    from review.models import Icd10Code
    from review.models.icd import RELEASE, VALID_FROM, VERIFIED_UNTIL
    from tests import factories

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as folder, override_settings(VAR=Path(folder), STORAGE_URL=""):
            reference.load()
            group, clinic = factories.make_clinic("group"), factories.make_clinic("clinic")
            dana, ben = factories.make_specialist("Dana", group), factories.make_user("Ben", "staff", clinic)
            since = date(2024, 1, 1)
            programme = Programme.objects.create(
                key="bench-model", name="Bench model", valid_from=since, is_confirmed=True, codes=["G9868"],
                demo_number="92", places_of_service=["10", "02"], source="bench",
            )  # fmt: skip
            practitioner = dana.practitioner
            RosterEntry.objects.create(
                programme=programme, practitioner=practitioner, tin=group.tin, valid_from=since, source="bench"
            )
            Fee.objects.create(group=group, code="G9868", amount=Decimal("42.00"), valid_from=since, source="bench")
            Icd10Code.objects.create(
                code="D22.61", description="Melanocytic nevi", billable=True, release=RELEASE, valid_from=VALID_FROM,
                verified_until=VERIFIED_UNTIL,
            )  # fmt: skip
            Submitter.objects.create(
                group=group, payer=Payer.objects.get(code="medicare"), etin="BENCHSYN01", contact_name="Office",
                contact_phone="6145550181", receiver_name="Synthetic MAC", receiver_id="SYNMACPARTB",
            )  # fmt: skip
            yield {"group": group, "clinic": clinic, "dana": dana, "ben": ben, "programme": programme}
    finally:
        teardown_databases(databases, verbosity=0)


def _signed_reviews(scene: dict, count: int) -> None:
    """Patients with coverage and alignment, each with a signed, delivered review that is due for its charge."""
    for at in range(0, count, CHUNK):
        with transaction.atomic():
            _chunk(scene, at, min(CHUNK, count - at))


def _chunk(scene: dict, first: int, size: int) -> None:
    from billing.models import Alignment
    from intake.models import Case, Coverage, Patient
    from review.models import Delivery, Review, ReviewDiagnosis
    from tests import factories

    now, since = timezone.now(), date(2024, 1, 1)
    patients = Patient.objects.bulk_create(
        Patient(
            home_clinic=scene["clinic"], first_name="Ana", last_name=f"Sample{first + n}", mrn=f"B{first + n}",
            date_of_birth=date(1940, 1, 1) + timedelta(days=n), administrative_sex="F", city="Columbus", state="OH",
            address_line1=f"{first + n} Sample Road", zip_code="432150002",
        )
        for n in range(size)
    )  # fmt: skip
    Coverage.objects.bulk_create(
        Coverage(patient=p, payer_code="medicare", plan="original", member_id="1EG4TE5MK73", valid_from=since)
        for p in patients
    )
    Alignment.objects.bulk_create(
        Alignment(patient=p, programme=scene["programme"], valid_from=since, source="bench") for p in patients
    )
    cases = Case.objects.bulk_create(
        Case(
            number=f"B{first + n}", patient=p, clinic=scene["clinic"], group=scene["group"], specialty="dermatology",
            status="signed", started_by=scene["ben"], signed_at=now, submitted_at=now, claimed_at=now, urgency="routine",
            answer_due_at=now, patient_state="OH", danger_signs="none", reason="A spot", site="chest",
        )
        for n, p in enumerate(patients)
    )  # fmt: skip
    reviews = Review.objects.bulk_create(
        Review(
            case=case, specialist=scene["dana"], status="signed", signed_at=now, date_of_service=factories.practice_today(),
            time_zone="America/New_York", measured_ms=462_000, added_ms=0, lost_ms=0, attestation="I spent the time.",
            signed_record={}, content_sha256="ab" * 32, photos_adequate="yes", work_status="waiting", due_at=now,
        )
        for case in cases
    )  # fmt: skip
    ReviewDiagnosis.objects.bulk_create(
        ReviewDiagnosis(review=r, icd10cm="D22.61", description="Melanocytic nevi") for r in reviews
    )
    Delivery.objects.bulk_create(
        Delivery(
            review=r, case=r.case, recipient_kind="patient", recipient=scene["ben"], visible_at=now, notice_sent_at=now,
            work_status="done",
        )
        for r in reviews
    )  # fmt: skip


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _bare_bulk_create(count: int) -> tuple[float, float]:
    """Seconds, and seconds of CPU, for the same rows (line, decision, audit) by nothing but bulk_create, in a transaction that is undone."""
    from billing.models import ChargeDecision, ChargeLine
    from config.audit.models import AuditEvent

    spent, cpu, size = 0.0, 0.0, 500
    lines = ChargeLine.objects.order_by("pk")
    for at in range(0, count, size):
        some = list(lines.select_related(None)[at : at + size])
        decisions = list(ChargeDecision.objects.filter(line__in=[line.pk for line in some]))
        events = list(AuditEvent.objects.filter(subject_id__in=[str(line.pk) for line in some], verb="charge.decided"))
        for line in some:
            line.pk, line.uid, line.status, line.void_reason, line.voided_at = (
                None,
                uuid.uuid4(),
                "void",
                "b",
                line.created_at,
            )
            line.version += 1
        with contextlib.suppress(_Undo), transaction.atomic():
            began, worked = time.perf_counter(), time.process_time()
            made = ChargeLine.objects.bulk_create(some)
            for decision, line in zip(decisions, made, strict=True):
                decision.pk, decision.line = None, line
            ChargeDecision.objects.bulk_create(decisions)
            for event in events:
                event.pk = None
            AuditEvent.objects.bulk_create(events)
            spent += time.perf_counter() - began
            cpu += time.process_time() - worked
            raise _Undo
    return spent, cpu


class _Undo(Exception):
    pass


@benchmark
def charging(quick: bool) -> Iterator[dict]:
    """The worker's chunked path from due reviews to lines, beside a bare bulk_create of the rows that it wrote."""
    from billing import backlog
    from billing.models import ChargeLine
    from config.work import services as work
    from review.models import Review

    count = _rows(quick)
    with _scene() as scene:
        _signed_reviews(scene, count)
        lease = work.claim_many(Review, backlog.CHUNK)
        backlog.charge_chunk(lease)
        first = ChargeLine.objects.count()
        before, began, worked = _peak_mb(), time.perf_counter(), time.process_time()
        while (lease := work.claim_many(Review, backlog.CHUNK)) is not None:
            backlog.charge_chunk(lease)
        spent, cpu, grown = time.perf_counter() - began, time.process_time() - worked, _peak_mb() - before
        made = ChargeLine.objects.count() - first
        bare, bare_cpu = (part * made / (first + made) for part in _bare_bulk_create(first + made))
        ready = ChargeLine.objects.filter(status="ready").count()
    yield {
        "reviews": count, "ready": ready, "engine": connection.vendor, "lines_per_second": round(made / spent),
        "bare_bulk_create_per_second": round(made / bare), "share_of_bare": round(bare / spent, 2),
        "cpu_share_of_bare": round(bare_cpu / cpu, 2), "wanted": 0.25,
        "memory_grown_mb": round(grown, 1),
    }  # fmt: skip


@benchmark
def exporting(quick: bool) -> Iterator[dict]:
    """A batch of all ready lines with both files, beside reading the same rows with values_list."""
    from billing import backlog, batches
    from billing import exporting as export
    from billing.models import ChargeLine
    from config.work import services as work
    from review.models import Review

    count = _rows(quick)
    with _scene() as scene:
        _signed_reviews(scene, count)
        while (lease := work.claim_many(Review, backlog.CHUNK)) is not None:
            backlog.charge_chunk(lease)
        reads, reads_cpu = [], []
        for _ in range(3):
            began, worked, rows = time.perf_counter(), time.process_time(), 0
            for _ in (
                ChargeLine.objects.filter(status="ready").order_by("pk").values_list(*export.COLUMNS).iterator(2000)
            ):
                rows += 1
            reads.append(time.perf_counter() - began)
            reads_cpu.append(time.process_time() - worked)
        before, began, worked = _peak_mb(), time.perf_counter(), time.process_time()
        (batch,) = batches.start(by=None)
        export.finish(batch)
        spent, grown, cpu = time.perf_counter() - began, _peak_mb() - before, time.process_time() - worked
        sizes = dict(batch.files.exclude(kind="manifest").values_list("name", "byte_size"))
    yield {
        "lines": rows, "exported": batch.line_count, "files": len(sizes), "megabytes": round(sum(sizes.values()) / 1e6, 1),
        "engine": connection.vendor, "seconds": round(spent, 2), "read_seconds": round(min(reads), 2),
        "ratio_to_values_list": round(spent / min(reads), 2), "cpu_ratio": round(cpu / min(reads_cpu), 2), "wanted": 3, "memory_grown_mb": round(grown, 1),
    }  # fmt: skip
