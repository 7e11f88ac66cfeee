"""From rows to facts: everything that a decision rests on, read once and kept with it."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from billing import rules, scrub
from billing.known import Known, describe
from billing.models import Alignment, ChargeLine, Payer, Programme, RosterEntry
from intake.models import CaseStatus, Coverage
from review.models import Addendum, Icd10Code, Review

__all__ = ["Asked", "Gathered", "describe", "gather", "roster_of"]


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


def gather(
    review: Review, line: ChargeLine | None = None, asked: Asked | None = None, known: Known | None = None
) -> Gathered:
    """Facts and claim snapshot of a signed review as they are now, for its date of service.

    `known` holds what many reviews rest on, read together; without it, it is read for this one.
    """
    asked, known = asked or Asked(), known or Known([review])
    day = asked.day or review.date_of_service
    today = timezone.localdate(timezone=ZoneInfo(review.time_zone))
    case = review.case
    coverage = _coverage(case.patient, known.coverage(case.patient_id, day), day, asked)
    payer = known.payers.get(coverage.payer_code) if coverage else None
    alignment, programme = _programme(case.patient_id, day, known.alignments(case.patient_id), known.programmes)
    code = rules.code_for(review.total_ms)
    fee = known.fee(case.group_id, code, day)
    policy = known.policy(payer, day)
    roster = known.roster(programme, review, day)
    hcpcs = known.hcpcs(code, day)
    deliveries = known.deliveries(review)
    diagnoses = known.diagnoses(review)
    snapshot = _snapshot(review, coverage, payer, programme, code, fee, deliveries, diagnoses) | {
        "date_of_service": str(day),
        "rows": _rows(
            known, programme=programme, alignment=alignment, roster=roster, fee=fee, policy=policy, hcpcs=hcpcs
        ),
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
        diagnoses=tuple(_diagnosis(code, known.icd(code, day), day) for code in diagnoses),
        claim_problems=scrub.problems(snapshot) if payer else (),
        no_opinion=review.no_opinion or review.photos_adequate == "no",
        second_opinion=review.second_opinion,
        is_redirected=case.status == CaseStatus.REDIRECTED,
        filed_in_error=case.filed_in_error_at is not None,
        live_contact=review.live_contact,
        time_disputed=bool(review.time_dispute),
        is_duplicate=known.is_duplicate(review, day, code, line),
        needs_correction=_needs_correction(known.addenda(review), line),
        too_short_seconds=settings.TIME_TOO_SHORT_SECONDS,
        released=frozenset(line.all_releases().values_list("code", flat=True)) if line else frozenset(),
        is_signed=review.is_signed,
        query_open=known.has_open_query(review),
        g2010_conflict=known.g2010(case.patient_id, day),
        code_is_valid=hcpcs is not None,
        has_submitter=known.has_submitter(case.group_id, payer),
        date_of_birth=case.patient.date_of_birth,
    )
    return Gathered(facts, snapshot, payer, programme)


def _coverage(patient, found: Coverage | None, day: date, asked: Asked) -> Coverage | None:
    if not asked.payer_code:
        return found
    plan = asked.plan or ("original" if asked.payer_code == rules.MEDICARE else "commercial")
    same = found is not None and found.payer_code == asked.payer_code
    return Coverage(
        patient=patient, payer_code=asked.payer_code, plan=plan, valid_from=day, member_id=found.member_id if same else ""
    )  # fmt: skip


def _programme(
    patient_id, day: date, rows: list[Alignment] | None = None, programmes: list[Programme] | None = None
) -> tuple[Alignment | None, Programme | None]:
    """The patient's alignment on that day, or the last one before it, with the version of its model for that day."""
    if rows is None:
        rows = list(Alignment.objects.standing().filter(patient=patient_id).select_related("programme"))
    if programmes is None:
        programmes = list(Programme.objects.standing().order_by("valid_from"))
    if not rows:
        return None, None
    keys = {row.programme.key for row in rows}
    versions: dict[str, Programme] = {}
    for programme in (one for one in programmes if one.key in keys):
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


def roster_of(patient, users, day: date) -> tuple[str, set]:
    """(model that the patient is aligned to that day, those of these users who are on its roster); "" without a model.

    For routing, long before there is a review.
    """
    alignment, programme = _programme(patient.pk, day)
    if alignment is None or programme is None or not alignment.is_valid_on(day):
        return "", set()
    rows = RosterEntry.objects.on(day).filter(programme__key=programme.key, practitioner__user__in=users)
    return programme.name, set(rows.values_list("practitioner__user", flat=True))


def _diagnosis(code: str, row: Icd10Code | None, day: date) -> rules.Diagnosis:
    plain = code.replace(".", "")
    if row is None:
        return rules.Diagnosis(plain, False, False)
    return rules.Diagnosis(plain, True, row.is_billable_on(day), row.is_verified_on(day))


def _needs_correction(addenda: list[Addendum], line: ChargeLine | None) -> bool:
    settled = line.corrected_at if line else None
    return any(addendum.changes_the_charge and not (settled and addendum.created_at <= settled) for addendum in addenda)


def _rows(known: Known, **rows) -> dict:
    """The reference rows that the facts were read from, as they are now: kept with the line, whatever comes after."""
    return {name: known.described(row) for name, row in rows.items() if row is not None}


def _snapshot(review, coverage: Coverage | None, payer, programme, code: str, fee, deliveries, diagnoses) -> dict:
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
        "diagnoses": [diagnosis.replace(".", "") for diagnosis in diagnoses],
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
