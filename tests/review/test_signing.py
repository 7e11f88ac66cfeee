"""The signature: once, all or nothing, of exactly what was read."""

import gzip
import json
from datetime import date, timedelta
from hashlib import sha256

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from config import storages
from config.accounts.models import Licence
from config.audit.models import AuditEvent
from config.work.models import WorkRow
from intake.models import Case, CaseEvent
from review import invariants, services, tape, timekeeping
from review.attestation import attestation, by_day, in_words
from review.checks import side_of, signing_checks
from review.errors import NotReadyToSign, NumberChanged, ReviewRefused
from review.models import Delivery, Review
from review.signing import _TEXT_FIELDS, band_of, digest
from tests.append_only import tampering
from tests.review.conftest import HEADING, NEVUS_LEFT, NEVUS_RIGHT, Tab

pytestmark = pytest.mark.django_db


def held_by(review):
    return [check.text for check in signing_checks(review) if check.holds]


def test_signing_freezes_moves_delivers_and_makes_the_charge_due(filled, tab, sign, dana):
    tab.work(462_000)
    signed = sign(filled)
    case = Case.objects.get(pk=signed.case_id)
    assert case.status == "signed" and case.holder is None
    assert signed.is_signed and signed.measured_ms == signed.total_ms == 462_000
    assert signed.band == "under_10"
    assert signed.work_status == "waiting" and signed.due_at is not None
    assert signed.attestation.startswith("I, Dana Sample, MD, personally spent 7 minutes 42 seconds on ")
    assert signed.attestation.endswith("7 min 42 s measured, none added. I had no live contact with the patient.")
    assert signed.date_of_service == timezone.localdate(signed.signed_at, case.group.zone)
    assert digest(signed.signed_record) == signed.content_sha256
    assert Delivery.objects.filter(review=signed, recipient_kind="patient").count() == 1
    assert CaseEvent.objects.get(case=case, verb="sign").data == {"review": str(signed.pk)}
    assert AuditEvent.objects.filter(verb="review.signed", subject_id=str(signed.pk)).count() == 1


def test_the_frozen_tape_is_what_an_auditor_computes_again(filled, tab, sign):
    tab.work(300_000)
    signed = sign(filled)
    data = storages.read(signed.tape_key)
    assert sha256(data).hexdigest() == signed.tape_sha256 == signed.signed_record["time"]["tape_sha256"]
    account = timekeeping.credit(tape.read_tape(gzip.decompress(data).decode().splitlines()))
    assert account.of(str(signed.specialist_id), str(signed.pk)).ms == 300_000
    for check in (invariants.measured_time_is_what_the_tape_says, invariants.signed_reviews_are_what_was_signed,
                  invariants.no_clinician_is_credited_twice_for_a_moment):  # fmt: skip
        assert list(check()) == []


def test_a_changed_record_is_found(filled, tab, sign):
    tab.work(60_000)
    signed = sign(filled)
    signed.signed_record["opinion"]["plan"] = "Nothing"
    with tampering():
        Review.objects.filter(pk=signed.pk).update(signed_record=signed.signed_record, measured_ms=1)
    assert len(list(invariants.signed_reviews_are_what_was_signed())) == 1
    assert len(list(invariants.measured_time_is_what_the_tape_says())) == 1


@pytest.mark.parametrize(
    ("ms", "band"),
    [
        (0, "none"),
        (1, "under_10"),
        (599_999, "under_10"),
        (600_000, "10_to_20"),
        (1_200_000, "10_to_20"),
        (1_200_001, "over_20"),
    ],
)
def test_bands_compare_whole_milliseconds(ms, band):
    assert band_of(ms) == band


@pytest.mark.parametrize("ms", [599_999, 600_000])
def test_ten_minutes_to_the_millisecond(filled, tab, sign, ms):
    tab.work(ms)
    assert sign(filled).measured_ms == ms


def test_a_number_that_differs_signs_nothing(filled, tab, sign):
    tab.work(60_000)
    with pytest.raises(NumberChanged):
        sign(filled, measured_ms=60_001)
    filled.refresh_from_db()
    assert not filled.is_signed and not Delivery.objects.exists()
    assert Case.objects.get(pk=filled.case_id).status == "in_review"


def test_text_changed_after_it_was_read_signs_nothing(filled, tab, sign, dana):
    tab.work(60_000)
    read = services.propose(filled).fingerprint
    services.save_draft(review=filled, by=dana, version=filled.version, plan="Another biopsy")
    with pytest.raises(NumberChanged):
        sign(filled, fingerprint=read)


def test_an_older_smaller_number_is_not_signed_when_work_went_on(filled, tab, sign, dana, clock):
    tab.work(590_000)
    read = services.propose(filled)
    older = {"last_beat_id": read.time.last_beat_id, "measured_ms": 590_000, "fingerprint": read.fingerprint}
    Tab(filled, dana, clock, "tab-2").work(45_000)
    with pytest.raises(NumberChanged):
        sign(filled, **older)
    assert sign(filled).measured_ms == 635_000


def test_beats_after_the_attested_one_that_count_nothing_change_nothing(filled, tab, sign, dana, clock):
    tab.work(60_000)
    read = services.propose(filled)
    Tab(filled, dana, clock, "tab-2").send("hidden")
    signed = sign(filled, last_beat_id=read.time.last_beat_id, fingerprint=read.fingerprint)
    assert signed.measured_ms == 60_000 and signed.last_beat_id == read.time.last_beat_id


def test_signing_twice_is_one_signature(filled, tab, sign):
    tab.work(60_000)
    first = sign(filled)
    again = sign(filled)
    assert (again.signed_at, again.content_sha256) == (first.signed_at, first.content_sha256)
    assert CaseEvent.objects.filter(verb="sign").count() == 1
    assert Delivery.objects.count() == 1


def test_the_sentence_must_be_ticked(filled, sign):
    with pytest.raises(ReviewRefused, match="Tick the sentence"):
        sign(filled, attested=False)


def test_nobody_signs_for_another(filled, sign, eli):
    with pytest.raises(ReviewRefused, match="another person's"):
        services.sign_review(review=filled, by=eli, last_beat_id=0, measured_ms=0, attested=True)


def test_no_beats_can_be_signed_and_say_so(filled, sign):
    signed = sign(filled)
    assert signed.measured_ms == 0 and signed.band == "none"
    assert "personally spent 0 seconds on" in signed.attestation


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"findings": " "}, "Write what you see."),
        ({"assessment": ""}, "Write what is most likely."),
        ({"plan": ""}, "Write the plan."),
        ({"patient_text": ""}, "Write the recommendation that the patient reads."),
        ({"photos_adequate": ""}, "Say whether the photos are enough to decide."),
        ({"photos_adequate": "no"}, "The photos are not enough to decide."),
        ({"codes": []}, "Choose a diagnosis code."),
        ({"codes": [HEADING]}, "D22.6 is a heading. Choose a more exact code."),
        ({"codes": [NEVUS_LEFT]}, "D22.62 says left, the case says right."),
    ],
)
def test_each_interlock_holds_the_signature(filled, sign, dana, changes, text):
    changed, _ = services.save_draft(review=filled, by=dana, version=filled.version, **changes)
    assert text in held_by(changed)
    with pytest.raises(NotReadyToSign):
        sign(changed)
    changed.refresh_from_db()
    assert not changed.is_signed


def test_no_opinion_needs_neither_code_nor_assessment(filled, sign, dana):
    changed, _ = services.save_draft(
        review=filled, by=dana, version=filled.version, codes=[], assessment="", photos_adequate="no", no_opinion=True
    )
    assert held_by(changed) == []
    assert sign(changed).signed_record["opinion"]["no_opinion"] is True


def test_a_licence_that_ended_since_the_claim_holds_the_signature(filled, sign, dana):
    Licence.objects.filter(practitioner__user=dana).update(valid_until=timezone.localdate() - timedelta(days=1))
    filled.refresh_from_db()
    filled.case.refresh_from_db()
    assert held_by(filled) == ["Your license for OH is not valid today, so this cannot be signed."]
    with pytest.raises(NotReadyToSign):
        sign(filled)


def test_a_later_date_than_the_release_is_shown_but_allowed(filled, sign):
    tones = {check.text: check.tone for check in signing_checks(filled)}
    verified = timezone.localdate().isoformat() <= "2026-09-30"
    assert verified or tones[f"{NEVUS_RIGHT} not verified for this date"] == "wait"
    assert sign(filled).is_signed


def test_a_full_storage_signs_nothing(filled, sign, monkeypatch, settings, tmp_path):
    (tmp_path / "storage").write_text("a file where the folder should be")
    settings.VAR, settings.STORAGE_URL = tmp_path, ""
    with pytest.raises(OSError):
        sign(filled)
    filled.refresh_from_db()
    assert not filled.is_signed


def test_the_database_itself_refuses_a_second_signed_review(filled, sign, eli):
    signed = sign(filled)
    columns = {
        f.attname: getattr(signed, f.attname)
        for f in Review._meta.concrete_fields
        if f.name not in {"id", "specialist"}
    }
    with pytest.raises(IntegrityError, match="one_signed_review_per_case|UNIQUE"), transaction.atomic():
        Review.objects.create(**columns, specialist=eli)


def test_the_database_itself_refuses_a_signature_without_its_parts(filled, sign):
    signed = sign(filled)
    for broken in (
        {"attestation": ""},
        {"content_sha256": ""},
        {"measured_ms": None},
        {"signed_at": None},
        {"measured_ms": -1},
    ):
        with tampering(), pytest.raises(IntegrityError, match="constraint|CHECK"), transaction.atomic():
            Review.objects.filter(pk=signed.pk).update(**broken)


@pytest.mark.parametrize(
    "changed",
    [{"plan": "Nothing"}, {"measured_ms": 1}, {"attestation": "Less"}, {"signed_record": {}}, {"tape_sha256": "00"},
     {"signed_at": None, "status": "draft"}, {"band": "over_20"}],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_the_database_itself_refuses_to_change_what_was_signed(filled, sign, changed):
    signed = sign(filled)
    with pytest.raises(IntegrityError, match="is frozen"), transaction.atomic():
        Review.objects.filter(pk=signed.pk).update(**changed)
    with pytest.raises(IntegrityError, match="is frozen"), transaction.atomic():
        Review.objects.filter(pk=signed.pk)._raw_delete("default")
    assert Review.objects.filter(pk=signed.pk).update(work_status="done") == 1, "the charge's work goes on"


def test_every_column_that_the_signature_covers_is_frozen():
    free = {"id", "version", "created_at", "saved_at", "handover_note"} | {f.attname for f in WorkRow._meta.fields}
    assert {f.attname for f in Review._meta.fields} - free == set(Review.FROZEN)
    assert set(_TEXT_FIELDS) <= set(Review.FROZEN)


@pytest.mark.parametrize(
    ("ms", "words"),
    [(0, "0 seconds"), (999, "0 seconds"), (1_000, "1 second"), (60_000, "1 minute"), (61_500, "1 minute 1 second"),
     (599_999, "9 minutes 59 seconds"), (600_000, "10 minutes"), (3_723_000, "62 minutes 3 seconds")],
)  # fmt: skip
def test_lengths_in_full_words(ms, words):
    assert in_words(ms) == words


def test_each_day_worked_is_named_and_adds_up(group):
    midnight = 1_764_046_800_000  # Nov 25, 2025, 0:00 in New York
    days = by_day([(midnight - 90_500, midnight + 30_500)], group.zone)
    assert list(days.values()) == [90_500, 30_500]
    text = attestation(name="Dana", measured_ms=121_000, added=[], days=days, today=max(days), live_contact=True)
    assert "2 minutes 1 second (1 minute 30 seconds on November 24, 2025 and 31 seconds on November 25, 2025)" in text
    assert text.endswith("I had live contact with the patient.")


@pytest.mark.parametrize(
    ("words", "side"),
    [
        ("right upper limb", "right"),
        ("left eye", "left"),
        ("bilateral", "both"),
        ("unspecified", ""),
        ("right or left", ""),
    ],
)
def test_side_named_by_a_code(words, side):
    assert side_of(words) == side


def test_the_record_carries_no_later_edit(filled, tab, sign, dana):
    tab.work(60_000)
    signed = sign(filled)
    dana.last_name = "Other"
    dana.save()
    signed.refresh_from_db()
    assert signed.signed_record["signer"]["name"] == "Dana Sample, MD"
    assert json.dumps(signed.signed_record)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-21T04:59:59+00:00", date(2026, 11, 20)), ("2026-11-21T05:00:00+00:00", date(2026, 11, 21)),
        # an hour earlier while the clocks are set to summer
        ("2026-07-21T03:59:59+00:00", date(2026, 7, 20)), ("2026-07-21T04:00:00+00:00", date(2026, 7, 21)),
    ],
)  # fmt: skip
def test_the_day_of_service_turns_at_the_practices_own_midnight(filled, sign, at, day):
    with time_machine.travel(at, tick=False):
        assert sign(filled).date_of_service == day
