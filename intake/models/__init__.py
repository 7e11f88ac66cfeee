"""A patient's story and pictures. Import models from this package; its files depend only on those above them."""

from intake.models.patient import Coverage, Patient
from intake.models.case import Case, CaseEvent, CaseStatus, Consent, Specialty, Urgency
from intake.models.photo import Photo, Rendition
from intake.models.request import InformationRequest, RequestItem

__all__ = [
    "Case",
    "CaseEvent",
    "CaseStatus",
    "Consent",
    "Coverage",
    "InformationRequest",
    "Patient",
    "Photo",
    "Rendition",
    "RequestItem",
    "Specialty",
    "Urgency",
]
