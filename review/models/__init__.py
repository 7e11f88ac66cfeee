"""A specialist's work and its evidence. Import models from this package; its files depend only on those above them."""

from review.models.delivery import Delivery
from review.models.critical import CriticalResult, CriticalStep
from review.models.documentation import FavouriteCode, PhotoAdequacy, TextTemplate
from review.models.letter import Letter, LetterPair
from review.models.icd import Icd10Code, Icd10Release
from review.models.opinion import InterlockAnswer, SecondOpinion
from review.models.plan import ActionItem
from review.models.pathology import PathologyReport
from review.models.review import Addendum, Review, ReviewDiagnosis
from review.models.annotation import Annotation, AnnotationWithdrawal
from review.models.record import RecordExport
from review.models.time import AddedTime, AssistantTime, Beat
from review.models.truth import Truth

__all__ = [
    "ActionItem",
    "AddedTime",
    "Addendum",
    "Annotation",
    "AnnotationWithdrawal",
    "AssistantTime",
    "Beat",
    "CriticalResult",
    "CriticalStep",
    "Delivery",
    "FavouriteCode",
    "Icd10Code",
    "Icd10Release",
    "InterlockAnswer",
    "Letter",
    "LetterPair",
    "PathologyReport",
    "PhotoAdequacy",
    "RecordExport",
    "Review",
    "ReviewDiagnosis",
    "SecondOpinion",
    "TextTemplate",
    "Truth",
]
