"""Batches: ready lines claimed, files made and kept, all in one transaction; the bytes never change again."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.exports import csv, manifest, x12
from billing.models import Batch, BatchFile, BatchLine, ChargeLine, Submitter
from billing.services import BillingRefused
from config.accounts.models import User
from config.audit.services import record


def export_ready(*, by: User | None, lines: Iterable[ChargeLine] | None = None) -> list[Batch]:
    """One batch a submitter and payer from the given ready lines, or from all of them. Empty when nothing is ready."""
    ready = ChargeLine.objects.filter(status=ChargeLine.Status.READY)
    if lines is not None:
        ready = ready.filter(pk__in=[line.pk for line in lines])
    by_submitter: dict[tuple, list[int]] = defaultdict(list)
    for pk, group, payer in ready.order_by("pk").values_list("pk", "group", "payer"):
        by_submitter[group, payer].append(pk)
    batches = []
    for (group, payer), pks in by_submitter.items():
        submitter = Submitter.objects.filter(group=group, payer=payer).first()
        if submitter is None:
            raise BillingRefused("There is no submitter for this group and payer. Add one first.")
        batch = _make(submitter, pks, by)
        if batch:
            batches.append(batch)
    return batches


def _make(submitter: Submitter, pks: list[int], by: User | None) -> Batch | None:
    with transaction.atomic():
        # the lock orders the exporters of one submitter, and so its control numbers
        submitter = Submitter.objects.select_for_update().get(pk=submitter.pk)
        mine = list(
            ChargeLine.objects.select_for_update(of=("self",))
            .filter(pk__in=pks, status=ChargeLine.Status.READY)
            .order_by("pk")
        )
        if not mine:
            return None
        claimed = ChargeLine.objects.filter(pk__in=[line.pk for line in mine], status=ChargeLine.Status.READY).update(
            status=ChargeLine.Status.EXPORTED, work_status="idle", due_at=None
        )
        if claimed != len(mine):
            raise BillingRefused("Some lines changed meanwhile. Nothing was exported; try again.")
        return _write(submitter, mine, by)


def _write(submitter: Submitter, lines: list[ChargeLine], by: User | None) -> Batch:
    parts = [lines[at : at + x12.MAX_CLAIMS] for at in range(0, len(lines), x12.MAX_CLAIMS)]
    Submitter.objects.filter(pk=submitter.pk).update(last_control_number=F("last_control_number") + len(parts))
    submitter.refresh_from_db()
    now = timezone.now()
    batch = Batch.objects.create(
        group=submitter.group,
        payer=submitter.payer,
        submitter=submitter,
        control_number=submitter.last_control_number - len(parts) + 1,
        created_at=now,
        created_by=by,
        line_count=len(lines),
        total=sum((line.amount for line in lines), Decimal()),
    )
    BatchLine.objects.bulk_create(
        BatchLine(batch=batch, line=line, position=n) for n, line in enumerate(lines, start=1)
    )
    _keep_files(batch, submitter, parts, now)
    record(
        "batch.exported",
        by=by,
        role="" if by else "system",
        subject=batch,
        clinic=batch.group,
        data={"lines": len(lines)},
    )
    return batch


def _claim(line: ChargeLine) -> dict:
    return line.snapshot | {"claim_id": line.number, "amount": f"{line.amount:.2f}", "code": line.code}


def _keep_files(batch: Batch, submitter: Submitter, parts: list[list[ChargeLine]], now) -> None:
    date, time = x12.stamps(now)
    facts = {
        "number": batch.number,
        "created_at": now.isoformat(),
        "created_by": str(batch.created_by or "command"),
        "date": date,
        "time": time,
        "billing_name": batch.group.name,
        "submitter": {
            "etin": submitter.etin,
            "contact_name": submitter.contact_name,
            "contact_phone": submitter.contact_phone,
            "receiver_name": submitter.receiver_name,
            "receiver_id": submitter.receiver_id,
            "is_test": submitter.is_test,
        },
    }
    files = []
    for number, lines in enumerate(parts, start=1):
        numbered = facts | {"control_number": batch.control_number + number - 1}
        claims = [_claim(line) for line in lines]
        suffix = f"-{number}" if len(parts) > 1 else ""
        files.append(_file(batch, "csv", number, f"{batch.number}{suffix}.csv", csv.write(claims, facts)))
        files.append(_file(batch, "837p", number, f"{batch.number}{suffix}.837", x12.write(claims, numbered)))
    listed = [{"name": f.name, "bytes": f.byte_size, "sha256": f.sha256} for f in files]
    everything = [_claim(line) for lines in parts for line in lines]
    content = manifest.write(facts | {"control_number": batch.control_number}, everything, listed, f"{batch.total:.2f}")
    files.append(_file(batch, "manifest", 1, f"{batch.number}.json", content))
    BatchFile.objects.bulk_create(files)


def _file(batch: Batch, kind: str, part: int, name: str, content: bytes) -> BatchFile:
    return BatchFile(
        batch=batch, kind=kind, part=part, name=name, content=content, byte_size=len(content),
        sha256=sha256(content).hexdigest(),
    )  # fmt: skip
