"""The administrator's pages of opening hours, holidays and targets. Rows are dated and added, never rewritten."""

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from config.accounts.access import role_required
from config.accounts.models import Clinic
from config.accounts.roles import Role
from config.audit.services import record
from intake import targets
from intake.models import Holiday, OpeningHours, OpeningWeek, TargetSetting
from intake.target_forms import DAYS, HolidayForm, TargetForm, WeekForm

administrators = role_required(Role.ADMINISTRATOR)


@administrators
@require_GET
def target_list(request: HttpRequest) -> HttpResponse:
    defaults = [
        (kind.label, urgency, targets.in_words(minutes)) for (kind, urgency), minutes in targets.DEFAULT_MINUTES.items()
    ]
    context = {
        "clinics": Clinic.objects.filter(kind=Clinic.Kind.CLINIC, is_active=True)[:500],
        "settings": [
            (row, targets.in_words(row.minutes))
            for row in TargetSetting.objects.select_related("clinic", "set_by")[:500]
        ],
        "defaults": defaults,
        "urgent_eye": targets.in_words(targets.URGENT_EYE_TRIAGE_MINUTES),
        "rule": targets.RULE,
        "today": timezone.localdate(),
    }
    return render(request, "intake/targets.html", context)


@administrators
def target_new(request: HttpRequest) -> HttpResponse:
    form = TargetForm(request.POST or None, initial={"valid_from": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                row = form.save(commit=False)
                row.set_by = request.user
                row.save()
                record("target.set", by=request.user, subject=row, clinic=row.clinic, data={"minutes": row.minutes})
        except IntegrityError:  # two at once
            form.add_error("valid_from", "A target from this day on is there already. Choose another day.")
        else:
            messages.success(request, "The target is set. Promises made before it keep their time.")
            return redirect("intake:targets")
    return render(request, "intake/target_new.html", {"form": form}, status=422 if form.errors else 200)


@administrators
def clinic_hours(request: HttpRequest, clinic_id) -> HttpResponse:
    clinic = get_object_or_404(Clinic, pk=clinic_id, kind=Clinic.Kind.CLINIC)
    weeks = list(OpeningWeek.objects.filter(clinic=clinic).prefetch_related("hours").select_related("set_by"))
    form = WeekForm(request.POST or None, initial=_initial(weeks))
    if request.method == "POST" and form.is_valid():
        try:
            _save_week(request, clinic, form)
        except IntegrityError:
            form.add_error("valid_from", "Hours from this day on are there already. Choose another day.")
        else:
            messages.success(request, "The hours are set. Promises made before them keep their time.")
            return redirect("intake:clinic_hours", clinic.pk)
    context = {
        "clinic": clinic,
        "weeks": [(week, _in_words(week)) for week in weeks],
        "form": form,
        "holidays": Holiday.objects.filter(clinic=clinic, day__gte=timezone.localdate()),
        "holiday_form": HolidayForm(clinic=clinic),
        "rule": targets.RULE,
    }
    return render(request, "intake/clinic_hours.html", context, status=422 if form.errors else 200)


def _initial(weeks: list[OpeningWeek]) -> dict:
    """The week in force is where a new one starts from."""
    facts: dict = {"valid_from": timezone.localdate()}
    for row in weeks[0].hours.all() if weeks else []:
        facts |= {f"opens_{row.weekday}": row.opens, f"closes_{row.weekday}": row.closes}
    return facts


@transaction.atomic
def _save_week(request: HttpRequest, clinic: Clinic, form: WeekForm) -> None:
    week = OpeningWeek.objects.create(clinic=clinic, valid_from=form.cleaned_data["valid_from"], set_by=request.user)
    OpeningHours.objects.bulk_create(
        OpeningHours(week=week, weekday=day, opens=opens, closes=closes) for day, opens, closes in form.hours()
    )
    record("clinic.hours_set", by=request.user, subject=clinic, clinic=clinic, data={"week": week.pk})


def _in_words(week: OpeningWeek) -> str:
    rows = [f"{DAYS[row.weekday][:3]} {row.opens:%H:%M} to {row.closes:%H:%M}" for row in week.hours.all()]
    return ", ".join(rows) or "Day and night"


@administrators
@require_POST
def holiday_add(request: HttpRequest, clinic_id) -> HttpResponse:
    clinic = get_object_or_404(Clinic, pk=clinic_id, kind=Clinic.Kind.CLINIC)
    form = HolidayForm(request.POST, clinic=clinic)
    if form.is_valid():
        with transaction.atomic():
            row = Holiday.objects.create(clinic=clinic, **form.cleaned_data)
            record("clinic.holiday_added", by=request.user, subject=row, clinic=clinic, data={"day": str(row.day)})
        messages.success(request, f"{row.name} is listed.")
    else:
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
    return redirect("intake:clinic_hours", clinic.pk)


@administrators
@require_POST
def holiday_remove(request: HttpRequest, holiday_id: int) -> HttpResponse:
    row = get_object_or_404(Holiday, pk=holiday_id, day__gte=timezone.localdate())
    with transaction.atomic():
        record("clinic.holiday_removed", by=request.user, subject=row, clinic=row.clinic, data={"day": str(row.day)})
        row.delete()
    messages.success(request, f"{row.name} is no longer a holiday.")
    return redirect("intake:clinic_hours", row.clinic_id)
