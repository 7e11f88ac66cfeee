import uuid
from dataclasses import dataclass
from datetime import date, datetime
from itertools import compress
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, FilteredRelation, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language_info

from config import registry
from config.accounts.roles import MEMBERSHIP_ROLES, Role
from config.prepared import Parts, Prepared, columns_of, models_of


def is_time_zone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError) as error:
        raise ValidationError(f"{value} is not a time zone. Write one like America/New_York.") from error


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get(self, *args, **kwargs) -> "User":
        """By key alone, as each request asks for who is signed in, by a statement that is compiled once."""
        # a relation's own manager (`group.user_set`) is a subclass, and gives only what belongs to it
        if (
            type(self) is not UserManager
            or args
            or list(kwargs) != ["pk"]
            or not isinstance(kwargs["pk"], uuid.UUID | str)
        ):
            return super().get(*args, **kwargs)
        rows = _by_key(user=self.model._meta.pk.to_python(kwargs["pk"])).rows()
        if not rows:
            raise self.model.DoesNotExist("There is no user of this key.")
        return models_of({"": self.model}, rows[0])[""]

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField("e-mail address", max_length=254, unique=True)
    first_name = models.CharField(max_length=60, blank=True)
    last_name = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May open the data tables of administration.")
    date_joined = models.DateTimeField(default=timezone.now)
    sessions_valid_from = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_account_per_email")]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        return self.first_name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()

    @property
    def initials(self) -> str:
        return (self.first_name[:1] + self.last_name[:1]).upper() or self.email[:1].upper()

    @cached_property
    def _active_memberships(self) -> list["Membership"]:
        # one question tells also who the person is as a clinician and as a patient, and for whom they act
        found = _Held.all_of(self.pk, timezone.now())
        for name in ("practitioner", "patient") if found else ():
            self._state.fields_cache.setdefault(name, getattr(found[0], name))
        self._acts_as = found[0].acts_as if found else None
        return [one.membership for one in found if one.membership is not None]

    @cached_property
    def roles(self) -> frozenset[str]:
        held = {membership.role for membership in self._active_memberships}
        # the intake app hangs Patient on this name; config does not import it
        if getattr(self, "patient", None) is not None:
            held.add(Role.PATIENT.value)
        if self._acts_as is not None:
            return frozenset(held | self._acts_as)
        now = timezone.now()
        return frozenset(
            held | {role for role, rows in registry.role_rows.items() if rows(now).filter(user=self).exists()}
        )

    def has_role(self, role: str, clinic: "Clinic | None" = None) -> bool:
        if clinic is None:
            return str(role) in self.roles
        return any(m.role == role and m.clinic_id == clinic.pk for m in self._active_memberships)

    def clinics(self, role: str) -> models.QuerySet["Clinic"]:
        return Clinic.objects.filter(
            memberships__user=self, memberships__role=role, memberships__is_active=True, is_active=True
        )

    def clinic_ids(self, role: str) -> tuple[uuid.UUID, ...]:
        """The same, where nothing more than the roles is to be asked of the database."""
        return tuple(m.clinic_id for m in self._active_memberships if m.role == role)

    def is_lead_of(self, clinic: "Clinic") -> bool:
        return any(m.lead and m.clinic_id == clinic.pk for m in self._active_memberships)

    @property
    def main_clinic(self) -> "Clinic | None":
        """The clinic or group named beside the person in the top bar."""
        return self._active_memberships[0].clinic if self._active_memberships else None


class Clinic(models.Model):
    """A clinic that triages and refers, or a specialist group that answers and bills."""

    class Kind(models.TextChoices):
        CLINIC = "clinic", "Clinic"
        GROUP = "group", "Specialist group"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind)
    phone = models.CharField(max_length=30, blank=True)
    address_line1 = models.CharField(max_length=55, blank=True)
    address_line2 = models.CharField(max_length=55, blank=True)
    city = models.CharField(max_length=30, blank=True)
    state = models.CharField(max_length=2, blank=True)
    zip_code = models.CharField("ZIP code", max_length=10, blank=True)
    time_zone = models.CharField(max_length=50, default="America/New_York", validators=[is_time_zone])
    npi = models.CharField("NPI", max_length=10, blank=True)
    tin = models.CharField("tax identifier (TIN)", max_length=9, blank=True)
    taxonomy_code = models.CharField(max_length=10, blank=True)
    # the last rung of the ladder of critical results
    medical_director = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="clinics_directed"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=["clinic", "group"]), name="clinic_kind_is_known")]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=MEMBERSHIP_ROLES)
    lead = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "clinic", "role"], name="one_membership_per_role_and_clinic"),
            models.CheckConstraint(
                condition=Q(role__in=[value for value, _ in MEMBERSHIP_ROLES]), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()} at {self.clinic}"


class Practitioner(models.Model):
    """What a clinician may do and how claims name them."""

    class Specialty(models.TextChoices):
        DERMATOLOGY = "dermatology", "Dermatology"
        OPHTHALMOLOGY = "ophthalmology", "Ophthalmology"
        PRIMARY_CARE = "primary_care", "Primary care"

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="practitioner")
    npi = models.CharField("NPI", max_length=10, unique=True)
    specialty = models.CharField(max_length=20, choices=Specialty)
    taxonomy_code = models.CharField(max_length=10, blank=True)
    credentials = models.CharField(max_length=30, blank=True, help_text="Like MD, FAAD.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(specialty__in=["dermatology", "ophthalmology", "primary_care"]),
                name="practitioner_specialty_is_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.credentials}" if self.credentials else str(self.user)

    def is_licensed_in(self, state: str, on: date | None = None) -> bool:
        return self.licences.valid_on(on or timezone.localdate()).filter(state=state).exists()


class SpokenLanguage(models.Model):
    """A language besides English in which a clinician speaks with patients (FHIR Practitioner.communication)."""

    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="spoken")
    language = models.CharField(max_length=10, choices=settings.LANGUAGES)

    class Meta:
        ordering = ["language"]
        constraints = [
            models.UniqueConstraint(fields=["practitioner", "language"], name="a_language_is_named_once"),
            models.CheckConstraint(condition=~Q(language__in=["", "en"]), name="english_goes_without_saying"),
        ]

    def __str__(self) -> str:
        return get_language_info(self.language)["name"]


class LicenceQuerySet(models.QuerySet["Licence"]):
    def valid_on(self, day: date) -> "LicenceQuerySet":
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=day), valid_from__lte=day)


class Licence(models.Model):
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="licences")
    state = models.CharField(max_length=2)
    number = models.CharField(max_length=30)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    objects = LicenceQuerySet.as_manager()

    class Meta:
        verbose_name = "license"
        constraints = [
            models.UniqueConstraint(fields=["practitioner", "state", "number"], name="licence_is_listed_once"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=models.F("valid_from")),
                name="licence_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.number}"


class Installation(models.Model):
    """One row about this database: whether it holds demo data, which real data must never join."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    demo_loaded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_installation_row")]

    def __str__(self) -> str:
        return "demo" if self.demo_loaded_at else "real"

    @classmethod
    def is_demo(cls) -> bool:
        return cls.objects.filter(demo_loaded_at__isnull=False).exists()

    @classmethod
    def mark_demo(cls) -> None:
        cls.objects.update_or_create(pk=1, defaults={"demo_loaded_at": timezone.now()})


from config.accounts.contact_models import ContactPreference  # noqa: E402, F401
from config.accounts.signin_models import (  # noqa: E402, F401  (rows around signing in; they name User by string)
    Attempt,
    Invitation,
    KeptText,
    OutgoingMail,
)


@Prepared
def _by_key(*, user: Any) -> models.QuerySet:
    return User.objects.filter(pk=user).values_list(*columns_of({"": User}))


@dataclass(frozen=True)
class _Held:
    """One active membership, None where there is none, and who its person is besides."""

    membership: Membership | None
    practitioner: Practitioner | None
    patient: Any
    acts_as: frozenset[str]

    @classmethod
    def all_of(cls, user: uuid.UUID, now: datetime) -> list["_Held"]:
        """At least one where there is such a user."""
        return [cls._of(row) for row in _people(user=user, now=now).rows()]

    @classmethod
    def _of(cls, row: tuple) -> "_Held":
        made = models_of(_parts(), row)
        membership, clinic, patient = made["held__"], made["held__clinic__"], made["patient__"]
        if membership is not None:
            membership.clinic = clinic
        if patient is not None:
            patient.home_clinic = made["patient__home_clinic__"]
        acts_as = frozenset(compress(registry.role_rows, row[-len(registry.role_rows) :]))
        return cls(membership if clinic and clinic.is_active else None, made["practitioner__"], patient, acts_as)


def _parts() -> Parts:
    """Path from a user -> what is there, or is not."""
    # the intake app hangs Patient on a user; config does not import it
    patient = User._meta.get_field("patient").related_model
    return {
        "held__": Membership,
        "held__clinic__": Clinic,
        "practitioner__": Practitioner,
        "patient__": patient,
        "patient__home_clinic__": Clinic,
    }


@Prepared
def _people(*, user: Any, now: Any) -> models.QuerySet:
    acts = {f"is_{role}": Exists(rows(now).filter(user=OuterRef("pk"))) for role, rows in registry.role_rows.items()}
    held = FilteredRelation("memberships", condition=Q(memberships__is_active=True))
    users = User.objects.filter(pk=user).annotate(held=held, **acts)
    return users.values_list(*columns_of(_parts()), *acts)
