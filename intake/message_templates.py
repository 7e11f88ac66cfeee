"""Texts that a clinic writes often: kept by its staff, filled with the case, in the patient's language."""

from django.db import IntegrityError, transaction

from config.accounts.models import Clinic, User
from config.accounts.roles import Role
from config.audit.services import record
from intake.models import Case, MessageTemplate
from intake.services import IntakeRefused

PLACES = {"{name}": "the patient's first name", "{clinic}": "the clinic", "{phone}": "the clinic's phone"}


def of_user(user: User):
    return MessageTemplate.objects.filter(clinic__in=user.clinics(Role.STAFF)).select_related("clinic", "made_by")


def of_case(case: Case) -> list[MessageTemplate]:
    return list(MessageTemplate.objects.filter(clinic=case.clinic))


def fill(template: MessageTemplate, case: Case) -> str:
    """In Spanish where the patient reads Spanish and the template has it."""
    text = template.text_es if case.patient.preferred_language == "es" and template.text_es else template.text
    facts = {"{name}": case.patient.first_name, "{clinic}": case.clinic.name, "{phone}": case.clinic.phone}
    for place, value in facts.items():
        text = text.replace(place, value)
    return text


def add(*, by: User, clinic: Clinic, name: str, text: str, text_es: str = "") -> MessageTemplate:
    if not by.has_role(Role.STAFF, clinic):
        raise IntakeRefused("Only staff of the clinic keep its texts.")
    try:
        with transaction.atomic():
            row = MessageTemplate.objects.create(
                clinic=clinic, name=name.strip(), text=text.strip(), text_es=text_es.strip(), made_by=by
            )
            record("message_template.added", by=by, subject=row, clinic=clinic)
    except IntegrityError as error:
        raise IntakeRefused("There is a text of this name already. Choose another name.") from error
    return row


def remove(*, by: User, row: MessageTemplate) -> None:
    if not by.has_role(Role.STAFF, row.clinic):
        raise IntakeRefused("Only staff of the clinic keep its texts.")
    with transaction.atomic():
        record("message_template.removed", by=by, subject=row, clinic=row.clinic, data={"name": row.name})
        row.delete()
