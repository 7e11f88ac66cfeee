"""The card "How we tell you" on a person's own page."""

from django import forms
from django.utils.translation import gettext_lazy as _

from config import sms
from config.accounts import reach
from config.accounts.contact_models import ContactPreference
from config.accounts.hooks import ProfileForm
from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record

ZONES = (
    ("", _("The clinic’s time")),
    ("America/New_York", _("Eastern time")),
    ("America/Chicago", _("Central time")),
    ("America/Denver", _("Mountain time")),
    ("America/Phoenix", _("Arizona time")),
    ("America/Los_Angeles", _("Pacific time")),
    ("America/Anchorage", _("Alaska time")),
    ("Pacific/Honolulu", _("Hawaii time")),
    ("America/Puerto_Rico", _("Atlantic time, Puerto Rico")),
)
WAYS = {
    "email": _("E-mail"),
    "sms": _("Text message"),
    "paper": _("Letter by post"),
}


class NoticesForm(forms.ModelForm):
    channel = forms.ChoiceField(
        label=_("How we tell you that a message waits"),
        help_text=_(
            "The message itself is never in it. You read it here. With a letter, your clinic prints it for you."
        ),
        widget=forms.RadioSelect,
    )
    quiet_from = forms.TimeField(
        label=_("Do not tell me from"),
        help_text=_("Leave both empty if any hour is fine. A message that cannot wait comes at any hour."),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": _("Enter a time like 21:00.")},
    )
    quiet_until = forms.TimeField(
        label=_("until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": _("Enter a time like 21:00.")},
    )
    time_zone = forms.ChoiceField(label=_("Your time zone"), choices=ZONES, required=False)

    class Meta:
        model = ContactPreference
        fields = ["channel", "quiet_from", "quiet_until", "time_zone"]

    def __init__(self, data=None, *, user: User, prefix: str) -> None:
        self.user = user
        super().__init__(data, prefix=prefix, instance=reach.preference_of(user))
        offered = [way for way in WAYS if way != "sms" or sms.is_offered()]
        self.fields["channel"].choices = [(way, WAYS[way]) for way in offered]

    def clean(self) -> dict:
        facts = super().clean()
        if facts.get("channel") == "sms" and not sms.e164(self.user.phone):
            self.add_error("channel", _("Enter your phone number under Name and phone first."))
        if (facts.get("quiet_from") is None) != (facts.get("quiet_until") is None):
            self.add_error("quiet_until", _("Enter both times, or none."))
        return facts

    def save(self, *, by: User) -> ContactPreference:
        # only what the form holds: a returned mail is noted by somebody else
        chosen = {name: self.cleaned_data[name] for name in self.Meta.fields}
        row, _made = ContactPreference.objects.update_or_create(user=self.user, defaults=chosen)
        record("account.notices_changed", by=by, subject=self.user, data={"channel": chosen["channel"]})
        return row


NOTICES_CARD = ProfileForm(
    "notices",
    _("How we tell you"),
    lambda user: bool(user.roles & {Role.PATIENT.value, Role.REFERRER.value}),
    NoticesForm,
)
