"""Signing in and out, and text that a sign-out had caught."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from config.accounts import idle, reauth, throttle
from config.accounts.access import public, signed_in
from config.accounts.forms import SignInForm
from config.accounts.landing import HOMES, landing_url, roles_with_homes
from config.accounts.languages import known
from config.accounts.models import User
from config.audit.services import record


@public
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated and request.method == "GET":
        return redirect(_after(request, request.user))
    form = SignInForm(request.POST or None)
    locked = ""
    if request.method == "POST" and form.is_valid():
        try:
            user = _check(request, form.cleaned_data["email"], form.cleaned_data["password"])
        except throttle.Throttled as error:
            locked = str(error)
        else:
            if user:
                return redirect(_welcome(request, user))
            form.add_error(None, _("The e-mail address and the password do not fit together. Check both."))
    facts = {"form": form, "locked": locked, "next": _next(request), "came_back": idle.WAS in request.session}
    return render(request, "accounts/sign_in.html", facts, status=429 if locked else 200)


def _check(request: HttpRequest, email: str, password: str) -> User | None:
    here = throttle.network(request)
    account = throttle.key(throttle.SIGN_IN_ACCOUNT, email, here)
    address = throttle.key(throttle.SIGN_IN_ADDRESS, here)
    throttle.attempt((throttle.SIGN_IN_ACCOUNT, account), (throttle.SIGN_IN_ADDRESS, address))
    user = authenticate(request, username=email, password=password)
    if user:
        throttle.forgive([account])
    else:
        known = User.objects.filter(email=email).first()
        record(
            "account.sign_in_refused",
            by=None,
            subject=known or User(),
            data={"known": bool(known)},
            request=request,
        )
    return user


def _welcome(request: HttpRequest, user: User) -> str:
    target = _after(request, user)
    login(request, user)
    idle.start_session(request)
    reauth.mark(request)
    request.session.pop(idle.WAS, None)
    record("account.signed_in", by=user, subject=user, request=request)
    if idle.kept_for(user).exists():
        return reverse("accounts:kept")
    return target


def _after(request: HttpRequest, user: User) -> str:
    """Where the person was, unless another person had been signed in here."""
    was = request.session.get(idle.WAS)
    wanted = _next(request)
    return wanted if wanted and was in (None, str(user.pk)) else landing_url(user)


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", request.GET.get("next", ""))
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else ""


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        record("account.signed_out", by=request.user, subject=request.user, request=request)
    logout(request)
    messages.success(request, "You are signed out.")
    response = redirect("accounts:login")
    # the reading room lets a browser keep a picture for a moment: none of it outlives the session
    response["Clear-Site-Data"] = '"cache"'
    return response


@signed_in
@require_POST
def still_here(request: HttpRequest) -> HttpResponse:
    """Stay signed in: the request itself is the activity."""
    request.session[idle.SEEN] = idle.timezone.now().timestamp()
    return HttpResponse(status=204)


@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    chosen = request.session.get("role")
    if chosen in request.user.roles and chosen in HOMES:
        return redirect(HOMES[chosen])
    if not roles_with_homes(request.user):
        return render(request, "accounts/no_role.html")
    return redirect(landing_url(request.user))


@signed_in
@require_POST
def switch_role(request: HttpRequest) -> HttpResponse:
    """For people with several roles: which work list `/` opens. Rights do not change with it."""
    role = request.POST.get("role", "")
    if role not in roles_with_homes(request.user):
        return redirect("accounts:home")
    request.session["role"] = role
    return redirect(HOMES[role])


@public
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """On this device, and for a patient on every device."""
    language = request.POST.get("language", "")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    answer = redirect(back if safe else "accounts:home")
    if language in known():
        patient = getattr(request.user, "patient", None) if request.user.is_authenticated else None
        if patient is not None:
            patient.preferred_language = language
            patient.save(update_fields=["preferred_language"])
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 24 * 3600,
            httponly=True,
            secure=request.is_secure(),
            samesite="Lax",
        )
    return answer


@signed_in
@never_cache
def kept(request: HttpRequest) -> HttpResponse:
    """What was typed when the session had run out: send it on to where it was going, or drop it."""
    rows = idle.kept_for(request.user)
    if request.method == "POST":
        row = get_object_or_404(rows, pk=request.POST.get("kept"))
        page = row.page
        row.delete()
        return redirect(page if url_has_allowed_host_and_scheme(page, None) else "accounts:home")
    row = rows.first()
    if row is None:
        return redirect("accounts:home")
    return render(request, "accounts/kept.html", {"kept": row, "pairs": _pairs(row.fields)})


def _pairs(fields: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """(name, label, value) of each kept field, in the order typed."""
    return [
        (name, name.rpartition("-")[2].replace("_", " ").capitalize(), value)
        for name, values in fields.items()
        for value in values
    ]
