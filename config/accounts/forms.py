from datetime import date

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.accounts.models import Clinic, User
from config.accounts.roles import MEMBERSHIP_ROLES


class EmailField(forms.EmailField):
    def __init__(self, **kwargs) -> None:
        kwargs.setdefault("label", _("E-mail address"))
        kwargs.setdefault(
            "error_messages",
            {
                "required": _("Enter the e-mail address."),
                "invalid": _("Enter an e-mail address like name@example.com."),
            },
        )
        super().__init__(**kwargs)

    def clean(self, value):
        return super().clean(value).strip().lower()


class PasswordField(forms.CharField):
    def __init__(self, *, autocomplete: str, **kwargs) -> None:
        kwargs.setdefault("error_messages", {"required": _("Enter the password.")})
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(strip=False, widget=widget, max_length=256, **kwargs)


class SignInForm(forms.Form):
    email = EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = PasswordField(label=_("Password"), autocomplete="current-password")


class NewPasswordForm(forms.Form):
    """The user is handed in so that the password is compared with the name and the address."""

    new_password = PasswordField(
        label=_("New password"),
        autocomplete="new-password",
        help_text=_("12 letters or more. A few words that do not belong together are easy to keep in mind."),
        error_messages={"required": _("Enter a new password.")},
    )
    again = PasswordField(
        label=_("New password again"),
        autocomplete="new-password",
        error_messages={"required": _("Enter the new password a second time.")},
    )

    def __init__(self, *args, user: User, **kwargs) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_new_password(self) -> str:
        password = self.cleaned_data["new_password"]
        validate_password(password, self.user)
        return password

    def clean(self) -> dict:
        facts = super().clean()
        if facts.get("new_password") and facts.get("again") and facts["new_password"] != facts["again"]:
            self.add_error("again", _("The two passwords differ. Enter the same one twice."))
        return facts


class ChangePasswordForm(NewPasswordForm):
    old_password = PasswordField(label=_("Password now"), autocomplete="current-password")
    field_order = ["old_password", "new_password", "again"]

    def clean_old_password(self) -> str:
        if not self.user.check_password(self.cleaned_data["old_password"]):
            raise forms.ValidationError(_("This is not your password. Enter the one you sign in with."))
        return self.cleaned_data["old_password"]


class AskResetForm(forms.Form):
    email = EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username"}))


_REQUIRED = {"first_name": _("Enter the first name."), "last_name": _("Enter the last name.")}


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["first_name", "last_name", "phone"]
        labels = {"first_name": _("First name"), "last_name": _("Last name"), "phone": _("Phone")}

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name, token in (("first_name", "given-name"), ("last_name", "family-name"), ("phone", "tel")):
            self.fields[name].widget.attrs["autocomplete"] = token
        for name in ("first_name", "last_name"):
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = _REQUIRED[name]


class ChangeEmailForm(forms.Form):
    email = EmailField(
        label=_("New e-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("A link goes to this address. Nothing changes until you open it."),
    )
    password = PasswordField(label=_("Your password"), autocomplete="current-password")

    def __init__(self, *args, user: User, **kwargs) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        if not self.user.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError(_("This is not your password. Enter the one you sign in with."))
        return self.cleaned_data["password"]


class InvitationForm(forms.Form):
    code = forms.CharField(
        label=_("Invitation code"),
        max_length=20,
        help_text=_("10 letters and digits from your clinic, like 7K2QM-9XVTB."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
        error_messages={"required": _("Enter the code from your clinic.")},
    )
    date_of_birth = forms.DateField(
        label=_("Date of birth"),
        help_text=_("Of the patient whom it is for."),
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
        error_messages={
            "required": _("Enter the date of birth."),
            "invalid": _("Enter the date of birth like 1959-04-23."),
        },
    )

    def clean_date_of_birth(self) -> date:
        day = self.cleaned_data["date_of_birth"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("Enter a date of birth that has passed."))
        return day


class PersonForm(forms.Form):
    first_name = forms.CharField(max_length=60, error_messages={"required": _("Enter the first name.")})
    last_name = forms.CharField(max_length=60, error_messages={"required": _("Enter the last name.")})
    email = EmailField()
    clinic = forms.ModelChoiceField(
        Clinic.objects.filter(is_active=True),
        label=_("Clinic or group"),
        error_messages={"required": _("Choose the clinic or group.")},
    )
    role = forms.ChoiceField(choices=MEMBERSHIP_ROLES)

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(
                _("There is an account with this address. Find it under People and add the role.")
            )
        return email


class MembershipForm(forms.Form):
    clinic = forms.ModelChoiceField(
        Clinic.objects.filter(is_active=True),
        label=_("Clinic or group"),
        error_messages={"required": _("Choose the clinic or group.")},
    )
    role = forms.ChoiceField(choices=MEMBERSHIP_ROLES)
    lead = forms.BooleanField(label=_("Leads there"), required=False)
