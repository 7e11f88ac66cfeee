"""Who may answer what, who is away, and the clinic's own rules."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.accounts.models import Clinic, Membership, User
from config.accounts.roles import Role
from config.audit.services import record, record_view
from intake import absences, routing
from intake.models import Absence, Case, CaseStatus, RouteRule
from intake.services import IntakeRefused


class AbsenceForm(forms.Form):
    user = forms.ModelChoiceField(
        label="Who", queryset=User.objects.none(), empty_label=None, error_messages={"required": "Choose who is away."}
    )
    first_day = forms.DateField(
        label="First day away",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Choose the first day away.", "invalid": "Write a day, like 2026-12-24."},
    )
    last_day = forms.DateField(
        label="Last day away",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Choose the last day away.", "invalid": "Write a day, like 2026-12-31."},
    )
    note = forms.CharField(label="Note", required=False, max_length=200)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = absences.people_for(by)
        self.fields["user"].initial = by.pk


class RuleForm(forms.ModelForm):
    class Meta:
        model = RouteRule
        fields = ["specialty", "site_kind", "state", "language", "group", "person"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = Clinic.objects.filter(kind="group", is_active=True)
        self.fields["group"].empty_label = None
        specialists = Membership.objects.filter(role=Role.SPECIALIST, is_active=True).values("user")
        self.fields["person"].queryset = User.objects.filter(pk__in=specialists, is_active=True).order_by("last_name")
        self.fields["person"].empty_label = "The pool"
        self.fields["state"].help_text = "Two letters, like OH. Empty: every state."
        for name in ("specialty", "site_kind", "language"):
            field = self.fields[name]
            field.choices = [("", "Every one"), *[choice for choice in field.choices if choice[0]]]

    def clean_state(self) -> str:
        state = self.cleaned_data["state"].upper()
        if state and (len(state) != 2 or not (state.isascii() and state.isalpha())):
            raise forms.ValidationError("Write the two letters of the state, like OH.")
        return state

    def clean(self) -> dict:
        data = super().clean() or {}
        person, group = data.get("person"), data.get("group")
        if person and group and not person.has_role(Role.SPECIALIST, group):
            self.add_error("person", f"{person} does not belong to {group}.")
        return data


@role_required("specialist", "administrator")
def away(request: HttpRequest) -> HttpResponse:
    form = AbsenceForm(request.POST or None, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            absence = absences.add_absence(by=request.user, **form.cleaned_data)
        except IntakeRefused as refused:
            form.add_error(None, str(refused))
        else:
            named = Case.objects.filter(status=CaseStatus.READY, assigned_to=absence.user).count()
            waits = f" {named} of the cases in the pools wait for them by name." if named else ""
            messages.success(request, f"Saved: {absence}.{waits}")
            return redirect("intake:away")
    context = {"form": form, "absences": absences.standing_for(request.user), "today": timezone.localdate()}
    return render(request, "intake/away.html", context, status=422 if form.is_bound else 200)


@role_required("specialist", "administrator")
@require_POST
def away_cancel(request: HttpRequest, absence_id) -> HttpResponse:
    absence = get_object_or_404(absences.standing_for(request.user), pk=absence_id)
    absences.cancel_absence(absence=absence, by=request.user)
    messages.success(request, f"{absence.user} is here again on these days.")
    return redirect("intake:away")


@role_required("staff")
def routes(request: HttpRequest) -> HttpResponse:
    """Cases that nobody may answer any more, the groups with their people, and the clinic's rules."""
    clinics = request.user.clinics("staff")
    led = [clinic for clinic in clinics if request.user.is_lead_of(clinic)]
    form = RuleForm(request.POST or None)
    if request.method == "POST":
        if not led:
            raise Http404
        if form.is_valid() and _add_rule(request, form, led[0]):
            return redirect("intake:routes")
    mine = Case.objects.filter(clinic__in=clinics).select_related("patient", "group", "assigned_to")
    stranded = list(routing.stranded(mine)[:50])
    gone = Absence.objects.on(timezone.localdate()).values("user")
    waiting = list(mine.filter(status=CaseStatus.READY, assigned_to__in=gone).order_by("answer_due_at")[:50])
    record_view(request, "case.listed", request.user, cases=[str(case.pk) for case in [*stranded, *waiting]])
    context = {
        "form": form,
        "may_edit": bool(led),
        "rules": RouteRule.objects.filter(clinic__in=clinics, ended_at=None).select_related("group", "person"),
        "groups": routing.people_of(Clinic.objects.filter(kind="group", is_active=True)),
        "stranded": stranded,
        "waiting": waiting,
    }
    return render(request, "intake/routes.html", context, status=422 if form.is_bound else 200)


def _add_rule(request: HttpRequest, form: RuleForm, clinic: Clinic) -> bool:
    rule = form.save(commit=False)
    rule.clinic, rule.made_by = clinic, request.user
    try:
        with transaction.atomic():
            rule.save()
            record("route_rule.added", by=request.user, subject=rule, clinic=clinic, data={"rule": str(rule)})
    except IntegrityError:
        form.add_error(None, "There is a rule for the same cases already. End it first.")
        return False
    messages.success(request, f"Added: {rule}.")
    return True


@role_required("staff")
@require_POST
def rule_end(request: HttpRequest, rule_id) -> HttpResponse:
    rule = get_object_or_404(RouteRule, pk=rule_id, clinic__in=request.user.clinics("staff"), ended_at=None)
    if not request.user.is_lead_of(rule.clinic):
        raise Http404
    RouteRule.objects.filter(pk=rule.pk, ended_at=None).update(ended_at=timezone.now())
    record("route_rule.ended", by=request.user, subject=rule, clinic=rule.clinic, data={"rule": str(rule)})
    messages.success(request, f"Ended: {rule}.")
    return redirect("intake:routes")
