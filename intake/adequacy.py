"""Whether staff find a photo good enough to answer from, kept beside the program's own hint, with who and when."""

from django.db import transaction

from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from intake.models import Case, CaseStatus, Photo, PhotoAdequacy
from intake.reasons import RETAKE_REASONS
from intake.requests import TriageRefused

V = PhotoAdequacy.Verdict
AT_THE_DESK = frozenset({CaseStatus.SUBMITTED, CaseStatus.NEEDS_INFORMATION, CaseStatus.READY})
ADEQUATE = "adequate"


def judge_photo(*, photo: Photo, by: User, reason_code: str) -> PhotoAdequacy:
    """`reason_code` is "adequate", or why the photo is to be taken again.

    Adequate after the program or a colleague asked for a retake is "adequate after all": that hint was not needed.
    """
    case = photo.case
    if not by.has_role(Role.STAFF, case.clinic):
        raise TriageRefused("Only staff of the patient's clinic judge its photos.")
    if case.status not in AT_THE_DESK:
        raise TriageRefused(f"Case {case.number} is not at the desk any more. Nothing was changed.")
    if photo.removed_at or photo.status != "ready":
        raise TriageRefused("This photo cannot be shown, so it cannot be judged.")
    if reason_code != ADEQUATE and reason_code not in RETAKE_REASONS:
        raise TriageRefused("Choose “Adequate”, or why the photo is to be taken again.")
    with transaction.atomic():
        # a lock, so that of two at once each sees what the other said
        Photo.objects.select_for_update().get(pk=photo.pk)
        judged = PhotoAdequacy.objects.create(
            photo=photo,
            verdict=_verdict(photo, reason_code),
            reason_code="" if reason_code == ADEQUATE else reason_code,
            by=by,
        )
        data = {"verdict": judged.verdict, "reason": judged.reason_code}
        record("photo.judged", by=by, role=Role.STAFF, subject=photo, clinic=case.clinic, data=data)
    return judged


def _verdict(photo: Photo, reason_code: str) -> str:
    if reason_code != ADEQUATE:
        return V.RETAKE
    doubted = photo.quality_verdict == Photo.Verdict.RETAKE or photo.judgements.filter(verdict=V.RETAKE).exists()
    return V.AFTER_ALL if doubted else V.ADEQUATE


def latest(case: Case) -> dict:
    """Photo -> the newest word on it. A later one of the same photo replaces an earlier."""
    rows = PhotoAdequacy.objects.filter(photo__case=case, photo__removed_at=None).select_related("by")
    return {row.photo_id: row for row in rows}


def to_retake(case: Case) -> dict[str, str]:
    """Slot -> reason, for the slots whose photos are all to be taken again: what the question to the patient starts from."""
    said = latest(case)
    wanted: dict[str, str] = {}
    fine = set()
    for photo in case.photos.live():
        judged = said.get(photo.pk)
        if judged is not None and judged.verdict == V.RETAKE:
            wanted[photo.slot] = judged.reason_code
        else:
            fine.add(photo.slot)
    return {slot: code for slot, code in wanted.items() if slot not in fine}


def retake_words(row: PhotoAdequacy) -> str:
    return RETAKE_REASONS[row.reason_code][0] if row.reason_code in RETAKE_REASONS else ""
