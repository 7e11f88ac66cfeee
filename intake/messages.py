"""Messages about one case between the patient, the clinic and the specialist. Everybody of the case reads all of them;
they open when the case is sent and close with it. A referring clinician may ask after that too, and is answered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from config.audit.services import record
from config.navigation import COUNT_UP_TO
from config.prepared import Prepared, Statement
from intake import moved, notices, services
from intake.models import Case, CaseStatus, Message, MessagePhoto, MessageRead, Photo, Side, Thread
from intake.queue import clinics_of, of_cases_at
from intake.services import IntakeRefused

OPEN_FOR_MESSAGES = frozenset(
    {
        CaseStatus.SUBMITTED,
        CaseStatus.NEEDS_INFORMATION,
        CaseStatus.READY,
        CaseStatus.IN_REVIEW,
        CaseStatus.SIGNED,
        CaseStatus.DELIVERED,
    }
)
ROLES = {
    Side.PATIENT: Role.PATIENT,
    Side.CLINIC: Role.STAFF,
    Side.SPECIALIST: Role.SPECIALIST,
    Side.REFERRER: Role.REFERRER,
}
MAX_FILES = 4
QUESTION_WAITS = timedelta(days=2)


class MessageRefused(IntakeRefused):
    """The text may be shown."""


@dataclass(frozen=True)
class Line:
    message: Message
    is_own: bool
    is_new: bool


def side_of(case: Case, user: User) -> str:
    """The side on which the user stands in this case, "" for none. The holder of a photo link is on none."""
    if case.patient.is_cared_for_by(user):
        return Side.PATIENT
    if user.has_role(Role.STAFF, case.clinic):
        return Side.CLINIC
    if user.has_role(Role.SPECIALIST) and specialists_cases(user).filter(pk=case.pk).exists():
        return Side.SPECIALIST
    refers = case.referring_clinic is not None and user.has_role(Role.REFERRER, case.referring_clinic)
    return Side.REFERRER if refers else ""


def specialists_cases(user: User) -> QuerySet[Case]:
    """Routed to the own group and answerable now, or reviewed by the user."""
    mine = Q(pk__in=Case.objects.answerable_by(user).values("pk")) | Q(reviews__specialist=user)
    return Case.objects.filter(pk__in=Case.objects.filter(mine).values("pk"))


def why_closed(case: Case, side: str) -> str:
    """Why nothing can be written, in words for that side; "" when it can."""
    if case.status == CaseStatus.CLOSED and _may_write_after(case, side):
        return ""
    if case.status not in OPEN_FOR_MESSAGES:
        return _("This case is finished, so no more messages can be sent. Call your clinic if you need something.")
    to_patient = side in {Side.CLINIC, Side.SPECIALIST} and not case.referring_clinic_id
    if to_patient and not notices.readers(case.patient):
        return "Nobody reads messages for this patient: there is no account. Call, or invite the patient."
    return ""


def _may_write_after(case: Case, side: str) -> bool:
    """The referring clinician asks about a closed case too; then the specialist and the clinic answer."""
    if side == Side.REFERRER:
        return True
    return side != Side.PATIENT and Thread.objects.filter(case=case, question_at__isnull=False).exists()


def send(
    *, case: Case, by: User, text: str, key: UUID, files: Iterable[tuple[str, bytes]] = (), about: UUID | None = None
) -> Message:
    """One message to everybody of the case, which stood under the patient `about` when it was written. The same form
    again is the same message. `files` are (name, bytes) of photos: each goes through the pipeline of all photos and
    belongs to the record."""
    words, files = text.replace("\x00", "").strip(), list(files)
    if files and not words:
        words = _("A photo.") if len(files) == 1 else _("Some photos.")
    if not words:
        raise MessageRefused(_("Write your message first."))
    if len(words) > Message.MAX_LENGTH:
        raise MessageRefused(_("The message is too long. Make it shorter, or send it in two parts."))
    if len(files) > MAX_FILES:
        raise MessageRefused(_("Send at most %(n)s photos in one message.") % {"n": MAX_FILES})
    if Message.objects.filter(by=by, key=key).exclude(text=words).exists():
        # other words in a form that the browser's back button brought again are a message of their own
        key = uuid5(key, words)
    photos = _kept(case, by, key, files)
    with transaction.atomic():
        # a lock on the case: it cannot close, nor a second press of the button slip in, between look and write
        locked = Case.objects.locked(case.pk, "patient", "clinic")
        side = side_of(locked, by)
        if not side:
            raise MessageRefused(_("You may not write in this case."))
        if locked.patient_id != (about or case.patient_id):
            raise MessageRefused(
                _("This case was moved to another person while you wrote, so nothing was sent. Load the page again.")
            )
        sent = Message.objects.filter(by=by, key=key).first()
        if sent is not None:
            return sent
        if refusal := why_closed(locked, side):
            raise MessageRefused(refusal)
        _tell(locked, by, side, key)
        message = Message.objects.create(case=locked, side=side, by=by, text=words, key=key)
        MessagePhoto.objects.bulk_create(MessagePhoto(message=message, photo=photo) for photo in photos)
        _count(locked, message)
        record("message.sent", by=by, role=ROLES[Side(side)], subject=message, clinic=locked.clinic)
    return message


def _kept(case: Case, by: User, key: UUID, files: list[tuple[str, bytes]]) -> list[Photo]:
    """The photos of a message that will be taken, durable before it is written: no storage is waited for inside its
    transaction. The same bytes again are the same photo."""
    side = side_of(case, by)
    if not files or not side or why_closed(case, side) or Message.objects.filter(by=by, key=key).exists():
        return []
    kept = [
        services.attach_photo(case=case, by=by, data=data, name=name, slot="other", in_message=True)
        for name, data in files
    ]
    return list({photo.pk: photo for photo in kept}.values())


def _count(case: Case, message: Message) -> None:
    Thread.objects.get_or_create(case=case)
    unread: dict = {"last_at": message.sent_at, "closed_at": None, "closed_by": None}
    if message.side != Side.CLINIC:
        unread["clinic_unread"] = F("clinic_unread") + 1
    # before a case is routed there is no specialist whom it could wait for
    if message.side != Side.SPECIALIST and case.group_id:
        unread["specialist_unread"] = F("specialist_unread") + 1
    if message.side != Side.REFERRER and case.referring_clinic_id:
        unread["referrer_unread"] = F("referrer_unread") + 1
    if message.side == Side.REFERRER and case.signed_at:
        unread |= {"question_at": message.sent_at, "question_reminded_at": None}
    elif message.side == Side.SPECIALIST:
        unread |= {"question_at": None, "question_reminded_at": None}
    Thread.objects.filter(case=case).update(**unread)


def answered(case: Case) -> None:
    """An addendum answers the referring clinician's question too."""
    Thread.objects.filter(case=case).update(question_at=None, question_reminded_at=None)


def remind_of_questions(now: datetime | None = None) -> int:
    """One more notice to the specialist whose answer a referring clinician has waited for; returns how many."""
    now = now or timezone.now()
    late = Thread.objects.filter(question_at__lte=now - QUESTION_WAITS, question_reminded_at=None)
    told = 0
    for thread in late.select_related("case")[:200]:
        with transaction.atomic():
            mine = Thread.objects.filter(pk=thread.pk, question_at=thread.question_at, question_reminded_at=None)
            if mine.update(question_reminded_at=now):
                for user in _signers(thread.case):
                    queue_mail(
                        "message_waiting",
                        to=user.email,
                        dedupe_key=f"question:{thread.pk}:{int(now.timestamp())}:{user.pk}",
                    )
                    told += 1
    return told


def _signers(case: Case) -> list[User]:
    signed = case.reviews.filter(status="signed", second_opinion=False).values("specialist")
    return list(User.objects.filter(pk__in=signed, is_active=True))


def put_away(*, case: Case, by: User) -> None:
    """The clinic or the specialist has nothing to add. Nothing is lost: it stands under "Closed", and whoever writes
    opens it again."""
    side = side_of(case, by)
    if side not in {Side.CLINIC, Side.SPECIALIST}:
        raise MessageRefused(_("You may not write in this case."))
    thread = Thread.objects.filter(case=case).first()
    if thread is None or thread.closed_at:
        return
    if thread.question_at:
        raise MessageRefused("The referring clinician waits for the specialist's answer. Answer first.")
    if (thread.clinic_unread if side == Side.CLINIC else thread.specialist_unread) > 0:
        raise MessageRefused("Somebody has written meanwhile. Read it first.")
    with transaction.atomic():
        if Thread.objects.filter(pk=thread.pk, closed_at=None).update(closed_at=timezone.now(), closed_by=by):
            record("messages.put_away", by=by, role=ROLES[Side(side)], subject=case, clinic=case.clinic)


def _tell(case: Case, by: User, side: str, key: UUID) -> None:
    """One notice each until it is read: the patient's side always, of the others who has written here before."""
    told = (
        [] if side == Side.PATIENT else [(user, bool(unread_of(case, user))) for user in notices.readers(case.patient)]
    )
    thread = Thread.objects.filter(case=case).first() or Thread(case=case)
    waits = {
        Side.CLINIC: thread.clinic_unread > 0,
        Side.SPECIALIST: thread.specialist_unread > 0,
        Side.REFERRER: thread.referrer_unread > 0,
    }
    wrote = set(User.objects.filter(messages_written__case=case, is_active=True).exclude(pk=by.pk))
    if side == Side.REFERRER:
        wrote |= set(_signers(case))
    told += [
        (user, waits[Side(at)])
        for user in sorted(wrote, key=lambda user: user.pk)
        if (at := side_of(case, user)) not in {"", side, Side.PATIENT}
    ]
    for user, knows in told:
        if not knows:
            queue_mail("message_waiting", to=user.email, dedupe_key=f"message:{key}:{user.pk}")


def unread_of(case: Case, user: User) -> int:
    """How many messages of others this person of the patient's side has not read."""
    until = MessageRead.objects.filter(case=case, user=user).values_list("until", flat=True).first() or 0
    return case.messages.of_now().filter(pk__gt=until).exclude(side=Side.PATIENT).count()


def unread(case: Case, user: User) -> int | None:
    """For the link to the messages, whoever looks; None for who has none here."""
    side = side_of(case, user)
    if not side:
        return None
    if side == Side.PATIENT:
        return unread_of(case, user)
    thread = Thread.objects.filter(case=case).first()
    if thread is None:
        return 0
    return getattr(thread, f"{side}_unread")


def open_thread(*, case: Case, by: User) -> list[Line]:
    """All messages, the new ones marked; from now on they are read on the reader's side."""
    side = side_of(case, by)
    count = unread(case, by)
    now = case.messages.of_now()
    lines = list(now.select_related("by").prefetch_related("photos__photo__renditions"))
    # what the person before wrote and the clinic has not read stands above, and is as new
    before = [one for part in moved.former(case) for one in part.lines] if side == Side.CLINIC and count else []
    for message in lines:
        message.pictures = [one.photo for one in message.photos.all() if one.photo.removed_at is None]
        for photo in message.pictures:
            photo.case = case
    fresh = {message.pk for message in [m for m in [*before, *lines] if m.side != side][-count:]} if count else set()
    if lines or before:
        mark_read(case=case, by=by, side=side, until=(lines or before)[-1])
    return [Line(message, message.by_id == by.pk, message.pk in fresh) for message in lines]


def mark_read(*, case: Case, by: User, side: str, until: Message) -> None:
    """Only what was on the page: a message that came meanwhile stays new."""
    if side == Side.PATIENT:
        mark, made = MessageRead.objects.get_or_create(case=case, user=by, defaults={"until": until})
        if not made:
            MessageRead.objects.filter(pk=mark.pk, until__lt=until.pk).update(until=until, at=timezone.now())
        return
    column = f"{side}_unread"
    with transaction.atomic():
        if Thread.objects.select_for_update().filter(case=case, **{f"{column}__gt": 0}).exists():
            newer = case.messages.filter(pk__gt=until.pk).exclude(side=side).count()
            Thread.objects.filter(case=case).update(**{column: newer})


# lists


def threads(user: User, side: str, *, closed: bool = False) -> QuerySet[Thread]:
    """The threads of a desk, unread ones and open questions first, then the newest."""
    if side == Side.CLINIC:
        mine = Thread.objects.filter(case__clinic__in=user.clinics(Role.STAFF))
    else:
        # the others have nothing of what was written under another person
        written = Message.objects.filter(case=OuterRef("pk"), pk__gt=OuterRef("moved_after"))
        mine = Thread.objects.filter(Q(moved_after=0) | Exists(written))
        mine = (
            mine.filter(case__referring_clinic__in=user.clinics(Role.REFERRER))
            if side == Side.REFERRER
            else mine.filter(case__in=specialists_cases(user))
        )
    mine = mine.filter(closed_at__isnull=not closed)
    column = f"{side}_unread"
    return (
        mine.annotate(unread=F(column), waits=Exists(Thread.objects.filter(pk=OuterRef("pk"), **{f"{column}__gt": 0})))
        .select_related("case__patient", "case__clinic")
        .order_by("-waits", F("question_at").asc(nulls_last=True), "-last_at")
    )


def waiting_at_clinic(user: User) -> list[Statement]:
    """For the top bar: how many threads have something new for the clinic."""
    clinics = clinics_of(user)
    return [_unread_at.counted(up_to=COUNT_UP_TO, clinics=clinics)] if clinics else []


@Prepared
def _unread_at(*, clinics: tuple) -> QuerySet[Thread]:
    return Thread.objects.filter(of_cases_at(clinics), clinic_unread__gt=0)


def waiting_at_specialist(user: User) -> QuerySet[Thread]:
    return Thread.objects.filter(specialist_unread__gt=0, case__in=specialists_cases(user))


def waiting_at_referrer(user: User) -> QuerySet[Thread]:
    return Thread.objects.filter(referrer_unread__gt=0, case__referring_clinic__in=user.clinics(Role.REFERRER))


def unread_by_case(cases: list[Case], user: User) -> dict:
    """Case -> unread messages, for the patient's list, in one query. No case of a photo link is in it."""
    read = MessageRead.objects.filter(case=OuterRef("case"), user=user, until__gte=OuterRef("pk"))
    found = (
        Message.objects.of_now()
        .filter(case__in=[case.pk for case in cases])
        .exclude(side=Side.PATIENT)
        .filter(~Exists(read))
        .values("case")
        .annotate(n=Count("pk"))
    )
    return {row["case"]: row["n"] for row in found}


def last_messages(found: list[Thread]) -> dict:
    """Case -> its newest message, if anything was written since it stands under its person."""
    newest = (
        Message.objects.of_now()
        .filter(case__in=[thread.pk for thread in found])
        .values("case")
        .annotate(last=Max("pk"))
    )
    rows = Message.objects.select_related("by").filter(pk__in=newest.values("last"))
    return {row.case_id: row for row in rows}
