"""The desk's list: filters, search, what is new, and the user's own saved filters."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET, require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from intake import batch, escalation, finding, queue, ranking, targets
from intake.beside import beside
from intake.models import Case, QueueEntry, SavedFilter
from intake.queue_html import chips_html, gone_html, row_html, rows_html
from intake.views.common import words_in

_TOKEN = "intake.queue.shown"
_TOKEN_HOURS = 12
MOST_SAVED = 12


def filter_of(request: HttpRequest, data: Any) -> queue.Filter:
    show, language, text = data.get("show", "all"), data.get("language", ""), words_in(data, "q")[:100]
    clinics = queue.clinics_of(request.user)
    return queue.Filter(
        clinics=clinics,
        user=request.user,
        show=show if show in queue.CHIPS else "all",
        language=language if language in dict(settings.LANGUAGES) else "",
        text=text,
        found=finding.find(text, list(clinics), timezone.localdate()) if text else None,
    )


def query_of(what: queue.Filter, **more: Any) -> str:
    facts = {"show": what.show, "language": what.language, "q": what.text} | more
    return urlencode({key: value for key, value in facts.items() if value})


@role_required("staff")
@require_GET
def triage_queue(request: HttpRequest) -> HttpResponse:
    what = filter_of(request, request.GET)
    first = _number(request.GET.get("n", ""))
    rows, has_more = queue.page(what, after=request.GET.get("after", ""), first=first)
    led = escalation.led_by(request.user)
    passed = escalation.unseen.counted(up_to=queue.COUNT_UP_TO, clinics=tuple(led))
    counts = queue.counts_with_bar(what.clinics, request.user, {"escalated": passed})
    aside = beside(request.user)
    record_view(request, "case.listed", request.user, cases=[row.key for row in rows])
    next_page = query_of(what, after=rows[-1].cursor, n=first + len(rows)) if has_more else ""
    context = {
        "rows": rows_html(rows, timezone.now()),
        "what": what,
        "first": first,
        "last": first + len(rows) - 1,
        "next": next_page,
        "token": _token(request, what, [row.case_id for row in rows], first),
        "saved": aside.saved,
        "unread": None if what.text else aside.unread,
        "escalated": counts["escalated"],
        "people": aside.people,
        "groups": aside.groups,
        "rule": targets.RULE,
        "bands": ranking.BAND_WORDS.values(),
        "languages": settings.LANGUAGES,
    } | _chips(what, counts)
    return render(request, "intake/triage_queue.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 9 and int(text) else 1


def _chips(what: queue.Filter, counts: dict[str, int]) -> dict[str, Any]:
    chips = [
        {
            "label": chip.label,
            "icon": chip.icon,
            "count": queue.count_words(counts[key]),
            "is_on": key == what.show,
            "query": query_of(what, show=key),
            "is_state": chip.is_state,
        }
        for key, chip in queue.CHIPS.items()
    ]
    return {
        "state_chips": chips_html([chip for chip in chips if chip["is_state"]]),
        "other_chips": chips_html([chip for chip in chips if not chip["is_state"]]),
        "to_check": counts["submitted"],
        "to_check_words": queue.count_words(counts["submitted"]),
        "late": counts["late"],
        "late_words": queue.count_words(counts["late"]),
    }


def _token(request: HttpRequest, what: queue.Filter, ids: list[UUID], first: int) -> str:
    """What this page shows, signed: the background refresh may read these rows again, and no others."""
    shown = [pk.hex for pk in ids]
    facts = [str(request.user.pk), what.show, what.language, what.text, first, timezone.now().isoformat(), shown]
    return signing.dumps(facts, salt=_TOKEN, compress=True)


@role_required("staff")
@require_GET
def queue_news(request: HttpRequest) -> HttpResponse:
    """The rows on the page as they stand now, in their places, the counts, and how many more there are."""
    token = request.GET.get("token", "")
    try:
        user_id, show, language, text, first, since, shown = signing.loads(
            token, salt=_TOKEN, max_age=_TOKEN_HOURS * 3600
        )
    except signing.BadSignature:
        return HttpResponse(status=204)
    if user_id != str(request.user.pk):
        return HttpResponse(status=204)
    what = filter_of(request, {"show": show, "language": language, "q": text})
    ids = [UUID(pk) for pk in shown]
    rows = {row.case_id: row for row in queue.rows_again(what, ids, first)}
    gone = [pk for pk in ids if pk not in rows]
    left = Case.objects.filter(pk__in=gone, clinic__in=what.clinics).select_related(None).only("number", "status")
    left_by_id = {case.pk: case for case in left} if gone else {}
    counts = queue.counts(what.clinics, request.user)
    now, zone = timezone.now(), timezone.get_current_timezone()
    shown_html = [
        row_html(rows[pk], now, zone) if pk in rows else gone_html(left_by_id[pk].number, left_by_id[pk].status)
        for pk in ids
        if pk in rows or pk in left_by_id
    ]
    context = {
        "rows": mark_safe("".join(shown_html)),  # noqa: S308 escaped where they are made
        "new": queue.new_since(what, datetime.fromisoformat(since), ids),
        "what": what,
        "query": query_of(what),
    } | _chips(what, counts)
    return render(request, "intake/partials/queue_news.html", context)


@role_required("staff")
@require_POST
def filter_save(request: HttpRequest) -> HttpResponse:
    name = words_in(request.POST, "name")[:40]
    what = filter_of(request, request.POST)
    mine = SavedFilter.objects.filter(user=request.user)
    if not name:
        messages.error(request, "Give the filter a name.")
    elif mine.count() >= MOST_SAVED and not mine.filter(name=name).exists():
        messages.error(request, f"You have {MOST_SAVED} saved filters. Delete one first.")
    else:
        facts = {"show": what.show, "language": what.language, "text": what.text}
        try:
            with transaction.atomic():
                mine.update_or_create(user=request.user, name=name, defaults=facts)
        except IntegrityError:  # saved twice at once: it is there
            pass
        messages.success(request, f"The filter “{name}” is saved.")
    return redirect(f"{reverse('intake:triage_queue')}?{query_of(what)}")


@role_required("staff")
@require_POST
def filter_delete(request: HttpRequest, filter_id: int) -> HttpResponse:
    saved = get_object_or_404(SavedFilter, pk=filter_id, user=request.user)
    saved.delete()
    messages.success(request, f"The filter “{saved.name}” is deleted.")
    return redirect("intake:triage_queue")


def selected(request: HttpRequest) -> list[QueueEntry]:
    """The ticked rows of the own clinic, in the list's order; what is not there is nobody's to change."""
    ids = []
    for text in request.POST.getlist("case")[: queue.PAGE * 2]:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    mine = queue.of_clinics(queue.clinics_of(request.user)).filter(pk__in=ids)
    return list(mine.select_related("case__patient__user", "case__clinic").order_by("rank", "case_id"))


@role_required("staff")
@require_POST
def queue_batch(request: HttpRequest) -> HttpResponse:
    entries = selected(request)
    back = reverse("intake:triage_queue")
    if not entries:
        messages.error(request, "Tick the cases first.")
        return redirect(back)
    try:
        what, results = batch.run(entries, by=request.user, order=request.POST)
    except batch.BatchRefused as refused:
        messages.error(request, str(refused))
        return redirect(back)
    context = {"what": what, "results": results, "done": sum(result.is_done for result in results)}
    return render(request, "intake/batch.html", context)
