"""tus 1.0 (creation, termination) for photos: announce, ask how far it is, send a piece, ask for the receipt.

https://tus.io/protocols/resumable-upload: what is refused is refused with JSON that holds a sentence for the patient.
"""

import base64
import binascii
import logging
import re

from botocore.exceptions import BotoCoreError, ClientError
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from config import storages
from config.accounts.access import role_required
from config.audit.services import record
from intake import uploads
from intake.imaging import limits
from intake.models import Upload
from intake.models.case import may_see
from intake.services import PhotoRefused
from intake.views.common import visible_case, works_on

log = logging.getLogger(__name__)
TUS = "1.0.0"
PIECE = "application/offset+octet-stream"
_KEY = re.compile(r"[0-9A-Za-z-]{8,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def _answer(status: int, body: dict | None = None, **headers: object) -> HttpResponse:
    response = HttpResponse(status=status) if body is None else JsonResponse(body, status=status)
    response["Tus-Resumable"] = TUS
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = str(value)
    return response


def _wrong_version(request: HttpRequest) -> HttpResponse | None:
    if request.method in {"OPTIONS", "GET"} or request.headers.get("Tus-Resumable") == TUS:
        return None
    return _answer(412, {"message": "This page is older than the service. Load it again."}, Tus_Version=TUS)


def _metadata(request: HttpRequest) -> dict[str, str]:
    """`Upload-Metadata`: comma-separated pairs of a key and base64; what cannot be read is left out."""
    found = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


def _state(upload: Upload) -> dict[str, object]:
    return {
        "state": upload.state,
        "offset": uploads.offset(upload),
        "bytes": upload.byte_size,
        "url": reverse("intake:upload", args=[upload.pk]),
        "receipt": uploads.receipt(upload),
        "message": upload.refusal_message,
    }


def _refused(refused: PhotoRefused, status: int = 422) -> HttpResponse:
    return _answer(status, {"state": "refused", "reason": refused.reason, "message": refused.message})


@role_required("patient", "staff")
@require_http_methods(["POST", "OPTIONS"])
def uploads_of_case(request: HttpRequest, case_id) -> HttpResponse:
    """Announce one photo: Upload-Length, and as metadata the phone's key, slot, name and SHA-256."""
    wrong = _wrong_version(request)
    if wrong:
        return wrong
    if request.method == "OPTIONS":
        return _answer(204, Tus_Version=TUS, Tus_Extension="creation,termination", Tus_Max_Size=limits.MAX_BYTES)
    case = visible_case(request, case_id)
    facts = _metadata(request)
    length, digest = request.headers.get("Upload-Length", ""), facts.get("sha256", "")
    if not length.isdecimal() or len(length) > 12 or not _KEY.fullmatch(facts.get("key", "")):
        return _answer(400, {"message": "The photo's length or key is missing."})
    if digest and not _DIGEST.fullmatch(digest):
        return _answer(400, {"message": "The photo's SHA-256 is not 64 hexadecimal digits."})
    try:
        upload = uploads.begin(
            case=case,
            by=request.user,
            client_key=facts["key"],
            byte_size=int(length),
            slot=facts.get("slot", ""),
            name=facts.get("name", ""),
            sha256=digest,
        )
    except PhotoRefused as refused:
        return _refused(refused, 413 if refused.reason == "too_many_bytes" else 422)
    state = _state(upload)
    return _answer(201, state, Location=state["url"], Upload_Offset=state["offset"])


@role_required("patient", "staff")
@require_http_methods(["HEAD", "GET", "PATCH", "DELETE"])
def upload(request: HttpRequest, upload_id) -> HttpResponse:
    wrong = _wrong_version(request)
    if wrong:
        return wrong
    found = Upload.with_case(upload_id)
    if found is None or not may_see(request.user, found.case_id) or not works_on(request, found.case):
        raise Http404
    if found.by_id == request.user.pk:
        found.by = request.user  # whose rights are known already
    if request.method == "PATCH":
        return _patch(request, found)
    if request.method == "DELETE":
        return _delete(request, found)
    state = _state(found)
    if request.method == "GET":
        return _answer(200, state)
    return _answer(200, Upload_Offset=state["offset"], Upload_Length=found.byte_size)


def _patch(request: HttpRequest, found: Upload) -> HttpResponse:
    """One piece. The last one answers with the receipt, which is true: the bytes were stored and read back."""
    at = request.headers.get("Upload-Offset", "")
    if request.content_type != PIECE:
        return _answer(415, {"message": f"Send the piece as {PIECE}."})
    if not at.isdecimal() or len(at) > 12:
        return _answer(400, {"message": "Say where the piece begins."})
    if not found.is_open:
        return _settled(found)
    try:
        uploads.append(found, request, int(at))
    except uploads.WrongOffset as wrong:
        return _answer(409, _state(found), Upload_Offset=wrong.offset)
    except uploads.Busy:
        return _answer(423, {"message": "Another window sends this photo at the moment."})
    except uploads.DigestMismatch:
        return _answer(460, _state(found) | {"message": "The photo changed on the way. It is sent again."})
    except PhotoRefused as refused:
        return _refused(refused)
    except UnreadablePostError:
        # the line dropped in the middle of the piece; what had come is kept
        return _answer(400, _state(found))
    except (OSError, BotoCoreError, ClientError, storages.StorageConflict) as error:
        # the storage is away: nothing is lost, the phone keeps its copy and asks again
        log.warning("storage does not take an upload (%s)", type(error).__name__)
        return _answer(503, {"message": "The storage does not answer. The photo is sent again by itself."})
    return _settled(found)


def _settled(found: Upload) -> HttpResponse:
    state = _state(found)
    if found.state == Upload.State.REFUSED:
        return _answer(422, state | {"reason": found.refusal_reason})
    if found.state == Upload.State.CANCELLED:
        return _answer(410, state | {"message": "This photo was taken out of the case."})
    status = 204 if state["receipt"] is None else 200
    return _answer(status, None if status == 204 else state, Upload_Offset=state["offset"])


def _delete(request: HttpRequest, found: Upload) -> HttpResponse:
    if found.is_open:
        with transaction.atomic():
            uploads.cancel(upload=found)
            record("upload.cancelled", by=request.user, subject=found.case, clinic=found.case.clinic)
    return _answer(204)


@role_required("staff")
@require_POST
def upload_skip(request: HttpRequest, upload_id) -> HttpResponse:
    """The clinic does not wait for a photo that never came."""
    found = get_object_or_404(Upload.objects.visible_to(request.user).select_related("case__clinic"), pk=upload_id)
    case = visible_case(request, found.case_id)
    if not request.user.has_role("staff", case.clinic):
        raise Http404
    _delete(request, found)
    messages.success(request, "The case no longer waits for that photo.")
    return redirect("intake:triage_case", case.pk)
