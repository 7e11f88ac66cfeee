"""Plan lines after the signature: each stays on its owner's list until somebody says done, declined or not possible."""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from botocore.exceptions import BotoCoreError, ClientError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from config import storages
from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from config.audit.services import record
from config.navigation import COUNT_UP_TO
from config.prepared import Prepared, Statement
from intake import call_tasks
from intake.models import Case, CaseStatus
from review import calibration, delivery
from review.errors import ReviewRefused
from review.models import ActionItem, PathologyReport, Review, Truth
from review.models.plan import ActionItemQuerySet

Owner, State = ActionItem.Owner, ActionItem.State
SETTLED = (State.DONE, State.DECLINED, State.IMPOSSIBLE)


class ItemRefused(Exception):
    """The text may be shown."""


def followed() -> ActionItemQuerySet:
    """Lines of answers that hold: neither of a second opinion nor of a case filed under the wrong person."""
    return ActionItem.objects.filter(
        frozen_at__isnull=False, review__second_opinion=False, review__case__filed_in_error_at=None
    ).select_related("review__case__patient", "review__case__clinic", "review__case__group", "review__specialist")


def of_patient(user: User) -> ActionItemQuerySet:
    mine = Case.objects.in_care_of(user).filter(status__in=delivery.AFTER_SIGNING).values("pk")
    return followed().filter(owner=Owner.PATIENT, review__case__in=mine).order_by("due_on", "position")


def counts_of_patient(user: User) -> dict[str, int]:
    """Without reassurance: that is done by reading."""
    due = list(of_patient(user).open().exclude(kind=ActionItem.Kind.REASSURANCE).values_list("due_on", flat=True))
    return {"open_steps": len(due), "late_steps": sum(day < timezone.localdate() for day in due)}


def _at_referrer(clinics) -> ActionItemQuerySet:
    return followed().filter(owner=Owner.REFERRING_CLINIC, review__case__referring_clinic__in=clinics)


def of_referrer(user: User) -> ActionItemQuerySet:
    return _at_referrer(user.clinics(Role.REFERRER))


def _at_clinic(clinics) -> ActionItemQuerySet:
    return followed().filter(review__case__clinic__in=clinics).exclude(owner=Owner.SPECIALIST_GROUP)


def of_clinic(user: User) -> ActionItemQuerySet:
    """All that the clinic's patients were advised, whoever owns it: the clinic closes the loop."""
    return _at_clinic(user.clinics(Role.STAFF))


def _at_group(clinics) -> ActionItemQuerySet:
    return followed().filter(owner=Owner.SPECIALIST_GROUP, review__case__group__in=clinics)


def of_group(user: User) -> ActionItemQuerySet:
    return _at_group(user.clinics(Role.SPECIALIST))


LISTS = {Role.STAFF: of_clinic, Role.REFERRER: of_referrer, Role.SPECIALIST: of_group}


def of_user(user: User) -> ActionItemQuerySet:
    """What the user may see of these lines, in any of the roles. What is not in it does not exist for the user."""
    mine = Q(pk__in=of_patient(user).values("pk"))
    for role, rows in LISTS.items():
        if user.has_role(role):
            mine |= Q(pk__in=rows(user).values("pk"))
    return followed().filter(mine)


def waiting_on(role: str):
    """For the top bar: what of this role's list is due today or over."""

    def rows(user: User) -> Statement:
        return _due_at.counted(role, up_to=COUNT_UP_TO, clinics=user.clinic_ids(role), today=timezone.localdate())

    return rows


@Prepared
def _due_at(role: str, *, clinics: tuple, today: date) -> ActionItemQuerySet:
    at_desk = {Role.STAFF: _at_clinic, Role.REFERRER: _at_referrer, Role.SPECIALIST: _at_group}
    mine = at_desk[Role(role)](clinics).open().filter(due_on__lte=today)
    return mine.filter(owner=Owner.REFERRING_CLINIC) if role == Role.STAFF else mine


def role_of(item: ActionItem, by: User) -> str:
    """The role in which this person may settle the line, "" for none."""
    case = item.review.case
    if item.owner == Owner.PATIENT and case.is_cared_for_by(by):
        return Role.PATIENT
    if item.owner == Owner.SPECIALIST_GROUP:
        return Role.SPECIALIST if by.has_role(Role.SPECIALIST, case.group) else ""
    if by.has_role(Role.STAFF, case.clinic):
        return Role.STAFF
    referred = item.owner == Owner.REFERRING_CLINIC and case.referring_clinic is not None
    return Role.REFERRER if referred and by.has_role(Role.REFERRER, case.referring_clinic) else ""


def settle(*, item: ActionItem, by: User, state: str, words: str = "") -> ActionItem:
    """Once, by whom it belongs to: done with what shows it, or declined or impossible with why."""
    role, words = role_of(item, by), words.replace("\x00", "").strip()[:1000]
    if not role:
        raise ItemRefused(_("This step is another person's."))
    if state not in SETTLED:
        raise ItemRefused(_("Choose one of the answers."))
    if state == State.DONE and not words and role == Role.PATIENT:
        words = "Done, the patient says."
    if not words:
        if state == State.DONE:
            raise ItemRefused("Write what shows that it was done: a date, a report, who did it.")
        raise ItemRefused(_("Write why."))
    with transaction.atomic():
        case = delivery.locked(item.review.case_id)
        if not settle_locked(item, by=by, role=role, state=state, words=words, case=case):
            raise ItemRefused(_("This was settled already."))
        delivery.advance(case)
    item.refresh_from_db()
    return item


def settle_locked(item: ActionItem, *, by: User, role: str, state: str, words: str, case: Case) -> bool:
    """Inside the lock of the case; False where somebody was faster."""
    told = {"proof": words} if state == State.DONE else {"reason": words}
    open_one = ActionItem.objects.filter(pk=item.pk, state=State.OPEN, frozen_at__isnull=False)
    if not open_one.update(state=state, settled_by=by, settled_at=timezone.now(), **told):
        return False
    call_tasks.settle_tasks(item.pk)
    record("item.settled", by=by, role=role, subject=item, clinic=case.clinic, data={"state": str(state)})
    return True


def reopen(*, item: ActionItem, by: User, why: str) -> ActionItem:
    """Settled by mistake: back on the list while the case is open. The record keeps what was said before."""
    case = item.review.case
    if not by.has_role(Role.STAFF, case.clinic) and not role_of(item, by):
        raise ItemRefused("This line is another person's.")
    if not why.strip():
        raise ItemRefused("Write why it is open again.")
    with transaction.atomic():
        locked = delivery.locked(case.pk)
        if locked.status == CaseStatus.CLOSED:
            raise ItemRefused("The case is closed. Write to the specialist, who can add an addendum.")
        before = {"state": item.state, "words": item.words, "why": why.strip()[:300]}
        settled = ActionItem.objects.filter(pk=item.pk, state__in=SETTLED)
        if not settled.update(state=State.OPEN, proof="", reason="", settled_by=None, settled_at=None):
            raise ItemRefused("It is open already.")
        record("item.reopened", by=by, subject=item, clinic=locked.clinic, data=before)
    item.refresh_from_db()
    return item


@dataclass(frozen=True)
class Report:
    """What the laboratory wrote."""

    result: str
    diagnosis: str
    reported_on: date
    report: str = ""
    laboratory: str = ""
    number: str = ""
    # how it fits the answer, as far as whoever enters it can say
    agreement: str = Truth.Agreement.UNCLEAR
    # their paper as a PDF
    file: bytes = b""


MAX_FILE_BYTES = 10 * 1024 * 1024
# what the result says about malignancy, for the reader's figures
_MALIGNANT = {"malignant": True, "benign": False, "inflammatory": False}


def attach_pathology(*, review: Review, by: User, what: Report, item: ActionItem | None = None) -> PathologyReport:
    """The report beside the answer, and the later truth that it is; the line that asked for the tissue is done with it,
    and its reader is told."""
    case = review.case
    role = next((role for role in (Role.STAFF, Role.REFERRER, Role.SPECIALIST) if _may_attach(case, by, role)), "")
    if not role:
        raise ItemRefused("Only the clinic, the referring clinician or the reading group enters a report.")
    if not what.diagnosis.strip() or what.result not in PathologyReport.Result.values:
        raise ItemRefused("Choose the result and write the diagnosis.")
    if what.reported_on > timezone.localdate(None, case.clinic.zone):
        raise ItemRefused("The report is from a day that has not come yet.")
    digest = _keep_file(case, what.file)
    with transaction.atomic():
        locked = delivery.locked(case.pk)
        try:
            calibration.tell_truth(
                review=review, by=by, kind=Truth.Kind.PATHOLOGY, found_on=what.reported_on, diagnosis=what.diagnosis,
                agreement=what.agreement, malignant=_MALIGNANT.get(what.result),
            )  # fmt: skip
        except ReviewRefused as refused:
            raise ItemRefused(str(refused)) from refused
        row = PathologyReport.objects.create(
            review=review,
            item=item,
            result=what.result,
            diagnosis=what.diagnosis.strip()[:300],
            report=what.report.strip()[:4000],
            laboratory=what.laboratory.strip()[:120],
            number=what.number.strip()[:60],
            reported_on=what.reported_on,
            file_sha256=digest,
            file_size=len(what.file),
            by=by,
        )
        record(
            "pathology.entered", by=by, role=role, subject=row, clinic=locked.clinic, data={"review": str(review.pk)}
        )
        if item is not None:
            proof = f"Pathology of {what.reported_on.isoformat()}: {row.diagnosis}"
            settle_locked(item, by=by, role=role, state=State.DONE, words=proof, case=locked)
        if review.specialist.is_active:
            queue_mail("message_waiting", to=review.specialist.email, dedupe_key=f"pathology:{row.pk}")
        delivery.advance(locked)
    return row


def _keep_file(case: Case, data: bytes) -> str:
    """The hash under which a PDF lies in storage, before the row that names it; "" for none."""
    if not data:
        return ""
    if not data.startswith(b"%PDF-"):
        raise ItemRefused("The report as a file must be a PDF. Send a photograph of it as a message instead.")
    if len(data) > MAX_FILE_BYTES:
        raise ItemRefused("The PDF is larger than 10 MB. Attach the pages with the diagnosis.")
    digest = sha256(data).hexdigest()
    try:
        storages.put_once(f"pathology/{case.pk}/{digest}.pdf", data)
    except (OSError, BotoCoreError, ClientError) as error:
        raise ItemRefused(
            "The file cannot be kept just now. Try again in a minute, or enter the report without it."
        ) from error
    return digest


def _may_attach(case: Case, by: User, role: str) -> bool:
    at = {Role.STAFF: case.clinic, Role.REFERRER: case.referring_clinic, Role.SPECIALIST: case.group}[Role(role)]
    return at is not None and by.has_role(role, at)


def unseen_pathology(user: User):
    """Reports about what this reader signed that they have not looked at."""
    return PathologyReport.objects.filter(review__specialist=user, seen_at=None)


def see_pathology(*, review: Review, by: User) -> int:
    """The reader's own page was opened: from now on the reports are read."""
    if review.specialist_id != by.pk:
        return 0
    seen = unseen_pathology(by).filter(review=review)
    found = list(seen.values_list("pk", flat=True))
    if found:
        seen.update(seen_at=timezone.now(), seen_by=by)
        record("pathology.seen", by=by, role=Role.SPECIALIST, subject=review, clinic=review.case.group)
    return len(found)
