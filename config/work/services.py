"""The life of a work row: due, claimed under a lease, settled by whoever still holds the token.

Worst cases: a lost message costs DISPATCH_SECONDS, a killed worker LEASE_SECONDS, a poison row five attempts.
"""

import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Min
from django.utils import timezone

from config.work.models import WorkRow
from config.work.registry import LEASE_SECONDS, Kind, kinds

DISPATCH_SECONDS = 30
MAX_ATTEMPTS = 5
_LIVE = (WorkRow.WorkStatus.WAITING, WorkRow.WorkStatus.WORKING)
_BACK_OFF_SECONDS = (5, 15, 60, 300)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    model: type[models.Model]
    pk: Any
    token: uuid.UUID
    attempt: int


class Fenced(Exception):
    """Somebody else has taken the row over: whatever this copy of the task made must not be written."""


def due_fields(at: datetime | None = None) -> dict[str, Any]:
    """The columns that turn a row into due work; put them into the same write as its cause."""
    return {
        "work_status": WorkRow.WorkStatus.WAITING,
        "due_at": at or timezone.now(),
        "attempts": 0,
        "lease_token": None,
        "last_error": "",
    }


def claim(model: type[models.Model], pk: Any, lease_seconds: int = LEASE_SECONDS) -> Lease | None:
    """Take the row, counting the attempt, committed before the work starts; None when there is nothing to do.

    The attempt is counted here and not by the dispatcher: an outage of the broker is not the row's fault.
    """
    now = timezone.now()
    token = uuid.uuid4()
    took = model.objects.filter(
        models.Q(work_status=WorkRow.WorkStatus.WAITING)
        | models.Q(work_status=WorkRow.WorkStatus.WORKING, due_at__lte=now),
        pk=pk,
        attempts__lt=MAX_ATTEMPTS,
    ).update(
        work_status=WorkRow.WorkStatus.WORKING,
        lease_token=token,
        attempts=F("attempts") + 1,
        due_at=now + timedelta(seconds=lease_seconds),
    )
    if not took:
        return None
    attempt = model.objects.values_list("attempts", flat=True).get(pk=pk)
    return Lease(model, pk, token, attempt)


def claim_many(model: type[models.Model], limit: int, lease_seconds: int = LEASE_SECONDS) -> Lease | None:
    """The same for a chunk of a long queue: rows under one token, committed before the work starts. Its key is None.

    Also rows that were offered to a worker and not taken yet; not those that wait after a fault.
    """
    now, token = timezone.now(), uuid.uuid4()
    waiting = model.objects.filter(work_status=WorkRow.WorkStatus.WAITING, attempts=0, last_error="")
    pks = list(waiting.order_by("due_at").values_list("pk", flat=True)[:limit])
    took = waiting.filter(pk__in=pks).update(
        work_status=WorkRow.WorkStatus.WORKING,
        lease_token=token,
        attempts=1,
        due_at=now + timedelta(seconds=lease_seconds),
    )
    return Lease(model, None, token, 1) if took else None


def of_chunk(lease: Lease) -> models.QuerySet:
    """The rows of a chunk that are still ours."""
    return lease.model.objects.filter(lease_token=lease.token, work_status=WorkRow.WorkStatus.WORKING)


def settle_many(lease: Lease, pks: list) -> None:
    """Inside the transaction that writes the effects. All of them, or Fenced."""
    done = {"work_status": WorkRow.WorkStatus.DONE, "due_at": None, "last_error": "", "lease_token": None}
    if of_chunk(lease).filter(pk__in=pks).update(**done) != len(pks):
        raise Fenced(f"rows of a chunk of {lease.model.__name__} were taken over")


def give_back(lease: Lease) -> int:
    """What is left of a chunk goes back to be done one by one."""
    return of_chunk(lease).update(**due_fields())


def settle(lease: Lease, **columns: Any) -> None:
    """Write the result where the token is still ours; call it inside the transaction that writes the effects."""
    columns = {"work_status": WorkRow.WorkStatus.DONE, "due_at": None, "last_error": ""} | columns
    if not _mine(lease).update(lease_token=None, **columns):
        raise Fenced(f"{lease.model.__name__} {lease.pk} was taken over")


def renew(lease: Lease, lease_seconds: int = LEASE_SECONDS) -> None:
    """For work in steps: the lease counts from now again. Also the fence of a step, inside its transaction."""
    if not _mine(lease).update(due_at=timezone.now() + timedelta(seconds=lease_seconds)):
        raise Fenced(f"{lease.model.__name__} {lease.pk} was taken over")


def hand_back(lease: Lease) -> None:
    """A step is done and more are to come: due again at once, with all its attempts."""
    settle(lease, work_status=WorkRow.WorkStatus.WAITING, due_at=timezone.now(), attempts=0)


def put_off(lease: Lease, until: datetime) -> None:
    """Not a fault: the time is not right (quiet hours). Due again then, with the attempt given back."""
    _mine(lease).update(
        work_status=WorkRow.WorkStatus.WAITING, due_at=until, attempts=F("attempts") - 1, lease_token=None
    )


def fail(lease: Lease, error: str, *, outage: bool = False) -> None:
    """Back to waiting with a back-off, or dead after the fifth attempt. `error` must hold nothing clinical.

    With `outage` the fault is another service's: the attempt is given back and the row tries again each half minute,
    for as long as the outage lasts.
    """
    if outage:
        _wait(lease, DISPATCH_SECONDS, error, attempts=F("attempts") - 1)
    elif lease.attempt >= MAX_ATTEMPTS:
        dead = {"work_status": WorkRow.WorkStatus.DEAD, "due_at": None, "lease_token": None}
        if _mine(lease).update(last_error=error[:500], **dead):
            log.error("%s %s needs attention after %s attempts", lease.model.__name__, lease.pk, lease.attempt)
    else:
        _wait(lease, _BACK_OFF_SECONDS[min(lease.attempt, len(_BACK_OFF_SECONDS)) - 1], error)


def _wait(lease: Lease, seconds: int, error: str, **columns: Any) -> None:
    _mine(lease).update(
        work_status=WorkRow.WorkStatus.WAITING,
        due_at=timezone.now() + timedelta(seconds=seconds),
        lease_token=None,
        last_error=error[:500],
        **columns,
    )


def _mine(lease: Lease) -> models.QuerySet:
    return lease.model.objects.filter(pk=lease.pk, lease_token=lease.token, work_status=WorkRow.WorkStatus.WORKING)


def sweep(send: Callable[[Kind, Any], None], limit: int = 200) -> int:
    """Offer every due row to a worker once; returns how many. Stops at the first message that cannot be sent.

    Only postpones (compare-and-swap on due_at, so that two sweeps offer a row once); the task claims.
    """
    offered = 0
    for kind in list(kinds.values()):
        for row in _due(kind, limit):
            if not _postpone(kind, row):
                continue
            try:
                send(kind, row["pk"])
            except Exception as error:  # noqa: BLE001 the broker is away: rows wait, nothing is lost
                log.warning("broker does not answer (%s); %s waits", type(error).__name__, kind.name)
                return offered
            offered += 1
    return offered


def _due(kind: Kind, limit: int) -> list[dict]:
    return list(
        kind.model.objects.filter(work_status__in=_LIVE, due_at__lte=timezone.now())
        .order_by("due_at")
        .values("pk", "due_at", "attempts", "work_status")[:limit]
    )


def _postpone(kind: Kind, row: dict) -> bool:
    """True when the row is ours to offer; a row out of attempts is marked dead instead."""
    same = kind.model.objects.filter(pk=row["pk"], due_at=row["due_at"], work_status=row["work_status"])
    if row["attempts"] >= MAX_ATTEMPTS:
        if same.update(
            work_status=WorkRow.WorkStatus.DEAD,
            due_at=None,
            lease_token=None,
            last_error="The worker was lost at each attempt.",
        ):
            log.error("%s %s needs attention: its worker was lost five times", kind.model.__name__, row["pk"])
        return False
    return bool(
        same.update(
            work_status=WorkRow.WorkStatus.WAITING,
            lease_token=None,
            due_at=timezone.now() + timedelta(seconds=DISPATCH_SECONDS),
        )
    )


def needs_attention() -> Iterator[tuple[Kind, models.Model]]:
    """Rows that gave up after five attempts, for the administrator's page."""
    for kind in kinds.values():
        for row in kind.model.objects.filter(work_status=WorkRow.WorkStatus.DEAD)[:100]:
            yield kind, row


def stopped_row(kind_name: str, pk: Any) -> models.Model | None:
    """The row of that kind if it gave up; None for a row that is under way, or does not exist."""
    kind = kinds.get(kind_name)
    if kind is None:
        return None
    try:
        return kind.model.objects.filter(pk=pk, work_status=WorkRow.WorkStatus.DEAD).first()
    except (ValidationError, ValueError):  # not a key of this table
        return None


def try_again(kind_name: str, pk: Any) -> bool:
    return bool(
        kinds[kind_name].model.objects.filter(pk=pk, work_status=WorkRow.WorkStatus.DEAD).update(**due_fields())
    )


@dataclass(frozen=True)
class Waiting:
    """How many rows of a kind are live, when the first is (or was) due, and what the last fault was."""

    kind: Kind
    count: int
    due_at: datetime | None
    fault: str


def waiting_by_kind() -> list[Waiting]:
    """Every kind of work, also those with nothing to do. Reads only the index of live rows."""
    found = []
    for kind in kinds.values():
        live = kind.model.objects.filter(work_status__in=_LIVE)
        facts = live.aggregate(count=models.Count("pk"), at=Min("due_at"))
        fault = live.exclude(last_error="").order_by("-due_at").values_list("last_error", flat=True).first()
        found.append(Waiting(kind, facts["count"], facts["at"], fault or ""))
    return found


def oldest_due_seconds() -> float:
    """How long the longest-waiting due row has waited, s; 0 when nothing is due. Needs no broker."""
    now = timezone.now()
    oldest = [
        kind.model.objects.filter(work_status__in=_LIVE, due_at__lte=now).aggregate(at=Min("due_at"))["at"]
        for kind in kinds.values()
    ]
    waits = [(now - at).total_seconds() for at in oldest if at is not None]
    return max(waits, default=0.0)
