"""Forms of the triage desk and of registering patients."""

from datetime import timedelta

from django import forms
from django.utils import timezone

from config.accounts.models import Clinic, User
from config.identifiers import is_mbi
from intake import adequacy, routing
from intake.forms import AddressForm
from intake.models import SPOKEN_CLINICIAN, CallAttempt, Case, Coverage, Patient, Specialty, Spoken
from intake.reasons import QUESTION_REASONS, RETAKE_REASONS, english, in_language
from intake.slots import slots_of
from intake.topics import topics_of
from intake.triage import Asked

NOBODY = "nobody"
MRN_TAKEN = "Another patient of this clinic has this medical record number."
DEADLINES = {"1": "Tomorrow", "2": "In 2 days", "3": "In 3 days", "7": "In 7 days"}


class AcceptForm(forms.Form):
    urgency = forms.ChoiceField(
        label="Urgency and time to the answer",
        choices=[("urgent", "Urgent, 24 h"), ("priority", "Priority, 48 h"), ("routine", "Routine, 72 h")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the urgency."},
    )
    specialty = forms.ChoiceField(choices=Specialty.choices)
    route = forms.ChoiceField(
        label="Send to", error_messages={"required": "Choose who answers.", "invalid_choice": "Choose who answers."}
    )
    lower_reason = forms.CharField(
        label="Why it may wait longer than suggested", required=False, max_length=300, widget=forms.TextInput
    )
    note = forms.CharField(
        label="Note for the specialist", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args, case: Case, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        wanted = self.data.get("specialty")
        self.specialty = wanted if wanted in Specialty.values else case.specialty
        self.case = case
        self.routes = {route.key: route for route in routing.routes(case, self.specialty)}
        self.best = next(iter(self.routes.values()), None)
        self.fields["route"].choices = [(key, route.label) for key, route in self.routes.items()]
        self.fields["urgency"].widget.attrs = {}

    def chosen(self) -> tuple:
        route = self.routes[self.cleaned_data["route"]]
        return route.group, route.person

    def nobody(self) -> str:
        return routing.nobody_words(self.case, self.specialty)


class AskForm(forms.Form):
    """One row a slot and a part of the story, two free questions, a deadline. Reasons count only where a row is ticked."""

    message = forms.CharField(
        label="Message to the patient",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Shown above what you ask for. Plain words.",
    )
    question = forms.CharField(
        label="A question", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    question_2 = forms.CharField(
        label="One more question", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    deadline = forms.ChoiceField(label="Answer by", choices=list(DEADLINES.items()), initial="2")

    def __init__(self, *args, case: Case, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.case = case
        self.slots = slots_of(case)
        self.topics = topics_of(case)
        self.photos = {photo.slot: photo for photo in case.photos.live().prefetch_related("renditions")}
        again = adequacy.to_retake(case)
        for slot in self.slots:
            self._row(f"slot_{slot.key}", f"reason_{slot.key}", slot.label, RETAKE_REASONS)
            if slot.key in again:
                self.initial |= {f"slot_{slot.key}": True, f"reason_{slot.key}": again[slot.key]}
        for topic in self.topics:
            self._row(f"topic_{topic.key}", f"why_{topic.key}", topic.label, QUESTION_REASONS)
        self.fields["deadline"].choices = [(key, _until(words, int(key))) for key, words in DEADLINES.items()]

    def _row(self, tick: str, why: str, label: str, reasons: dict) -> None:
        self.fields[tick] = forms.BooleanField(label=label, required=False)
        choices = [(code, words) for code, (words, _) in reasons.items()]
        self.fields[why] = forms.ChoiceField(label=f"Why: {label}", choices=choices, required=False)

    def slot_rows(self) -> list[tuple]:
        return [
            (slot, self[f"slot_{slot.key}"], self[f"reason_{slot.key}"], self.photos.get(slot.key))
            for slot in self.slots
        ]

    def topic_rows(self) -> list[tuple]:
        return [(topic, self[f"topic_{topic.key}"], self[f"why_{topic.key}"]) for topic in self.topics]

    def asks_topics(self) -> bool:
        return any(self[f"topic_{topic.key}"].value() for topic in self.topics)

    def wording(self) -> list[tuple[str, str, str]]:
        """(reason, what the patient reads in English, the same in the patient's language where that is another)."""
        language = self.case.patient.preferred_language
        return [
            (words, english(sentence), "" if language == "en" else in_language(sentence, language))
            for words, sentence in (*RETAKE_REASONS.values(), *QUESTION_REASONS.values())
        ]

    def items(self) -> list[Asked]:
        data = self.cleaned_data
        asked = []
        for slot in self.slots:
            if data.get(f"slot_{slot.key}"):
                code = data.get(f"reason_{slot.key}") or "missing"
                asked.append(Asked("photo", slot=slot.key, reason_code=code, note=english(RETAKE_REASONS[code][1])))
        for topic in self.topics:
            if data.get(f"topic_{topic.key}"):
                code = data.get(f"why_{topic.key}") or ("not_clear" if topic.answer else "no_answer")
                words, note = english(topic.text), english(QUESTION_REASONS[code][1])
                asked.append(Asked("question", question=words, topic=topic.key, reason_code=code, note=note))
        asked += [Asked("question", question=data[name]) for name in ("question", "question_2") if data.get(name)]
        return asked

    def clean(self) -> dict:
        data = super().clean() or {}
        if not any(data.get(name) for name in data if name.startswith(("slot_", "topic_", "question"))):
            raise forms.ValidationError("Tick a photo or write a question.")
        return data

    def deadline_at(self):
        return timezone.now() + timedelta(days=int(self.cleaned_data["deadline"]))


def _until(words: str, days: int) -> str:
    day = timezone.localdate() + timedelta(days=days)
    return f"{words}, {day:%a}, {day:%b} {day.day}"


class MoreTimeForm(forms.Form):
    deadline = forms.ChoiceField(label="New deadline", initial="2")

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deadline"].choices = [(key, _until(words, int(key))) for key, words in DEADLINES.items()]

    def deadline_at(self):
        return timezone.now() + timedelta(days=int(self.cleaned_data["deadline"]))


class CallForm(forms.Form):
    outcome = forms.ChoiceField(
        label="How did the call go?",
        choices=CallAttempt.Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how the call went."},
    )
    whom = forms.ChoiceField(
        label="With whom did you speak?", choices=[("", "Nobody"), *Spoken.choices], required=False
    )
    note = forms.CharField(
        label="What you said and what the answer was",
        help_text="Needed when you reached somebody.",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, to_clinician: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if to_clinician:
            self.fields["whom"].choices = [("", "Nobody"), SPOKEN_CLINICIAN, ("proxy", "Somebody at their practice")]


class RedirectForm(forms.Form):
    kind = forms.ChoiceField(
        label="Where to",
        choices=[("in_person", "In person, at the clinic or a specialist"), ("emergency", "Emergency care, now")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose in-person or emergency care."},
    )
    reason = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write why, so that the next person understands."},
    )
    reached = forms.ChoiceField(
        label="Whom did you reach?",
        choices=[*Spoken.choices, (NOBODY, "Nobody yet: keep the call on the call list")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whom you reached, or that nobody was reached yet."},
    )
    told = forms.CharField(
        label="Whom you told, how and what",
        help_text="Like “Called Ms. Ellison at 2:10 pm: go to the emergency room now.”",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write whom you told and how. If nobody was reached, write that."},
    )

    def clean_reached(self) -> str:
        reached = self.cleaned_data["reached"]
        return "" if reached == NOBODY else reached


class HandoverForm(forms.Form):
    clinic = forms.ModelChoiceField(label="Clinic", queryset=Clinic.objects.none(), empty_label=None)
    text = forms.CharField(
        label="What the next shift must know",
        help_text="Who was called and waits for a call back, what is promised, what is odd. The list itself is on the page.",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Write what the next shift must know."},
    )

    def __init__(self, *args, clinics: list[Clinic], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinic"].queryset = Clinic.objects.filter(pk__in=[clinic.pk for clinic in clinics])
        self.fields["clinic"].initial = clinics[0].pk if clinics else None
        if len(clinics) == 1:
            self.fields["clinic"].widget = forms.HiddenInput()


class NoAnswerForm(forms.Form):
    reason = forms.CharField(
        label="Why the case goes on without an answer",
        max_length=300,
        error_messages={"required": "Write why the case goes on without an answer."},
    )


class PatientForm(forms.ModelForm):
    """Find or register. Coverage is a row of its own with a start date."""

    payer_code = forms.ChoiceField(label="Payer", choices=Coverage.PayerCode.choices)
    plan = forms.ChoiceField(label="Plan", choices=Coverage.Plan.choices)
    member_id = forms.CharField(label="Member number (for Medicare: the MBI)", required=False, max_length=30)
    state = forms.CharField(label="State", help_text="Two letters, like OH.")
    anyway = forms.BooleanField(label="This is another person; register anyway", required=False)

    class Meta:
        model = Patient
        fields = [
            "first_name", "middle_name", "last_name", "date_of_birth", "administrative_sex", "mrn", "email", "phone",
            "address_line1", "address_line2", "city", "state", "zip_code", "preferred_language", "interpreter_needed",
        ]  # fmt: skip
        widgets = {"date_of_birth": forms.DateInput(attrs={"type": "date"})}

    def __init__(self, *args, clinic, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.clinic = clinic
        self.twin: Patient | None = None
        for name in ("address_line1", "city", "state", "zip_code"):
            self.fields[name].required = True
        for field in self.fields.values():
            # the list of what is wrong stands above the fields: each line says which it is about
            field.error_messages["required"] = f"{field.label} is missing."

    def clean_state(self) -> str:
        state = self.cleaned_data["state"].upper()
        if len(state) != 2 or not (state.isascii() and state.isalpha()):
            raise forms.ValidationError("Write the two letters of the state, like OH.")
        return state

    def clean_zip_code(self) -> str:
        digits = self.cleaned_data["zip_code"].replace("-", "")
        if not (digits.isascii() and digits.isdigit()) or len(digits) not in (5, 9):
            raise forms.ValidationError("Write 5 or 9 digits, like 43215 or 43215-0001.")
        return digits

    def clean_date_of_birth(self):
        born = self.cleaned_data["date_of_birth"]
        if born > timezone.localdate() or born.year < 1900:
            raise forms.ValidationError("Write the date of birth, like 1959-03-01.")
        return born

    def clean_member_id(self) -> str:
        return self.cleaned_data["member_id"].replace("-", "").replace(" ", "").upper()

    def clean(self) -> dict:
        data = super().clean() or {}
        member = data.get("member_id", "")
        if data.get("payer_code") == Coverage.PayerCode.MEDICARE and not is_mbi(member):
            shape = "11 letters and digits, like 1EG4-TE5-MK73, without S, L, O, I, B and Z"
            missing = f"Write the Medicare number ({shape}), or choose another payer."
            self.add_error("member_id", f"A Medicare number has {shape}." if member else missing)
        if data.get("plan") == Coverage.Plan.ORIGINAL and data.get("payer_code") != Coverage.PayerCode.MEDICARE:
            # the list begins with it; nobody else pays for original Medicare
            uninsured = data.get("payer_code") == Coverage.PayerCode.SELF_PAY
            data["plan"] = Coverage.Plan.SELF_PAY if uninsured else Coverage.Plan.COMMERCIAL
        if {"first_name", "last_name", "date_of_birth"} <= data.keys() and self.instance._state.adding:
            self.twin = Patient.objects.filter(
                home_clinic=self.clinic,
                first_name__iexact=data["first_name"],
                last_name__iexact=data["last_name"],
                date_of_birth=data["date_of_birth"],
                merged_into=None,
            ).first()
            if self.twin and not data.get("anyway"):
                raise forms.ValidationError("A patient with this name and date of birth is already registered.")
        mrn = data.get("mrn")
        others = Patient.objects.filter(home_clinic=self.clinic, mrn=mrn).exclude(pk=self.instance.pk)
        if mrn and others.exists():
            self.add_error("mrn", MRN_TAKEN)
        return data


class ReachForm(AddressForm):
    """Address, phone, and for who has no account yet the address that invitations and links go to."""

    class Meta(AddressForm.Meta):
        fields = [*AddressForm.Meta.fields, "email"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.user_id:
            del self.fields["email"]


class StaffStartForm(forms.Form):
    specialty = forms.ChoiceField(label="What is it about?", choices=Specialty.choices, widget=forms.RadioSelect)
    referring_clinician = forms.ModelChoiceField(
        label="Referring clinician",
        queryset=User.objects.none(),
        required=False,
        empty_label="Nobody: the patient came by themselves",
    )

    def __init__(self, *args, clinic, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["referring_clinician"].queryset = User.objects.filter(
            memberships__clinic=clinic, memberships__role="referrer", memberships__is_active=True, is_active=True
        )
