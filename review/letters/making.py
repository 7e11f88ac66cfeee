"""The files of a pair of letters: compared first, made once under a lease, kept in private storage by their content."""

import secrets
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from config import storages, typesetting
from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import ALPHABET, queue_mail
from config.audit.services import record
from config.mail import public_url
from config.work import services as work
from intake.models import Photo
from review.letters import agreement, compose
from review.letters.facts import Facts, facts_of
from review.models import Addendum, Delivery, Letter, LetterPair, Review

TEMPLATES = {Letter.Audience.PATIENT: "patient_letter", Letter.Audience.CLINICIAN: "clinical_letter"}


class LettersRefused(Exception):
    """The text may be shown."""


def check_url(pair: LetterPair) -> str:
    return public_url(reverse("review:letter_check", args=[pair.spaced_code]))


def contents(pair: LetterPair, facts: Facts | None = None) -> dict[str, dict]:
    """What each letter says, by its reader."""
    facts = facts or facts_of(pair.review, pair.addendum)
    url = check_url(pair)
    return {
        Letter.Audience.PATIENT: compose.patient_letter(facts, check_url=url),
        Letter.Audience.CLINICIAN: compose.clinical_letter(facts, check_url=url),
    }


def differences(both: dict[str, dict]) -> list[str]:
    return agreement.disagreements(both[Letter.Audience.PATIENT], both[Letter.Audience.CLINICIAN])


def open_pair(*, review: Review, addendum: Addendum | None, at: datetime) -> LetterPair:
    """In the transaction of the signature: both letters are composed and compared, and their files become due."""
    pair = LetterPair(review=review, addendum=addendum, created_at=at, check_code=_code())
    found = differences(contents(pair))
    if found:
        pair.disagreements = "\n".join(found)
    else:
        for name, value in work.due_fields(at).items():
            setattr(pair, name, value)
    pair.save(force_insert=True)
    if found:
        _tell_of_stop(pair)
    return pair


def _code() -> str:
    """80 bits, in letters that can be told apart on paper."""
    return "".join(secrets.choice(ALPHABET) for _ in range(16))


def _tell_of_stop(pair: LetterPair) -> None:
    record("letters.stopped", by=None, role=Role.SYSTEM, subject=pair, clinic=pair.review.case.clinic)
    signer = pair.review.specialist
    if signer.is_active:
        queue_mail("message_waiting", to=signer.email, dedupe_key=f"letters_stopped:{pair.pk}")


def make_letters(pair_id) -> None:
    """Delivered twice it finds nothing to do; cut off, it makes the same bytes under the same keys."""
    lease = work.claim(LetterPair, pair_id)
    if lease is None:
        return
    pair = LetterPair.objects.select_related(
        "addendum",
        "review__case__patient",
        "review__case__clinic",
        "review__case__group",
        "review__case__referring_clinician",
        "review__case__referring_clinic",
        "review__specialist",
    ).get(pk=pair_id)
    try:
        facts = facts_of(pair.review, pair.addendum)
        both = contents(pair, facts)
        found = [] if pair.released_at else differences(both)
        rows = [] if found else _files(pair, facts, both)
    except (typesetting.TypesettingFailed, storages.StorageConflict, storages.StorageDamaged, MemoryError) as error:
        work.fail(lease, type(error).__name__)
        return
    except Exception as error:  # noqa: BLE001 what is left is a storage that is away: not the letters' fault
        work.fail(lease, type(error).__name__, outage=storages.check() != "")
        return
    try:
        with transaction.atomic():
            if found:
                # an address or a language has changed since the signature: what has not left stays here
                work.settle(lease, disagreements="\n".join(found))
                _of(pair).filter(notice_sent_at=None).update(work_status="idle", due_at=None)
                _tell_of_stop(pair)
            else:
                work.settle(lease, made_at=timezone.now())
                Letter.objects.bulk_create(rows)
    except work.Fenced:
        return


def _files(pair: LetterPair, facts: Facts, both: dict[str, dict]) -> list[Letter]:
    pictures = _pictures(facts)
    rows = []
    for audience, content in both.items():
        for paper in Letter.Paper.values:
            data = typesetting.pdf(TEMPLATES[audience], content, at=facts.at, paper=paper, pictures=pictures)
            digest = sha256(data).hexdigest()
            key = f"letters/{pair.review.case_id}/{pair.pk}/{audience}-{paper}-{digest[:16]}.pdf"
            storages.put_once(key, data)
            rows.append(
                Letter(
                    pair=pair, audience=audience, paper=paper, language=content["language"], key=key, sha256=digest,
                    byte_size=len(data),
                )
            )  # fmt: skip
    return rows


def _pictures(facts: Facts) -> dict[str, bytes]:
    """Small renditions, which carry nothing hidden; the received files are never part of a letter."""
    if facts.is_not_theirs:
        return {}
    photos = Photo.objects.filter(pk__in=[one.photo_id for one in facts.pictures]).prefetch_related("renditions")
    by_id = {str(photo.pk): photo for photo in photos}
    return {
        f"photo-{n}.jpg": storages.read(by_id[one.photo_id].rendition("thumb").key)
        for n, one in enumerate(facts.pictures, start=1)
    }


def _of(pair: LetterPair):
    return Delivery.objects.filter(review=pair.review_id, addendum=pair.addendum_id)


@transaction.atomic
def release(*, pair: LetterPair, by: User, reason: str) -> LetterPair:
    """A specialist of the group has read both and says why they may leave as they are; nothing signed is edited."""
    if not by.has_role(Role.SPECIALIST, pair.review.case.group):
        raise LettersRefused("Only a specialist of the group that signed releases its letters.")
    if not reason.strip():
        raise LettersRefused("Write why the letters may leave as they are.")
    now = timezone.now()
    stopped = LetterPair.objects.stopped().filter(pk=pair.pk)
    if stopped.update(released_at=now, released_by=by, release_reason=reason.strip()[:500], **work.due_fields(now)):
        record("letters.released", by=by, role=Role.SPECIALIST, subject=pair, clinic=pair.review.case.group)
        for row in _of(pair).filter(notice_sent_at=None, recipient__isnull=False).select_related("recipient"):
            due = work.due_fields(now) if row.recipient.is_active and row.recipient.email else {}
            Delivery.objects.filter(pk=row.pk).update(visible_at=row.visible_at or now, **due)
    pair.refresh_from_db()
    return pair


def pages(review: Review, *, also_stopped: bool = False) -> dict[str, dict]:
    """Both letters as pages, by their reader: what the newest pair says that may leave; {} when none may.

    `also_stopped` is for the clinic, which has to see what is held back.
    """
    for pair in review.letter_pairs.order_by("-created_at"):
        if also_stopped or not pair.is_stopped:
            pair.review = review
            return contents(pair)
    return {}


def leaving(review: Review) -> list[Addendum]:
    """The addenda whose letters may leave, with the first answer or after it."""
    stopped = set(review.letter_pairs.stopped().values_list("addendum", flat=True))
    return [addendum for addendum in review.addenda.all() if addendum.pk not in stopped]


def newest(review: Review) -> LetterPair | None:
    return review.letter_pairs.order_by("-created_at").first()


def standing(code: str) -> str:
    """ "genuine", "superseded" or "unknown": all that the public page says."""
    plain = code.upper().translate(str.maketrans("OIL", "011", " -"))
    pair = LetterPair.objects.filter(check_code=plain).select_related("review__case").first()
    if pair is None or pair.is_stopped:
        return "unknown"
    later = pair.review.letter_pairs.filter(created_at__gt=pair.created_at).exists()
    wrong = pair.review.case.filed_in_error_at is not None
    return "superseded" if later or (wrong and pair.addendum_id is None) else "genuine"
