"""Writing the trail. Services call `record` at the point of change; views call `record_view` before bytes leave."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.http import HttpRequest

from config.accounts.models import Clinic, User
from config.accounts.roles import Role
from config.audit.context import client_ip, current_ip
from config.audit.models import AuditEvent


def record(
    verb: str,
    *,
    by: User | None,
    subject: models.Model,
    role: str = "",
    clinic: Clinic | None = None,
    data: dict[str, Any] | None = None,
    request: HttpRequest | None = None,
) -> AuditEvent:
    """Writes one event in the transaction at hand. `by=None` is the program itself. No clinical text in `data`."""
    if "." not in verb:
        raise ValueError(f"{verb!r} names no namespace. Write it like case.submitted.")
    return AuditEvent.objects.create(
        verb=verb,
        actor=by,
        role=str(role) or _role_of(by),
        clinic=clinic or (by.main_clinic if by else None),
        ip=client_ip(request) if request else current_ip(),
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        case_number=_case_number(subject),
        data=_plain(data or {}),
    )


def record_many(verb: str, *, role: str, events: list[tuple[models.Model, Clinic | None, dict[str, Any]]]) -> None:
    """The program itself did the same to many: (subject, clinic, data) each. In the transaction at hand."""
    AuditEvent.objects.bulk_create(
        AuditEvent(
            verb=verb,
            role=role,
            clinic=clinic,
            ip=current_ip(),
            subject_type=subject._meta.label_lower,
            subject_id=str(subject.pk),
            case_number=_case_number(subject),
            data=_plain(data),
        )
        for subject, clinic, data in events
    )


def record_view(request: HttpRequest, verb: str, subject: models.Model, **data: Any) -> AuditEvent:
    """One own short write, before what was looked at leaves. A list names its cases: `cases=[case.pk, ...]`."""
    return record(verb, by=request.user, subject=subject, data=data, request=request)


def _role_of(by: User | None) -> str:
    if by is None:
        return Role.SYSTEM.value
    return ",".join(sorted(by.roles)) or "none"


def _case_number(subject: models.Model) -> str:
    """The number by which an administrator looks for a case, also when a photo or a review was the subject."""
    fields = {field.name for field in subject._meta.concrete_fields}
    if "number" in fields:
        return str(subject.number)[:20]
    if "case" in fields and subject.case_id:
        return str(getattr(subject.case, "number", ""))[:20]
    return ""


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """Text, whole numbers and lists only: engines store fractions each in their own way, and the seal needs one."""
    return json.loads(json.dumps(data, cls=DjangoJSONEncoder), parse_float=str)
