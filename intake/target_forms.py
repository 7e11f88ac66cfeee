"""Forms of the administrator's dated settings: opening hours, holidays, targets."""

from datetime import date, time, timedelta

from django import forms
from django.utils import timezone

from config.accounts.models import Clinic
from intake.models import Holiday, TargetSetting

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DATE = forms.DateInput(attrs={"type": "date"})
_TIME = {"type": "time"}


def _not_past(day: date) -> date:
    """The past keeps the rules it had."""
    if day < timezone.localdate():
        raise forms.ValidationError("Choose today or a day to come. What was promised before stays as it is.")
    return day


class WeekForm(forms.Form):
    """A week of opening hours, one stretch a day. A day without times is closed; a week without any is day and night."""

    valid_from = forms.DateField(label="Valid from", widget=_DATE)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for number, day in enumerate(DAYS):
            for name, word in (("opens", "opens"), ("closes", "closes")):
                self.fields[f"{name}_{number}"] = forms.TimeField(
                    label=f"{day} {word}", required=False, widget=forms.TimeInput(attrs=_TIME, format="%H:%M")
                )

    def day_rows(self) -> list[tuple]:
        return [(day, self[f"opens_{n}"], self[f"closes_{n}"]) for n, day in enumerate(DAYS)]

    def clean_valid_from(self) -> date:
        return _not_past(self.cleaned_data["valid_from"])

    def clean(self) -> dict:
        data = super().clean() or {}
        for number, day in enumerate(DAYS):
            opens, closes = data.get(f"opens_{number}"), data.get(f"closes_{number}")
            if (opens is None) != (closes is None):
                self.add_error(f"closes_{number}", f"{day}: write both times, or leave both empty for a closed day.")
            elif opens and closes and closes <= opens:
                self.add_error(f"closes_{number}", f"{day}: the closing time must be after the opening time.")
        return data

    def hours(self) -> list[tuple[int, time, time]]:
        data = self.cleaned_data
        return [(n, data[f"opens_{n}"], data[f"closes_{n}"]) for n in range(7) if data[f"opens_{n}"]]


class HolidayForm(forms.Form):
    day = forms.DateField(label="Day", widget=_DATE)
    name = forms.CharField(label="Name", max_length=60)

    def __init__(self, *args, clinic: Clinic, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.clinic = clinic

    def clean_day(self) -> date:
        day = _not_past(self.cleaned_data["day"])
        if day > timezone.localdate() + timedelta(days=3 * 366):
            raise forms.ValidationError("Choose a day within the next three years.")
        if Holiday.objects.filter(clinic=self.clinic, day=day).exists():
            raise forms.ValidationError("This day is listed already.")
        return day


class TargetForm(forms.ModelForm):
    hours = forms.DecimalField(label="Hours", min_value=0.25, max_value=720, max_digits=6, decimal_places=2)

    class Meta:
        model = TargetSetting
        fields = ["clinic", "kind", "urgency", "specialty", "valid_from", "source"]
        widgets = {"valid_from": _DATE}
        labels = {"source": "Source: who decided it, where it is written", "valid_from": "Valid from"}

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinic"].queryset = Clinic.objects.filter(kind=Clinic.Kind.CLINIC, is_active=True)
        self.fields["clinic"].empty_label = "All clinics"
        self.fields["specialty"].choices = [("", "Both"), *self.fields["specialty"].choices[1:]]

    def clean_valid_from(self) -> date:
        return _not_past(self.cleaned_data["valid_from"])

    def clean(self) -> dict:
        data = super().clean() or {}
        key = {name: data.get(name) for name in ("clinic", "kind", "urgency", "specialty", "valid_from")}
        if None not in (key["kind"], key["valid_from"]) and TargetSetting.objects.filter(**key).exists():
            self.add_error("valid_from", "A target from this day on is there already. Choose another day.")
        if "hours" in data:
            self.instance.minutes = int(data["hours"] * 60)
        return data
