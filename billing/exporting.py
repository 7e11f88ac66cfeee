"""Making a batch's files, part by part: lines are claimed and written out in one transaction, five thousand at most; their
files are read back and kept in a second one; then the next part. Whatever is cut off goes on where it stopped; no line is in
two batches, none is forgotten."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
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
# rows that are in memory at once while a part is made
AT_ONCE = 250
COLUMNS = ("pk", "snapshot", "amount", "code", "frequency_code", "original_claim_number", "version")


@dataclass
class _Part:
    """One file's worth of a batch. Of its claims only texts are kept: five thousand of them in plain objects would cost
    more to keep track of than to write."""

    number: int
    first: int
    control_number: int
    pks: list[int] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    meant: list[str] = field(default_factory=list)
    total: Decimal = Decimal()
    content: bytes = b""

    def make(self, claims: Iterable[dict], facts: dict) -> None:
        self.content = x12.write(self._through(claims, facts), facts)

    def _through(self, claims: Iterable[dict], facts: dict) -> Iterator[dict]:
        """Both files from one reading of the rows."""
        row, meaning = csv.row, check837.meaning
        for position, claim in enumerate(claims, start=self.first):
            self.rows.append(row(claim, facts, position))
            self.meant.append(meaning(claim))
            yield claim


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
    return claim_of_row(tuple(getattr(line, name) for name in COLUMNS))


def claim_of_row(row: tuple) -> dict:
    pk, snapshot, amount, code, frequency, original, version = row
    claim = snapshot.copy()
    claim["claim_id"] = ChargeLine.number_of(pk)
    claim["amount"] = _two_decimals(amount)
    claim["code"] = code
    claim["frequency_code"] = frequency
    claim["original_claim_number"] = original
    claim["version"] = version
    return claim


@lru_cache(maxsize=1024)
def _two_decimals(amount: Decimal) -> str:
    return f"{amount:.2f}"


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
    part = _unwritten(batch)
    if part is None:
        part = _take(lease, batch)
    if part is None:
        return False
    if part.pks:
        _write_part(lease, batch, part)
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


def _last_part(batch: Batch) -> int:
    return BatchLine.objects.filter(batch=batch).order_by("-position").values_list("part", flat=True).first() or 0


def _new_part(batch: Batch, number: int, first: int) -> _Part:
    control_number = batch.control_number if number == 1 else next_control_number(batch.submitter)
    return _Part(number, first, control_number)


def _take(lease: work.Lease, batch: Batch) -> _Part | None:
    """Claim the next lines for this batch, and make its files of the same reading of the rows; the lock of their submitter
    is held for as long. None: there are no more."""
    today = timezone.localdate()
    with transaction.atomic():
        work.renew(lease)
        # the lock orders the exporters of one submitter
        Submitter.objects.select_for_update().get(pk=batch.submitter_id)
        waiting = _candidates(batch).filter(pk__gt=batch.cursor).order_by("pk")
        if not waiting.exists():
            return None
        part = _new_part(batch, _last_part(batch) + 1, batch.line_count + 1)
        rows = waiting.select_for_update().values_list(*COLUMNS)[: x12.MAX_CLAIMS].iterator(AT_ONCE)
        seen: list[int] = [batch.cursor]
        kept_back: list[dict] = []

        def passed() -> Iterator[dict]:
            for row in rows:
                claim = claim_of_row(row)
                seen[0] = row[0]
                if found := scrub.findings(claim, today):
                    kept_back.append(_finding(claim, found))
                    continue
                part.pks.append(row[0])
                part.total += row[2]
                yield claim

        part.make(passed(), facts_of(batch, part.control_number))
        _put_in(part.pks, batch, part.number)
        batch.left_out = (batch.left_out + kept_back)[:KEPT_BACK_SHOWN]
        batch.line_count += len(part.pks)
        batch.total += part.total
        batch.cursor = seen[0]
        Batch.objects.filter(pk=batch.pk).update(
            left_out=batch.left_out, line_count=batch.line_count, total=batch.total, cursor=batch.cursor
        )
    return part


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
    # one parameter for all keys, however many
    true, listed, keys = (
        ("1", "IN (SELECT value FROM json_each(%s))", json.dumps(pks))
        if connection.vendor == "sqlite"
        else ("TRUE", "= ANY(%s)", pks)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (batch_id, line_id, position, part, is_live) "  # noqa: S608 names, not values
            f"SELECT %s, id, %s + ROW_NUMBER() OVER (ORDER BY id), %s, {true} FROM {lines} WHERE id {listed} ORDER BY id",
            [batch_id, batch.line_count, part, keys],
        )
    mine = BatchLine.objects.filter(batch=batch, part=part, is_live=True).values("line")
    taken = ChargeLine.objects.filter(pk__in=mine, status=S.BATCHED if batch.replaces_id else S.READY).update(
        status=S.BATCHED, work_status="idle", due_at=None, lease_token=None
    )
    if taken != len(pks):
        raise work.Fenced("lines changed while they were read")


def _unwritten(batch: Batch) -> _Part | None:
    """A part whose lines were taken before its files were kept: the last one, after a cut."""
    last = _last_part(batch)
    if not last or BatchFile.objects.filter(batch=batch, kind="837p", part=last).exists():
        return None
    mine = BatchLine.objects.filter(batch=batch, part=last).order_by("position")
    part = _new_part(batch, last, mine.values_list("position", flat=True)[0])
    part.pks = list(mine.values_list("line", flat=True))
    part.make(claims_of_part(batch, last), facts_of(batch, part.control_number))
    return part


def claims_of_part(batch: Batch, part: int) -> Iterator[dict]:
    rows = BatchLine.objects.filter(batch=batch, part=part).order_by("position")
    return (claim_of_row(row) for row in rows.values_list(*(f"line__{name}" for name in COLUMNS)).iterator(AT_ONCE))


def _write_part(lease: work.Lease, batch: Batch, part: _Part) -> None:
    name = f"{batch.number}-{part.number}" if part.number > 1 or len(part.pks) == x12.MAX_CLAIMS else batch.number
    read_back(part.content, part.meant)
    files = [
        kept(batch, "csv", part.number, f"{name}.csv", csv.of_rows(part.rows)),
        kept(batch, "837p", part.number, f"{name}.837", part.content, control_number=part.control_number),
    ]
    with transaction.atomic():
        work.renew(lease)
        BatchFile.objects.bulk_create(files)


def read_back(content: bytes, meant: list[str]) -> None:
    """By a reader that knows nothing of the writer, before anything of the file is kept."""
    found = check837.check(content, today=timezone.localdate(), meant=meant)
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
