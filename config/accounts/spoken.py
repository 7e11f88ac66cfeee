"""The languages that a clinician speaks with patients: said by themselves on the page of their account, or entered by an
administrator with the licences. Routing prefers whoever speaks the patient's."""

from django import forms
from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language_info

from config.accounts.hooks import ProfileForm
from config.accounts.models import Practitioner, SpokenLanguage, User
from config.audit.services import record

# everybody answers in English
OTHERS = [code for code, _ in settings.LANGUAGES if code != "en"]


class LanguagesCard(forms.Form):
    """A tick for each language of the patients besides English."""

    def __init__(self, data=None, *, user: User, prefix: str) -> None:
        super().__init__(data, prefix=prefix)
        self.practitioner = Practitioner.objects.get(user=user)
        known = set(self.practitioner.spoken.values_list("language", flat=True))
        for code in OTHERS:
            name = get_language_info(code)["name"]
            self.fields[code] = forms.BooleanField(
                label=name,
                required=False,
                initial=code in known,
                help_text=f"You can speak with a patient in {name} without an interpreter.",
            )

    @transaction.atomic
    def save(self, *, by: User) -> None:
        chosen = [code for code in OTHERS if self.cleaned_data[code]]
        self.practitioner.spoken.exclude(language__in=chosen).delete()
        SpokenLanguage.objects.bulk_create(
            [SpokenLanguage(practitioner=self.practitioner, language=code) for code in chosen], ignore_conflicts=True
        )
        record("practitioner.languages_changed", by=by, subject=self.practitioner, data={"languages": chosen})


LANGUAGES_CARD = ProfileForm(
    "languages", "Languages", lambda user: getattr(user, "practitioner", None) is not None, LanguagesCard
)
