"""Which rows are a patient's own. Everything that the record holds is asked for here, by the patient, and nowhere else."""

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from config.audit.models import AuditEvent
from intake.models import Case, Message, Patient, Photo
from intake.moved import kept_by
from review.models import Delivery, Letter, PathologyReport, Review


def cases(patient: Patient) -> QuerySet[Case]:
    """Sent or begun; not what stood under this person by mistake: that is somebody else's."""
    return (
        Case.objects.filter(patient=patient, filed_in_error_at=None)
        .select_related("clinic", "group", "referring_clinician", "patient")
        .order_by("created_at", "pk")
    )


def photos(patient: Patient) -> QuerySet[Photo]:
    return Photo.objects.live().filter(case__in=cases(patient)).select_related("case").order_by("case__created_at", "position", "received_at")  # fmt: skip


def messages(patient: Patient) -> QuerySet[Message]:
    """Not what was written while the case stood under another person."""
    now = Message.objects.of_now().filter(case__in=cases(patient))
    return now.select_related("case", "by").order_by("case", "pk")


def messages_of_moved_cases(patient: Patient) -> QuerySet[Message]:
    """What the person wrote and had read in a case that was filed under them by mistake. The case itself is another's."""
    return kept_by(patient)


def reviews(patient: Patient) -> QuerySet[Review]:
    """What answered a case; a colleague's second opinion is part of the signer's record and not an answer to the patient."""
    return (
        Review.objects.signed()
        .filter(case__in=cases(patient), second_opinion=False)
        .select_related("case", "specialist__practitioner")
        .order_by("signed_at")
    )


def pathology(patient: Patient) -> QuerySet[PathologyReport]:
    return PathologyReport.objects.filter(review__in=reviews(patient)).select_related("review__case").order_by("at")


def letters(patient: Patient) -> QuerySet[Letter]:
    """On one paper: the same letter twice helps nobody."""
    mine = Letter.objects.filter(pair__review__in=reviews(patient), paper=Letter.Paper.LETTER)
    return mine.select_related("pair__review__case").order_by("pair__created_at", "audience")


def accesses(patient: Patient) -> QuerySet[AuditEvent]:
    """What was done with or seen of the patient's record: by case number, by the rows themselves, and lists that named
    the cases."""
    own = list(cases(patient).values_list("pk", "number", "created_at"))
    numbers = [number for _, number, _ in own]
    subjects = [patient.pk, *(pk for pk, _, _ in own)]
    for rows in (photos(patient), reviews(patient), letters(patient), Delivery.objects.filter(case__in=cases(patient))):
        subjects += rows.values_list("pk", flat=True)
    wanted = Q(subject_id__in=[str(pk) for pk in subjects])
    if numbers:
        wanted |= Q(case_number__in=numbers)
        listed = Q()
        for pk, _, _ in own:
            listed |= Q(text__contains=str(pk))
        lists = (
            AuditEvent.objects.filter(verb="case.listed", at__gte=min(at for _, _, at in own))
            .annotate(text=Cast("data", TextField()))
            .filter(listed)
        )
        wanted |= Q(pk__in=lists.values("pk"))
    return AuditEvent.objects.filter(wanted).select_related("actor", "clinic").order_by("at", "pk")
