"""A person's own account: password, name, e-mail address, invitation."""

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlsafe_base64_decode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from config.accounts import hooks, idle, services, throttle
from config.accounts.access import public, signed_in
from config.accounts.forms import (
    AskResetForm,
    ChangeEmailForm,
    ChangePasswordForm,
    InvitationForm,
    NewPasswordForm,
    ProfileForm,
)
from config.accounts.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"
RESET_TOKEN = "password_reset"


def sign_in_again(request: HttpRequest, user: User) -> None:
    """A fresh session for the one who just proved to be the person; all earlier ones have ended."""
    login(request, user, backend=BACKEND)
    idle.start_session(request)


@public
@never_cache
def password_reset(request: HttpRequest) -> HttpResponse:
    form = AskResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email, here = form.cleaned_data["email"], throttle.network(request)
        try:
            throttle.attempt(
                (throttle.RESET_ACCOUNT, throttle.key(throttle.RESET_ACCOUNT, email, here)),
                (throttle.RESET_ADDRESS, throttle.key(throttle.RESET_ADDRESS, here)),
            )
        except throttle.Throttled as error:
            return render(request, "accounts/password_reset.html", {"form": form, "locked": str(error)}, status=429)
        services.ask_for_password_reset(email=email)
        return render(request, "accounts/password_reset_sent.html", {"email": email})
    return render(request, "accounts/password_reset.html", {"form": form})


@public
@never_cache
@sensitive_post_parameters()
def password_set(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """The link from the mail. The token moves into the session at once, so that no later page names it."""
    if token != "now":
        request.session[RESET_TOKEN] = token
        return redirect("accounts:password_set", uid=uid, token="now")
    user = _user_of(uid)
    if user is None or not default_token_generator.check_token(user, request.session.get(RESET_TOKEN, "")):
        return render(request, "accounts/link_refused.html", status=410)
    form = NewPasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        services.set_password(user=user, password=form.cleaned_data["new_password"], verb="account.password_reset")
        request.session.flush()
        messages.success(request, _("Your new password is set. Sign in with it."))
        return redirect("accounts:login")
    return render(request, "accounts/password_set.html", {"form": form})


def _user_of(uid: str) -> User | None:
    try:
        return User.objects.filter(pk=urlsafe_base64_decode(uid).decode(), is_active=True).first()
    except (ValueError, ValidationError):
        return None


@signed_in
@never_cache
@sensitive_post_parameters()
def password_change(request: HttpRequest) -> HttpResponse:
    form = ChangePasswordForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        services.set_password(user=request.user, password=form.cleaned_data["new_password"])
        sign_in_again(request, request.user)
        messages.success(request, _("Your password is changed. All other devices are signed out."))
        return redirect("accounts:me")
    return render(request, "accounts/password_change.html", {"form": form})


@signed_in
@never_cache
def me(request: HttpRequest) -> HttpResponse:
    """Name and phone, and what other apps add (a patient's postal address). `form` says which card was sent."""
    sent = request.POST.get("form") if request.method == "POST" else None
    cards = [
        (hook, hook.form(request.POST if sent == hook.key else None, user=request.user, prefix=hook.key))
        for hook in hooks.profile_forms(request.user)
    ]
    form = ProfileForm(request.POST if sent == "profile" else None, instance=User.objects.get(pk=request.user.pk))
    if sent == "profile" and form.is_valid():
        services.change_profile(by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("accounts:me")
    for hook, card in cards:
        if sent == hook.key and card.is_valid():
            card.save(by=request.user)
            messages.success(request, _("Saved."))
            return redirect("accounts:me")
    return render(request, "accounts/me.html", {"form": form, "cards": cards})


@signed_in
@never_cache
@sensitive_post_parameters("password")
def email_change(request: HttpRequest) -> HttpResponse:
    form = ChangeEmailForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        services.ask_for_email_change(user=request.user, email=form.cleaned_data["email"])
        messages.success(request, _("Look into your new mailbox: a link waits there. It works for 24 hours."))
        return redirect("accounts:me")
    return render(request, "accounts/email_change.html", {"form": form})


@public
@never_cache
def email_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link asks once more: mail programs open links on their own to look at them."""
    if request.method != "POST":
        return render(request, "accounts/email_confirm.html")
    try:
        services.confirm_email_change(token=token)
    except services.LinkRefused as error:
        return render(request, "accounts/link_refused.html", {"why": str(error)}, status=410)
    messages.success(request, _("Your e-mail address is changed. Sign in with it from now on."))
    return redirect("accounts:home")


@public
@never_cache
@sensitive_post_parameters()
def invitation(request: HttpRequest, code: str = "") -> HttpResponse:
    user = request.user if request.user.is_authenticated else None
    form = InvitationForm(request.POST or None, initial={"code": code})
    new = None if user else NewPasswordForm(request.POST or None, user=User())
    refused, status = "", 200
    # both judged before anything is tried, so that all errors of the page show at once
    sound = form.is_valid() and (new is None or new.is_valid()) if request.method == "POST" else False
    if sound:
        try:
            here = throttle.key(throttle.CODE_ADDRESS, throttle.network(request))
            throttle.attempt((throttle.CODE_ADDRESS, here))
            password = new.cleaned_data["new_password"] if new else ""
            person = services.accept_invitation(**form.cleaned_data, password=password, signed_in=user)
        except (services.InvitationRefused, throttle.Throttled) as error:
            refused, status = str(error), 429 if isinstance(error, throttle.Throttled) else 200
        else:
            throttle.forgive([here])
            if not user:
                sign_in_again(request, person)
            messages.success(request, _("Welcome. Your account is ready."))
            return redirect("accounts:home")
    facts = {"form": form, "new": new, "refused": refused}
    return render(request, "accounts/invitation.html", facts, status=status)
