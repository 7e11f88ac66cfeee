"""Verbs of a charge line: decide, decide again, release, correct, void. Nothing is edited or deleted."""

import json
from dataclasses import asdict
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from billing import facts as gathering
from billing import rules
from billing.lifecycle import BEFORE_SENDING, ENDED, SENT
from billing.models import ChargeDecision, ChargeLine, ChargeReversal, HoldRelease
from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from config.work import services as work
from review.models import Addendum, Review

# what was written and signed is long, and no decision reads it
NOT_READ = (
    "signed_record", "findings", "assessment", "plan", "follow_up", "patient_text", "handover_note", "differential",
    "finding_terms", "attestation",
)  # fmt: skip
VOIDABLE = (ChargeLine.Status.HELD, ChargeLine.Status.READY, ChargeLine.Status.NOT_BILLABLE)


class BillingRefused(Exception):
    """The text may be shown."""


def charge_review(review_id) -> None:
    """One decision and one line for a signed review, however often the task comes."""
    lease = work.claim(Review, review_id)
    if lease is None:
        return
    review = _review(review_id)
    try:
        gathered = gathering.gather(review)
        decision = rules.decide(gathered.facts)
    except Exception as error:  # noqa: BLE001 a review that cannot be decided needs a person, not a lost charge
        work.fail(lease, type(error).__name__)
        return
    try:
        with transaction.atomic():
            work.settle(lease)
            version = (review.charge_lines.aggregate(top=Max("version"))["top"] or 0) + 1
            line = ChargeLine.objects.create(
                review=review, group=review.case.group, version=version, **line_columns(gathered, decision)
            )
            _record_decision(line, gathered, decision)
    except (work.Fenced, IntegrityError):
        # another copy was first: its line stands
        _settle_where_charged(review)


def _settle_where_charged(review: Review) -> None:
    if ChargeLine.objects.live().filter(review=review).exists():
        Review.objects.filter(pk=review.pk, work_status="working").update(
            work_status="done", due_at=None, lease_token=None
        )


def reviews() -> QuerySet[Review]:
    """With everything that a decision reads of them."""
    return Review.objects.select_related(
        "case__patient", "case__group", "case__referring_clinician__practitioner", "specialist__practitioner"
    ).defer(*NOT_READ)


def _review(review_id) -> Review:
    return reviews().get(pk=review_id)


def line_columns(gathered: gathering.Gathered, decision: rules.Decision) -> dict:
    return {
        "status": decision.status,
        "code": decision.code,
        "amount": decision.amount,
        "date_of_service": gathered.facts.date_of_service,
        "holds": [asdict(hold) for hold in decision.holds],
        "warnings": [asdict(warning) for warning in decision.warnings],
        "not_billable_reason": decision.reason,
        "payer": gathered.payer,
        "programme": gathered.programme,
        "snapshot": gathered.snapshot,
        "needs_correction": gathered.facts.needs_correction,
        "decided_at": timezone.now(),
    }


def facts_digest(facts: rules.Facts) -> str:
    return _digest(facts.as_json())


def _digest(facts: dict) -> str:
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def decision_of(line: ChargeLine, gathered: gathering.Gathered, decision: rules.Decision) -> ChargeDecision:
    facts = gathered.facts.as_json()
    return ChargeDecision(
        line=line,
        review=line.review,
        rule_version=rules.RULE_VERSION,
        status=decision.status,
        code=decision.code,
        amount=decision.amount,
        holds=[hold.code for hold in decision.holds],
        reason=decision.reason,
        facts=facts,
        facts_sha256=_digest(facts),
    )


def told(decision: rules.Decision) -> dict:
    """What the audit trail says of a decision."""
    return {"status": decision.status, "code": decision.code, "holds": [hold.code for hold in decision.holds]}


def _record_decision(line: ChargeLine, gathered: gathering.Gathered, decision: rules.Decision) -> None:
    decision_of(line, gathered, decision).save(force_insert=True)
    record(
        "charge.decided", by=None, role=Role.SYSTEM, subject=line, clinic=line.group, data=told(decision)
    )  # fmt: skip


def decide_again(line_id) -> None:
    """A line whose facts may have changed: the same line, a new decision row only where a fact did change."""
    lease = work.claim(ChargeLine, line_id)
    if lease is None:
        return
    line = ChargeLine.objects.get(pk=line_id)
    try:
        gathered = gathering.gather(_review(line.review_id), line)
        decision = rules.decide(gathered.facts)
    except Exception as error:  # noqa: BLE001 see charge_review
        work.fail(lease, type(error).__name__)
        return
    try:
        with transaction.atomic():
            _settle_decision(lease, line, gathered, decision)
    except work.Fenced:
        return


def _settle_decision(
    lease: work.Lease, line: ChargeLine, gathered: gathering.Gathered, decision: rules.Decision
) -> None:
    last = line.decisions.last()
    status = ChargeLine.objects.values_list("status", flat=True).get(pk=line.pk)
    same = (
        last is not None
        and last.facts_sha256 == facts_digest(gathered.facts)
        and last.rule_version == rules.RULE_VERSION
    )
    if status == ChargeLine.Status.HELD and not same:
        work.settle(lease, **line_columns(gathered, decision))
        line.refresh_from_db()
        _record_decision(line, gathered, decision)
        return
    work.settle(lease)
    if status in (ChargeLine.Status.READY, ChargeLine.Status.NOT_BILLABLE) and not same:
        # it left `held`: what is different now is a new version; what comes to the same stays as it is
        if (decision.status, decision.code, decision.amount) != (line.status, line.code, line.amount):
            _supersede(line, gathered, decision, by=None)
    elif status in SENT and gathered.facts.needs_correction and not line.needs_correction:
        flag_for_correction(line)


def _supersede(
    line: ChargeLine,
    gathered: gathering.Gathered,
    decision: rules.Decision,
    *,
    by: User | None,
    of: tuple[str, ...] = BEFORE_SENDING,
    **columns,
) -> ChargeLine:
    """A new version in the place of a line that is not sent, or stands as `of` says. Call it in a transaction."""
    ended = ChargeLine.objects.filter(pk=line.pk, status__in=of).update(
        status=ChargeLine.Status.SUPERSEDED, work_status="idle", due_at=None, lease_token=None
    )
    if not ended:
        raise BillingRefused(f"Line {line.number} is in a batch or has ended. Nothing was changed.")
    new = ChargeLine.objects.create(
        review=line.review,
        group=line.group,
        version=line.version + 1,
        supersedes=line,
        created_at=line.created_at,
        **(_carried_on(line) | line_columns(gathered, decision) | columns),
    )
    _record_decision(new, gathered, decision)
    record(
        "charge.superseded",
        by=by,
        role=Role.BILLER if by else Role.SYSTEM,
        subject=line,
        clinic=line.group,
        data={"by_line": new.number, "version": new.version},
    )
    return new


def _carried_on(line: ChargeLine) -> dict:
    """What a new version keeps of the one before it."""
    return {name: getattr(line, name) for name in ("corrected_at", "frequency_code", "original_claim_number")}


def flag_for_correction(line: ChargeLine) -> None:
    """A sent line keeps what was sent; the flag says that it has to be put right with the payer."""
    if ChargeLine.objects.filter(pk=line.pk, needs_correction=False).update(needs_correction=True):
        record("charge.needs_correction", by=None, role=Role.SYSTEM, subject=line, clinic=line.group)


def wake_changed() -> int:
    """Lines whose facts changed elsewhere: delivered meanwhile, or an addendum came. Cheap: both are indexed."""
    delivered = Q(holds__icontains="NOT_DELIVERED", review__case__delivered_at__isnull=False)
    # an addendum that changes nothing for the claim is not looked at
    changes = Q()
    for part in Addendum.CHANGES:
        changes |= Q(**{f"review__addenda__changes__{part}": True})
    corrected = Q(
        changes,
        ~Q(status__in=ENDED),
        Q(corrected_at__isnull=True) | Q(review__addenda__created_at__gt=F("corrected_at")),
        needs_correction=False,
    )
    misfiled = Q(
        ~Q(holds__icontains="FILED_IN_ERROR"),
        review__case__filed_in_error_at__isnull=False,
        status__in=(ChargeLine.Status.READY, ChargeLine.Status.HELD),
    )
    pks = (
        ChargeLine.objects.filter(work_status__in=("idle", "done"))
        .filter(Q(delivered, status=ChargeLine.Status.HELD) | corrected | misfiled)
        .values_list("pk", flat=True)
        .distinct()[:200]
    )
    changed = [pk for pk in pks if _facts_changed(pk)]
    return ChargeLine.objects.filter(pk__in=changed, work_status__in=("idle", "done")).update(**work.due_fields())


def _facts_changed(pk: int) -> bool:
    line = ChargeLine.objects.get(pk=pk)
    last = line.decisions.last()
    gathered = gathering.gather(_review(line.review_id), line)
    return last is None or last.facts_sha256 != facts_digest(gathered.facts)


def release_hold(*, line: ChargeLine, by: User, code: str, reason: str) -> None:
    """A biller takes responsibility for one hold, with a reason; the line is decided again at once."""
    _may(by, line, "release holds")
    if code not in line.releasable:
        raise BillingRefused("This hold cannot be released. It goes when its fact is there.")
    if len(reason.strip()) < 5:
        raise BillingRefused("Write why this hold may go.")
    with transaction.atomic():
        _, made = HoldRelease.objects.get_or_create(
            line=line, code=code, defaults={"by": by, "reason": reason.strip(), "at": timezone.now()}
        )
        if made:
            record(
                "charge.hold_released", by=by, role=Role.BILLER, subject=line, clinic=line.group, data={"code": code}
            )
        ChargeLine.objects.filter(pk=line.pk, status=ChargeLine.Status.HELD).exclude(work_status="working").update(
            **work.due_fields()
        )
    decide_again(line.pk)
    line.refresh_from_db()


def correct_line(*, line: ChargeLine, by: User, reason: str) -> ChargeLine:
    """A new version of a line that is not sent, decided with every addendum up to now in it; the old one stays."""
    _may(by, line, "correct lines")
    if len(reason.strip()) < 5:
        raise BillingRefused("Write what the addendum changes for the claim, and that you checked it.")
    now = timezone.now()
    with transaction.atomic():
        line = ChargeLine.objects.select_for_update(of=("self",)).select_related("group", "review").get(pk=line.pk)
        line.corrected_at = now
        gathered = gathering.gather(_review(line.review_id), line)
        new = _supersede(line, gathered, rules.decide(gathered.facts), by=by, corrected_at=now)
        record(
            "charge.corrected", by=by, role=Role.BILLER, subject=new, clinic=new.group, data={"reason": reason.strip()}
        )
    return new


def _may(by: User, line: ChargeLine, verb: str) -> None:
    if not by.has_role(Role.BILLER, line.group):
        raise BillingRefused(f"Only billers of the group {verb}.")


def void_line(*, line: ChargeLine, by: User, reason: str) -> None:
    """The line stays, void, and a reversing row takes its amount back. A sent line is corrected with the payer."""
    _may(by, line, "void lines")
    if len(reason.strip()) < 5:
        raise BillingRefused("Write why the line is void.")
    now = timezone.now()
    with transaction.atomic():
        done = ChargeLine.objects.filter(pk=line.pk, status__in=VOIDABLE).update(
            status=ChargeLine.Status.VOID, voided_at=now, void_reason=reason.strip(),
            work_status="idle", due_at=None, lease_token=None,
        )  # fmt: skip
        if not done:
            raise BillingRefused(f"Line {line.number} is not held or ready any more. Nothing was changed.")
        line.refresh_from_db()
        ChargeReversal.objects.create(
            line=line, code=line.code, amount=None if line.amount is None else -line.amount, at=now, by=by,
            date_of_service=line.date_of_service, reason=reason.strip(),
        )  # fmt: skip
        record("charge.voided", by=by, role=Role.BILLER, subject=line, clinic=line.group)
