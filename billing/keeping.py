"""Keep what a form says of a dated row, without ever changing what a decision may rest on."""

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.template.defaultfilters import date as written
from django.utils import timezone

from billing.facts import describe
from billing.models import Programme, ReferenceChange
from billing.models.reference import Dated
from config.accounts.models import User
from config.audit.services import record

Action = ReferenceChange.Action


class KeepRefused(Exception):
    """The text may be shown."""


def keep(*, by: User, row: Dated, changed: set[str], kind: str) -> Dated:
    """A new row is added; another last day ends a row; anything else withdraws it and begins a new one in its place."""
    before = describe(type(row).objects.get(pk=row.pk)) if row.pk else {}
    if row.pk and not changed:
        return row
    clash = row.overlapping().first()
    if clash is not None:
        until = f"until {written(clash.valid_until, 'M j, Y')}" if clash.valid_until else "without an end"
        raise KeepRefused(
            f"Another row of the same thing holds from {written(clash.valid_from, 'M j, Y')}, {until}."
            " End that one first, or choose other days."
        )
    try:
        with transaction.atomic():
            action = _write(row, changed)
            ReferenceChange.objects.create(
                by=by, kind=kind, row=str(row.pk), name=str(row)[:200], action=action, old=before, new=describe(row)
            )
            record("reference.changed", by=by, subject=row, data={"kind": kind, "action": str(action)})
    except IntegrityError as error:
        raise KeepRefused("Somebody changed this at the same time. Look at the rows again, then repeat it.") from error
    return row


def _write(row: Dated, changed: set[str]) -> str:
    if row.pk is None:
        row.save()
        return Action.ADDED
    if changed == {"valid_until"}:
        row.save(update_fields=["valid_until"])
        return Action.ENDED
    now = timezone.now()
    if not type(row).objects.standing().filter(pk=row.pk).update(withdrawn_at=now):
        raise IntegrityError("the row was withdrawn meanwhile")
    row.pk, row.recorded_at, row.withdrawn_at = None, now, None
    row._state.adding = True
    if isinstance(row, Programme):
        row.version = (Programme.objects.filter(key=row.key).aggregate(top=Max("version"))["top"] or 0) + 1
    row.save()
    return Action.REPLACED
