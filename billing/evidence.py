"""The proof of a line in one plain value, for an auditor: time, facts and reference rows as they were, what was delivered,
what was decided, sent and answered, and the seals of the audit trail that witness it. No clinical words, no photographs.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from django.db.models import Q

from billing.models import ChargeLine
from billing.rules import RULE_VERSION
from config.audit.models import AuditEvent
from review.beats import review_time
from review.models import Review

_LOOKS = r"(viewed|listed|opened|downloaded|asked_what_if)$"
FORM = "dermforward charge evidence 1"


def of(line: ChargeLine) -> dict:
    """JSON-ready. The same line, read again without anything new about it, gives the same evidence and fingerprint."""
    review = line.review
    versions = list(review.charge_lines.order_by("version"))
    body = {
        "form": FORM,
        "line": _line(line),
        "versions": [{"line": one.number, "version": one.version, "status": one.status} for one in versions],
        "review": _review(review),
        "time": time_of(review),
        "decisions": [_decision(row) for row in line.decisions.order_by("pk")],
        "rule_version_now": RULE_VERSION,
        "reference_rows": line.snapshot.get("rows", {}),
        "claim": {name: value for name, value in line.snapshot.items() if name != "rows"},
        "deliveries": [_delivery(row) for row in review.deliveries.select_related("recipient", "told_by", "addendum")],
        "releases": [
            {"code": row.code, "by": str(row.by), "at": _moment(row.at), "reason": row.reason}
            for row in line.all_releases().select_related("by").order_by("pk")
        ],
        "questions": [
            {
                "question": row.question, "asked_by": str(row.asked_by), "asked_at": _moment(row.asked_at),
                "answer": row.answer, "closed_by": str(row.closed_by or ""), "closed_at": _moment(row.closed_at),
                "how": row.closed_how,
            }
            for row in review.billing_queries.select_related("asked_by", "closed_by").order_by("pk")
        ],
        "batches": [_batch_line(row) for row in line.batch_lines.select_related("batch").prefetch_related("batch__files")],
        "payer_answers": [
            {
                "kind": row.transaction.kind, "at": _moment(row.transaction.at), "verdict": row.verdict,
                "charged": str(row.charged), "paid": str(row.paid), "payer_claim_number": row.payer_claim_number,
            }
            for row in line.payer_answers.select_related("transaction").order_by("pk")
        ],
        "postings": [
            {"category": row.category, "amount": str(row.amount), "at": _moment(row.at), "reason_code": row.reason_code}
            for row in line.postings.order_by("pk")
        ],
        "audit": audit_of(line, versions),
    }  # fmt: skip
    return body | {"fingerprint": fingerprint(body)}


def fingerprint(body: dict) -> str:
    """SHA-256 over the evidence without its fingerprint, keys in order, no spaces: an auditor can make it again."""
    plain = {name: value for name, value in body.items() if name != "fingerprint"}
    return sha256(json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def as_bytes(evidence: dict) -> bytes:
    return json.dumps(evidence, indent=2, sort_keys=True, ensure_ascii=False).encode()


def _line(line: ChargeLine) -> dict:
    return {
        "number": line.number,
        "version": line.version,
        "status": line.status,
        "code": line.code,
        "amount": None if line.amount is None else f"{line.amount:.2f}",
        "date_of_service": str(line.date_of_service),
        "payer": str(line.payer or ""),
        "programme": str(line.programme or ""),
        "programme_version": line.programme.version if line.programme else None,
        "holds": line.hold_codes,
        "warnings": [warning["code"] for warning in line.warnings],
        "created_at": _moment(line.created_at),
        "void_reason": line.void_reason,
        "not_billable_reason": line.not_billable_reason,
        "frequency_code": line.frequency_code,
        "payer_claim_number": line.payer_claim_number,
    }


def _review(review: Review) -> dict:
    record = review.signed_record or {}
    return {
        "id": str(review.pk),
        "case_number": review.case.number,
        "patient": review.case.patient.name,
        "specialist": str(review.specialist),
        "npi": (record.get("signer") or {}).get("npi", ""),
        "licences": (record.get("signer") or {}).get("licences", []),
        "signed_at": _moment(review.signed_at),
        "time_zone": review.time_zone,
        "attestation": review.attestation,
        "content_sha256": review.content_sha256,
        "tape_sha256": review.tape_sha256,
        "addenda": [
            {"at": _moment(row.created_at), "changes": [name for name, yes in sorted(row.changes.items()) if yes]}
            for row in review.addenda.order_by("created_at")
        ],
    }


def time_of(review: Review) -> dict:
    """As it was signed, and as the kept beats give it today. Notes to added time are the specialist's own words."""
    signed = (review.signed_record or {}).get("time") or {}
    today = review_time(review, review.last_beat_id)
    return {
        "measured_ms": review.measured_ms,
        "added_ms": review.added_ms,
        "lost_ms": review.lost_ms,
        "total_ms": review.total_ms,
        "recomputed_ms": today.measured_ms,
        "is_the_same": today.measured_ms == review.measured_ms,
        "intervals_ms": signed.get("intervals_ms", [list(interval) for interval in today.intervals]),
        "not_counted_ms": signed.get("not_counted_ms", []),
        "added": [
            {"start_ms": row["start_ms"], "stop_ms": row["stop_ms"], "reason": row["reason"]}
            for row in signed.get("added", [])
        ],
        "idle_ms": signed.get("idle_ms"),
        "gap_ms": signed.get("gap_ms"),
        "disputed": review.time_dispute,
    }


def _decision(row) -> dict:
    return {
        "at": _moment(row.at),
        "rule_version": row.rule_version,
        "status": row.status,
        "code": row.code,
        "amount": None if row.amount is None else f"{row.amount:.2f}",
        "holds": row.holds,
        "reason": row.reason,
        "facts": row.facts,
        "facts_sha256": row.facts_sha256,
    }


def _delivery(row) -> dict:
    return {
        "to": row.get_recipient_kind_display(),
        "recipient": str(row.recipient or ""),
        "of": "addendum" if row.addendum_id else "recommendation",
        "visible_at": _moment(row.visible_at),
        "notice_sent_at": _moment(row.notice_sent_at),
        "told_at": _moment(row.told_at),
        "told_how": row.get_told_how_display() if row.told_how else "",
        "told_by": str(row.told_by or ""),
        "opened_at": _moment(row.opened_at),
        "acknowledged_at": _moment(row.acknowledged_at),
        "has_it": row.has_it,
    }


def _batch_line(row) -> dict:
    return {
        "batch": row.batch.number,
        "status": row.batch.status,
        "position": row.position,
        "exported_at": _moment(row.batch.exported_at),
        "sent_at": _moment(row.batch.sent_at),
        "is_live": row.is_live,
        "files": [
            {"name": file.name, "sha256": file.sha256, "control_number": file.control_number}
            for file in row.batch.files.all()
        ],
    }


def audit_of(line: ChargeLine, versions: Iterable[ChargeLine]) -> list[dict]:
    """What changed something about the line, its review and its deliveries; who only looked is in the trail itself."""
    review = line.review
    about = Q(subject_type="billing.chargeline", subject_id__in=[str(one.pk) for one in versions])
    about |= Q(subject_type="review.review", subject_id=str(review.pk))
    keys = [str(pk) for pk in review.deliveries.values_list("pk", flat=True)]
    about |= Q(subject_type="review.delivery", subject_id__in=keys)
    events = AuditEvent.objects.filter(about).exclude(verb__regex=_LOOKS).select_related("actor", "seal").order_by("pk")
    return [
        {
            "at": _moment(event.at),
            "verb": event.verb,
            "by": str(event.actor) if event.actor else "the program",
            "role": event.role,
            "seal": event.seal.position if hasattr(event, "seal") else None,
            "seal_sha256": event.seal.digest if hasattr(event, "seal") else "",
        }
        for event in events
    ]


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
