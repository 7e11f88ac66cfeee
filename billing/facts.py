"""From rows to facts: everything that a decision rests on, read once and kept with it."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from billing import rules, scrub
from billing.models import Alignment, ChargeLine, Fee, Payer, PayerPolicy, Programme, RosterEntry
from intake.models import CaseStatus, Coverage
from review.models import Icd10Code, Review


@dataclass(frozen=True)
class Gathered:
    facts: rules.Facts
    snapshot: dict
    payer: Payer | None
    programme: Programme | None


def gather(review: Review, line: ChargeLine | None = None) -> Gathered:
    """Facts and claim snapshot of a signed review as they are now, for its date of service."""
    day = review.date_of_service
    case = review.case
    coverage = case.patient.coverage_on(day)
    payer = Payer.objects.filter(code=coverage.payer_code).first() if coverage else None
    programme, aligned = _programme(case.patient_id, day)
    code = rules.code_for(review.total_ms)
    fee = Fee.objects.on(day).filter(group=case.group, code=code).order_by("-valid_from").first()
    deliveries = list(review.deliveries.filter(addendum__isnull=True))
    snapshot = _snapshot(review, coverage, payer, programme, code, fee, deliveries)
    facts = rules.Facts(
        date_of_service=day,
        decided_on=timezone.localdate(timezone=ZoneInfo(review.time_zone)),
        total_ms=review.total_ms,
        lost_ms=review.lost_ms or 0,
        is_delivered=bool(deliveries) and all(delivery.has_it for delivery in deliveries),
        payer_code=coverage.payer_code if coverage else "",
        plan=coverage.plan if coverage else "",
        payer_pays=_policy(payer, day),
        programme=programme.key if programme else "",
        programme_active=bool(programme and programme.is_valid_on(day)),
        programme_confirmed=bool(programme and programme.is_confirmed),
        programme_covers_code=bool(programme and code in programme.codes),
        is_aligned=aligned,
        is_rostered=_rostered(programme, review, day),
        amount=fee.amount if fee else None,
        diagnoses=tuple(_diagnosis(d.icd10cm, day) for d in review.diagnoses.all()),
        claim_problems=scrub.problems(snapshot) if payer else (),
        no_opinion=review.no_opinion or review.photos_adequate == "no",
        second_opinion=review.second_opinion,
        is_redirected=case.status == CaseStatus.REDIRECTED,
        live_contact=review.live_contact,
        time_disputed=bool(review.time_dispute),
        is_duplicate=_is_duplicate(review, code, line),
        needs_correction=any(addendum.changes_the_charge for addendum in review.addenda.all()),
        too_short_seconds=settings.TIME_TOO_SHORT_SECONDS,
        released=frozenset(line.releases.values_list("code", flat=True)) if line else frozenset(),
    )
    return Gathered(facts, snapshot, payer, programme)


def _programme(patient_id, day: date) -> tuple[Programme | None, bool]:
    """The model of the patient on that day, or the last one before it; and whether the patient was aligned that day."""
    rows = Alignment.objects.filter(patient=patient_id).select_related("programme")
    today = [row for row in rows if row.is_valid_on(day)]
    if today:
        # of two, the one that is active and confirmed
        best = max(today, key=lambda row: (row.programme.is_valid_on(day), row.programme.is_confirmed, row.valid_from))
        return best.programme, True
    last = max(rows, key=lambda row: row.valid_from, default=None)
    return (last.programme if last else None), False


def _policy(payer: Payer | None, day: date) -> bool | None:
    policy = PayerPolicy.objects.on(day).filter(payer=payer).order_by("-valid_from").first() if payer else None
    return policy.pays if policy else None


def _rostered(programme: Programme | None, review: Review, day: date) -> bool:
    practitioner = getattr(review.specialist, "practitioner", None)
    return bool(
        programme
        and practitioner
        and RosterEntry.objects.on(day)
        .filter(programme=programme, practitioner=practitioner, tin=review.case.group.tin)
        .exists()
    )


def _diagnosis(code: str, day: date) -> rules.Diagnosis:
    plain = code.replace(".", "")
    row = Icd10Code.objects.filter(code__in=(code, plain)).first()
    if row is None:
        return rules.Diagnosis(plain, False, False)
    fits = row.billable and (row.valid_until is None or day <= row.valid_until)
    return rules.Diagnosis(plain, True, fits)


def _is_duplicate(review: Review, code: str, line: ChargeLine | None) -> bool:
    others = ChargeLine.objects.live().filter(
        review__case__patient=review.case.patient_id,
        review__specialist=review.specialist_id,
        date_of_service=review.date_of_service,
        code=code,
    )
    others = others.exclude(status=ChargeLine.Status.NOT_BILLABLE).exclude(review=review)
    # the earlier line stays as it is; the later one is the duplicate
    return (others.filter(pk__lt=line.pk) if line else others).exists()


def _snapshot(review, coverage: Coverage | None, payer, programme, code: str, fee, deliveries) -> dict:
    """The claim as it would be sent, frozen with the line: later edits of people and clinics never alter history."""
    case, patient, group = review.case, review.case.patient, review.case.group
    practitioner = getattr(review.specialist, "practitioner", None)
    allowed = list(programme.places_of_service) if programme else ["10", "02"]
    from_home = case.started_by_id == patient.user_id
    usual = "10" if from_home else "02"
    modifier = programme.modifier if programme else "00"
    has_it = [delivery.told_at or delivery.notice_sent_at for delivery in deliveries if delivery.has_it]
    referrer = case.referring_clinician
    return {
        "claim_id": "",
        "case_number": case.number,
        "code": code,
        "modifier": "" if modifier == "00" else modifier,
        "pos": usual if usual in allowed else (allowed[0] if allowed else usual),
        "allowed_pos": allowed,
        "amount": f"{fee.amount:.2f}" if fee else "",
        "date_of_service": str(review.date_of_service),
        "decided_on": str(timezone.localdate()),
        "diagnoses": [diagnosis.icd10cm.replace(".", "") for diagnosis in review.diagnoses.all()],
        "demo_number": programme.demo_number if programme and programme.send_demo_number else "",
        "review_ms": review.total_ms,
        "review_started_at": case.claimed_at.isoformat() if case.claimed_at else "",
        "signed_at": review.signed_at.isoformat(),
        "delivered_at": max(has_it).isoformat() if has_it and len(has_it) == len(deliveries) else "",
        "content_sha256": review.content_sha256,
        "patient": {
            "first_name": patient.first_name,
            "middle_name": patient.middle_name,
            "last_name": patient.last_name,
            "date_of_birth": str(patient.date_of_birth),
            "sex": patient.administrative_sex,
            "address_line1": patient.address_line1,
            "address_line2": patient.address_line2,
            "city": patient.city,
            "state": patient.state,
            "zip_code": patient.zip_code,
            "member_id": coverage.member_id if coverage else "",
        },
        "payer": {
            "code": payer.code if payer else "",
            "name": payer.name if payer else "",
            "payer_id": payer.payer_id if payer else "",
            "claim_filing_code": payer.claim_filing_code if payer else "",
        },
        "rendering": _provider(review.specialist, practitioner),
        "referring": _provider(referrer, getattr(referrer, "practitioner", None)) if referrer else {},
        "billing": {
            "name": group.name,
            "npi": group.npi,
            "tin": group.tin,
            "taxonomy_code": group.taxonomy_code,
            "address_line1": group.address_line1,
            "address_line2": group.address_line2,
            "city": group.city,
            "state": group.state,
            "zip_code": group.zip_code,
        },
        "programme": {
            "key": programme.key,
            "name": programme.name,
            "demo_number": programme.demo_number,
            "entity_id": programme.entity_id,
        }
        if programme
        else {},
    }


def _provider(user, practitioner) -> dict:
    return {
        "first_name": user.first_name,
        "last_name": user.last_name,
        "npi": practitioner.npi if practitioner else "",
        "taxonomy_code": practitioner.taxonomy_code if practitioner else "",
    }
