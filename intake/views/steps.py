"""A draft, one thought a screen: for the patient, and for staff who enter it. Each answer is saved as it is given."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from config.accounts.access import role_required
from config.ui import words_of
from intake import bodymap, completeness, consents, forms, questions, services
from intake.danger import LABELS
from intake.models import Case, CaseStatus
from intake.views.common import page, slots_with_photos, visible_case

STAGES = {
    "danger": gettext_lazy("danger signs"),
    "kind": gettext_lazy("kind of problem"),
    "reason": gettext_lazy("your question"),
    "place": gettext_lazy("place"),
    "story": gettext_lazy("story"),
    "questions": gettext_lazy("questions"),
    "medicines": gettext_lazy("medicines"),
    "tone": gettext_lazy("skin tone"),
    "photos": gettext_lazy("photos"),
    "note": gettext_lazy("intake note"),
    "consent": gettext_lazy("consent"),
    "check": gettext_lazy("check and send"),
}
FORMS = {
    "kind": forms.KindForm,
    "reason": forms.ReasonForm,
    "place": forms.PlaceForm,
    "story": forms.StoryForm,
    "medicines": forms.MedicinesForm,
    "note": forms.NoteForm,
}
ASKED = "q-"


def steps_for(case: Case, user) -> list[str]:
    """The screens of this case in order; what was answered decides which questions follow."""
    left_out = set()
    if case.is_cared_for_by(user):
        left_out.add("note")
    if case.specialty == "ophthalmology":
        left_out |= {"kind", "tone"}
    if not case.is_cared_for_by(user):
        left_out.add("tone")  # people say it about themselves
    steps = []
    for stage in STAGES:
        if stage == "questions":
            steps += [ASKED + question.key for question in services.questions_of(case)]
        elif stage not in left_out:
            steps.append(stage)
    return steps


def stage_of(step: str) -> str:
    return "questions" if step.startswith(ASKED) else step


@role_required("patient", "staff")
def case_draft(request: HttpRequest, case_id) -> HttpResponse:
    """Go on where the person was: at the first thing missing, or the first question not answered yet."""
    case = visible_case(request, case_id, CaseStatus.DRAFT)
    steps = steps_for(case, request.user)
    missing = {place for place, _sentence in services.missing_for_sending(case)}
    answered = services.answers_of(case)
    for step in steps:
        if step in missing or (step.startswith(ASKED) and step.removeprefix(ASKED) not in answered):
            return redirect("intake:case_step", case.pk, step)
    return redirect("intake:case_step", case.pk, "check")


@role_required("patient", "staff")
def case_step(request: HttpRequest, case_id, step: str) -> HttpResponse:
    case = visible_case(request, case_id, CaseStatus.DRAFT)
    steps = steps_for(case, request.user)
    if step not in steps:
        if stage_of(step) == "questions" and step.removeprefix(ASKED) in questions.BY_KEY:
            # a question that an answer on another page has made needless
            return redirect("intake:case_draft", case.pk)
        raise Http404
    special = {"danger": _danger, "tone": _tone, "photos": _photos, "consent": _consent, "check": _check}
    handle = _asked if stage_of(step) == "questions" else special.get(step, _question)
    return handle(request, case, _context(case, step, steps))


def _context(case: Case, step: str, steps: list[str]) -> dict:
    at = steps.index(step)
    stages = list(dict.fromkeys(stage_of(one) for one in steps))
    context = {
        "step": step,
        "stage": stage_of(step),
        "steps": [(name, index) for index, name in enumerate(stages)],
        "step_number": stages.index(stage_of(step)) + 1,
        "step_name": STAGES[stage_of(step)],
        "previous": steps[at - 1] if at else "",
        "following": steps[at + 1] if at + 1 < len(steps) else "",
    }
    if context["stage"] == "questions":
        mine = [one for one in steps if stage_of(one) == "questions"]
        context["question_number"], context["question_count"] = mine.index(step) + 1, len(mine)
    return context


def _go_on(case: Case, context: dict) -> HttpResponse:
    return redirect("intake:case_step", case.pk, context["following"])


def _question(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    step = context["step"]
    form = FORMS[step](request.POST or None, instance=case, initial={"version": case.version})
    if step == "place":
        eyes = case.specialty == "ophthalmology"
        context |= {"large": () if eyes else bodymap.LARGE, "insets": (bodymap.EYES,) if eyes else bodymap.INSETS}
    if request.method != "POST":
        return page(request, "intake/case_question.html", case, form=form, **context)
    if request.headers.get("X-Draft"):
        return _autosave(request, case, form)
    if not form.is_valid():
        case.refresh_from_db()
        return page(request, "intake/case_question.html", case, form=form, **context)
    try:
        services.save_draft(
            case=case, by=request.user, version=form.cleaned_data.get("version"), **form.changed_fields()
        )
    except services.StaleDraft as stale:
        form.data = form.data.copy()
        form.data["version"] = stale.case.version
        form.add_error(None, str(stale))
        return page(request, "intake/case_question.html", case, form=form, stored=stale.case, status=409, **context)
    if step == "kind":
        # another kind has other questions
        context = _context(case, step, steps_for(case, request.user))
    return _go_on(case, context)


def _autosave(request: HttpRequest, case: Case, form: forms.DraftForm) -> JsonResponse:
    version = request.POST.get("version", "")
    try:
        saved = services.save_draft(
            case=case, by=request.user, version=int(version) if version.isdecimal() else None, **form.raw_fields()
        )
    except services.IntakeRefused as refused:
        return JsonResponse({"error": str(refused)}, status=409)
    return JsonResponse({"version": saved.version, "saved": words_of(timezone.now())})


def _asked(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    question = questions.BY_KEY[context["step"].removeprefix(ASKED)]
    form = forms.AskedForm(request.POST or None, question=question, value=services.answers_of(case).get(question.key))
    if request.method == "POST":
        if request.headers.get("X-Draft"):
            return _autosave_answer(request, case, form)
        if "skip" in request.POST:
            return _go_on(case, context)
        if form.is_valid():
            services.answer_question(case=case, by=request.user, key=question.key, value=form.value())
            # an answer may bring up another question
            return _go_on(case, _context(case, context["step"], steps_for(case, request.user)))
    return page(request, "intake/case_asked.html", case, form=form, question=question, **context)


def _autosave_answer(request: HttpRequest, case: Case, form: forms.AskedForm) -> JsonResponse:
    """What is ticked or typed so far; nothing yet is nothing to keep."""
    if form.is_valid():
        services.answer_question(case=case, by=request.user, key=form.question.key, value=form.value())
    return JsonResponse({"version": case.version, "saved": words_of(timezone.now())})


def _danger(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    initial = {"none": case.danger_signs == "none"}
    form = forms.DangerForm(request.POST or None, specialty=case.specialty, initial=initial)
    if request.method == "POST" and form.is_valid():
        signs = [LABELS[key] for key in form.cleaned_data["signs"]]
        moved = services.answer_danger_signs(case=case, by=request.user, signs=signs)
        if moved.status == CaseStatus.REDIRECTED:
            return redirect("intake:case_stop", case.pk)
        return _go_on(case, context)
    return page(request, "intake/case_danger.html", case, form=form, **context)


def _tone(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    form = forms.ToneForm(request.POST or None, initial={"tone": case.patient.skin_tone})
    if request.method == "POST":
        if "skip" in request.POST:
            return _go_on(case, context)
        if form.is_valid():
            case.patient.skin_tone = form.cleaned_data["tone"]
            case.patient.save(update_fields=["skin_tone"])
            return _go_on(case, context)
    return page(request, "intake/case_tone.html", case, form=form, **context)


def _photos(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    if request.method == "POST":
        return _go_on(case, context)
    return page(request, "intake/case_photos.html", case, slots=slots_with_photos(case), **context)


def _consent(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    given = set(case.consents.filter(withdrawn_at__isnull=True).values_list("kind", flat=True))
    # what is kept as agreed to is the very text that was on the screen, whatever was chosen since in another window
    language = request.POST.get("shown_in") or _language_at_the_screen(request, case)
    form = forms.ConsentForm(request.POST or None, given=given, texts=consents.texts(language))
    if request.method == "POST" and form.is_valid():
        services.give_consent(case=case, by=request.user, kinds=form.kinds(), language=language)
        return _go_on(case, context)
    return page(request, "intake/case_consent.html", case, form=form, shown_in=language, **context)


def _language_at_the_screen(request: HttpRequest, case: Case) -> str:
    """Who is at the screen reads the language of the page; staff read the text out to the patient, in the patient's."""
    return (get_language() or "en") if case.is_cared_for_by(request.user) else services.language_of(case)


def _check(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    missing = services.missing_for_sending(case)
    if request.method == "POST":
        try:
            services.submit_case(case=case, by=request.user)
        except services.NotComplete as incomplete:
            missing = incomplete.missing
        except services.TransitionRefused as refused:
            messages.error(request, refused.text)
            return redirect("intake:patient_home")
        else:
            sent = _("Case %(number)s is sent. Your clinic checks it next.") % {"number": case.number}
            messages.success(request, sent)
            if case.is_cared_for_by(request.user):
                return redirect("intake:patient_case", case.pk)
            return redirect("intake:triage_case", case.pk)
    answers = services.answers_of(case)
    return page(
        request,
        "intake/case_check.html",
        case,
        missing=missing,
        asked=request.method == "POST",
        slots=slots_with_photos(case),
        uploads=case.uploads.arriving(),
        answered=[
            (question, questions.patient_words(question, answers.get(question.key, [])))
            for question in services.questions_of(case)
        ],
        consents=case.consents.filter(withdrawn_at__isnull=True),
        in_person=bool(completeness.in_person_words(case)),
        **context,
    )
