"""The language that a patient reads, where it is not the one in which specialists write."""

from django.utils.translation import get_language_info

from intake.models import Patient


def other_language(patient: Patient) -> str:
    """ "es", or "" where the patient reads English."""
    return "" if patient.preferred_language == "en" else patient.preferred_language


def name_of(language: str) -> str:
    """ "Spanish"; "" for none."""
    return get_language_info(language)["name"] if language else ""
