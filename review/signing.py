"""The signature: what is attested, what is frozen, and the one transaction that does it."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from config import storages
from config.accounts.models import User
from config.audit.services import record
from config.work.services import due_fields
from intake.models import Photo
from intake.workflow import move
from review import annotations, beats, critical, opinions, plan, vocabulary
from review.attestation import attestation, by_day
from review.checks import Check, answers_of, open_findings, signing_checks
from review.delivery import deliver_review
from review.errors import NotReadyToSign, NumberChanged, ReviewRefused
from review.languages import other_language
from review.models import Review

UNDER_10, FROM_10_TO_20, OVER_20, NO_TIME = "under_10", "10_to_20", "over_20", "none"
RECORD_VERSION = 3


@dataclass(frozen=True)
class Proposal:
    """What the sign page shows, and what is signed when nothing of it has changed."""

    review: Review
    time: beats.ReviewTime
    days: dict[date, int]
    text: str
    checks: list[Check]

    @property
    def can_sign(self) -> bool:
        return not any(check.holds for check in self.checks)

    @property
    def fingerprint(self) -> str:
        """Of everything that the signer reads: sent back with the signature, so that nothing else is signed."""
        answers = [answer.pk for answer in answers_of(self.review).values()]
        seen = [
            self.review.pk.hex,
            self.review.version,
            self.time.last_beat_id,
            self.time.measured_ms,
            self.text,
            answers,
            list(self.review.assistant_times.values_list("pk", flat=True)),
        ]
        return sha256(json.dumps(seen).encode()).hexdigest()


def band_of(ms: int) -> str:
    """Compared in whole milliseconds: 599,999 is under ten minutes, 600,000 is not; 1,200,000 is not over twenty."""
    if ms <= 0:
        return NO_TIME
    if ms < 600_000:
        return UNDER_10
    return FROM_10_TO_20 if ms <= 1_200_000 else OVER_20


def propose(review: Review, *, last_beat_id: int | None = None, now: datetime | None = None) -> Proposal:
    zone = review.case.group.zone
    time = beats.review_time(review, beats.last_beat_id(review) if last_beat_id is None else last_beat_id)
    added = list(review.added_times.all())
    spans = [*time.intervals, *((_epoch_ms(a.started_at), _epoch_ms(a.stopped_at)) for a in added)]
    days = by_day(spans, zone)
    text = attestation(
        name=signer_name(review.specialist),
        measured_ms=time.measured_ms,
        added=[(a.ms, a.get_reason_code_display()) for a in added],
        days=days,
        today=timezone.localdate(now, zone),
        live_contact=review.live_contact,
    )
    return Proposal(review, time, days, text, signing_checks(review))


def signer_name(user: User) -> str:
    credentials = user.practitioner.credentials
    return f"{user}, {credentials}" if credentials else str(user)


def _epoch_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def sign_review(
    *,
    review: Review,
    by: User,
    last_beat_id: int,
    measured_ms: int,
    attested: bool,
    fingerprint: str = "",
    authenticated_at: datetime | None = None,
    critical_note: str = "",
    is_critical: bool = False,
) -> Review:
    """Sign once, all or nothing. Signing again returns the same signature; a changed number signs nothing.

    `authenticated_at` is when the signer last proved who they are; the page demands that it is moments ago.
    """
    if review.specialist_id != by.pk:
        raise ReviewRefused("This review is another person's.")
    if not attested:
        raise ReviewRefused("Tick the sentence about your time. It is part of the signature.")
    # the tape is append-only, so it can be stored before the transaction: no storage is waited for inside it
    key, tape_sha256, data = beats.frozen_tape(review, last_beat_id)
    storages.put_once(key, data)
    with transaction.atomic():
        review = (
            Review.objects.select_for_update(of=("self",))
            .select_related("case__group", "case__clinic", "case__patient", "specialist__practitioner")
            .get(pk=review.pk)
        )
        if review.is_signed:
            return review
        now = timezone.now()
        proposal = propose(review, last_beat_id=last_beat_id, now=now)
        if not proposal.can_sign:
            raise NotReadyToSign([check.text for check in proposal.checks if check.holds])
        if proposal.time.measured_ms != measured_ms or (fingerprint and proposal.fingerprint != fingerprint):
            raise NumberChanged
        if beats.review_time(review).measured_ms != measured_ms:
            # work went on after the sentence was read: an older, smaller number is not signed either
            raise NumberChanged
        reasons = critical.reasons_of(review, marked=is_critical)
        why = {"reasons": reasons, "note": critical_note.strip()[:500] if reasons else ""}
        _freeze(proposal, now, key, tape_sha256, authenticated_at, why)
        review.refresh_from_db()
        if review.second_opinion:
            # goes to whoever asked: the case goes its own way, and nothing is sent to the patient
            opinions.answered(review, now)
        else:
            move(review.case, "sign", by=by, data={"review": str(review.pk)})
        record(
            "review.signed", by=by, subject=review, clinic=review.case.group,
            data={"content_sha256": review.content_sha256, "tape_sha256": tape_sha256, "ms": review.total_ms},
        )  # fmt: skip
        if not review.second_opinion:
            deliver_review(review=review, at=now)
            if reasons:
                critical.raise_critical(review=review, by=by, reasons=reasons, note=why["note"], at=now)
    return review


def _freeze(
    proposal: Proposal, now: datetime, key: str, tape_sha256: str, authenticated_at: datetime | None, why: dict
) -> None:
    review, time = proposal.review, proposal.time
    zone = review.case.group.time_zone
    day = timezone.localdate(now, ZoneInfo(zone))
    content = signed_record(proposal, now, day, tape_sha256)
    content["critical"] = why
    content["signer"]["authenticated_at"] = authenticated_at.isoformat() if authenticated_at else ""
    frozen = Review.objects.filter(pk=review.pk, status=Review.Status.DRAFT, version=review.version).update(
        status=Review.Status.SIGNED,
        signed_at=now,
        date_of_service=day,
        time_zone=zone,
        measured_ms=time.measured_ms,
        added_ms=time.added_ms,
        lost_ms=time.lost_ms,
        band=band_of(time.total_ms),
        attestation=proposal.text,
        signed_record=content,
        content_sha256=digest(content),
        last_beat_id=time.last_beat_id,
        tape_key=key,
        tape_sha256=tape_sha256,
        **due_fields(now),
    )
    if not frozen:
        raise NumberChanged
    plan.freeze(review, now, day)


def digest(content: dict) -> str:
    """SHA-256 of the record in one fixed spelling: keys sorted, no spaces, plain ASCII."""
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


_TEXT_FIELDS = (
    "photos_adequate", "findings", "assessment", "confidence", "differential", "plan", "follow_up", "follow_up_own",
    "patient_text", "patient_text_own",
    "disposition", "urgency", "urgency_reason", "eye_side", "acuity_given", "eye_segment", "visit_before", "visit_after",
    "second_opinion", "no_opinion", "live_contact", "time_dispute",
)  # fmt: skip


def signed_record(proposal: Proposal, now: datetime, day: date, tape_sha256: str) -> dict:
    """Everything that the signature covers, as it stood: later edits of people, places or photos do not reach it."""
    review, time, case = proposal.review, proposal.time, proposal.review.case
    practitioner = review.specialist.practitioner
    adequate = dict(review.photo_adequacies.values_list("photo", "adequate"))
    return {
        "record": RECORD_VERSION,
        "review": str(review.pk),
        "case": {
            "id": str(case.pk),
            "number": case.number,
            "site": case.site,
            "side": case.side,
            "specialty": case.specialty,
            "patient": str(case.patient_id),
            "patient_state": case.patient_state,
        },
        "photos": [
            {"id": str(photo.pk), "sha256": photo.sha256, "slot": photo.slot, "adequate": adequate.get(photo.pk, "")}
            for photo in Photo.objects.live().filter(case=case, work_status="done", refusal_reason="").order_by("pk")
        ],
        "annotations": annotations.frozen(review),
        "opinion": {name: getattr(review, name) for name in _TEXT_FIELDS}
        | {"own_language": other_language(case.patient)},
        "finding_terms": vocabulary.as_record(review.finding_terms),
        "plan_lines": plan.as_record(review, day),
        "interlocks": _interlocks(review),
        "second_opinions": [
            {"review": str(other.pk), "by": str(other.specialist_id), "content_sha256": other.content_sha256}
            for other in case.reviews.signed().filter(second_opinion=True).exclude(pk=review.pk).order_by("signed_at")
        ],
        "diagnoses": [
            {"icd10cm": d.icd10cm, "description": d.description, "rank": d.rank} for d in review.diagnoses.all()
        ],
        "signer": {
            "id": str(review.specialist_id),
            "name": signer_name(review.specialist),
            "npi": practitioner.npi,
            "specialty": practitioner.specialty,
            "licences": sorted(
                practitioner.licences.valid_on(timezone.localdate(now))
                .filter(state=case.patient_state)
                .values_list("number", flat=True)
            ),
            "group": {"id": str(case.group_id), "name": case.group.name},
        },
        "time": {
            "measured_ms": time.measured_ms,
            "tape_ms": time.tape_ms,
            "added_ms": time.added_ms,
            "lost_ms": time.lost_ms,
            "last_beat_id": time.last_beat_id,
            "intervals_ms": [list(interval) for interval in time.intervals],
            "not_counted_ms": [_part(part) for part in time.not_counted],
            "added": [
                {
                    "start_ms": _epoch_ms(a.started_at),
                    "stop_ms": _epoch_ms(a.stopped_at),
                    "reason": a.reason_code,
                    "note": a.note,
                }
                for a in review.added_times.all()
            ],
            # shown beside, never in the sums above
            "assistant": [
                {"who": one.who, "minutes": one.minutes, "note": one.note} for one in review.assistant_times.all()
            ],
            "days_ms": {day.isoformat(): ms for day, ms in proposal.days.items()},
            "tape_sha256": tape_sha256,
            "idle_ms": settings.CLOCK_IDLE_SECONDS * 1000,
            "gap_ms": settings.CLOCK_GAP_SECONDS * 1000,
        },
        "attestation": proposal.text,
        "signed_at": now.isoformat(),
        "date_of_service": day.isoformat(),
        "time_zone": case.group.time_zone,
    }


def _interlocks(review: Review) -> list[dict]:
    """Each finding as it stands, with the last words about it where there are some."""
    answers = answers_of(review)
    rows = []
    for finding in open_findings(review):
        answer = answers.get(finding.key)
        said = {"how": answer.how, "reason": answer.reason, "at": answer.at.isoformat()} if answer else {}
        rows.append({"code": finding.code, "finding": finding.text} | said)
    return rows


def _part(part) -> dict:
    row = asdict(part)
    return {name: row[name] for name in ("tab", "start", "end", "why")}
