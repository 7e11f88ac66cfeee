"""The proof of a line, to take away."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing import evidence
from billing.views.lines import line_of
from config.accounts.access import role_required
from config.audit.services import record_view
from config.typesetting import pdf


@role_required("biller")
def evidence_json(request: HttpRequest, uid) -> HttpResponse:
    line = line_of(request, uid)
    found = evidence.of(line)
    record_view(request, "charge.evidence_downloaded", line, form="json", fingerprint=found["fingerprint"])
    return _download(evidence.as_bytes(found), "application/json", f"evidence-{line.number}.json")


@role_required("biller")
def evidence_page(request: HttpRequest, uid) -> HttpResponse:
    """All of it open on one page, to be printed."""
    line = line_of(request, uid)
    found = evidence.of(line)
    record_view(request, "charge.evidence_downloaded", line, form="page", fingerprint=found["fingerprint"])
    sections = [
        (name.replace("_", " ").capitalize(), _rows(value)) for name, value in found.items() if name in _PRINTED
    ]
    return render(request, "billing/evidence.html", {"line": line, "proof": found, "sections": sections})


@role_required("biller")
def evidence_pdf(request: HttpRequest, uid) -> HttpResponse:
    """The same evidence gives the same bytes: its date is that of the last decision."""
    line = line_of(request, uid)
    found = evidence.of(line)
    record_view(request, "charge.evidence_downloaded", line, form="pdf", fingerprint=found["fingerprint"])
    data = {
        "title": f"Evidence for line {line.number}",
        "language": "en",
        "group": str(line.group),
        "about": f"{found['review']['patient']}, case {found['review']['case_number']}, {line.code}, "
        f"service {line.date_of_service}. No clinical text, no photographs.",
        "fingerprint_label": "SHA-256 of the evidence as JSON:",
        "fingerprint": found["fingerprint"],
        "page_words": "Page {page} of {pages}",
        "nothing": "None.",
        "sections": [
            {"title": title, "rows": [[[name, _words(value)] for name, value in row] for row in rows]}
            for title, rows in _sections(found)
        ],
    }
    return _download(pdf("charge_evidence", data, at=line.decided_at), "application/pdf", f"evidence-{line.number}.pdf")


def _words(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "" if value is None else str(value)


def _sections(found: dict) -> list[tuple[str, list[list[tuple[str, object]]]]]:
    return [(name.replace("_", " ").capitalize(), _rows(value)) for name, value in found.items() if name in _PRINTED]


_PRINTED = (
    "line", "versions", "review", "time", "decisions", "reference_rows", "claim", "deliveries", "releases", "questions",
    "batches", "payer_answers", "postings", "audit",
)  # fmt: skip


def _rows(value: list | dict) -> list[list[tuple[str, object]]]:
    """Lists of name and value; what lies one deeper is written out behind its own name."""
    if isinstance(value, list):
        return [list(row.items()) for row in value]
    if value and all(isinstance(inner, dict) for inner in value.values()):
        return [[(f"{name}: {key}", what) for key, what in inner.items()] for name, inner in value.items()]
    return [list(value.items())]


def _download(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
