"""Ten and twenty minutes to the tenth of a second: a tape of real beats, signed, charged; each step as the product does it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from billing import services
from billing.models import ChargeLine, Fee
from intake.models import Case
from review import delivery, tape, timekeeping
from review.beats import tape_of
from review.services import add_time
from tests.review.conftest import clock, filled, photo, review, sign, tab  # noqa: F401 fixtures

pytestmark = pytest.mark.django_db

# seconds; what is attested and shown; the band, the code, and whether it goes out by itself
TABLE = [
    (599.9, "9 minutes 59 seconds", "9:59", "under_10", "G9868", "ready", []),
    (600.0, "10 minutes", "10:00", "10_to_20", "G9869", "held", ["TIME_GE_10"]),
    (1200.0, "20 minutes", "20:00", "10_to_20", "G9869", "held", ["TIME_GE_10"]),
    (1200.1, "20 minutes", "20:00", "over_20", "G9870", "held", ["TIME_GE_10"]),
]
MINUTE_MS = 60_000


@pytest.fixture
def icd(billable, group):
    """The code of the draft is there, with everything else that a ready line needs; fees for its longer siblings too."""
    for code in ("G9869", "G9870"):
        Fee.objects.create(
            group=group, code=code, amount=Decimal("70.00"),
            valid_from=date(2024, 1, 1), source="test",
        )  # fmt: skip


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def signed_delivered_and_charged(draft, sign):  # noqa: F811
    signed = sign(draft)
    for row in signed.deliveries.all():
        delivery.send_notice(row.pk)
    services.charge_review(signed.pk)
    return signed, ChargeLine.objects.get(review=signed)


@pytest.mark.parametrize(("seconds", "attested", "shown", "band", "code", "status", "holds"), TABLE)
def test_what_is_signed_shown_and_charged(
    filled, tab, sign, dana, sign_in, seconds, attested, shown, band, code, status, holds  # noqa: F811
):  # fmt: skip
    ms = round(seconds * 1000)
    tab.work(ms)
    again = timekeeping.credit(tape.read_tape(tape.write_tape(tape_of(filled)).decode().splitlines()))
    assert again.of(str(dana.pk), str(filled.pk)).ms == ms, "credit_time says the same of the tape"
    signed, line = signed_delivered_and_charged(filled, sign)
    assert (signed.measured_ms, signed.band) == (ms, band)
    assert f"personally spent {attested} on " in signed.attestation
    page = sign_in(dana).get(reverse("review:signed", args=[signed.case_id])).content.decode()
    assert re.search(rf'<dt>Counted</dt><dd class="stat">{shown}</dd>', page)
    assert (line.code, line.status, line.hold_codes) == (code, status, holds)
    assert line.decisions.get().facts["total_ms"] == ms


@pytest.mark.parametrize(("seconds", "attested", "shown", "band", "code", "status", "holds"), TABLE)
def test_added_time_counts_for_the_band_and_stands_beside_what_was_measured(
    filled, tab, sign, dana, clock, seconds, attested, shown, band, code, status, holds  # noqa: F811
):  # fmt: skip
    measured = round(seconds * 1000) - MINUTE_MS
    Case.objects.filter(pk=filled.case_id).update(submitted_at=at(clock.ms - 1000))
    filled.case.refresh_from_db()
    tab.work(measured)
    began = clock.ms + 1000
    add_time(
        review=filled, by=dana, started_at=at(began), stopped_at=at(began + MINUTE_MS), reason_code="colleague",
        note="Asked a colleague about it",
    )  # fmt: skip
    signed, line = signed_delivered_and_charged(filled, sign)
    assert (signed.measured_ms, signed.added_ms, signed.band) == (measured, MINUTE_MS, band)
    assert (line.code, line.status, line.hold_codes) == (code, status, holds)
