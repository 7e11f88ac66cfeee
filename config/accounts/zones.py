"""Times are shown in the zone of the reader's clinic: the people of one clinic must mean the same "2:10 pm"."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class ClinicZoneMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        zone = zone_of(request.user)
        if zone is None:
            return self.get_response(request)
        with timezone.override(zone):
            return self.get_response(request)


def zone_of(user):
    if not user.is_authenticated:
        return None
    clinic = user.main_clinic
    if clinic is None and getattr(user, "patient", None) is not None:
        clinic = user.patient.home_clinic
    return clinic.zone if clinic else None
