"""Signed reviews with everything that a ready line needs; each test spoils one thing."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import reference
from billing.models import Alignment, Fee, Payer, Programme, RosterEntry, Submitter
from review.models import Delivery, Icd10Code, Review, ReviewDiagnosis
from review.models.icd import RELEASE, VALID_FROM, VERIFIED_UNTIL
from tests import factories

NEVUS = "D22.61"


@pytest.fixture
def programme(db):
    reference.load()
    return Programme.objects.create(
        key="test-model",
        name="Test model",
        valid_from=date(2020, 1, 1),
        is_confirmed=True,
        codes=["G9868", "G9869", "G9870"],
        demo_number="92",
        places_of_service=["10", "02"],
        source="test",
    )


@pytest.fixture
def billable(programme, patient, dana, group):
    """Alignment, roster, fee, code and submitter are there."""
    Alignment.objects.create(programme=programme, patient=patient, valid_from=date(2024, 1, 1), source="test")
    RosterEntry.objects.create(
        programme=programme, practitioner=dana.practitioner, tin=group.tin, valid_from=date(2024, 1, 1), source="test"
    )
    Fee.objects.create(group=group, code="G9868", amount=Decimal("42.00"), valid_from=date(2024, 1, 1), source="test")
    Icd10Code.objects.create(
        code=NEVUS, description="Melanocytic nevi", billable=True, release=RELEASE, valid_from=VALID_FROM,
        verified_until=VERIFIED_UNTIL,
    )  # fmt: skip
    Submitter.objects.create(
        group=group, payer=Payer.objects.get(code="medicare"), etin="TESTSYN01", contact_name="Office",
        contact_phone="6145550181", receiver_name="Synthetic MAC", receiver_id="SYNMACPARTB",
    )  # fmt: skip
    return programme


@pytest.fixture
def signed(billable, draft, dana, group, ana):
    """signed(ms=..., delivered=...) -> a signed review of a case of its own, due for its charge."""

    def _signed(ms: int = 462_000, delivered: bool = True, case=None, specialist=None, **fields) -> Review:
        now = timezone.now()
        case = case or factories.make_draft(draft.patient, by=ana)
        case = factories.put_status(
            case, "signed", group=group, patient_state="OH", claimed_at=now, urgency="routine", answer_due_at=now
        )
        review = Review.objects.create(case=case, specialist=specialist or dana)
        ReviewDiagnosis.objects.create(review=review, icd10cm=NEVUS, description="Melanocytic nevi")
        columns = {
            "status": "signed", "signed_at": now, "date_of_service": factories.practice_today(), "time_zone": "America/New_York",
            "measured_ms": ms, "added_ms": 0, "lost_ms": 0, "attestation": "I spent the time.", "signed_record": {},
            "content_sha256": "ab" * 32, "photos_adequate": "yes", "work_status": "waiting", "due_at": now,
        }  # fmt: skip
        Review.objects.filter(pk=review.pk).update(**(columns | fields))
        Delivery.objects.create(
            review=review, case=case, recipient_kind="patient", recipient=ana, visible_at=now,
            notice_sent_at=now if delivered else None, work_status="done" if delivered else "waiting",
        )  # fmt: skip
        review.refresh_from_db()
        return review

    return _signed


@pytest.fixture
def client_of(sign_in, billable, group, draft):
    """A biller's or an administrator's client; the patient is the group's."""
    draft.__class__.objects.filter(pk=draft.pk).update(group=group)
    return sign_in
