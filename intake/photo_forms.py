"""The circle around the spot, on a photo that was sent."""

from django import forms
from django.utils.translation import gettext_lazy as _

SHARE = {"min_value": 0, "max_value": 1}
WRONG = {"error_messages": {"required": _("Set the circle again."), "invalid": _("Set the circle again.")}}


def _slider(least: str = "0") -> forms.NumberInput:
    return forms.NumberInput(attrs={"type": "range", "min": least, "max": "1", "step": "0.005"})


class CircleForm(forms.Form):
    """Shares of the picture; the sliders are the real control, a tap on the picture sets the last two."""

    across = forms.FloatField(
        label=_("Size of the circle"), min_value=0.01, max_value=1, widget=_slider("0.01"), **WRONG
    )
    x = forms.FloatField(label=_("From left to right"), widget=_slider(), **SHARE, **WRONG)
    y = forms.FloatField(label=_("From top to bottom"), widget=_slider(), **SHARE, **WRONG)

    @property
    def circle(self) -> tuple[float, float, float]:
        return self.cleaned_data["x"], self.cleaned_data["y"], self.cleaned_data["across"]
