"""What would this be on day D, with payer P? The gate answers; nothing is written."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing import facts as gathering
from billing import rules
from billing.models import ChargeLine, Payer
from billing.models.charge import FIRST_NUMBER
from billing.places import with_places
from config.accounts.access import role_required
from config.audit.services import record_view
from intake.models import Coverage


class WhatIfForm(forms.Form):
    number = forms.CharField(max_length=20, label="Line", help_text="Like CH-20001.")
    day = forms.DateField(
        required=False, label="On this day", help_text="Empty: the day of the service.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip
    payer = forms.ChoiceField(required=False, label="With this payer")
    plan = forms.ChoiceField(
        required=False, label="And this plan", choices=[("", "The usual one of the payer"), *Coverage.Plan.choices]
    )

    def __init__(self, *args, lines, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        payers = [(payer.code, payer.name) for payer in Payer.objects.all()]
        self.fields["payer"].choices = [("", "The patient's payer of that day"), *payers, ("self_pay", "No insurance")]

    def clean_number(self) -> ChargeLine:
        text = self.cleaned_data["number"].upper().strip().removeprefix("CH-")
        found = self.lines.filter(pk=int(text) - FIRST_NUMBER).first() if text.isdecimal() and len(text) < 12 else None
        if found is None:
            raise forms.ValidationError("There is no such line. Its number stands on the desk, like CH-20001.")
        return found


@role_required("biller")
def what_if(request: HttpRequest) -> HttpResponse:
    lines = ChargeLine.objects.visible_to(request.user).select_related(
        "review__case__patient", "review__case__group", "review__specialist__practitioner"
    )
    form = WhatIfForm(request.GET if "number" in request.GET else None, lines=lines)
    context: dict = {"form": form}
    if form.is_bound and form.is_valid():
        line = form.cleaned_data["number"]
        asked = gathering.Asked(form.cleaned_data["day"], form.cleaned_data["payer"], form.cleaned_data["plan"])
        gathered, decision = answer(line, asked)
        record_view(request, "charge.asked_what_if", line)
        context |= {
            "line": line,
            "decision": decision,
            "holds": with_places(line, [vars(hold) for hold in decision.holds]),
            "facts": gathered.facts.as_json(),
            "payer": gathered.payer,
            "programme": gathered.programme,
            "day": gathered.facts.date_of_service,
            "same": (decision.status, decision.code, decision.amount) == (line.status, line.code, line.amount),
        }
    return render(request, "billing/what_if.html", context)


def answer(line: ChargeLine, asked: gathering.Asked) -> tuple[gathering.Gathered, rules.Decision]:
    """The gate's answer to a question about a line. Reads only."""
    gathered = gathering.gather(line.review, line, asked)
    return gathered, rules.decide(gathered.facts)
