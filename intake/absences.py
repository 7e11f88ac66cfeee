"""When specialists are away: said by themselves, by a lead of their group, or by an administrator."""

from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.accounts.models import Membership, User
from config.accounts.roles import Role
from config.audit.services import record
from intake.models import Absence
from intake.services import IntakeRefused


def people_for(user: User) -> QuerySet[User]:
    """Whose absences this user may set."""
    specialists = Membership.objects.filter(role=Role.SPECIALIST, is_active=True)
    if not user.has_role(Role.ADMINISTRATOR):
        led = Membership.objects.filter(user=user, role=Role.SPECIALIST, lead=True, is_active=True).values("clinic")
        own = specialists.filter(user=user)
        specialists = own | specialists.filter(clinic__in=led)
    return User.objects.filter(pk__in=specialists.values("user"), is_active=True).order_by("last_name", "first_name")


def standing_for(user: User) -> QuerySet[Absence]:
    """Absences that this user may see and take back, those that are over left out."""
    rows = Absence.objects.standing().filter(user__in=people_for(user), last_day__gte=timezone.localdate())
    return rows.select_related("user", "made_by")


def add_absence(*, by: User, user: User, first_day: date, last_day: date, note: str = "") -> Absence:
    if not people_for(by).filter(pk=user.pk).exists():
        raise IntakeRefused("You may not say when this person is away.")
    if last_day < first_day:
        raise IntakeRefused("The last day comes before the first day.")
    if last_day < timezone.localdate():
        raise IntakeRefused("These days are over already.")
    with transaction.atomic():
        absence = Absence.objects.create(
            user=user, first_day=first_day, last_day=last_day, note=note.strip(), made_by=by
        )
        record(
            "absence.added", by=by, subject=absence, data={"person": str(user.pk), "days": f"{first_day} {last_day}"}
        )
    return absence


def cancel_absence(*, absence: Absence, by: User) -> None:
    if not people_for(by).filter(pk=absence.user_id).exists():
        raise IntakeRefused("You may not change when this person is away.")
    with transaction.atomic():
        if Absence.objects.filter(pk=absence.pk, cancelled_at=None).update(cancelled_at=timezone.now()):
            record("absence.cancelled", by=by, subject=absence)
