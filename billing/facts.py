"""From rows to facts: everything that a decision rests on, read once and kept with it."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from billing import rules, scrub
from billing.models import (
    Alignment,
    BilledElsewhere,
    ChargeLine,
    ClinicianQuery,
    Fee,
    HcpcsCode,
    Payer,
    PayerPolicy,
    Programme,
    RosterEntry,
    Submitter,
)
from intake.models import CaseStatus, Coverage
from review.models import Icd10Code, Review

G2010_DAYS = 7  # G2010 may not come from a related visit of the week before; nor may we bill its photographs again


@dataclass(frozen=True)
class Gathered:
    facts: rules.Facts
    snapshot: dict
    payer: Payer | None
    programme: Programme | None


@dataclass(frozen=True)
class Asked:
    """What somebody asks about instead of what is recorded: another day, another payer. Nothing is written."""

    day: date | None = None
    payer_code: str = ""
    plan: str = ""


def gather(review: Review, line: ChargeLine | None = None, asked: Asked | None = None) -> Gathered:
    """Facts and claim snapshot of a signed review as they are now, for its date of service."""
    asked = asked or Asked()
    day = asked.day or review.date_of_service
    today = timezone.localdate(timezone=ZoneInfo(review.time_zone))
    case = review.case
    coverage = _coverage(case.patient, day, asked)
    payer = Payer.objects.filter(code=coverage.payer_code).first() if coverage else None
    alignment, programme = _programme(case.patient_id, day)
    code = rules.code_for(review.total_ms)
    fee = Fee.objects.on(day).filter(group=case.group, code=code).order_by("-valid_from").first()
    policy = PayerPolicy.objects.on(day).filter(payer=payer).order_by("-valid_from").first() if payer else None
    roster = _roster(programme, review, day)
    hcpcs = HcpcsCode.objects.on(day).filter(code=code).first()
    deliveries = list(review.deliveries.filter(addendum__isnull=True))
    snapshot = _snapshot(review, coverage, payer, programme, code, fee, deliveries) | {
        "date_of_service": str(day),
        "rows": _rows(programme=programme, alignment=alignment, roster=roster, fee=fee, policy=policy, hcpcs=hcpcs),
    }
    facts = rules.Facts(
        date_of_service=day,
        decided_on=max(today, day) if asked.day else today,
        total_ms=review.total_ms,
        lost_ms=review.lost_ms or 0,
        is_delivered=bool(deliveries) and all(delivery.has_it for delivery in deliveries),
        payer_code=coverage.payer_code if coverage else "",
        plan=coverage.plan if coverage else "",
        payer_pays=policy.pays if policy else None,
        programme=programme.key if programme else "",
        programme_active=bool(programme and programme.is_valid_on(day)),
        programme_confirmed=bool(programme and programme.is_confirmed),
        programme_covers_code=bool(programme and code in programme.codes),
        is_aligned=bool(alignment and alignment.is_valid_on(day)),
        is_rostered=roster is not None,
        amount=fee.amount if fee else None,
        diagnoses=tuple(_diagnosis(d.icd10cm, day) for d in review.diagnoses.all()),
        claim_problems=scrub.problems(snapshot) if payer else (),
        no_opinion=review.no_opinion or review.photos_adequate == "no",
        second_opinion=review.second_opinion,
        is_redirected=case.status == CaseStatus.REDIRECTED,
        filed_in_error=case.filed_in_error_at is not None,
        live_contact=review.live_contact,
        time_disputed=bool(review.time_dispute),
        is_duplicate=_is_duplicate(review, day, code, line),
        needs_correction=_needs_correction(review, line),
        too_short_seconds=settings.TIME_TOO_SHORT_SECONDS,
        released=frozenset(line.all_releases().values_list("code", flat=True)) if line else frozenset(),
        is_signed=review.is_signed,
        query_open=ClinicianQuery.objects.open().filter(review=review).exists(),
        g2010_conflict=_g2010(case.patient_id, day),
        code_is_valid=hcpcs is not None,
        has_submitter=bool(payer and Submitter.objects.filter(group=case.group, payer=payer).exists()),
        date_of_birth=case.patient.date_of_birth,
    )
    return Gathered(facts, snapshot, payer, programme)


def _coverage(patient, day: date, asked: Asked) -> Coverage | None:
    found = patient.coverage_on(day)
    if not asked.payer_code:
        return found
    plan = asked.plan or ("original" if asked.payer_code == rules.MEDICARE else "commercial")
    same = found is not None and found.payer_code == asked.payer_code
    return Coverage(
        patient=patient, payer_code=asked.payer_code, plan=plan, valid_from=day, member_id=found.member_id if same else ""
    )  # fmt: skip


def _programme(patient_id, day: date) -> tuple[Alignment | None, Programme | None]:
    """The patient's alignment on that day, or the last one before it, with the version of its model for that day."""
    rows = list(Alignment.objects.standing().filter(patient=patient_id).select_related("programme"))
    if not rows:
        return None, None
    keys = {row.programme.key for row in rows}
    versions: dict[str, Programme] = {}
    for programme in Programme.objects.standing().filter(key__in=keys).order_by("valid_from"):
        # the version of that day, or else the last one
        if programme.key not in versions or programme.valid_from <= day:
            versions[programme.key] = programme

    def model(row: Alignment) -> Programme:
        return versions.get(row.programme.key, row.programme)

    today = [row for row in rows if row.is_valid_on(day)]
    if today:
        # of two, the one that is active and confirmed
        best = max(today, key=lambda row: (model(row).is_valid_on(day), model(row).is_confirmed, row.valid_from))
    else:
        best = max(rows, key=lambda row: row.valid_from)
    return best, model(best)


def _roster(programme: Programme | None, review: Review, day: date) -> RosterEntry | None:
    practitioner = getattr(review.specialist, "practitioner", None)
    if not programme or not practitioner:
        return None
    entries = RosterEntry.objects.on(day).filter(programme__key=programme.key, practitioner=practitioner)
    return entries.filter(tin=review.case.group.tin).first()


def roster_of(patient, users, day: date) -> tuple[str, set]:
    """(model that the patient is aligned to that day, those of these users who are on its roster); "" without a model.

    For routing, long before there is a review.
    """
    alignment, programme = _programme(patient.pk, day)
    if alignment is None or programme is None or not alignment.is_valid_on(day):
        return "", set()
    rows = RosterEntry.objects.on(day).filter(programme__key=programme.key, practitioner__user__in=users)
    return programme.name, set(rows.values_list("practitioner__user", flat=True))


def _diagnosis(code: str, day: date) -> rules.Diagnosis:
    plain = code.replace(".", "")
    row = Icd10Code.objects.filter(code__in=(code, plain)).first()
    if row is None:
        return rules.Diagnosis(plain, False, False)
    fits = row.billable and (row.valid_until is None or day <= row.valid_until)
    return rules.Diagnosis(plain, True, fits, row.is_verified_on(day))


def _is_duplicate(review: Review, day: date, code: str, line: ChargeLine | None) -> bool:
    others = ChargeLine.objects.live().filter(
        review__case__patient=review.case.patient_id,
        review__specialist=review.specialist_id,
        date_of_service=day,
        code=code,
    )
    others = others.exclude(status=ChargeLine.Status.NOT_BILLABLE).exclude(review=review)
    # the line that was first stays as it is; the later one is the duplicate
    return (others.filter(created_at__lt=line.created_at) if line else others).exists()


def _needs_correction(review: Review, line: ChargeLine | None) -> bool:
    settled = line.corrected_at if line else None
    return any(
        addendum.changes_the_charge and not (settled and addendum.created_at <= settled)
        for addendum in review.addenda.all()
    )


def _g2010(patient_id, day: date) -> bool:
    days = (day - timedelta(days=G2010_DAYS), day + timedelta(days=1))
    found = BilledElsewhere.objects.filter(patient=patient_id, code="G2010", date_of_service__range=days)
    return found.filter(withdrawn_at__isnull=True).exists()


def _rows(**rows) -> dict:
    """The reference rows that the facts were read from, as they are now: kept with the line, whatever comes after."""
    return {name: describe(row) for name, row in rows.items() if row is not None}


def describe(row) -> dict:
    """A reference row in plain values, its relations by their names."""
    values = {}
    for field in row._meta.concrete_fields:
        if field.name == "withdrawn_at":
            continue
        value = getattr(row, field.name)
        values[field.name] = value if isinstance(value, bool | int | list) or value is None else str(value)
    return values


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
