"""Wrong person: a case or a photo goes to the right one or is marked as entered in error; duplicate records become one."""

from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from intake import corrections, filing, merging
from intake.models import Case, Patient, PatientMerge, Photo
from intake.requests import TriageRefused
from intake.services import TransitionRefused
from intake.views.common import page, staff_case, words_in
from intake.views.corrections import changed_meanwhile, version_in
from intake.views.patients import own_patient

SHOWN = 20


def _patients(request: HttpRequest, text: str) -> QuerySet[Patient]:
    """Nobody without a search: a list of people is shown to whoever looks for one of them."""
    if not text:
        return Patient.objects.none()
    found = Patient.objects.filter(home_clinic__in=request.user.clinics("staff"), merged_into=None)
    for word in text.split():
        found = found.filter(Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(mrn__iexact=word))
    return found


def _id_in(request: HttpRequest, name: str, rows: QuerySet):
    """The row that was chosen, or None; an id that is none is no row."""
    try:
        return rows.filter(pk=request.POST.get(name, "")).first()
    except (ValidationError, ValueError):
        return None


def _ids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(UUID(text))
    return found


@role_required("staff")
def wrong_person(request: HttpRequest, case_id) -> HttpResponse:
    case = staff_case(request, case_id)
    text, refused, status = words_in(request.GET, "q"), "", 200
    meanwhile = None
    if request.method == "POST":
        try:
            return _refile(request, case)
        except (TriageRefused, TransitionRefused) as error:
            refused, status = str(error), 422
            if isinstance(error, corrections.StaleCase):
                meanwhile, status = changed_meanwhile(request, case), 409
            case = staff_case(request, case_id)
    found = list(_patients(request, text).exclude(pk=case.patient_id)[:SHOWN])
    record_view(request, "patient.listed", request.user, patients=[str(one.pk) for one in found])
    context = {"found": found, "text": text, "refused": refused, "reason": words_in(request.POST, "reason")}
    context |= {"meanwhile": meanwhile, "may_move": case.status in filing.AT_THE_DESK}
    kept = set(request.POST.getlist("keep"))
    photos = list(filing.photos_of_messages(case).prefetch_related("renditions"))
    for photo in photos:
        photo.case, photo.is_kept = case, str(photo.pk) in kept
    context |= {"stay": case.messages.of_now().count(), "photos": photos}
    return page(request, "intake/wrong_person.html", case, status=status, **context)


def _refile(request: HttpRequest, case: Case) -> HttpResponse:
    reason = words_in(request.POST, "reason")
    if request.POST.get("do") == "error":
        filing.case_in_error(case=case, by=request.user, reason=reason)
        messages.success(request, f"Case {case.number} is marked as entered in error.")
        return redirect("intake:triage_case", case.pk)
    mine = Patient.objects.filter(home_clinic__in=request.user.clinics("staff"))
    to = _id_in(request, "to", mine)
    if to is None:
        raise TriageRefused("Search for the right person and choose them.")
    keep = _ids(request.POST.getlist("keep"))
    filing.move_case(case=case, by=request.user, to=to, reason=reason, version=version_in(request), keep=keep)
    messages.success(request, f"Case {case.number} is {to.name}'s now. Check consent, the story and the photos.")
    return redirect("intake:triage_case", case.pk)


@role_required("staff")
def wrong_photo(request: HttpRequest, photo_id) -> HttpResponse:
    photos = Photo.objects.visible_to(request.user).select_related("case__clinic", "case__patient", "case__holder")
    photo = get_object_or_404(photos, pk=photo_id, case__clinic__in=request.user.clinics("staff"))
    text, refused = words_in(request.GET, "q"), ""
    if request.method == "POST":
        try:
            return _refile_photo(request, photo)
        except TriageRefused as error:
            refused = str(error)
    found = list(_cases(request, photo.case, text))
    record_view(request, "case.listed", request.user, cases=[str(one.pk) for one in found])
    context = {"photo": photo, "found": found, "text": text, "refused": refused}
    context["reason"] = words_in(request.POST, "reason")
    return page(request, "intake/wrong_photo.html", photo.case, status=422 if refused else 200, **context)


def _cases(request: HttpRequest, but_not: Case, text: str) -> QuerySet[Case]:
    if not text:
        return Case.objects.none()
    people = _patients(request, text).values("pk")
    mine = Case.objects.filter(clinic=but_not.clinic_id, status__in=filing.BEFORE_SIGNING).exclude(pk=but_not.pk)
    found = mine.filter(Q(number__iexact=text) | Q(patient__in=people))
    return found.select_related("patient").order_by("-created_at")[:SHOWN]


def _refile_photo(request: HttpRequest, photo: Photo) -> HttpResponse:
    reason, case = words_in(request.POST, "reason"), photo.case
    if request.POST.get("do") == "error":
        filing.photo_in_error(photo=photo, by=request.user, reason=reason)
        messages.success(request, "The photo is marked as entered in error. Nobody is shown it any more.")
        return redirect("intake:triage_case", case.pk)
    to = _id_in(request, "to", Case.objects.filter(clinic=case.clinic_id).select_related("patient", "clinic"))
    if to is None:
        raise TriageRefused("Search for the right case and choose it.")
    filing.move_photo(photo=photo, to_case=to, by=request.user, reason=reason)
    messages.success(request, f"The photo is in case {to.number} of {to.patient.name} now.")
    return redirect("intake:triage_case", case.pk)


@role_required("staff")
def merge(request: HttpRequest, patient_id) -> HttpResponse:
    """Another record of the same person goes into this one."""
    kept = own_patient(request, patient_id)
    if kept.merged_into_id:
        raise Http404
    text, refused, other = words_in(request.GET, "q"), "", None
    if request.method == "POST":
        other = _id_in(request, "other", Patient.objects.filter(home_clinic__in=request.user.clinics("staff")))
        try:
            if other is None:
                raise TriageRefused("Choose the record that goes into this one.")
            merging.merge(
                kept=kept, merged=other, by=request.user,
                reason=words_in(request.POST, "reason"), checked=request.POST.get("checked") == "on",
            )  # fmt: skip
        except TriageRefused as error:
            refused = str(error)
        else:
            messages.success(request, f"{other.name}'s other record is part of this one now. It can be undone here.")
            return redirect("intake:patient", kept.pk)
    found = {one.pk: one for one in [*merging.candidates(kept), *_patients(request, text)[:SHOWN]]}
    found.pop(kept.pk, None)
    if other is not None:
        found[other.pk] = other
    rows = [(one, merging.conflicts(kept, one)) for one in found.values()]
    record_view(request, "patient.listed", request.user, patients=[str(one.pk) for one, _ in rows])
    context = {"patient": kept, "rows": rows, "text": text, "refused": refused, "other": other}
    context["reason"] = words_in(request.POST, "reason")
    return render(request, "intake/merge.html", context, status=422 if refused else 200)


@role_required("staff")
@require_POST
def unmerge(request: HttpRequest, merge_id) -> HttpResponse:
    mine = PatientMerge.objects.filter(kept__home_clinic__in=request.user.clinics("staff"))
    row = get_object_or_404(mine.select_related("kept__home_clinic", "merged__home_clinic"), pk=merge_id)
    try:
        merging.unmerge(row=row, by=request.user)
        messages.success(request, f"They are two records again. {row.merged.name}'s rows went back.")
    except TriageRefused as refused:
        messages.error(request, str(refused))
    return redirect("intake:patient", row.kept_id)
