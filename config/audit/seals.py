"""The keyed hash chain over the trail, in order of sealing.

It finds a row that was edited, removed, inserted into the chain or moved. Cutting off the newest rows together with
their seals is found only by comparing with a head that was kept elsewhere (`sealed to N` of an earlier run).
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Max, Min
from django.utils import timezone as clock

from config.audit.models import AuditEvent, AuditSeal

GENESIS = "0" * 64
LATE = timedelta(minutes=10)
BATCH = 500
# Ids are given before the commit, so a slow transaction may appear below the newest sealed id. Ticks look this far
# back; `everything=True` looks everywhere.
LOOK_BACK = 5_000


def canonical(event: AuditEvent) -> bytes:
    facts = {
        "id": event.pk,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "verb": event.verb,
        "actor": str(event.actor_id) if event.actor_id else None,
        "role": event.role,
        "clinic": str(event.clinic_id) if event.clinic_id else None,
        "ip": event.ip,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
        "case_number": event.case_number,
        "data": event.data,
    }
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(previous: str, position: int, event: AuditEvent) -> str:
    message = bytes.fromhex(previous) + position.to_bytes(8, "big") + canonical(event)
    return hmac.new(settings.AUDIT_KEY.encode(), message, hashlib.sha256).hexdigest()


def seal(*, everything: bool = False, limit: int = BATCH) -> int:
    """Seals waiting events; returns how many. Of two sealers at once one finds its position taken and does nothing."""
    try:
        with transaction.atomic():
            last = AuditSeal.objects.order_by("-position").first()
            position, previous = (last.position, last.digest) if last else (0, GENESIS)
            rows = []
            for event in unsealed(everything=everything).order_by("id")[:limit]:
                position += 1
                previous = digest(previous, position, event)
                rows.append(AuditSeal(position=position, event=event, digest=previous))
            AuditSeal.objects.bulk_create(rows)
            return len(rows)
    except IntegrityError:
        return 0


def unsealed(*, everything: bool = True) -> models.QuerySet[AuditEvent]:
    waiting = AuditEvent.objects.filter(seal__isnull=True)
    if everything:
        return waiting
    newest = AuditSeal.objects.aggregate(newest=Max("event_id"))["newest"] or 0
    return waiting.filter(id__gt=newest - LOOK_BACK)


@dataclass(frozen=True)
class Verdict:
    sealed_to: int
    waiting: int
    oldest_seconds: int
    breaks: list[str]

    @property
    def late(self) -> bool:
        return self.oldest_seconds > LATE.total_seconds()

    def __str__(self) -> str:
        return f"sealed to {self.sealed_to}, {self.waiting} waiting, oldest {self.oldest_seconds} s"


def verify(now: datetime | None = None) -> Verdict:
    breaks = list(_breaks())
    waiting = unsealed().aggregate(count=models.Count("id"), oldest=Min("at"))
    age = max(0, int(((now or clock.now()) - waiting["oldest"]).total_seconds())) if waiting["oldest"] else 0
    sealed_to = AuditSeal.objects.aggregate(top=Max("position"))["top"] or 0
    return Verdict(sealed_to, waiting["count"], age, breaks)


def _breaks() -> Iterator[str]:
    """The first place where the chain does not hold; what follows it hangs on it and says nothing of its own."""
    expected, previous = 1, GENESIS
    links = AuditSeal.objects.order_by("position").select_related("event")
    for link in links.iterator(chunk_size=2_000):
        if link.position != expected:
            yield f"broken at {expected}: the next seal is {link.position}, so {link.position - expected} are gone"
            return
        if not hmac.compare_digest(digest(previous, link.position, link.event), link.digest):
            yield f"broken at {link.position}: event {link.event_id} or its seal was changed"
            return
        expected, previous = expected + 1, link.digest
