"""One line: the proof behind it, and what a biller does with it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing import evidence, payer_words, queries, rules, services
from billing.models import ChargeLine, PayerAnswer
from billing.places import with_places
from billing.rules import BY_CODE
from config.accounts.access import role_required
from config.audit.services import record_view
from review.views.spans import spans_of

NOT_PAID_IN_FULL = ("rejected", "partly_paid", "denied")


def line_of(request: HttpRequest, uid) -> ChargeLine:
    lines = ChargeLine.objects.visible_to(request.user).select_related(
        "review__case__patient",
        "review__case__group",
        "review__specialist__practitioner",
        "payer",
        "programme",
        "group",
    )
    return get_object_or_404(lines, uid=uid)


@role_required("biller")
def line(request: HttpRequest, uid) -> HttpResponse:
    """The proof: what was counted, the facts as they were, each decision, who has the recommendation."""
    line = line_of(request, uid)
    record_view(request, "charge.viewed", line)
    review, proof = line.review, evidence.of(line)
    spans = spans_of(proof["time"], None)
    asked = review.billing_queries.select_related("asked_by", "closed_by").order_by("-pk")
    context = {
        "line": line,
        "review": review,
        "proof": proof,
        "spans": spans,
        "bars": _bars(spans),
        "not_counted_ms": sum(span["ms"] for span in spans if not span["counts"]),
        "added": review.added_times.all(),
        "deliveries": review.deliveries.select_related("recipient"),
        "decisions": [(decision, _sentences(decision.holds)) for decision in line.decisions.order_by("-pk")],
        "releases": line.all_releases().select_related("by"),
        "batch": line.batch_lines.filter(is_live=True).select_related("batch").first(),
        "holds": [hold | {"releasable": hold["code"] in line.releasable} for hold in with_places(line)],
        "payer_said": _what_the_payer_said(line),
        "warnings": with_places(line, line.warnings),
        "may_print": line.may_be_printed,
        "versions": [one for one in review.charge_lines.order_by("version") if one.pk != line.pk],
        "day_facts": _facts_of_the_day(line, proof),
        "rows": _rows(proof["reference_rows"]),
        "queries": asked,
        "may_ask": line.status in queries.ASKABLE and not asked.filter(closed_at__isnull=True).exists(),
        "may_correct": line.needs_correction and line.status in queries.ASKABLE,
        "may_void": line.status in services.VOIDABLE,
        "deadline": rules.filing_deadline(line.date_of_service),
    }
    return render(request, "billing/line.html", context)


def _sentences(codes: list[str]) -> list[tuple[str, str]]:
    """Each hold with its sentence; a code that the gate no longer has stands for itself."""
    return [(code, BY_CODE[code].sentence if code in BY_CODE else "") for code in codes]


def _what_the_payer_said(line: ChargeLine) -> list[str] | None:
    """Why the payer does not pay this line in full; None where nothing is to be put right."""
    if line.status not in NOT_PAID_IN_FULL:
        return None
    last = PayerAnswer.objects.about(line).exclude(verdict="accepted").first()
    return payer_words.of_answer(last) if last else []


def _bars(spans: list[dict]) -> list[dict]:
    """The stretches as parts of a line of 1000: where they lie between the first and the last moment."""
    if not spans:
        return []
    low, high = spans[0]["start"], max(span["end"] for span in spans)
    scale = 1000 / max(1, high - low)
    return [
        span | {"x": round((span["start"] - low) * scale, 1), "w": max(1, round(span["ms"] * scale, 1))}
        for span in spans
    ]


def _facts_of_the_day(line: ChargeLine, proof: dict) -> list[dict]:
    """What the last decision found of the facts that make the line, each with the row that it was read from."""
    if not proof["decisions"]:
        return []
    facts, rows = proof["decisions"][-1]["facts"], proof["reference_rows"]

    def fact(name: str, is_so: bool, row: str = "") -> dict:
        values = rows.get(row, {})
        until = values.get("valid_until") or "open"
        detail = f"{values['valid_from']} to {until}. {values.get('source', '')}" if values else ""
        return {"name": name, "is_so": is_so, "detail": detail, "version": values.get("version", "")}

    found = [
        fact("Less than 10 minutes", facts["total_ms"] < rules.TEN_MINUTES_MS),
        fact("Everybody has the recommendation", facts["is_delivered"]),
        fact("The code was valid", facts["code_is_valid"], "hcpcs"),
        fact("An amount is set", facts["amount"] is not None, "fee"),
    ]
    if facts["payer_code"] == rules.MEDICARE:
        found[1:1] = [
            fact("Model active and confirmed", facts["programme_active"] and facts["programme_confirmed"], "programme"),
            fact("Patient aligned", facts["is_aligned"], "alignment"),
            fact("Specialist on the roster", facts["is_rostered"], "roster"),
        ]
    elif facts["payer_code"]:
        found[1:1] = [fact("The payer pays for it", bool(facts["payer_pays"]), "policy")]
    return found


_ROW_NAMES = {
    "programme": "Model", "alignment": "Patient alignment", "roster": "Roster entry", "fee": "Fee",
    "policy": "Payer policy", "hcpcs": "HCPCS code",
}  # fmt: skip


def _rows(rows: dict) -> list[tuple[str, dict]]:
    return [(_ROW_NAMES.get(name, name), values) for name, values in rows.items()]


@role_required("biller")
@require_POST
def release(request: HttpRequest, uid, code: str) -> HttpResponse:
    line = line_of(request, uid)
    try:
        services.release_hold(line=line, by=request.user, code=code, reason=request.POST.get("reason", ""))
        messages.success(request, f"{BY_CODE[code].sentence} This hold is released.")
    except services.BillingRefused as refused:
        messages.error(request, str(refused))
    return redirect("billing:line", line.uid)


@role_required("biller")
@require_POST
def correct(request: HttpRequest, uid) -> HttpResponse:
    """An addendum is taken into a new version of a line that is not sent."""
    line = line_of(request, uid)
    try:
        new = services.correct_line(line=line, by=request.user, reason=request.POST.get("reason", ""))
    except services.BillingRefused as refused:
        messages.error(request, str(refused))
        return redirect("billing:line", line.uid)
    messages.success(request, f"{new.number} takes the place of {line.number}.")
    return redirect("billing:line", new.uid)


@role_required("biller")
@require_POST
def void(request: HttpRequest, uid) -> HttpResponse:
    line = line_of(request, uid)
    try:
        services.void_line(line=line, by=request.user, reason=request.POST.get("reason", ""))
        messages.success(request, f"Line {line.number} is void.")
    except services.BillingRefused as refused:
        messages.error(request, str(refused))
    return redirect("billing:line", line.uid)
