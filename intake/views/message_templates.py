"""The clinic's own message texts: a list, a new one, taking one away."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from intake import message_templates
from intake.services import IntakeRefused


class TemplateForm(forms.Form):
    name = forms.CharField(label="Name", max_length=60, error_messages={"required": "Give the text a name."})
    text = forms.CharField(
        label="Text in English",
        max_length=1500,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write the text."},
    )
    text_es = forms.CharField(
        label="Text in Spanish", max_length=1500, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )


@role_required("staff")
def template_list(request: HttpRequest) -> HttpResponse:
    form = TemplateForm(request.POST or None)
    clinic = request.user.clinics("staff").order_by("name").first()
    if request.method == "POST" and form.is_valid():
        try:
            message_templates.add(by=request.user, clinic=clinic, **form.cleaned_data)
        except IntakeRefused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, "The text is kept. Choose it above a new message.")
            return redirect("intake:message_templates")
    context = {
        "rows": message_templates.of_user(request.user),
        "form": form,
        "places": message_templates.PLACES.items(),
    }
    return render(request, "intake/message_templates.html", context, status=422 if form.is_bound else 200)


@role_required("staff")
@require_POST
def template_remove(request: HttpRequest, template_id: int) -> HttpResponse:
    row = get_object_or_404(message_templates.of_user(request.user), pk=template_id)
    message_templates.remove(by=request.user, row=row)
    messages.success(request, f"“{row.name}” is gone. Messages that were sent with it stay.")
    return redirect("intake:message_templates")
