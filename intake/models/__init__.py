"""A patient's story and pictures. Import models from this package; its files depend only on those above them."""

from intake.models.patient import Coverage, Patient
from intake.models.case import Case, CaseEvent, CaseStatus, Consent, ProblemKind, Specialty, Urgency
from intake.models.answer import Answer
from intake.models.related import PhotoLink, RelatedPerson
from intake.models.photo import Photo, Rendition
from intake.models.upload import Upload
from intake.models.request import InformationRequest, RequestItem

__all__ = [
    "Answer",
    "Case",
    "CaseEvent",
    "CaseStatus",
    "Consent",
    "Coverage",
    "InformationRequest",
    "Patient",
    "Photo",
    "PhotoLink",
    "ProblemKind",
    "RelatedPerson",
    "Rendition",
    "RequestItem",
    "Specialty",
    "Upload",
    "Urgency",
]
