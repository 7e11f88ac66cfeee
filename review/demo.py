"""Demo reviews: claimed, timed with real beats, documented and signed through the services."""

from dataclasses import dataclass
from uuid import uuid4

from django.utils import timezone

from config.accounts.models import User
from intake.models import Case
from review import calibration, critical, delivery, items, services
from review.checks import open_findings
from review.models import ActionItem, Review
from review.plan import lines_of

BEAT_MS = 15_000


@dataclass(frozen=True)
class Answer:
    findings: str
    assessment: str
    codes: tuple[str, ...]
    plan: str
    patient_text: str
    follow_up: str = "In 3 months, with a new photo."
    differential: tuple[str, ...] = ()
    confidence: str = "high"
    disposition: str = "home"
    no_opinion: bool = False
    photos_adequate: str = "yes"
    terms: tuple[str, ...] = ()
    visit_before: str = ""
    visit_after: str = ""


def read(case: Case, by: User, ms: int, clock) -> Review:
    """Claim the case and work on it for exactly `ms`. `clock.shift(seconds)` moves the time that the beats are stamped with."""
    review = services.claim_case(case=case, by=by)
    beat(review, by, ms, clock)
    return review


def beat(review: Review, by: User, ms: int, clock) -> None:
    """A tape worth exactly `ms`: one tab, an input at each beat, ended at the end."""
    tab, mono = str(uuid4()), 0
    photos = [str(pk) for pk in review.case.photos.live().values_list("pk", flat=True)]
    marks = [*range(0, ms, BEAT_MS), ms]
    for seq, mark in enumerate(marks):
        clock.shift((mark - mono) / 1000)
        mono = mark
        state = "ended" if seq == len(marks) - 1 else "counting"
        beat = {"tab": tab, "seq": seq, "mono_ms": mono, "last_input_ms": mono, "state": state}
        beat["shown"] = _on_screen(photos, seq, len(marks))
        services.record_beats(review=review, by=by, beats=[beat])


def _on_screen(photos: list[str], seq: int, beats: int) -> dict:
    """First the story, then photo after photo, the second half with the form."""
    photo = photos[seq // 2 % len(photos)] if photos else ""
    part = "story" if seq == 1 else "form" if 2 * seq > beats else "photos"
    return {"photos": [photo], "parts": [part]}


def write(review: Review, by: User, answer: Answer) -> Review:
    review.refresh_from_db()
    review, _ = services.save_draft(
        review=review,
        by=by,
        version=review.version,
        codes=answer.codes,
        findings=answer.findings,
        assessment=answer.assessment,
        confidence=answer.confidence,
        differential=list(answer.differential),
        lines=lines_of(answer.plan),
        finding_terms=list(answer.terms),
        visit_before=answer.visit_before,
        visit_after=answer.visit_after,
        photos={str(photo.pk): answer.photos_adequate for photo in review.case.photos.live()},
        follow_up=answer.follow_up,
        patient_text=answer.patient_text,
        disposition=answer.disposition,
        no_opinion=answer.no_opinion,
        photos_adequate=answer.photos_adequate,
    )
    return review


def sign(review: Review, by: User) -> Review:
    for finding in open_findings(review):
        if finding.holds:
            why = "Read together with the story: nothing in the photos says emergency, and the plan covers it."
            services.answer_interlock(review=review, by=by, key=finding.key, how="answered", reason=why)
    time = services.review_time(review)
    return services.sign_review(
        review=review, by=by, last_beat_id=time.last_beat_id, measured_ms=time.measured_ms, attested=True
    )


def note_assistant(review: Review, by: User, minutes: int) -> None:
    services.add_assistant_time(
        review=review, by=by, who="Jo Reed, medical assistant", minutes=minutes, note="Asked the pharmacy for the list."
    )


def found_later(review: Review, staff: User, kind: str, diagnosis: str, agreement: str, malignant: bool | None) -> None:
    calibration.tell_truth(
        review=review, by=staff, kind=kind, found_on=timezone.localdate(None, review.case.clinic.zone),
        diagnosis=diagnosis, agreement=agreement, malignant=malignant,
    )  # fmt: skip


def deliver(review: Review, staff: User) -> None:
    """Notices go out; who has no account is told by staff, on paper."""
    for row in review.deliveries.all():
        if row.recipient_id:
            delivery.send_notice(row.pk)
        else:
            delivery.record_told(delivery=row, by=staff, how="printed")


def acknowledge(review: Review, staff: User) -> None:
    for row in review.deliveries.all():
        delivery.acknowledge(case=review.case, kind=row.recipient_kind, by=row.recipient or staff, how="phone")


def carry_out(review: Review, staff: User) -> None:
    """The clinic takes a critical result over and says that every step was done, so that the case closes."""
    if row := critical.open_of(review.case):
        critical.acknowledge(row=row, by=staff, action="Called the same day, booked for the excision.")
    for item in ActionItem.objects.open().filter(review=review):
        items.settle(item=item, by=staff, state="done", words="Done at the clinic, the patient came in.")


def pathology(review: Review, staff: User, diagnosis: str) -> None:
    today = timezone.localdate(None, review.case.clinic.zone)
    what = items.Report("malignant", diagnosis, today, laboratory="Lakeshore Pathology", number="S26-1042")
    items.attach_pathology(review=review, by=staff, what=what, item=review.action_items.first())
