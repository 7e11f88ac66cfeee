import uuid
from datetime import date

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat
from django.utils import timezone

from config.accounts.models import Clinic
from config.accounts.roles import Role
from config.identifiers import zip_words
from intake.names import Folded


class PatientQuerySet(models.QuerySet["Patient"]):
    def in_care_of(self, user) -> "PatientQuerySet":
        """The user's own record and those of the people for whom the user acts."""
        return self.filter(self._own(user) | Q(pk__in=_acting(user).values("patient")))

    def visible_to(self, user) -> "PatientQuerySet":
        """A patient sees the own record; clinic staff the patients whose home clinic is theirs."""
        if not user.is_authenticated:
            return self.none()
        mine = self._own(user) | Q(pk__in=_acting(user).filter(case=None).values("patient"))
        if user.has_role(Role.STAFF):
            mine |= Q(home_clinic__in=user.clinics(Role.STAFF))
        return self.filter(mine)

    def _own(self, user) -> Q:
        """The user's record; where it was merged into another, that one."""
        merged = self.model.objects.filter(user=user, merged_into__isnull=False).values("merged_into")
        return Q(user=user, merged_into=None) | Q(pk__in=merged)


def _acting(user):
    """Rows by which the user acts for somebody; their model depends on this file."""
    return apps.get_model("intake", "RelatedPerson").objects.active().filter(user=user)


class Patient(models.Model):
    class AdministrativeSex(models.TextChoices):
        FEMALE = "F", "Female"
        MALE = "M", "Male"
        UNKNOWN = "U", "Unknown"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="patient"
    )
    home_clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    first_name = models.CharField(max_length=60)
    middle_name = models.CharField(max_length=60, blank=True)
    last_name = models.CharField(max_length=60)
    date_of_birth = models.DateField()
    administrative_sex = models.CharField(max_length=1, choices=AdministrativeSex, default=AdministrativeSex.UNKNOWN)
    mrn = models.CharField("medical record number", max_length=30, blank=True)
    email = models.EmailField("e-mail address", blank=True)
    phone = models.CharField(max_length=30, blank=True)
    address_line1 = models.CharField("street", max_length=55, blank=True)
    address_line2 = models.CharField("apartment", max_length=55, blank=True)
    city = models.CharField(max_length=30, blank=True)
    state = models.CharField(max_length=2, blank=True)
    zip_code = models.CharField("ZIP code", max_length=10, blank=True)
    preferred_language = models.CharField(max_length=10, choices=settings.LANGUAGES, default="en")
    interpreter_needed = models.BooleanField(default=False)
    # self-reported on the Monk scale, 1 to 10; only for showing whether the photo hints are fair
    skin_tone = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # what a search compares by its beginning; kept by the database itself
    last_first = models.GeneratedField(
        expression=Folded(Concat(F("last_name"), Value(" "), F("first_name"))),
        output_field=models.CharField(max_length=130),
        db_persist=True,
    )
    first_last = models.GeneratedField(
        expression=Folded(Concat(F("first_name"), Value(" "), F("last_name"))),
        output_field=models.CharField(max_length=130),
        db_persist=True,
    )
    mrn_key = models.GeneratedField(
        expression=Folded(F("mrn")), output_field=models.CharField(max_length=30), db_persist=True
    )
    # a duplicate: everything that hung on this record hangs on that one
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="merged_records",
        db_index=False,
    )

    objects = PatientQuerySet.as_manager()

    class Meta:
        ordering = ["last_name", "first_name"]
        indexes = [
            models.Index(fields=["home_clinic", "last_name", "first_name"], name="patient_by_clinic_name"),
            models.Index(fields=["home_clinic", "date_of_birth"], name="patient_by_birth"),
            # Few have an account and fewer are duplicates. An index over all the others too looks useless to a planner
            # that counted them, and it reads the whole table instead.
            models.Index(fields=["user"], name="patient_by_account", condition=Q(user__isnull=False)),
            models.Index(fields=["merged_into"], name="patient_by_original", condition=Q(merged_into__isnull=False)),
            *(
                # PostgreSQL compares beginnings by an index only where it is told to ignore the language's order
                models.Index(
                    fields=["home_clinic", name],
                    name=f"patient_find_{name}",
                    opclasses=["uuid_ops", "varchar_pattern_ops"],
                )
                for name in ("last_first", "first_last", "mrn_key")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(administrative_sex__in=["F", "M", "U"]), name="patient_sex_is_known_to_claims"
            ),
            models.CheckConstraint(
                condition=Q(skin_tone__isnull=True) | Q(skin_tone__range=(1, 10)), name="skin_tone_is_on_the_monk_scale"
            ),
            models.UniqueConstraint(
                fields=["home_clinic", "mrn"], condition=~Q(mrn=""), name="mrn_is_unique_in_a_clinic"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.middle_name, self.last_name) if part)

    @property
    def zip_words(self) -> str:
        return zip_words(self.zip_code)

    def belongs_to(self, user) -> bool:
        """The patient's own account, or that of a duplicate that was merged into this record."""
        return self.user_id == user.pk or self.merged_records.filter(user=user).exists()

    def is_cared_for_by(self, user) -> bool:
        """The patient, or who acts for the patient in everything."""
        return self.belongs_to(user) or _acting(user).filter(patient=self, case=None).exists()

    def age(self, on: date | None = None) -> int:
        day = on or timezone.localdate()
        born = self.date_of_birth
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def coverage_on(self, day: date) -> "Coverage | None":
        return (
            self.coverages.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=day), valid_from__lte=day)
            .order_by("-valid_from", "-pk")
            .first()
        )


class Coverage(models.Model):
    """Who pays, from when to when. The payer's own row lives in billing; this side knows only its code."""

    class Plan(models.TextChoices):
        ORIGINAL = "original", "Original Medicare"
        ADVANTAGE = "advantage", "Medicare Advantage"
        SECONDARY = "secondary", "Medicare is not the first payer"
        COMMERCIAL = "commercial", "Commercial insurance"
        SELF_PAY = "self_pay", "Pays without insurance"

    class PayerCode(models.TextChoices):
        MEDICARE = "medicare", "Medicare"
        AETNA = "aetna", "Aetna"
        BCBS = "bcbs", "Blue Cross Blue Shield"
        CIGNA = "cigna", "Cigna"
        UHC = "uhc", "UnitedHealthcare"
        SELF_PAY = "self_pay", "No insurance"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="coverages")
    payer_code = models.CharField("payer", max_length=20, choices=PayerCode)
    plan = models.CharField(max_length=20, choices=Plan)
    member_id = models.CharField(max_length=30, blank=True)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(plan__in=["original", "advantage", "secondary", "commercial", "self_pay"]),
                name="coverage_plan_is_known",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=models.F("valid_from")),
                name="coverage_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.get_payer_code_display()
