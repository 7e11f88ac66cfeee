"""Verbs of a case until it is sent. Keyword-only; the actor is `by`; each raises a named error whose text may be shown."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config import storages
from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from config.prepared import Prepared
from config.work.services import due_fields
from intake import completeness, consents, entries, questions, slots, targets
from intake.imaging import pipeline
from intake.imaging.types import Refused
from intake.models import Answer, Case, CaseStatus, Consent, Patient, Photo, Redirect
from intake.models.case import AFTER_SIGNING
from intake.wording import words_of_refusal
from intake.workflow import TransitionRefused, move, start_event

MAX_PHOTOS = 12
_STOPPED_BY_CONSENT = frozenset(
    {CaseStatus.SUBMITTED, CaseStatus.NEEDS_INFORMATION, CaseStatus.READY, CaseStatus.IN_REVIEW}
)
OPEN_FOR_PHOTOS = frozenset({CaseStatus.DRAFT, CaseStatus.NEEDS_INFORMATION})
DRAFT_FIELDS = frozenset(
    {"specialty", "reason", "site", "side", "onset", "history", "medicines", "allergies", "intake_note"}
    | {"problem_kind", "point_view", "point_x", "point_y"}
)


class IntakeRefused(Exception):
    """The text may be shown."""


class PhotoRefused(IntakeRefused):
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class StaleDraft(IntakeRefused):
    """Somebody else saved the draft meanwhile; `case` is what is stored now."""

    def __init__(self, case: Case) -> None:
        super().__init__(
            _("This case was changed in another window. What you typed is below; check it and save again.")
        )
        self.case = case


class NotComplete(IntakeRefused):
    """`missing` lists (page, sentence) of everything that is still needed."""

    def __init__(self, missing: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(sentence for _, sentence in missing))
        self.missing = missing


def role_on(case: Case, by: User) -> str:
    if case.is_cared_for_by(by):
        return Role.PATIENT
    others = (Role.SPECIALIST, Role.REFERRER) if not by.has_role(Role.STAFF, case.clinic) else ()
    return next((role for role in others if by.has_role(role)), Role.STAFF)


FOLLOWED_FIELDS = ("problem_kind", "site", "side", "point_view", "point_x", "point_y", "medicines", "allergies")


def start_follow_up(*, by: User, earlier: Case) -> Case:
    """A new case of the same spot: the place and what rarely changes are filled in and can be changed."""
    if earlier.status not in AFTER_SIGNING:
        raise IntakeRefused(_("The specialist has not answered the earlier case yet."))
    same = {name: getattr(earlier, name) for name in FOLLOWED_FIELDS}
    with transaction.atomic():
        # a lock on the earlier case, so that a button pressed twice makes one draft
        Case.objects.select_for_update().get(pk=earlier.pk)
        draft = earlier.follow_ups.filter(status=CaseStatus.DRAFT).first()
        return draft or start_case(
            by=by,
            patient=earlier.patient,
            specialty=earlier.specialty,
            follows=earlier,
            referring_clinician=earlier.referring_clinician,
            referring_clinic=earlier.referring_clinic,
            **same,
        )


def start_case(*, by: User, patient: Patient, specialty: str, **fields: Any) -> Case:
    """A draft for the patient, started by themselves or by staff of the home clinic."""
    is_patient = patient.is_cared_for_by(by)
    if not is_patient and not by.has_role(Role.STAFF, patient.home_clinic):
        raise IntakeRefused("You may not start a case for this patient.")
    with transaction.atomic():
        case = Case.objects.create(
            patient=patient, clinic=patient.home_clinic, specialty=specialty, started_by=by, **fields
        )
        start_event(case, by=by, role=Role.PATIENT if is_patient else Role.STAFF)
    return case


def save_draft(*, case: Case, by: User, version: int | None = None, **fields: Any) -> Case:
    """Save what was typed so far. With `version`, a draft that changed meanwhile is not overwritten."""
    unknown = fields.keys() - DRAFT_FIELDS
    if unknown:
        raise IntakeRefused(f"Not a field of a draft: {', '.join(sorted(unknown))}.")
    guarded = Case.objects.filter(pk=case.pk, status=CaseStatus.DRAFT)
    if version is not None:
        guarded = guarded.filter(version=version)
    if not guarded.update(version=F("version") + 1, updated_at=timezone.now(), **fields):
        current = Case.objects.select_related("patient").get(pk=case.pk)
        if current.status != CaseStatus.DRAFT:
            raise IntakeRefused(_("This case was already sent. Nothing was changed."))
        raise StaleDraft(current)
    case.refresh_from_db()
    return case


def answer_danger_signs(*, case: Case, by: User, signs: list[str]) -> Case:
    """No sign: go on. Any sign: the case never joins the queue; the person is told to call, the clinic sees it at once."""
    if not signs:
        Case.objects.filter(pk=case.pk, status=CaseStatus.DRAFT).update(danger_signs="none")
        case.refresh_from_db()
        return case
    with translation.override("en"):  # the record speaks the clinic's language
        named = "; ".join(map(str, signs))
    reason, told, now = f"Danger signs: {named}", "Stop page with the number to call, shown at once", timezone.now()
    with transaction.atomic():
        moved = move(
            case,
            "redirect",
            by=by,
            reason=reason,
            data={"kind": "emergency", "told": told},
            updates={"danger_signs": "yes", "submitted_at": now},
        )
        # a page is no proof that it was read: the clinic calls
        Redirect.objects.create(
            case=moved,
            kind="emergency",
            source="red_flag",
            reason=reason[:500],
            told=told,
            by=by,
            at=now,
            call_by=now + timedelta(hours=1),
        )
    return moved


def questions_of(case: Case) -> list[questions.Question]:
    """What this case is asked, given the answers so far."""
    return questions.asked(questions.facts_of(case), answers_of(case))


def answers_of(case: Case) -> dict[str, list[str]]:
    return {answer.question: answer.value for answer in case.answers.all()}


def answered_lines(case: Case) -> list[tuple[str, str]]:
    """(label, answer) in clinicians' words, for those questions that were answered."""
    answers = answers_of(case)
    return [
        (question.label, questions.in_words(question, answers[question.key]))
        for question in questions.SETS[slots.kind_of(case)]
        if answers.get(question.key)
    ]


def answer_question(*, case: Case, by: User, key: str, value: list[str]) -> None:
    """Keep the answer to one question of a draft. A new answer to the same question takes the place of the old."""
    with transaction.atomic():
        if not Case.objects.filter(pk=case.pk, status=CaseStatus.DRAFT).update(updated_at=timezone.now()):
            raise IntakeRefused(_("This case was already sent. Nothing was changed."))
        Answer.objects.update_or_create(
            case=case,
            question=key,
            defaults={
                "version": questions.VERSION,
                "value": value,
                "answered_by": by,
                "answered_at": timezone.now(),
            },
        )


def language_of(case: Case) -> str:
    """The language of what the patient reads: their own where the texts exist in it."""
    language = case.patient.preferred_language
    return language if language in dict(settings.LANGUAGES) else "en"


def give_consent(*, case: Case, by: User, kinds: set[str], language: str = "en") -> None:
    """Exactly these kinds are agreed to from now on; one that was taken back keeps its row with the time."""
    now = timezone.now()
    with transaction.atomic():
        # a lock on the case, so that two windows change what is agreed to one after the other
        Case.objects.select_for_update().get(pk=case.pk)
        live = {c.kind: c for c in case.consents.filter(withdrawn_at__isnull=True)}
        for kind in set(live) - kinds:
            live[kind].withdrawn_at = now
            live[kind].save(update_fields=["withdrawn_at"])
        for kind in kinds - set(live):
            text = consents.text(kind, language)
            Consent.objects.create(
                patient=case.patient,
                case=case,
                kind=kind,
                version=text.version,
                language=text.language,
                text_sha256=text.sha256,
                given_by=by,
                given_at=now,
            )
        if set(live) != kinds:
            record("consent.changed", by=by, subject=case, role=role_on(case, by), data={"kinds": sorted(kinds)})
            entries.keep(case.pk)


def take_back_consent(*, case: Case, by: User, kind: str) -> Case:
    """From now on this use stops; what was done before stays in the record. Without a required consent an unanswered
    case goes no further: it is withdrawn."""
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)
        kinds = set(case.consents.filter(withdrawn_at__isnull=True).values_list("kind", flat=True))
        if kind not in kinds:
            return case
        give_consent(case=case, by=by, kinds=kinds - {kind})
        if kind in consents.REQUIRED and case.status in _STOPPED_BY_CONSENT:
            return withdraw_case(case=case, by=by, reason=f"Consent taken back: {kind}")
    return case


def attach_photo(*, case: Case, by: User, data: bytes, name: str, slot: str, in_message: bool = False) -> Photo:
    """Take one photograph: durable bytes first, then the row, which is due work until its renditions exist.

    The same bytes again are the same photo. Raises PhotoRefused with a sentence for the patient.
    """
    if case.status not in OPEN_FOR_PHOTOS and not in_message:
        raise PhotoRefused("already_sent", _("This case was already sent. Photos can be added when your clinic asks."))
    header = pipeline.check(data)
    if isinstance(header, Refused):
        raise PhotoRefused(header.reason, words_of_refusal(header))
    return photo_of_bytes(
        case=case,
        by=by,
        store=lambda key: storages.put_once(key, data),
        digest=sha256(data).hexdigest(),
        size=len(data),
        format=header.format,
        name=name,
        slot=slot,
    )


def photo_of_bytes(
    *, case: Case, by: User, store: Callable[[str], None], digest: str, size: int, format: str, name: str, slot: str,
    also: Callable[[Photo], None] = lambda photo: None,
) -> Photo:  # fmt: skip
    """Bytes that were looked at already: `store(key)` makes them durable under their key, then comes their row, and in
    its transaction what `also(photo)` writes. `digest` is their SHA-256."""
    live = photos_with_room(case, digest)
    if digest in live:
        return case.photos.get(pk=live[digest])
    store(f"orig/{case.pk}/{digest}")
    try:
        with transaction.atomic():
            photo = _insert_photo(case, by, digest, size, format, name, slot)
            also(photo)
            return photo
    except IntegrityError:  # the same photo arrived twice at once
        return case.photos.live().get(sha256=digest)


def _insert_photo(case: Case, by: User, digest: str, size: int, format: str, name: str, slot: str) -> Photo:
    status = entries.lock(case.pk, case.patient_id)  # so that twelve at once stay twelve
    if not status:  # it was moved to another person while the bytes were on their way
        raise PhotoRefused("case_gone", _("This case went another way, so the photo is not needed any more."))
    position = len(photos_with_room(case, digest))
    photo = Photo.objects.create(
        case=case,
        sha256=digest,
        byte_size=size,
        received_format=format,
        original_name=name[:255],
        slot=slot if slot in slots.SLOT_KEYS else "other",
        position=position,
        uploaded_by=by,
        **due_fields(),
    )
    record("photo.received", by=by, subject=photo, role=role_on(case, by), clinic=case.clinic, data={"sha256": digest})
    entries.keep_locked(case.pk, status)
    return photo


@Prepared
def _live_photos(*, case: Any) -> QuerySet:
    return Photo.objects.filter(case=case).live().order_by().values_list("sha256", "pk")


def photos_with_room(case: Case, digest: str, arriving: int = 0) -> dict[str, UUID]:
    """SHA-256 -> key of the photos in the case, when those bytes are among them or there is room for one more."""
    live = dict(_live_photos(case=case.pk).rows())
    if digest not in live and len(live) + arriving >= MAX_PHOTOS:
        words = _("A case has room for %(n)s photos. Remove one that is not needed first.")
        raise PhotoRefused("too_many", words % {"n": MAX_PHOTOS})
    return live


def missing_for_sending(case: Case) -> list[tuple[str, str]]:
    """Everything that keeps the case from being sent: (page, sentence)."""
    given = set(case.consents.filter(withdrawn_at__isnull=True).values_list("kind", flat=True))
    photos = [photo for photo in case.photos.live() if photo.status != "unreadable"]
    checks = [
        (case.danger_signs == "none", "danger", _("Answer the question about danger signs.")),
        (bool(case.reason.strip()), "reason", _("Tell us what the problem is.")),
        (bool(case.site), "place", _("Choose where it is.")),
        (bool(photos) or case.uploads.arriving().exists(), "photos", _("Add at least one photo.")),
        (
            set(consents.REQUIRED) <= given,
            "consent",
            _("Agree to care from photos and to keeping them in the record."),
        ),
        (bool(case.patient.state), "address", _("Add the home address: it decides which specialist may answer.")),
    ]
    return [(page, sentence) for fine, page, sentence in checks if not fine]


def submit_case(*, case: Case, by: User) -> Case:
    """Send the draft to the clinic. The patient's state is frozen: it decides whose licence counts."""
    missing = missing_for_sending(case)
    if missing and case.status == CaseStatus.DRAFT:
        raise NotComplete(missing)
    urgency, _why = completeness.suggested_urgency(case)
    promise = targets.promise(case.clinic, targets.TRIAGE, urgency=urgency, specialty=case.specialty, at=timezone.now())
    updates = {"patient_state": case.patient.state} | promise.columns
    return move(case, "submit", by=by, data=promise.evidence, updates=updates)


def withdraw_case(*, case: Case, by: User, reason: str = "") -> Case:
    with transaction.atomic():
        moved = move(case, "withdraw", by=by, reason=reason)
        drop_open_request(case)
    return moved


def drop_open_request(case: Case) -> None:
    """A case that leaves the way no longer waits for an answer."""
    case.requests.filter(outcome="").update(
        outcome="dropped", answered_at=timezone.now(), outcome_reason="The case went another way."
    )


__all__ = ["TransitionRefused"]  # the only name here that comes from elsewhere
