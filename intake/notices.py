"""Who on the patient's side is told that something waits. A notice never says what."""

from django.db.models import Q

from config.accounts.models import User
from config.accounts.services import queue_mail
from intake.models import Case, Patient, RelatedPerson
from intake.related import make_link


def readers(patient: Patient) -> list[User]:
    """The patient's own account and those of the people who act for the patient in everything."""
    acting = RelatedPerson.objects.active().filter(patient=patient, case=None).values("user")
    return list(User.objects.filter(Q(pk=patient.user_id) | Q(pk__in=acting), is_active=True).order_by("date_joined"))


def tell_of_request(case: Case, *, by: User, key: str) -> int:
    """The question waits. Who has no account gets a link to it instead. Returns how many people were told."""
    people = readers(case.patient)
    for user in people:
        queue_mail("message_waiting", to=user.email, dedupe_key=f"{key}:{user.pk}")
    if people:
        return len(people)
    if case.patient.email:
        make_link(by=by, case=case)
        return 1
    return 0
