"""Pictures: only renditions, only for who may see the case, never without a trace. The received file is never served."""

import logging

from botocore.exceptions import BotoCoreError, ClientError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from config import storages
from config.accounts.access import role_required
from config.audit.services import record_view
from intake.models import Photo, Rendition

log = logging.getLogger(__name__)


@role_required("patient", "staff", "referrer", "specialist")
def picture(request: HttpRequest, photo_id, kind: str) -> HttpResponse:
    if kind not in Rendition.Kind.values:
        raise Http404
    photo = get_object_or_404(Photo.objects.visible_to(request.user).select_related("case__clinic"), pk=photo_id)
    rendition = get_object_or_404(Rendition, photo=photo, kind=kind)
    if kind != Rendition.Kind.THUMB:
        # thumbnails are covered by the row of the list that shows them
        record_view(request, "photo.viewed", photo, kind=kind, case=str(photo.case_id))
    return _bytes(rendition)


def _bytes(rendition: Rendition) -> HttpResponse:
    """Streamed by us also from S3: one origin keeps the page's content policy strict and every read behind the check."""
    try:
        response = HttpResponse(storages.read(rendition.key), content_type="image/jpeg")
    except (OSError, BotoCoreError, ClientError) as error:
        log.warning("storage does not give a picture (%s)", type(error).__name__)
        response = HttpResponse("The picture cannot be shown just now. Load the page again in a minute.", status=503)
        response["Cache-Control"] = "private, no-store"
        return response
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = f'inline; filename="{rendition.photo_id}-{rendition.kind}.jpg"'
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response
