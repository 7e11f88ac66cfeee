"""A biller's question to the signer about the documentation of a line, and its answer. Neither changes the record."""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.models import ChargeLine, ClinicianQuery
from billing.services import BillingRefused, decide_again
from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from config.work.services import due_fields

MINIMUM = 10
MAXIMUM = 1000
ASKABLE = (ChargeLine.Status.HELD, ChargeLine.Status.READY)


def ask(*, line: ChargeLine, by: User, question: str, about: str = "") -> ClinicianQuery:
    """The line is held until the question is answered or taken back."""
    _biller_only(by, line)
    if line.status not in ASKABLE:
        raise BillingRefused(f"Line {line.number} is sent or has ended. Ask about the line that stands in its place.")
    text = question.strip()
    if not MINIMUM <= len(text) <= MAXIMUM:
        raise BillingRefused(f"Write the question in {MINIMUM} to {MAXIMUM} letters.")
    try:
        with transaction.atomic():
            query = ClinicianQuery.objects.create(
                line=line, review=line.review, asked_by=by, question=text,
                about=about if about in line.hold_codes else "",
            )  # fmt: skip
            record("query.asked", by=by, role=Role.BILLER, subject=query, clinic=line.group, data={"line": line.number})
    except IntegrityError as error:
        raise BillingRefused(
            "A question about this review is open already. Wait for the answer, or take it back."
        ) from error
    _decide(query)
    return query


def answer(*, query: ClinicianQuery, by: User, text: str) -> None:
    """By the signer alone, on the record."""
    if query.review.specialist_id != by.pk:
        raise BillingRefused("Only the specialist who signed answers.")
    text = text.strip()
    if not 2 <= len(text) <= MAXIMUM:
        raise BillingRefused(f"Write an answer of at most {MAXIMUM} letters.")
    _close(query, by, ClinicianQuery.How.ANSWERED, answer=text)


def take_back(*, query: ClinicianQuery, by: User) -> None:
    _biller_only(by, query.line)
    _close(query, by, ClinicianQuery.How.TAKEN_BACK)


def _close(query: ClinicianQuery, by: User, how: str, **columns) -> None:
    with transaction.atomic():
        closed = ClinicianQuery.objects.open().filter(pk=query.pk).update(
            closed_at=timezone.now(), closed_by=by, closed_how=how, **columns
        )  # fmt: skip
        if not closed:
            raise BillingRefused("This question is closed already. Nothing was changed.")
        record(f"query.{how}", by=by, subject=query, clinic=query.line.group, data={"line": query.line.number})
    _decide(query)


def _decide(query: ClinicianQuery) -> None:
    """An open question is a fact of the line that lives now, which may be a newer version than the one asked about."""
    live = ChargeLine.objects.live().filter(review=query.review_id).exclude(work_status="working").first()
    if live is not None and live.status in (*ASKABLE, ChargeLine.Status.NOT_BILLABLE):
        ChargeLine.objects.filter(pk=live.pk).update(**due_fields())
        decide_again(live.pk)


def _biller_only(by: User, line: ChargeLine) -> None:
    if not by.has_role(Role.BILLER, line.group):
        raise BillingRefused("Only billers of the group ask about its lines.")


def waiting_for(user) -> QuerySet[ClinicianQuery]:
    """The open questions that wait for this specialist, for the number in the top bar."""
    return ClinicianQuery.objects.open().filter(review__specialist=user)
