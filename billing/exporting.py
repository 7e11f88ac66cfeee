"""Making a batch's files, part by part: lines are claimed in one short write, their files are made and kept, then the
next part. Whatever is cut off goes on where it stopped; no line is in two batches, none is forgotten."""

import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import sha256

from botocore.exceptions import BotoCoreError, ClientError
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from billing import scrub
from billing.exports import check837, csv, manifest, x12
from billing.models import Batch, BatchFile, BatchLine, ChargeLine, Submitter
from config import storages
from config.audit.services import record
from config.work import services as work

S = ChargeLine.Status
STEP_SECONDS = 20
# larger files lie in the private storage, not in the database
IN_DATABASE = 256 * 1024
KEPT_BACK_SHOWN = 200
COLUMNS = ("pk", "snapshot", "amount", "code", "frequency_code", "original_claim_number", "version")


class FileRefused(Exception):
    """The own reader found in a finished file what a payer would reject. Its text may be shown: it names no patient."""


def envelope_of(submitter: Submitter) -> dict:
    return {
        "billing_name": submitter.group.name,
        "etin": submitter.etin,
        "contact_name": submitter.contact_name,
        "contact_phone": submitter.contact_phone,
        "receiver_name": submitter.receiver_name,
        "receiver_id": submitter.receiver_id,
        "is_test": submitter.is_test,
    }


def next_control_number(submitter: Submitter) -> int:
    """Unique and growing for each sender; a number that was taken and not used stays a gap."""
    with transaction.atomic():
        Submitter.objects.filter(pk=submitter.pk).update(last_control_number=F("last_control_number") + 1)
        return Submitter.objects.values_list("last_control_number", flat=True).get(pk=submitter.pk)


def claim_of(line: ChargeLine) -> dict:
    return _claim(tuple(getattr(line, name) for name in COLUMNS))


def _claim(row: tuple) -> dict:
    pk, snapshot, amount, code, frequency, original, version = row
    return snapshot | {
        "claim_id": ChargeLine.number_of(pk),
        "amount": f"{amount:.2f}",
        "code": code,
        "frequency_code": frequency,
        "original_claim_number": original,
        "version": version,
    }


def facts_of(batch: Batch, control_number: int) -> dict:
    """The frozen facts that the writers need; nothing else than the lines goes into the bytes."""
    day, hour = x12.stamps(batch.created_at)
    return {
        "number": batch.number,
        "created_at": batch.created_at.isoformat(),
        "created_by": str(batch.created_by or "command"),
        "date": day,
        "time": hour,
        "billing_name": batch.envelope["billing_name"],
        "submitter": batch.envelope,
        "control_number": control_number,
    }


def finish(batch: Batch) -> Batch:
    """All of it now, in this process, if no worker has taken it; the work row stays the record either way."""
    advance(batch.pk, seconds=float("inf"))
    batch.refresh_from_db()
    return batch


def advance(batch_id, seconds: float = STEP_SECONDS) -> bool:
    """What fits into `seconds`; True when there is more to do at once."""
    lease = work.claim(Batch, batch_id)
    if lease is None:
        return False
    batch = Batch.objects.select_related("submitter", "payer", "group", "created_by").get(pk=batch_id)
    until = time.monotonic() + seconds
    try:
        while _one_part(lease, batch):
            if time.monotonic() > until:
                work.hand_back(lease)
                return True
        _end(lease, batch)
    except work.Fenced:
        return False
    except FileRefused as refused:
        _refuse(lease, batch, str(refused))
    except (OSError, BotoCoreError, ClientError, storages.StorageConflict) as error:
        # the storage is away: the lines wait in the batch, nothing is lost
        work.fail(lease, type(error).__name__, outage=True)
    except Exception as error:  # noqa: BLE001 a batch that cannot be made needs a person
        work.fail(lease, type(error).__name__)
    return False


def _one_part(lease: work.Lease, batch: Batch) -> bool:
    claims = _unwritten(batch)
    if claims is None:
        claims = _take(lease, batch)
    if claims is None:
        return False
    if claims:
        _write_part(lease, batch, claims)
    return True


def _candidates(batch: Batch) -> QuerySet[ChargeLine]:
    if batch.replaces_id:
        return to_send_again(batch)
    ready = ChargeLine.objects.filter(group=batch.group_id, payer=batch.payer_id, status=S.READY)
    chosen = batch.selection.get("lines")
    return ready if chosen is None else ready.filter(pk__in=chosen)


def to_send_again(batch: Batch) -> QuerySet[ChargeLine]:
    """Lines of the replaced batch that wait for their place in this one."""
    taken = BatchLine.objects.filter(is_live=True).values("line")
    return ChargeLine.objects.filter(batch_lines__batch=batch.replaces_id, status=S.BATCHED).exclude(pk__in=taken)


def _take(lease: work.Lease, batch: Batch) -> list[dict] | None:
    """Claim the next lines for this batch in one short write. None: there are no more."""
    today = timezone.localdate()
    with transaction.atomic():
        work.renew(lease)
        # the lock orders the exporters of one submitter
        Submitter.objects.select_for_update().get(pk=batch.submitter_id)
        waiting = _candidates(batch).filter(pk__gt=batch.cursor).order_by("pk")
        rows = list(waiting.select_for_update().values_list(*COLUMNS)[: x12.MAX_CLAIMS])
        if not rows:
            return None
        claims = [_claim(row) for row in rows]
        kept_back = [_finding(claim, found) for claim in claims if (found := scrub.findings(claim, today))]
        behind = {entry["line"] for entry in kept_back}
        if behind:
            claims = [claim for claim in claims if claim["claim_id"] not in behind]
            rows = [row for row in rows if ChargeLine.number_of(row[0]) not in behind]
        part = (
            BatchLine.objects.filter(batch=batch).order_by("-position").values_list("part", flat=True).first() or 0
        ) + 1
        _put_in([row[0] for row in rows], batch, part)
        batch.left_out = (batch.left_out + kept_back)[:KEPT_BACK_SHOWN]
        batch.line_count += len(rows)
        batch.total += sum((row[2] for row in rows), Decimal())
        batch.cursor = max(batch.cursor, *(row[0] for row in rows)) if rows else _last(kept_back)
        Batch.objects.filter(pk=batch.pk).update(
            left_out=batch.left_out, line_count=batch.line_count, total=batch.total, cursor=batch.cursor
        )
    return claims


def _last(kept_back: list[dict]) -> int:
    return max(ChargeLine.pk_of(entry["line"]) for entry in kept_back)


def _finding(claim: dict, findings: list[scrub.Finding]) -> dict:
    return {
        "line": claim["claim_id"],
        "findings": [{"code": f.code, "message": f.message, "fix": f.fix} for f in findings],
    }


def _put_in(pks: list[int], batch: Batch, part: int) -> None:
    """Rows in the batch and the lines' status, set-based; the partial unique index refuses a line that is elsewhere."""
    if not pks:
        return
    quote = connection.ops.quote_name
    table, lines = quote(BatchLine._meta.db_table), quote(ChargeLine._meta.db_table)
    batch_id = batch.pk.hex if connection.vendor == "sqlite" else batch.pk
    true = "1" if connection.vendor == "sqlite" else "TRUE"
    taken = ChargeLine.objects.filter(pk__in=pks, status=S.BATCHED if batch.replaces_id else S.READY).update(
        status=S.BATCHED, work_status="idle", due_at=None, lease_token=None
    )
    if taken != len(pks):
        raise work.Fenced("lines changed while they were read")
    with connection.cursor() as cursor:
        for at in range(0, len(pks), 500):
            chunk = pks[at : at + 500]
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(
                f"INSERT INTO {table} (batch_id, line_id, position, part, is_live) "  # noqa: S608 names, not values
                f"SELECT %s, id, %s + ROW_NUMBER() OVER (ORDER BY id), %s, {true} FROM {lines} WHERE id IN ({marks})",
                [batch_id, batch.line_count + at, part, *chunk],
            )


def _unwritten(batch: Batch) -> list[dict] | None:
    """Claims of a part whose lines were taken before the files were kept: the last one, after a cut."""
    last = BatchLine.objects.filter(batch=batch).order_by("-position").values_list("part", flat=True).first()
    if last is None or BatchFile.objects.filter(batch=batch, kind="837p", part=last).exists():
        return None
    return claims_of_part(batch, last)


def claims_of_part(batch: Batch, part: int) -> list[dict]:
    rows = BatchLine.objects.filter(batch=batch, part=part).order_by("position")
    return [_claim(row) for row in rows.values_list(*(f"line__{name}" for name in COLUMNS))]


def _write_part(lease: work.Lease, batch: Batch, claims: list[dict]) -> None:
    part = BatchLine.objects.filter(batch=batch).order_by("-position").values_list("part", flat=True)[0]
    number = batch.control_number if part == 1 else next_control_number(batch.submitter)
    first = BatchLine.objects.filter(batch=batch, part=part).order_by("position").values_list("position", flat=True)[0]
    name = f"{batch.number}-{part}" if part > 1 or len(claims) == x12.MAX_CLAIMS else batch.number
    facts = facts_of(batch, number)
    content = x12.write(claims, facts)
    read_back(content, claims)
    files = [
        kept(batch, "csv", part, f"{name}.csv", csv.write(claims, facts, first)),
        kept(batch, "837p", part, f"{name}.837", content, control_number=number),
    ]
    with transaction.atomic():
        work.renew(lease)
        BatchFile.objects.bulk_create(files)


def read_back(content: bytes, claims: list[dict]) -> None:
    """By a reader that knows nothing of the writer, before anything of the file is kept."""
    found = check837.check(content, today=timezone.localdate(), claims=claims)
    if found:
        said = " ".join(dict.fromkeys(finding.message for finding in found[:3]))
        raise FileRefused(f"The claim file was read back and would be rejected. {said}")


def _refuse(lease: work.Lease, batch: Batch, why: str) -> None:
    """No file of it leaves: the batch ends and its lines are ready again."""
    with transaction.atomic():
        work.settle(lease, status=Batch.Status.CANCELLED, ended_at=timezone.now(), end_reason=why[:300])
        mine = BatchLine.objects.filter(batch=batch, is_live=True)
        freed = ChargeLine.objects.filter(pk__in=mine.values("line"), status=S.BATCHED).update(status=S.READY)
        if batch.replaces_id:
            ChargeLine.objects.filter(pk__in=to_send_again(batch).values("pk")).update(status=S.READY)
        mine.update(is_live=False)
        record(
            "batch.refused", by=batch.created_by, role="" if batch.created_by else "system", subject=batch,
            clinic=batch.group, data={"lines": freed},
        )  # fmt: skip


def bytes_again(file: BatchFile) -> bytes:
    """What the file's bytes must be, made from the rows once more."""
    batch = file.batch
    claims = claims_of_part(batch, file.part)
    if file.kind == "837p":
        return x12.write(claims, facts_of(batch, file.control_number))
    if file.kind == "csv":
        first = BatchLine.objects.filter(batch=batch, part=file.part).order_by("position")[0].position
        return csv.write(claims, facts_of(batch, batch.control_number), first)
    return _manifest(batch)


def kept(batch: Batch, kind: str, part: int, name: str, content: bytes, **fields) -> BatchFile:
    """A row for the bytes; large ones are in storage, under their hash, before the row names them."""
    digest = sha256(content).hexdigest()
    key = ""
    if len(content) > IN_DATABASE:
        key = f"batches/{batch.pk}/{digest}"
        storages.put_once(key, content)
    return BatchFile(
        batch=batch, kind=kind, part=part, name=name, content=b"" if key else content, key=key,
        byte_size=len(content), sha256=digest, **fields,
    )  # fmt: skip


def _manifest(batch: Batch) -> bytes:
    files = BatchFile.objects.filter(batch=batch).exclude(kind="manifest").defer("content").order_by("part", "kind")
    listed = [
        {"name": f.name, "bytes": f.byte_size, "sha256": f.sha256}
        | ({"control_number": f.control_number} if f.control_number else {})
        for f in files
    ]
    numbers = BatchLine.objects.filter(batch=batch).order_by("position").values_list("line_id", flat=True)
    claim_ids = [ChargeLine.number_of(pk) for pk in numbers]
    again = {"replaces": batch.replaces.number, "reason": batch.reason} if batch.replaces else {}
    facts = facts_of(batch, batch.control_number)
    return manifest.write(facts, batch.payer.name, claim_ids, listed, f"{batch.total:.2f}", again)


def _end(lease: work.Lease, batch: Batch) -> None:
    if not batch.line_count:
        empty = "No chosen line passed the checks." if batch.left_out else "No chosen line was ready any more."
        work.settle(lease, status=Batch.Status.CANCELLED, ended_at=timezone.now(), end_reason=empty)
        return
    file = kept(batch, "manifest", 1, f"{batch.number}.json", _manifest(batch))
    with transaction.atomic():
        work.settle(lease, status=Batch.Status.EXPORTED, exported_at=timezone.now())
        file.save(force_insert=True)
        mine = BatchLine.objects.filter(batch=batch, is_live=True)
        ChargeLine.objects.filter(pk__in=mine.values("line"), status=S.BATCHED).update(status=S.EXPORTED)
        record(
            "batch.exported", by=batch.created_by, role="" if batch.created_by else "system", subject=batch,
            clinic=batch.group, data={"lines": batch.line_count, "kept_back": len(batch.left_out)},
        )  # fmt: skip


def all_files(batches: Iterable[Batch], kind: str) -> Iterator[BatchFile]:
    yield from BatchFile.objects.filter(batch__in=list(batches), kind=kind).order_by("batch__control_number", "part")
