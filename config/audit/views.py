from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from config.accounts.access import role_required
from config.accounts.roles import Role
from config.audit import seals
from config.audit.forms import SearchForm
from config.audit.models import AuditEvent

PAGE = 50


@role_required(Role.ADMINISTRATOR)
@require_GET
def trail(request: HttpRequest) -> HttpResponse:
    """The newest first; pages continue below the last id shown, and nothing is counted."""
    form = SearchForm(request.GET or None)
    events = AuditEvent.objects.select_related("actor", "clinic", "seal").order_by("-id")
    if form.is_valid():
        events = _searched(events, form.cleaned_data)
    before = request.GET.get("before", "")
    if before.isdecimal():
        events = events.filter(id__lt=int(before[:18]))
    rows = list(events[: PAGE + 1])
    query = request.GET.copy()
    query.pop("before", None)
    facts = {
        "form": form,
        "events": rows[:PAGE],
        "more": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "query": query.urlencode(),
        "waiting": seals.unsealed(everything=False).exists(),
    }
    return render(request, "audit/trail.html", facts)


def _searched(events, facts: dict):
    if facts["person"]:
        word = facts["person"]
        events = events.filter(
            Q(actor__email__istartswith=word)
            | Q(actor__last_name__istartswith=word)
            | Q(actor__first_name__istartswith=word)
        )
    if facts["subject"]:
        events = events.filter(_about(facts["subject"]))
    if facts["verb"]:
        events = events.filter(verb__startswith=facts["verb"])
    if facts["since"]:
        events = events.filter(at__gte=_midnight(facts["since"]))
    if facts["until"]:
        events = events.filter(at__lt=_midnight(facts["until"] + timedelta(days=1)))
    return events


def _about(text: str) -> Q:
    """A case number, or an id: as the subject, or (ids only, slower) in a list that was looked at."""
    number = Q(case_number=text.upper()) | Q(subject_id=text.lower())
    if len(text) < 32:
        return number
    listed = AuditEvent.objects.annotate(text=Cast("data", TextField())).filter(text__contains=text.lower())
    return number | Q(pk__in=listed.values("pk"))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
