"""Keeping reference data: rows are added, ended, replaced or withdrawn, never overwritten; each change leaves its trace."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.template.defaultfilters import date as written
from django.utils import timezone

from billing.facts import describe
from billing.kinds import Kind
from billing.models import ChargeLine, Programme, ReferenceChange
from billing.services import BillingRefused
from config.accounts.models import User
from config.audit.services import record

Action = ReferenceChange.Action


def keep(*, kind: Kind, by: User, values: dict, row=None, file_sha256: str = "") -> str:
    """Write what somebody entered; returns the action. `row` is what it is a change of, or None for something new."""
    try:
        with transaction.atomic():
            return _write(kind, by, values, row, file_sha256)
    except IntegrityError as error:
        raise BillingRefused(
            "Somebody changed this at the same time. Look at the rows again, then repeat it."
        ) from error


def _write(kind: Kind, by: User, values: dict, row, file_sha256: str) -> str:
    if row is not None:
        # the same row at the same time: the second of two sees what the first one made of it
        row = kind.model.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if not kind.is_dated:
        return _plain(kind, by, values, row, file_sha256)
    if row is None:
        _refuse_overlap(kind.model(**values))
        new = _save(kind.model(**values))
        _trace(kind, by, new, Action.ADDED, {}, describe(new), file_sha256)
        return Action.ADDED
    if row.withdrawn_at:
        raise BillingRefused("This row was withdrawn meanwhile. Nothing was changed.")
    return _change(kind, by, row, values, file_sha256)


def _plain(kind: Kind, by: User, values: dict, row, file_sha256: str) -> str:
    """Rows without a period: changed in place, the old values kept in the history. Lines have their own snapshot."""
    old = describe(row) if row is not None else {}
    row = row if row is not None else kind.model()
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    action = Action.CHANGED if old else Action.ADDED
    _trace(kind, by, row, action, old, describe(row), file_sha256)
    ChargeLine.objects.wake()
    return action


def _change(kind: Kind, by: User, row, values: dict, file_sha256: str) -> str:
    changed = {name for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return ""
    old = describe(row)
    if changed == {"valid_until"} or (changed == {"valid_until", "source"} and row.valid_until is None):
        # another end is no other fact; where it is known from goes to the history
        row.valid_until = values["valid_until"]
        _refuse_overlap(row)
        row.save(update_fields=["valid_until"])
        _trace(kind, by, row, Action.ENDED, old, describe(row) | {"source": str(values["source"])}, file_sha256)
        return Action.ENDED
    new = kind.model(**({name: getattr(row, name) for name in columns(kind)} | values))
    if values["valid_from"] > row.valid_from:
        before = values["valid_from"] - timedelta(days=1)
        if row.valid_until is None or row.valid_until > before:
            row.valid_until = before
            row.save(update_fields=["valid_until"])
    else:
        row.withdrawn_at = timezone.now()
        row.save(update_fields=["withdrawn_at"])
    _refuse_overlap(new)
    new = _save(new)
    _trace(kind, by, new, Action.REPLACED, old, describe(new), file_sha256)
    return Action.REPLACED


def columns(kind: Kind) -> list[str]:
    own = ("id", "recorded_at", "withdrawn_at", "version")
    return [field.name for field in kind.model._meta.concrete_fields if field.name not in own]


def _save(row):
    if isinstance(row, Programme):
        row.version = (Programme.objects.filter(key=row.key).aggregate(top=Max("version"))["top"] or 0) + 1
    row.save()
    return row


def _refuse_overlap(row) -> None:
    """In words, before the database refuses it."""
    other = row.overlapping().order_by("valid_from").first()
    if other is not None:
        until = f"until {written(other.valid_until, 'M j, Y')}" if other.valid_until else "without an end"
        raise BillingRefused(
            f"Another row of the same thing holds from {written(other.valid_from, 'M j, Y')}, {until}."
            " End that one first, or choose other days."
        )


def withdraw(*, kind: Kind, by: User, row, reason: str) -> None:
    """A row that was wrong from its start: it stays to be read, and counts no more."""
    if len(reason.strip()) < 5:
        raise BillingRefused("Write why this row is wrong.")
    with transaction.atomic():
        old = describe(row)
        done = kind.model.objects.filter(pk=row.pk, withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())
        if not done:
            raise BillingRefused("This row was withdrawn before.")
        _trace(kind, by, row, Action.WITHDRAWN, old, {"reason": reason.strip()}, "")
        row.refresh_from_db()
        if kind.is_dated:
            row.wake_lines()
        else:
            row.save()


def _trace(kind: Kind, by: User, row, action: str, old: dict, new: dict, file_sha256: str) -> None:
    ReferenceChange.objects.create(
        by=by, kind=kind.key, row=str(row.pk), name=str(row)[:200], action=action, old=old, new=new,
        file_sha256=file_sha256,
    )  # fmt: skip
    record("reference.changed", by=by, subject=row, data={"kind": kind.key, "action": str(action)})


def differences(change: ReferenceChange) -> list[tuple[str, object, object]]:
    """(field, old, new) of what a change changed, for its history."""
    names = [name for name in {**change.old, **change.new} if name not in ("id", "recorded_at")]
    return [
        (name.replace("_", " "), change.old.get(name, ""), change.new.get(name, ""))
        for name in names
        if change.old.get(name, "") != change.new.get(name, "")
    ]
