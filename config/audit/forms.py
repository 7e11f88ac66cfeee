from django import forms


class SearchForm(forms.Form):
    person = forms.CharField(required=False, max_length=80, help_text="Name or e-mail address, from its beginning.")
    subject = forms.CharField(label="Case number or id", required=False, max_length=40)
    verb = forms.CharField(label="What was done", required=False, max_length=60, help_text="Like case or photo.viewed.")
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def clean_person(self) -> str:
        return self.cleaned_data["person"].strip()

    def clean_subject(self) -> str:
        return self.cleaned_data["subject"].strip()
