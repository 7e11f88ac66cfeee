"""Around the list: the day on paper, the hand-over between shifts, and what a lead must look at."""

from datetime import datetime, time, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from config.accounts.access import role_required
from config.accounts.models import Clinic
from config.audit.services import record_view
from intake import desk_forms, escalation, queue, shifts, targets
from intake.models import Case, Escalation, ShiftNote
from intake.queue_rows import COLUMNS, Row, row_of
from intake.services import IntakeRefused
from intake.views.common import with_words, words_in

SHEET_ROWS = 200


def own_clinics(request: HttpRequest) -> list[Clinic]:
    return list(Clinic.objects.filter(pk__in=queue.clinics_of(request.user)))


@role_required("staff")
@require_GET
def day_sheet(request: HttpRequest) -> HttpResponse:
    """What must be done today, for the wall or the pocket. Says so where a part is longer than the paper."""
    clinics = queue.clinics_of(request.user)
    now = timezone.now()
    # the day of the reader's clinic: the request runs in its zone
    tomorrow = timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=1), time()))
    desk = queue.of_clinics(clinics)
    parts = [
        ("Over their target", "Do these first.", desk.filter(due_at__lt=now), "due_at"),
        ("Due today", "In the order of their targets.", desk.filter(due_at__gte=now, due_at__lt=tomorrow), "due_at"),
        (
            "No answer by the deadline",
            "Call these patients.",
            desk.filter(state="needs_information", case__requests__outcome="", case__requests__deadline__lt=now),
            "rank",
        ),
        (
            "Urgent, due later",
            "For the next shift to know.",
            desk.filter(urgency="urgent", due_at__gte=tomorrow),
            "rank",
        ),
    ]
    shown = [(title, hint, *_sheet_rows(rows, order, now)) for title, hint, rows, order in parts]
    record_view(request, "case.listed", request.user, cases=[str(r.case_id) for _, _, rows, _ in shown for r in rows])
    context = {
        "parts": shown,
        "now": now,
        "counts": queue.counts(clinics, request.user, shifts.COUNTED),
        "note": shifts.notes_of(request.user).first(),
        "phones": _phones([row for _, _, rows, _ in shown for row in rows]),
        "clinics": own_clinics(request),
    }
    return render(request, "intake/day_sheet.html", context)


def _sheet_rows(rows, order: str, now: datetime) -> tuple[list[Row], bool]:
    found = list(rows.order_by(order, "case_id").values_list(*COLUMNS)[: SHEET_ROWS + 1])
    today = timezone.localdate()
    made = [row_of(dict(zip(COLUMNS, row, strict=True)), order, n, now, today) for n, row in enumerate(found, 1)]
    return made[:SHEET_ROWS], len(made) > SHEET_ROWS


def _phones(rows: list[Row]) -> dict:
    ids = [row.case_id for row in rows]
    return dict(Case.objects.filter(pk__in=ids).values_list("pk", "patient__phone"))


@role_required("staff")
def handover(request: HttpRequest) -> HttpResponse:
    """Write the note of this shift; read those of the others. Opening the page does not count as reading: a button does."""
    clinics = own_clinics(request)
    form = desk_forms.HandoverForm(request.POST or None, clinics=clinics)
    if request.method == "POST" and form.is_valid():
        try:
            shifts.write(by=request.user, clinic=form.cleaned_data["clinic"], text=form.cleaned_data["text"])
        except IntakeRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The next shift sees your note on the triage page until somebody has read it.")
            return redirect("intake:handover")
    notes = list(shifts.notes_of(request.user)[:30])
    for note in notes:
        note.is_read_by_me = note.written_by_id == request.user.pk or any(
            read.user_id == request.user.pk for read in note.reads.all()
        )
    record_view(request, "shift.notes_viewed", request.user, notes=[note.pk for note in notes])
    context = {"form": form, "notes": notes, "counts": queue.counts(queue.clinics_of(request.user), request.user)}
    return render(request, "intake/handover.html", context, status=422 if form.errors else 200)


@role_required("staff")
@require_POST
def handover_read(request: HttpRequest, note_id: int) -> HttpResponse:
    note = get_object_or_404(ShiftNote, pk=note_id, clinic__in=queue.clinics_of(request.user))
    shifts.mark_read(note=note, by=request.user)
    return redirect("intake:handover")


@role_required("staff")
def lead(request: HttpRequest) -> HttpResponse:
    """Targets that passed, for the clinic's lead: what is still open first, then what was looked at."""
    clinics = escalation.led_by(request.user)
    if not clinics:
        raise Http404
    rows = Escalation.objects.filter(clinic__in=clinics).select_related(
        "case__patient", "case__entry__owner", "seen_by"
    )
    unseen = list(rows.filter(seen_at__isnull=True)[:SHEET_ROWS])
    settled = list(rows.filter(seen_at__isnull=False).order_by("-seen_at")[:30])
    record_view(request, "case.listed", request.user, cases=[str(row.case_id) for row in unseen + settled])
    context = {"unseen": unseen, "settled": settled, "rule": targets.RULE, "now": timezone.now()}
    return render(request, "intake/lead.html", context)


@role_required("staff")
@require_POST
def lead_seen(request: HttpRequest, escalation_id: int) -> HttpResponse:
    row = get_object_or_404(
        Escalation.objects.select_related("case", "clinic"),
        pk=escalation_id,
        clinic__in=escalation.led_by(request.user),
    )
    note = words_in(request.POST, "note")
    try:
        escalation.seen(row=row, by=request.user, note=note)
        messages.success(request, f"Case {row.case.number}: noted.")
    except IntakeRefused as refused:
        messages.error(request, with_words(refused, note))
    return redirect("intake:lead")
