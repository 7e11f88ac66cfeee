"""The proof of a line, to take away."""

from django.http import HttpRequest, HttpResponse

from billing import evidence
from billing.views.lines import line_of
from config.accounts.access import role_required
from config.audit.services import record_view


@role_required("biller")
def evidence_json(request: HttpRequest, uid) -> HttpResponse:
    line = line_of(request, uid)
    found = evidence.of(line)
    record_view(request, "charge.evidence_downloaded", line, form="json", fingerprint=found["fingerprint"])
    return _download(evidence.as_bytes(found), "application/json", f"evidence-{line.number}.json")


def _download(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
