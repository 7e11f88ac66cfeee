"""Pictures: only renditions, only for who may see the case, never without a trace. The received file is never served."""

import logging
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from config import storages
from config.accounts.access import role_required
from config.audit.services import record_view
from intake import tiling
from intake.imaging.tiles import SIDE
from intake.models import Photo, Rendition, TileSet

log = logging.getLogger(__name__)

AHEAD_SECONDS = 120
TICKET_SECONDS = 12 * 3600
_TICKETS = signing.TimestampSigner(salt="tiles")


@role_required("patient", "staff", "referrer", "specialist")
def picture(request: HttpRequest, photo_id, kind: str) -> HttpResponse:
    if kind not in Rendition.Kind.values:
        raise Http404
    photo = get_object_or_404(Photo.objects.visible_to(request.user).select_related("case__clinic"), pk=photo_id)
    rendition = get_object_or_404(Rendition, photo=photo, kind=kind)
    # the reading room asks for the first picture of the next case before it is opened
    ahead = request.headers.get("X-Ahead") == "1" and kind == Rendition.Kind.SCREEN
    if kind != Rendition.Kind.THUMB:
        # thumbnails are covered by the row of the list that shows them
        verb = "photo.fetched_ahead" if ahead else "photo.viewed"
        record_view(request, verb, photo, kind=kind, case=str(photo.case_id))
    response = _jpeg(lambda: storages.read(rendition.key), f"{rendition.photo_id}-{rendition.kind}")
    if ahead and response.status_code == 200:
        # no longer than it takes to get there; signing out clears the browser's cache
        response["Cache-Control"] = f"private, max-age={AHEAD_SECONDS}"
    return response


@role_required("staff", "specialist")
def tiles(request: HttpRequest, photo_id) -> HttpResponse:
    """Which tiles of a very large photo there are, with a ticket for them. This is the view of the photo that is audited."""
    photo = get_object_or_404(Photo.objects.visible_to(request.user).select_related("case__clinic"), pk=photo_id)
    if not photo.is_large:
        raise Http404
    row = tiling.ask_for_tiles(photo)
    if row.work_status != TileSet.WorkStatus.DONE:
        return JsonResponse({"waiting": True}, status=202)
    record_view(request, "photo.viewed", photo, kind="tiles", case=str(photo.case_id))
    address = reverse("intake:tiles", args=[photo.pk])
    levels = [{name: level[name] for name in ("scale", "columns", "rows")} for level in row.levels]
    return JsonResponse(
        {"side": SIDE, "levels": levels, "address": address, "ticket": _TICKETS.sign(_holder(request, photo.pk))}
    )


@role_required("staff", "specialist")
def tile(request: HttpRequest, photo_id, level: int, column: int, row: int) -> HttpResponse:
    """One tile. The ticket shows that its reader opened the photo, on record; access is asked again each time."""
    try:
        opened = _TICKETS.unsign(request.GET.get("seen", ""), max_age=TICKET_SECONDS)
    except signing.BadSignature as error:
        raise Http404 from error
    if opened != _holder(request, photo_id):
        raise Http404
    mine = Photo.objects.visible_to(request.user).filter(pk=photo_id)
    found = get_object_or_404(TileSet, photo__in=mine, work_status=TileSet.WorkStatus.DONE)
    if not tiling.has_tile(found, level, column, row):
        raise Http404
    return _jpeg(lambda: tiling.tile(found, level, column, row), f"{photo_id}-{level}-{column}-{row}")


def _holder(request: HttpRequest, photo_id) -> str:
    return f"{request.user.pk}/{photo_id}"


def _jpeg(read: Callable[[], bytes], name: str) -> HttpResponse:
    """Streamed by us also from S3: one origin keeps the page's content policy strict and every read behind the check."""
    try:
        response = HttpResponse(read(), content_type="image/jpeg")
    except (OSError, BotoCoreError, ClientError) as error:
        log.warning("storage does not give a picture (%s)", type(error).__name__)
        response = HttpResponse("The picture cannot be shown just now. Load the page again in a minute.", status=503)
        response["Cache-Control"] = "private, no-store"
        return response
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = f'inline; filename="{name}.jpg"'
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response
