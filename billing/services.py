"""Verbs of a charge line: decide, decide again, release, void. Nothing is edited or deleted."""

import json
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from billing import facts as gathering
from billing import rules
from billing.models import ChargeDecision, ChargeLine, HoldRelease
from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from config.work import services as work
from review.models import Review


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
            line = ChargeLine.objects.create(review=review, group=review.case.group, **_columns(gathered, decision))
            _record_decision(line, gathered, decision)
    except (work.Fenced, IntegrityError):
        # another copy was first: its line stands
        _settle_where_charged(review)


def _settle_where_charged(review: Review) -> None:
    if ChargeLine.objects.live().filter(review=review).exists():
        Review.objects.filter(pk=review.pk, work_status="working").update(
            work_status="done", due_at=None, lease_token=None
        )


def _review(review_id) -> Review:
    return Review.objects.select_related(
        "case__patient", "case__group", "case__referring_clinician__practitioner", "specialist__practitioner"
    ).get(pk=review_id)


def _columns(gathered: gathering.Gathered, decision: rules.Decision) -> dict:
    return {
        "status": decision.status,
        "code": decision.code,
        "amount": decision.amount,
        "date_of_service": gathered.facts.date_of_service,
        "holds": [{"code": h.code, "sentence": h.sentence, "resolver": h.resolver} for h in decision.holds],
        "not_billable_reason": decision.reason,
        "payer": gathered.payer,
        "programme": gathered.programme,
        "snapshot": gathered.snapshot,
        "needs_correction": gathered.facts.needs_correction,
        "decided_at": timezone.now(),
    }


def facts_digest(facts: rules.Facts) -> str:
    return sha256(json.dumps(facts.as_json(), sort_keys=True).encode()).hexdigest()


def _record_decision(line: ChargeLine, gathered: gathering.Gathered, decision: rules.Decision) -> None:
    ChargeDecision.objects.create(
        line=line,
        review=line.review,
        rule_version=rules.RULE_VERSION,
        status=decision.status,
        code=decision.code,
        amount=decision.amount,
        holds=[hold.code for hold in decision.holds],
        reason=decision.reason,
        facts=gathered.facts.as_json(),
        facts_sha256=facts_digest(gathered.facts),
    )
    record(
        "charge.decided",
        by=None,
        role=Role.SYSTEM,
        subject=line,
        clinic=line.group,
        data={"status": decision.status, "code": decision.code, "holds": [hold.code for hold in decision.holds]},
    )


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
    undecided = ChargeLine.objects.filter(
        pk=line.pk, status__in=(ChargeLine.Status.HELD, ChargeLine.Status.READY)
    ).exists()
    same = (
        last is not None
        and last.facts_sha256 == facts_digest(gathered.facts)
        and last.rule_version == rules.RULE_VERSION
    )
    if not undecided or same:
        work.settle(lease)
        return
    work.settle(lease, **_columns(gathered, decision))
    line.refresh_from_db()
    _record_decision(line, gathered, decision)


def wake_changed() -> int:
    """Lines whose facts changed elsewhere: delivered meanwhile, or an addendum came. Cheap: both are indexed."""
    delivered = Q(holds__icontains="NOT_DELIVERED", review__case__delivered_at__isnull=False)
    corrected = Q(
        status__in=(ChargeLine.Status.HELD, ChargeLine.Status.READY),
        needs_correction=False,
        review__addenda__isnull=False,
    )
    pks = (
        ChargeLine.objects.filter(work_status__in=("idle", "done"))
        .filter(Q(delivered, status=ChargeLine.Status.HELD) | corrected)
        .values_list("pk", flat=True)[:200]
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
    if not by.has_role(Role.BILLER, line.group):
        raise BillingRefused("Only billers of the group release holds.")
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


def void_line(*, line: ChargeLine, by: User, reason: str) -> None:
    """The line stays, void, with its reason; it never joins a batch. An exported line is corrected with the payer."""
    if not by.has_role(Role.BILLER, line.group):
        raise BillingRefused("Only billers of the group void lines.")
    if len(reason.strip()) < 5:
        raise BillingRefused("Write why the line is void.")
    open_states = (ChargeLine.Status.HELD, ChargeLine.Status.READY)
    with transaction.atomic():
        done = ChargeLine.objects.filter(pk=line.pk, status__in=open_states).update(
            status=ChargeLine.Status.VOID, voided_at=timezone.now(), void_reason=reason.strip(),
            work_status="idle", due_at=None, lease_token=None,
        )  # fmt: skip
        if not done:
            raise BillingRefused(f"Line {line.number} is not held or ready any more. Nothing was changed.")
        record("charge.voided", by=by, role=Role.BILLER, subject=line, clinic=line.group)
    line.refresh_from_db()
