"""ICD-10-CM beside the form: found by search, kept as favourites, at hand because recent."""

from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.accounts.models import User
from intake.models import Case
from review.models import FavouriteCode, Icd10Code, ReviewDiagnosis
from review.models.icd import newest_release, row_of

SHOWN_CODES = 20
SHOWN_RECENT = 6


@role_required("specialist")
def codes(request: HttpRequest) -> HttpResponse:
    """Codes by their beginning, or by all the words of their description."""
    query = request.GET.get("icd_q", "").strip()
    group = request.user.main_clinic
    day = timezone.localdate(None, group.zone if group else None)
    context = _found(query, day, request.GET.get("side", "")) | {"release": newest_release}
    return render(request, "review/partials/codes.html", context)


def _found(query: str, day, side: str) -> dict:
    found = list(Icd10Code.objects.search(query, day, side)[: SHOWN_CODES + 1]) if query else []
    for row in found:
        row.verified = row.is_verified_on(day)
    return {"icd_q": query, "icd_codes": found[:SHOWN_CODES], "icd_more": len(found) > SHOWN_CODES}


def codes_for_room(request: HttpRequest, case: Case, chosen: list[str]) -> dict:
    """Chosen codes with their star, what was searched, and what is at hand."""
    day = timezone.localdate(None, case.group.zone)
    query = request.GET.get("icd_q", "").strip()
    starred = FavouriteCode.objects.filter(user=request.user, icd10cm=OuterRef("code"))
    used = ReviewDiagnosis.objects.filter(review__specialist=request.user, icd10cm=OuterRef("code"))
    used = used.exclude(review__case=case).order_by("-pk")
    kept = FavouriteCode.objects.filter(user=request.user).values("icd10cm")
    before = ReviewDiagnosis.objects.filter(review__specialist=request.user).exclude(review__case=case)
    rows = list(
        Icd10Code.objects.filter(Q(code__in=chosen) | Q(code__in=kept) | Q(code__in=before.values("icd10cm")))
        .annotate(is_favourite=Exists(starred), last_used=Subquery(used.values("pk")[:1]))
        .order_by("code")
    )
    of_code: dict[str, list[Icd10Code]] = {}
    for row in rows:
        of_code.setdefault(row.code, []).append(row)
    known = {code: row_of(found, day) for code, found in of_code.items()}
    billable = [row for row in known.values() if row.is_billable_on(day)]
    recent = sorted((row for row in billable if row.last_used and not row.is_favourite), key=lambda row: -row.last_used)
    diagnoses = [known[code] for code in chosen if code in known]
    return _found(query, day, case.side) | {
        "diagnoses": diagnoses,
        "favourites": [row for row in billable if row.is_favourite],
        "recent_codes": recent[:SHOWN_RECENT],
        "release": newest_release,  # asked only where the page says it
    }


def chosen_codes(request: HttpRequest) -> list[str]:
    codes = [*request.POST.getlist("icd10cm"), request.POST.get("add_code", "")]
    gone = request.POST.get("remove_code", "")
    return [code for code in dict.fromkeys(codes) if code and code != gone]


@role_required("specialist")
@require_POST
def favourite(request: HttpRequest) -> JsonResponse:
    """For the page's script; without one the form's button does the same."""
    return JsonResponse({"is_favourite": toggle_favourite(request.user, request.POST.get("code", ""))})


def toggle_favourite(user: User, code: str) -> bool:
    """Whether it is a favourite now."""
    removed, _ = FavouriteCode.objects.filter(user=user, icd10cm=code).delete()
    if removed or not Icd10Code.objects.filter(code=code).exists():
        return False
    FavouriteCode.objects.get_or_create(user=user, icd10cm=code)
    return True
