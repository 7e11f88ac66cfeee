"""A patient's story and pictures. Import models from this package; its files depend only on those above them."""

from intake.models.patient import Coverage, Patient
from intake.models.case import Case, CaseEvent, CaseStatus, Consent, ProblemKind, Specialty, Urgency
from intake.models.answer import Answer
from intake.models.related import PhotoLink, RelatedPerson
from intake.models.photo import Photo, Rendition, TileSet
from intake.models.message import Message, MessagePhoto, MessageRead, MessageTemplate, Side, Thread
from intake.models.upload import Upload
from intake.models.request import InformationRequest, RequestItem
from intake.models.call import SPOKEN_CLINICIAN, CallAttempt, CallTask, Redirect, Spoken
from intake.models.filing import Misfiling, MovedNotice, PatientMerge
from intake.models.presence import Presence
from intake.models.routing import Absence, RouteRule
from intake.models.trace import CaseChange, PhotoAdequacy
from intake.models.target import Escalation, Holiday, OpeningHours, OpeningWeek, TargetSetting
from intake.models.queue import QUEUE_STATES, QueueEntry, SavedFilter, ShiftNote, ShiftNoteRead

__all__ = [
    "Absence",
    "QUEUE_STATES",
    "SPOKEN_CLINICIAN",
    "Escalation",
    "Holiday",
    "OpeningHours",
    "OpeningWeek",
    "QueueEntry",
    "SavedFilter",
    "ShiftNote",
    "ShiftNoteRead",
    "TargetSetting",
    "Answer",
    "CallAttempt",
    "CallTask",
    "Case",
    "CaseChange",
    "CaseEvent",
    "CaseStatus",
    "Consent",
    "Coverage",
    "InformationRequest",
    "Message",
    "MessagePhoto",
    "MessageRead",
    "MessageTemplate",
    "Misfiling",
    "MovedNotice",
    "Patient",
    "PatientMerge",
    "Photo",
    "PhotoAdequacy",
    "PhotoLink",
    "Presence",
    "ProblemKind",
    "Redirect",
    "RelatedPerson",
    "Rendition",
    "RequestItem",
    "RouteRule",
    "Side",
    "Specialty",
    "Spoken",
    "Thread",
    "TileSet",
    "Upload",
    "Urgency",
]
