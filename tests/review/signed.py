"""A signed answer with its plan, past the signing page: cheap, for tests of what comes after it."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from intake.models import Case
from review import delivery, plan
from review.models import ActionItem, Review
from review.plan import PlanLine
from tests import factories

OHIO = ZoneInfo("America/New_York")
BIOPSY = PlanLine("biopsy", "Excision biopsy", "referring_clinic", due_weeks=2)
CREAM = PlanLine("medicine", "Cream twice a day", "patient", patient_text="Use the cream twice a day", due_weeks=2)
PHOTO = PlanLine("watch_rephotograph", "Photograph again", "patient", due_weeks=4)
CALM = PlanLine("reassurance", "Harmless", "patient")


def answer(draft: Case, by, group, *lines: PlanLine, at=None, referrer=None, own=None, **fields) -> Review:
    """Signed `at` by whom; `lines` frozen, the deliveries on their way. `own` are opinions in the patient's language."""
    at = at or timezone.now()
    referred = {"referring_clinician": referrer, "referring_clinic": referrer.main_clinic} if referrer else {}
    case = factories.put_status(draft, "signed", group=group, patient_state="OH", signed_at=at, **referred)
    review = Review.objects.create(case=case, specialist=by, findings="Macule", patient_text="Have it tested.")
    plan.set_lines(review, list(lines))
    Review.objects.filter(pk=review.pk).update(
        **{
            "status": "signed", "signed_at": at, "date_of_service": at.date(), "time_zone": "America/New_York",
            "measured_ms": 400_000, "added_ms": 0, "lost_ms": 0, "attestation": "I spent the time.",
            "signed_record": {"plan_lines": plan.as_record(review, at.astimezone(OHIO).date()), "opinion": own or {}},
            "content_sha256": "ab" * 32,
        } | fields
    )  # fmt: skip
    review.refresh_from_db()
    plan.freeze(review, at, at.astimezone(OHIO).date())
    delivery.deliver_review(review=review, at=at)
    return review


def tell(review: Review) -> None:
    """The notices went out."""
    for row in review.deliveries.all():
        delivery.send_notice(row.pk)


def line(review: Review, kind: str) -> ActionItem:
    return review.action_items.get(kind=kind)


def status(review: Review) -> str:
    return Case.objects.get(pk=review.case_id).status


def day(days: int) -> date:
    return timezone.localdate(None, OHIO) + timedelta(days=days)
