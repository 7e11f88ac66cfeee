"""Taking in what a payer sent: kept as it came, matched, posted once; lines stand anew from all that is known."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from billing import payer_words, standing
from billing.models import (
    AnswerMatch,
    Batch,
    BatchFile,
    BatchLine,
    ChargeLine,
    PayerAnswer,
    PayerFile,
    PayerTransaction,
    Posting,
    Submitter,
)
from billing.remittance import answers, segments
from billing.services import BillingRefused
from config import storages
from config.accounts.models import Clinic, User
from config.accounts.roles import Role
from config.audit.services import record

MAX_BYTES = 20 * 1024 * 1024
IN_DATABASE = 256 * 1024
S = ChargeLine.Status
# a line that was superseded or given up keeps its end, whatever is posted on it
_SENT = (S.EXPORTED, S.ACCEPTED, S.REJECTED, S.PAID, S.PARTLY_PAID, S.DENIED, S.CLOSED)


@dataclass
class Received:
    file: PayerFile
    is_new: bool = True
    posted: int = 0
    known: int = 0
    matched: int = 0
    unmatched: int = 0
    total: Decimal = Decimal("0.00")


def receive(*, content: bytes, name: str, by: User | None, groups: Iterable[Clinic]) -> Received:
    """Post a file, whole or not at all. The same file, or the same answer in another file, is posted once."""
    if len(content) > MAX_BYTES:
        raise BillingRefused("The file is larger than 20 MB. Ask the payer for smaller ones.")
    try:
        read = segments.read(content)
        group = _group_of(read, list(groups))
        digest = sha256(content).hexdigest()
        with transaction.atomic():
            # one after the other: two uploads of one answer must not both find that it is new
            Clinic.objects.select_for_update().get(pk=group.pk)
            earlier = PayerFile.objects.filter(group=group, sha256=digest).first()
            if earlier:
                return Received(earlier, is_new=False, known=earlier.transactions.count())
            received = Received(_keep(content, name, digest, group, by))
            touched: set[int] = set()
            _taken_in(received, read, touched)
            for one in read.transactions:
                _post(received, one, touched)
            stand_anew(touched)
            record(
                "payer_file.received", by=by, role=Role.BILLER if by else Role.SYSTEM, subject=received.file,
                clinic=group, data={"posted": received.posted, "unmatched": received.unmatched},
            )  # fmt: skip
    except segments.Unreadable as problem:
        raise BillingRefused(str(problem)) from problem
    return received


def _group_of(read: segments.File, groups: list[Clinic]) -> Clinic:
    """Whose file it is: by the receiver of its envelope, which is our submitter number; else the only group."""
    found = Submitter.objects.filter(etin=read.receiver, group__in=groups).select_related("group").first()
    if found:
        return found.group
    if len(groups) == 1:
        return groups[0]
    raise BillingRefused(
        f"The file is for {read.receiver or 'nobody'}, and none of your groups sends under that number."
    )


def _keep(content: bytes, name: str, digest: str, group: Clinic, by: User | None) -> PayerFile:
    key = ""
    if len(content) > IN_DATABASE:
        key = f"payer_files/{group.pk}/{digest}"
        storages.put_once(key, content)
    return PayerFile.objects.create(
        group=group, name=name[-120:] or "payer file", received_by=by, content=b"" if key else content, key=key,
        byte_size=len(content), sha256=digest,
    )  # fmt: skip


def _taken_in(received: Received, read: segments.File, touched: set[int]) -> None:
    group = received.file.group
    for control, verdict, note in read.taken_in:
        ours = _batch_file(group, control)
        _, made = PayerTransaction.objects.get_or_create(
            group=group, kind="TA1", sender=read.sender[:15], dated=read.dated[:8], group_control=control[:9],
            control="", trace="",
            defaults={
                "file": received.file, "batch_file": ours, "batch": ours.batch if ours else None,
                "verdict": "rejected" if verdict == "R" else "accepted", "detail": [f"note {note}"] if note else [],
            },
        )  # fmt: skip
        received.posted += made
        received.known += not made
        if ours:
            _lines_of_part(ours, touched)


def _lines_of_part(ours: BatchFile, touched: set[int]) -> None:
    _was_sent(ours.batch)
    rows = BatchLine.objects.filter(batch=ours.batch, part=ours.part, is_live=True)
    touched.update(rows.values_list("line", flat=True))


def _batch_file(group: Clinic, control: str) -> BatchFile | None:
    if not control.isdigit():
        return None
    files = BatchFile.objects.filter(kind="837p", control_number=int(control), batch__group=group)
    return files.select_related("batch").order_by("-batch__created_at").first()


def _post(received: Received, one: segments.Transaction, touched: set[int]) -> None:
    if one.kind == "999":
        _post_format(received, one, touched)
    elif one.kind == "277":
        said = answers.read_277ca(one)
        trace = next((claim.batch_number for claim in said), "")
        batch = _batch_by_number(received.file.group, trace)
        _post_claims(received, _begin(received, one, "277CA", trace=trace, batch=batch), said, touched)
    elif one.kind == "835":
        payment = answers.read_835(one)
        detail = [[code, str(value)] for code, value in payment.provider_adjustments]
        money = {"paid_on": payment.paid_on, "total": payment.total, "detail": detail}
        begun = _begin(received, one, "835", trace=payment.trace, **money)
        if begun:
            received.total += payment.total
        _post_claims(received, begun, payment.claims, touched)
    else:
        raise BillingRefused(f"The file holds a {one.kind}. Only 999, 277CA and 835 files can be posted.")


def _begin(received: Received, one: segments.Transaction, kind: str, **fields) -> PayerTransaction | None:
    """None when this answer was posted before, from this or another file."""
    same = {
        "group": received.file.group, "kind": kind, "sender": one.sender[:15], "dated": one.dated[:8],
        "group_control": one.group_control[:9], "control": one.control[:9], "trace": fields.pop("trace", "")[:50],
    }  # fmt: skip
    if PayerTransaction.objects.filter(**same).exists():
        received.known += 1
        return None
    received.posted += 1
    return PayerTransaction.objects.create(**same, file=received.file, **fields)


def _batch_by_number(group: Clinic, number: str) -> Batch | None:
    digits = number.removeprefix("B-")
    return Batch.objects.filter(group=group, control_number=int(digits)).first() if digits.isdigit() else None


def _post_format(received: Received, one: segments.Transaction, touched: set[int]) -> None:
    said = answers.read_999(one)
    ours = _batch_file(received.file.group, said.group_control)
    begun = _begin(
        received, one, "999", trace=said.group_control, batch_file=ours, batch=ours.batch if ours else None,
        verdict=said.verdict, detail=list(said.errors),
    )  # fmt: skip
    if begun and ours:
        _lines_of_part(ours, touched)


def _was_sent(batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk, status=Batch.Status.EXPORTED).update(
        status=Batch.Status.SENT, sent_at=timezone.now()
    )


def _post_claims(
    received: Received, begun: PayerTransaction | None, said: list[answers.ClaimAnswer], touched: set[int]
) -> None:
    if begun is None:
        return
    lines = _lines_of(received.file.group, said)
    rows = []
    for position, claim in enumerate(said, start=1):
        line, why = _match(claim, lines)
        rows.append(
            PayerAnswer(
                transaction=begun, position=position, line=line, why_unmatched=why, claim_number=claim.claim_number[:50],
                line_number=claim.line_number[:50], payer_claim_number=claim.payer_claim_number[:50],
                patient_name=claim.patient_name[:120], service_date=claim.service_date, verdict=claim.verdict,
                status_code=claim.status_code[:10], charged=claim.charged, paid=claim.paid,
                patient_share=claim.patient_share, remarks=list(claim.remarks),
                adjustments=[[a.group, a.reason, str(a.amount)] for a in claim.adjustments],
            )
        )  # fmt: skip
    made = PayerAnswer.objects.bulk_create(rows, batch_size=500)
    matched = [row for row in made if row.line_id]
    received.matched += len(matched)
    received.unmatched += len(made) - len(matched)
    _money(matched, {row.pk: row.line for row in matched})
    touched.update(row.line_id for row in matched)


def _lines_of(group: Clinic, said: list[answers.ClaimAnswer]) -> dict[int, ChargeLine]:
    keys = {ChargeLine.pk_of(number) for claim in said for number in (claim.claim_number, claim.line_number) if number}
    found: dict[int, ChargeLine] = {}
    wanted = sorted(keys - {0})
    for at in range(0, len(wanted), 500):
        found |= ChargeLine.objects.filter(group=group).in_bulk(wanted[at : at + 500])
    return found


def _match(claim: answers.ClaimAnswer, lines: dict[int, ChargeLine]) -> tuple[ChargeLine | None, str]:
    """By our claim number, else by our line number; never where the charge is another one."""
    line = lines.get(ChargeLine.pk_of(claim.claim_number)) or lines.get(ChargeLine.pk_of(claim.line_number))
    if line is None:
        return None, "no_line"
    if line.status in (S.HELD, S.READY, S.NOT_BILLABLE, S.BATCHED):
        return None, "not_sent"
    if claim.charged and abs(claim.charged) != line.amount:
        return None, "amount"
    return line, ""


def _money(rows: list[PayerAnswer], lines: dict[int, ChargeLine]) -> None:
    """Postings of payments and reversals, and the payer's number of the claim."""
    postings = []
    for row in rows:
        line = lines[row.pk]
        if row.payer_claim_number and row.verdict != "reversed":
            ChargeLine.objects.filter(pk=line.pk).update(payer_claim_number=row.payer_claim_number)
        if row.transaction.kind != "835" or row.status_code == "25" or row.verdict == "not_ours":
            continue
        moved = [("paid", "", "", row.paid)]
        for group, code, value in row.adjustments:
            moved.append((payer_words.category(group, code), group, code, Decimal(value)))
        for number, (category, group, code, value) in enumerate((m for m in moved if m[3]), start=1):
            postings.append(
                Posting(
                    line=line, answer=row, number=number, category=category, group_code=group, reason_code=code[:5],
                    amount=value,
                )
            )  # fmt: skip
    Posting.objects.bulk_create(postings, batch_size=500)


def sums_of(lines: Iterable[int]) -> dict[int, standing.Sums]:
    keys = list(lines)
    found: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in Posting.objects.filter(line__in=keys).values("line", "category").annotate(sum=Sum("amount")).order_by():
        found[row["line"]][row["category"]] = row["sum"]
    charged = ChargeLine.objects.filter(pk__in=keys).values_list("pk", "amount")
    return {pk: standing.Sums(charged=amount or Decimal(), **found[pk]) for pk, amount in charged}


def stand_anew(lines: Iterable[int]) -> None:
    """Give sent lines the status that follows from all their answers and postings. In the caller's transaction."""
    keys = sorted(lines)
    for at in range(0, len(keys), 500):
        _stand(keys[at : at + 500])


def _stand(keys: list[int]) -> None:
    sums = sums_of(keys)
    places = {
        row.line_id: row
        for row in BatchLine.objects.filter(line__in=keys, is_live=True).select_related("batch").order_by("pk")
    }
    posted = set(Posting.objects.filter(line__in=keys).values_list("line", flat=True))
    verdicts = _claim_verdicts(keys, places)
    formats = _format_verdicts(places)
    by_status: dict[str, list[int]] = defaultdict(list)
    for pk, place in places.items():
        _was_sent(place.batch)
        status = standing.status(
            sums[pk], verdicts.get(pk, ""), formats.get((place.batch_id, place.part), ""), pk in posted
        )
        by_status[status].append(pk)
    for status, pks in by_status.items():
        moved = ChargeLine.objects.filter(pk__in=pks, status__in=_SENT).exclude(status=status)
        # a closed line opens again only when money moved it elsewhere
        if status in ("exported", "accepted", "rejected"):
            moved = moved.exclude(status=S.CLOSED)
        moved.update(status=status)


def _claim_verdicts(keys: list[int], places: dict[int, BatchLine]) -> dict[int, str]:
    """What the last 277CA said about the sending that is live now; an answer to an earlier one does not count."""
    found: dict[int, str] = {}
    said = PayerAnswer.objects.filter(
        Q(line__in=keys) | Q(match__line__in=keys), transaction__kind="277CA"
    ).select_related("transaction", "match")
    for row in said.order_by("pk"):
        pk = row.line_id or row.match.line_id
        place = places.get(pk)
        if place is None:
            continue
        of_batch = row.transaction.batch_id
        if of_batch == place.batch_id or (of_batch is None and row.transaction.at >= place.batch.created_at):
            found[pk] = row.verdict
    return found


def _format_verdicts(places: dict[int, BatchLine]) -> dict[tuple, str]:
    batches = {place.batch_id for place in places.values()}
    said = PayerTransaction.objects.filter(kind__in=("TA1", "999"), batch__in=batches, batch_file__isnull=False)
    return {
        (row.batch_id, row.batch_file.part): row.verdict for row in said.select_related("batch_file").order_by("pk")
    }


def of_batch(batch: Batch) -> tuple[list[PayerTransaction], standing.Sums | None]:
    """What was said about a batch, in order, and the money on its lines; None before the first."""
    lines = BatchLine.objects.filter(batch=batch, is_live=True).values("line")
    about = Q(batch=batch) | Q(answers__line__in=lines, kind="835", at__gte=batch.created_at)
    said = list(PayerTransaction.objects.filter(about).distinct().order_by("pk"))
    rows = Posting.objects.filter(line__in=lines).values("category").annotate(sum=Sum("amount")).order_by()
    moved = {row["category"]: row["sum"] for row in rows}
    return said, standing.Sums(charged=batch.total, **moved) if moved else None


def unmatched(groups) -> QuerySet[PayerAnswer]:
    return PayerAnswer.objects.filter(
        line__isnull=True, match__isnull=True, transaction__group__in=groups
    ).select_related("transaction__file")


def unmatched_count(user) -> int:
    return unmatched(user.clinics(Role.BILLER)).count()


@transaction.atomic
def resolve(*, answer: PayerAnswer, by: User, line: ChargeLine | None, reason: str) -> None:
    """By hand: the answer belongs to that line, or to none of ours. Posts what it says."""
    if not by.has_role(Role.BILLER, answer.transaction.group):
        raise BillingRefused("Only billers of the group do this.")
    if len(reason.strip()) < 5:
        raise BillingRefused("Write how you know.")
    if line is not None and line.status not in (*_SENT, S.VOID, S.SUPERSEDED):
        raise BillingRefused(f"Line {line.number} was never sent, so no answer can belong to it.")
    _, made = AnswerMatch.objects.get_or_create(
        answer=answer, defaults={"line": line, "by": by, "reason": reason.strip()}
    )
    if not made:
        raise BillingRefused("Somebody resolved this answer meanwhile. Nothing was changed.")
    if line is not None:
        _money([answer], {answer.pk: line})
        stand_anew([line.pk])
    record(
        "payer_answer.resolved", by=by, role=Role.BILLER, subject=answer, clinic=answer.transaction.group,
        data={"line": line.number if line else ""},
    )  # fmt: skip
