"""Patients read in their own language; the pages of the clinic, the specialist and the biller are in English."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from config.accounts.roles import Role


class LanguageMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(language_for(request)):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
        return response


def language_for(request: HttpRequest) -> str:
    """A patient's own choice; before signing in the one made on this device, else what the browser asks for."""
    user = request.user
    if user.is_authenticated:
        if user.roles - {Role.PATIENT.value}:
            return "en"
        patient = getattr(user, "patient", None)
        if patient is not None:
            return patient.preferred_language if patient.preferred_language in known() else "en"
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen in known():
        return chosen
    asked = translation.get_language_from_request(request)
    return asked if asked in known() else "en"


def known() -> dict[str, str]:
    return dict(settings.LANGUAGES)
