"""The messages of one case, the same page for patient, clinic and specialist; and a desk's list of them."""

import logging
import uuid

from botocore.exceptions import BotoCoreError, ClientError
from django import forms
from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.accounts.roles import Role
from config.audit.services import record_view
from intake import message_templates, messages, moved, services
from intake.models import Case, CaseStatus, Message, Side, Thread
from intake.views.common import page
from intake.wording import words_of_refusal

log = logging.getLogger(__name__)

SHOWN = 100
BACK = {
    Side.PATIENT: "intake:patient_case",
    Side.CLINIC: "intake:triage_case",
    Side.SPECIALIST: "review:room",
    Side.REFERRER: "review:referrer_result",
}


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyPhotos(forms.FileField):
    """Any number of files, as they came; the pipeline looks at each."""

    def clean(self, data, initial=None) -> list:
        return [super(ManyPhotos, self).clean(file, initial) for file in data or [] if file]


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
    photos = ManyPhotos(
        label=gettext_lazy("Add photos"),
        help_text=gettext_lazy("Up to 4. They become part of the record."),
        required=False,
        widget=ManyFiles(attrs={"accept": "image/*"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    # whose case it was when the page was opened: what was written for one person must not reach another
    about = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # a photo may come without words
        self.fields["text"].required = not self.files


def _fresh_form(case: Case, text: str = "") -> MessageForm:
    return MessageForm(initial={"key": uuid.uuid4(), "text": text, "about": case.patient_id})


def _read(files: list) -> list[tuple[str, bytes]]:
    for file in files:
        if too_big := services.pipeline.limits.check_bytes(file.size):
            raise services.PhotoRefused(too_big.reason, words_of_refusal(too_big))
    return [(file.name, file.read()) for file in files]


@role_required("patient", "staff", "specialist", "referrer")
def thread(request: HttpRequest, case_id) -> HttpResponse:
    found = Case.objects.visible_to(request.user).exclude(status=CaseStatus.DRAFT)
    found = found.select_related("patient__user", "clinic", "group")
    case = get_object_or_404(found, pk=case_id)
    side = messages.side_of(case, request.user)
    if not side:
        raise Http404
    templates = message_templates.of_case(case) if side == Side.CLINIC else []
    chosen = next((one for one in templates if str(one.pk) == request.GET.get("template")), None)
    fresh = _fresh_form(case, message_templates.fill(chosen, case) if chosen else "")
    form = MessageForm(request.POST, request.FILES) if request.method == "POST" else fresh
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            files = _read(data["photos"])
            messages.send(
                case=case, by=request.user, text=data["text"], key=data["key"], files=files, about=data["about"]
            )
        except services.PhotoRefused as refused:
            form.add_error("photos", refused.message)
        except messages.MessageRefused as refused:
            form.add_error("text", str(refused))
            # it may have gone to another person meanwhile: what is shown below is read anew
            case = get_object_or_404(found, pk=case_id)
            if not (side := messages.side_of(case, request.user)):
                raise Http404 from None
        except (OSError, BotoCoreError, ClientError) as error:
            log.warning("storage does not take a photo (%s)", type(error).__name__)
            form.add_error("photos", _("The photo could not be stored just now. Send it again in a minute."))
        else:
            notes.success(request, _("Your message is sent."))
            return redirect("intake:messages", case.pk)
    record_view(request, "case.messages_viewed", case)
    context = {
        "side": side,
        "back_url": _back(case, side),
        "templates": templates,
        "conversation": Thread.objects.filter(case=case).select_related("closed_by").first(),
        "may_put_away": side in {Side.CLINIC, Side.SPECIALIST},
        "reads_nothing": not messages.notices.readers(case.patient) if side != Side.PATIENT else False,
        "former": moved.former(case) if side == Side.CLINIC else [],
        "lines": messages.open_thread(case=case, by=request.user),
        "form": form,
        "new_word": _("New"),
        "closed": messages.why_closed(case, side),
        "status": 422 if form.is_bound else 200,
    }
    return page(request, "intake/messages.html", case, **context)


def _back(case: Case, side: str) -> str:
    if side == Side.REFERRER and not case.signed_at:
        return reverse("review:referrer_home")
    return reverse(BACK[Side(side)], args=[case.pk])


@role_required("staff", "specialist")
@require_POST
def put_away(request: HttpRequest, case_id) -> HttpResponse:
    case = get_object_or_404(Case.objects.visible_to(request.user).select_related("clinic"), pk=case_id)
    try:
        messages.put_away(case=case, by=request.user)
    except messages.MessageRefused as refused:
        notes.error(request, str(refused))
        return redirect("intake:messages", case.pk)
    notes.success(request, f"The conversation about case {case.number} is closed. A new message opens it again.")
    return redirect("intake:inbox")


@role_required("staff", "specialist", "referrer")
def inbox(request: HttpRequest) -> HttpResponse:
    """What the clinic has not read, then the rest; a specialist's own below, for who is both."""
    sides = [(Role.STAFF, Side.CLINIC), (Role.SPECIALIST, Side.SPECIALIST), (Role.REFERRER, Side.REFERRER)]
    closed = request.GET.get("show") == "closed"
    threads = [
        found
        for role, side in sides
        if request.user.has_role(role)
        for found in messages.threads(request.user, side, closed=closed)[:SHOWN]
    ]
    threads = list({found.pk: found for found in reversed(threads)}.values())[::-1]
    last = messages.last_messages(threads)
    for found in threads:
        found.last = last.get(found.pk)
    record_view(request, "case.listed", request.user, cases=[str(found.pk) for found in threads])
    context = {"threads": threads, "new": sum(found.waits for found in threads), "closed": closed}
    return render(request, "intake/inbox.html", context)
