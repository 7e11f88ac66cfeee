"""A clinician's own texts: macros and templates, written here and inserted in the room."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from review.forms import TextTemplateForm
from review.models import TextTemplate
from review.phrases import KNOWN


@role_required("specialist")
def texts(request: HttpRequest) -> HttpResponse:
    own = TextTemplate.objects.filter(owner=request.user)
    return render(request, "review/texts.html", {"texts": own, "known": KNOWN})


@role_required("specialist")
def text(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new one, or one of the own; another's does not exist."""
    own = get_object_or_404(TextTemplate, owner=request.user, pk=pk) if pk else TextTemplate(owner=request.user)
    form = TextTemplateForm(request.POST or None, instance=own)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"“{own.name}” is saved. It is in the room under “Insert one of your texts”.")
        return redirect("review:texts")
    context = {"form": form, "text": own, "known": KNOWN}
    return render(request, "review/text.html", context, status=422 if form.is_bound else 200)


@role_required("specialist")
@require_POST
def remove_text(request: HttpRequest, pk: int) -> HttpResponse:
    own = get_object_or_404(TextTemplate, owner=request.user, pk=pk)
    name = own.name
    own.delete()
    messages.success(request, f"“{name}” is removed. Reviews that used it keep their words.")
    return redirect("review:texts")
