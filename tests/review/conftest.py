"""A review in Dana's hands, and a tape under the test's own clock."""

from datetime import timedelta

import pytest
from django.utils import timezone

from intake.models import Case
from review import beats as beats_module
from review import delivery, services
from review.models import Icd10Code, Review
from review.models.icd import RELEASE, VALID_FROM, VERIFIED_UNTIL
from tests import factories

NEVUS_RIGHT, NEVUS_LEFT, HEADING = "D22.61", "D22.62", "D22.6"


@pytest.fixture
def icd(db):
    rows = [
        (NEVUS_RIGHT, "Melanocytic nevi of right upper limb, including shoulder", True),
        (NEVUS_LEFT, "Melanocytic nevi of left upper limb, including shoulder", True),
        (HEADING, "Melanocytic nevi of upper limb, including shoulder", False),
        ("L30.9", "Dermatitis, unspecified", True),
    ]
    return Icd10Code.objects.bulk_create(
        Icd10Code(
            code=code, description=words, billable=billable, release=RELEASE, valid_from=VALID_FROM,
            verified_until=VERIFIED_UNTIL,
        )
        for code, words, billable in rows
    )  # fmt: skip


@pytest.fixture
def photo(ready, ana):
    return factories.make_ready_photo(ready, by=ana)


@pytest.fixture
def review(ready, photo, dana):
    """Claimed by Dana, nothing typed."""
    return services.claim_case(case=ready, by=dana)


DRAFT = {
    "photos_adequate": "yes",
    "findings": "Asymmetric 14 mm brown macule.",
    "assessment": "Atypical nevus; rule out melanoma",
    "confidence": "medium",
    "differential": ["Solar lentigo"],
    "plan": "Excision biopsy, clinic, within 14 days",
    "follow_up": "Result in 3 weeks",
    "patient_text": "Have the spot taken out within two weeks.",
    "disposition": "procedure",
}


@pytest.fixture
def filled(review, icd, dana):
    """Ready to sign but for the time."""
    saved, _ = services.save_draft(review=review, by=dana, version=0, codes=[NEVUS_RIGHT], **DRAFT)
    return saved


class Tab:
    """A browser tab that follows the rules, on a clock that the test moves."""

    def __init__(self, review, by, clock, name="tab-1"):
        self.review, self.by, self.clock, self.name = review, by, clock, name
        self.seq = 0
        self.opened = clock.ms
        self.last_input = 0

    def send(self, state="counting", *, touched=True, **changes):
        mono = self.clock.ms - self.opened
        if touched:
            self.last_input = mono
        beat = {"tab": self.name, "seq": self.seq, "mono_ms": mono, "last_input_ms": self.last_input, "state": state}
        self.seq += 1
        return services.record_beats(review=self.review, by=self.by, beats=[beat | changes])

    def work(self, ms, step=15_000):
        """Beats every 15 s for that long, with input at each; ends with a closing beat."""
        self.send()
        left = ms
        while left > step:
            self.clock.ms += step
            left -= step
            self.send()
        self.clock.ms += left
        self.send("ended")


class Clock:
    def __init__(self, ms):
        self.ms = ms


@pytest.fixture
def clock(monkeypatch):
    """The server's clock, moved by hand: an hour ago, or where midnight has passed since, an hour before it: work is on one day."""
    now = timezone.now()
    midnight = now.astimezone(factories.PRACTICE_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    end = midnight if now - midnight < timedelta(hours=1) else now
    clock = Clock(round(end.timestamp() * 1000) - 3_600_000)
    monkeypatch.setattr(beats_module, "server_ms", lambda: clock.ms)
    return clock


@pytest.fixture
def tab(review, dana, clock):
    return Tab(review, dana, clock)


@pytest.fixture
def sign(dana):
    """sign(review, **changes) -> the review, signed as its sign page would."""

    def _sign(review, **changes):
        review.refresh_from_db()
        review.case = Case.objects.get(pk=review.case_id)
        proposal = services.propose(review)
        arguments = {
            "last_beat_id": proposal.time.last_beat_id,
            "measured_ms": proposal.time.measured_ms,
            "attested": True,
            "fingerprint": proposal.fingerprint,
        }
        return services.sign_review(review=review, by=dana, **(arguments | changes))

    return _sign


@pytest.fixture
def answered(draft, dana, group, ana, ruth, clinic, settings):
    """answered(referred=...) -> a signed review with its deliveries on their way."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    def _answered(referred: bool = True, patient=None, **texts) -> Review:
        now = timezone.now()
        case = draft if patient is None else factories.make_draft(patient, by=ana)
        referrer = {"referring_clinician": ruth, "referring_clinic": clinic} if referred else {}
        case = factories.put_status(case, "signed", group=group, patient_state="OH", **referrer)
        texts = {"findings": "Macule", "patient_text": "Have it tested."} | texts
        review = Review.objects.create(case=case, specialist=dana, **texts)
        Review.objects.filter(pk=review.pk).update(
            status="signed", signed_at=now, date_of_service=now.date(), time_zone="America/New_York", measured_ms=400_000,
            added_ms=0, lost_ms=0, attestation="I spent the time.", signed_record={}, content_sha256="ab" * 32,
        )  # fmt: skip
        review.refresh_from_db()
        delivery.deliver_review(review=review, at=now)
        return review

    return _answered
