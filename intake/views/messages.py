"""The messages of one case, the same page for patient, clinic and specialist; and a desk's list of them."""

import uuid

from django import forms
from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.accounts.access import role_required
from config.accounts.roles import Role
from config.audit.services import record_view
from intake import messages
from intake.models import Case, CaseStatus, Message, Side
from intake.views.common import page

SHOWN = 100
BACK = {Side.PATIENT: "intake:patient_case", Side.CLINIC: "intake:triage_case", Side.SPECIALIST: "review:room"}


class MessageForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your message"),
        max_length=Message.MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": gettext_lazy("Write your message first."),
            "max_length": gettext_lazy("The message is too long. Make it shorter, or send it in two parts."),
        },
    )
    key = forms.UUIDField(widget=forms.HiddenInput)


def _fresh_form() -> MessageForm:
    return MessageForm(initial={"key": uuid.uuid4()})


@role_required("patient", "staff", "specialist")
def thread(request: HttpRequest, case_id) -> HttpResponse:
    found = Case.objects.visible_to(request.user).exclude(status=CaseStatus.DRAFT)
    case = get_object_or_404(found.select_related("patient__user", "clinic", "group"), pk=case_id)
    side = messages.side_of(case, request.user)
    if not side:
        raise Http404
    form = MessageForm(request.POST) if request.method == "POST" else _fresh_form()
    if request.method == "POST" and form.is_valid():
        try:
            messages.send(case=case, by=request.user, **form.cleaned_data)
        except messages.MessageRefused as refused:
            form.add_error("text", str(refused))
        else:
            notes.success(request, _("Your message is sent."))
            return redirect("intake:messages", case.pk)
    record_view(request, "case.messages_viewed", case)
    context = {
        "side": side,
        "back": BACK[Side(side)],
        "lines": messages.open_thread(case=case, by=request.user),
        "form": form,
        "new_word": _("New"),
        "closed": messages.why_closed(case, side),
        "status": 422 if form.is_bound else 200,
    }
    return page(request, "intake/messages.html", case, **context)


@role_required("staff", "specialist")
def inbox(request: HttpRequest) -> HttpResponse:
    """What the clinic has not read, then the rest; a specialist's own below, for who is both."""
    sides = [(Role.STAFF, Side.CLINIC), (Role.SPECIALIST, Side.SPECIALIST)]
    threads = [
        found
        for role, side in sides
        if request.user.has_role(role)
        for found in messages.threads(request.user, side)[:SHOWN]
    ]
    last = messages.last_messages(threads)
    for found in threads:
        found.last = last[found.pk]
    record_view(request, "case.listed", request.user, cases=[str(found.pk) for found in threads])
    return render(request, "intake/inbox.html", {"threads": threads, "new": sum(found.waits for found in threads)})
