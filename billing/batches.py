"""The life of a batch: started from ready lines, made by `billing.exporting`, then sent, cancelled or sent again."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from billing import exporting, scrub
from billing.models import Batch, BatchLine, ChargeLine, Payer, Submitter
from billing.services import BillingRefused
from config.accounts.models import Clinic, User
from config.accounts.roles import Role
from config.audit.models import AuditEvent
from config.audit.services import record
from config.work.services import due_fields

S = ChargeLine.Status
PREVIEWED = 1_000


@dataclass(frozen=True)
class Preview:
    """What a batch to one payer would hold."""

    group: Clinic
    payer: Payer
    count: int
    total: Decimal
    first_day: date
    last_day: date
    submitter: Submitter | None
    envelope_problems: list[str]
    # (line, findings) of what would stay behind; None: too many to look at now, the export itself does
    kept_back: list[tuple[ChargeLine, list[scrub.Finding]]] | None
    lines: list[ChargeLine]


def ready_lines(lines: Iterable[ChargeLine] | None = None) -> QuerySet[ChargeLine]:
    ready = ChargeLine.objects.filter(status=S.READY)
    return ready if lines is None else ready.filter(pk__in=[line.pk for line in lines])


def preview(chosen: QuerySet[ChargeLine]) -> list[Preview]:
    """One a group and payer, from ready lines: counts, days, and what the scrubber would keep back."""
    found = []
    sums = chosen.order_by("group", "payer").values("group", "payer").annotate(n=Count("pk"), sum=Sum("amount"))
    for row in sums:
        mine = chosen.filter(group=row["group"], payer=row["payer"])
        days = mine.order_by("date_of_service").values_list("date_of_service", flat=True)
        submitter = Submitter.objects.filter(group=row["group"], payer=row["payer"]).first()
        shown = list(mine.select_related("review__case__patient", "review__specialist").order_by("pk")[:PREVIEWED])
        found.append(
            Preview(
                group=Clinic.objects.get(pk=row["group"]),
                payer=Payer.objects.get(pk=row["payer"]),
                count=row["n"],
                total=row["sum"],
                first_day=days.first(),
                last_day=days.last(),
                submitter=submitter,
                envelope_problems=envelope_problems(submitter),
                kept_back=_kept_back(shown) if row["n"] <= PREVIEWED else None,
                lines=shown,
            )
        )
    return found


def _kept_back(lines: list[ChargeLine]) -> list[tuple[ChargeLine, list[scrub.Finding]]]:
    today = timezone.localdate()
    looked = [(line, scrub.findings(exporting.claim_of(line), today)) for line in lines]
    return [(line, findings) for line, findings in looked if findings]


def envelope_problems(submitter: Submitter | None) -> list[str]:
    """What is wrong with the sender's own data, as sentences; empty: files can be made."""
    if submitter is None:
        return ["There is no submitter for this group and payer. Add one first."]
    checks = (
        (re.fullmatch(r"[0-9A-Z]{2,15}", submitter.etin), "The submitter identifier (ETIN) needs 2 to 15 letters or digits."),
        (re.fullmatch(r"[0-9A-Z]{2,15}", submitter.receiver_id), "The receiver's identifier needs 2 to 15 letters or digits."),
        (submitter.receiver_name.strip(), "The receiver's name is missing."),
        (submitter.contact_name.strip(), "The submitter's contact name is missing."),
        (re.fullmatch(r"\d{10}", submitter.contact_phone), "The submitter's phone needs 10 digits."),
    )  # fmt: skip
    return [sentence for passes, sentence in checks if not passes]


def export_ready(*, by: User | None, lines: Iterable[ChargeLine] | None = None) -> list[Batch]:
    """One batch a submitter and payer from the given ready lines, or from all of them, with their files made.

    Empty when nothing is ready.
    """
    chosen = None if lines is None else list(lines)
    # not due for a worker as long as this process is likely to be at it
    batches = [exporting.finish(batch) for batch in start(by=by, lines=chosen, due_in=30)]
    return [batch for batch in batches if batch.status == Batch.Status.EXPORTED]


@transaction.atomic
def start(*, by: User | None, lines: Iterable[ChargeLine] | None = None, groups=None, due_in: int = 0) -> list[Batch]:
    """Batches whose files are yet to be made: due work, of which each takes its lines part by part."""
    ready = ready_lines(lines)
    if groups is not None:
        ready = ready.filter(group__in=groups)
    sums = list(ready.order_by("group", "payer").values("group", "payer").annotate(n=Count("pk")))
    submitters = {(s.group_id, s.payer_id): s for s in Submitter.objects.all()}
    for row in sums:
        for problem in envelope_problems(submitters.get((row["group"], row["payer"]))):
            raise BillingRefused(problem)
    batches = []
    for row in sums:
        mine = ready.filter(group=row["group"], payer=row["payer"])
        selection = {} if lines is None else {"lines": sorted(mine.values_list("pk", flat=True))}
        submitter = submitters[row["group"], row["payer"]]
        batches.append(_open(submitter, by, due_in=due_in, wanted=row["n"], selection=selection))
    return batches


def _open(submitter: Submitter, by: User | None, due_in: int = 0, **fields) -> Batch:
    number = exporting.next_control_number(submitter)
    now = timezone.now()
    batch = Batch.objects.create(
        group=submitter.group, payer=submitter.payer, submitter=submitter, control_number=number, created_at=now,
        created_by=by, envelope=exporting.envelope_of(submitter), **fields, **due_fields(now + timedelta(seconds=due_in)),
    )  # fmt: skip
    _record("batch.started", batch, by, {"lines": batch.wanted})
    return batch


def _record(verb: str, batch: Batch, by: User | None, data: dict) -> None:
    record(verb, by=by, role="" if by else "system", subject=batch, clinic=batch.group, data=data)


def mark_sent(*, batch: Batch, by: User | None) -> None:
    """The files went to the payer: from now on a line leaves the batch only by the payer's answer or a new sending."""
    _may(batch, by)
    with transaction.atomic():
        sent = Batch.objects.filter(pk=batch.pk, status=Batch.Status.EXPORTED).update(
            status=Batch.Status.SENT, sent_at=timezone.now()
        )
        if not sent:
            raise BillingRefused(f"Batch {batch.number} cannot be marked as sent any more. Look at it again.")
        _record("batch.sent", batch, by, {})
    batch.refresh_from_db()


def cancel(*, batch: Batch, by: User, reason: str) -> None:
    """Before it was sent: the files stay to be read, the lines are free again."""
    _may(batch, by)
    if len(reason.strip()) < 5:
        raise BillingRefused("Write why the batch is canceled.")
    with transaction.atomic():
        open_states = (Batch.Status.PREPARING, Batch.Status.EXPORTED)
        ended = Batch.objects.filter(pk=batch.pk, status__in=open_states).update(
            status=Batch.Status.CANCELLED, ended_at=timezone.now(), end_reason=reason.strip(),
            work_status="idle", due_at=None, lease_token=None,
        )  # fmt: skip
        if not ended:
            raise BillingRefused(f"Batch {batch.number} was sent or canceled meanwhile. Nothing was changed.")
        lines = _live_lines(batch)
        freed = ChargeLine.objects.filter(
            Q(pk__in=lines.values("pk")) | _waiting_again(batch), status__in=(S.BATCHED, S.EXPORTED)
        ).update(status=S.READY)
        let_go(BatchLine.objects.filter(batch=batch))
        _record("batch.cancelled", batch, by, {"lines": freed})
    batch.refresh_from_db()


def _waiting_again(batch: Batch) -> Q:
    """Lines that this batch was to send again and has not taken yet."""
    if batch.replaces_id is None:
        return Q(pk__in=[])
    return Q(pk__in=exporting.to_send_again(batch).values("pk"))


def let_go(rows: QuerySet[BatchLine]) -> int:
    return rows.filter(is_live=True).update(is_live=False)


def send_again(*, batch: Batch, by: User, reason: str) -> Batch:
    """The same lines in a new batch with new control numbers, for a file that the payer lost or could not read."""
    _may(batch, by)
    if len(reason.strip()) < 5:
        raise BillingRefused("Write why the batch is sent again.")
    with transaction.atomic():
        submitter = Submitter.objects.select_for_update().get(pk=batch.submitter_id)
        for problem in envelope_problems(submitter):
            raise BillingRefused(problem)
        lines = _live_lines(batch)
        if lines.exclude(status=S.EXPORTED).exists():
            raise BillingRefused(
                "The payer already answered for lines of this batch. Send single lines again from their own pages."
            )
        ended = Batch.objects.filter(pk=batch.pk, status__in=(Batch.Status.EXPORTED, Batch.Status.SENT)).update(
            status=Batch.Status.REPLACED, ended_at=timezone.now(), end_reason=reason.strip()
        )
        if not ended:
            raise BillingRefused(f"Batch {batch.number} was canceled or sent again meanwhile. Nothing was changed.")
        moved = ChargeLine.objects.filter(pk__in=lines.values("pk")).update(status=S.BATCHED)
        let_go(BatchLine.objects.filter(batch=batch))
        made = _open(submitter, by, wanted=moved, replaces=batch, reason=reason.strip())
        _record("batch.sent_again", batch, by, {"in": made.number})
    batch.refresh_from_db()
    return made


def _live_lines(batch: Batch) -> QuerySet[ChargeLine]:
    return ChargeLine.objects.filter(batch_lines__batch=batch, batch_lines__is_live=True)


def can_be_sent_again(batch: Batch) -> bool:
    if batch.status not in {Batch.Status.EXPORTED, Batch.Status.SENT}:
        return False
    return not _live_lines(batch).exclude(status=S.EXPORTED).exists()


def _may(batch: Batch, by: User | None) -> None:
    if by is not None and not by.has_role(Role.BILLER, batch.group):
        raise BillingRefused("Only billers of the group do this.")


def standing(batch: Batch) -> dict[str, tuple[int, Decimal]]:
    """How many of its lines stand where, and what they were charged."""
    rows = _live_lines(batch).values("status").annotate(n=Count("pk"), sum=Sum(F("amount"))).order_by("status")
    return {row["status"]: (row["n"], row["sum"]) for row in rows}


def downloads(batch: Batch) -> int:
    """How often a file of it was fetched: whoever cancels should know."""
    return AuditEvent.objects.filter(
        subject_type="billing.batch", subject_id=str(batch.pk), verb="batch.downloaded"
    ).count()
