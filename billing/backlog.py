"""Many signed reviews at once: decided and charged in chunks, set-based, under one lease each. What a chunk cannot do
goes back to be done one by one; whatever is doubled, cut off or taken over makes no line twice and forgets none."""

import time

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from billing import facts as gathering
from billing import rules, services
from billing.known import Known
from billing.models import ChargeDecision, ChargeLine
from config.accounts.roles import Role
from config.audit.services import record_many
from config.work import services as work
from review.models import Review

CHUNK = 500
# fewer than this are done one by one, as soon as each is signed
FROM = 50
STEP_SECONDS = 8


def charge_backlog(seconds: float = STEP_SECONDS) -> int:
    """Chunks for so long, if the queue is long; returns how many lines were made."""
    made, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and Review.objects.filter(work_status="waiting")[:FROM].count() >= FROM:
        lease = work.claim_many(Review, CHUNK)
        if lease is None:
            break
        made += charge_chunk(lease)
    return made


def charge_chunk(lease: work.Lease) -> int:
    reviews = list(services.reviews().filter(pk__in=work.of_chunk(lease).values("pk")).order_by("signed_at", "pk"))
    decided = _decide(reviews)
    try:
        with transaction.atomic():
            made = _write(lease, decided)
    except (work.Fenced, IntegrityError):
        made = 0
    # what could not be decided or written: one by one, each with its own fault
    work.give_back(lease)
    return made


def _decide(reviews: list[Review]) -> list[tuple[Review, gathering.Gathered, rules.Decision]]:
    known, decided = Known(reviews), []
    for review in reviews:
        try:
            gathered = gathering.gather(review, known=known)
            decision = rules.decide(gathered.facts)
        except Exception:  # noqa: BLE001, S112 its own attempt will say why
            continue
        if decision.status != rules.NOT_BILLABLE:
            known.will_have(review, gathered.facts.date_of_service, decision.code, timezone.now())
        decided.append((review, gathered, decision))
    return decided


def _write(lease: work.Lease, decided: list[tuple[Review, gathering.Gathered, rules.Decision]]) -> int:
    """Lines, decisions, audit and the settled queue in one transaction, for the reviews that are still ours."""
    ours = set(work.of_chunk(lease).select_for_update().values_list("pk", flat=True))
    charged = set(ChargeLine.objects.live().filter(review__in=ours).values_list("review", flat=True))
    mine = [row for row in decided if row[0].pk in ours and row[0].pk not in charged]
    versions = dict(
        ChargeLine.objects.filter(review__in=ours)
        .values("review")
        .annotate(top=Max("version"))
        .values_list("review", "top")
    )
    lines = ChargeLine.objects.bulk_create(
        [
            ChargeLine(
                review=review, group=review.case.group, version=versions.get(review.pk, 0) + 1,
                **services.line_columns(gathered, decision),
            )
            for review, gathered, decision in mine
        ]
    )  # fmt: skip
    ChargeDecision.objects.bulk_create(
        services.decision_of(line, gathered, decision)
        for line, (_, gathered, decision) in zip(lines, mine, strict=True)
    )
    record_many(
        "charge.decided",
        role=Role.SYSTEM,
        events=[
            (line, line.group, services.told(decision)) for line, (_, _, decision) in zip(lines, mine, strict=True)
        ],
    )
    work.settle_many(lease, [review.pk for review, _, _ in mine] + sorted(charged))
    return len(lines)
