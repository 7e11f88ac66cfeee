import secrets
import uuid
from datetime import datetime
from textwrap import shorten
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from config.accounts.models import Clinic, User
from config.accounts.roles import Role
from config.prepared import Prepared
from intake import sites, slots
from intake.models.patient import Patient

# No 0/O, 1/I/L: case numbers are read out on the phone.
_NUMBER_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_case_number() -> str:
    return "DF-" + "".join(secrets.choice(_NUMBER_LETTERS) for _ in range(6))


class CaseStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    NEEDS_INFORMATION = "needs_information", "Needs information"
    READY = "ready", "Ready for review"
    IN_REVIEW = "in_review", "In review"
    SIGNED = "signed", "Signed"
    DELIVERED = "delivered", "Delivered"
    CLOSED = "closed", "Closed"
    REDIRECTED = "redirected", "Redirected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Specialty(models.TextChoices):
    DERMATOLOGY = "dermatology", "Dermatology"
    OPHTHALMOLOGY = "ophthalmology", "Ophthalmology"


class ProblemKind(models.TextChoices):
    LESION = slots.LESION, "One spot or lump"
    RASH = slots.RASH, "Rash or many spots"
    EYE = slots.EYE, "Eye or eyelid"


class Urgency(models.TextChoices):
    URGENT = "urgent", "Urgent"
    PRIORITY = "priority", "Priority"
    ROUTINE = "routine", "Routine"


# what a specialist may see of the cases routed to the own group
REVIEWABLE = (CaseStatus.READY, CaseStatus.IN_REVIEW)
# a referring clinician sees that a case is under way, and its result once it is signed
AFTER_SIGNING = (CaseStatus.SIGNED, CaseStatus.DELIVERED, CaseStatus.CLOSED)


# what the holder of a photo link may see: never an answer
_FOR_LINKS = (
    CaseStatus.DRAFT,
    CaseStatus.SUBMITTED,
    CaseStatus.NEEDS_INFORMATION,
    CaseStatus.REDIRECTED,
    *REVIEWABLE,
)


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, user, now: datetime | None = None) -> "CaseQuerySet":
        """Every page and every picture asks this one queryset; what is not in it does not exist for the user."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        mine = self._cared_for_by(user, now)
        if user.has_role(Role.STAFF):
            mine |= Q(clinic__in=user.clinics(Role.STAFF))
        if user.has_role(Role.REFERRER):
            mine |= Q(referring_clinic__in=user.clinics(Role.REFERRER)) & ~Q(status=CaseStatus.DRAFT)
        if user.has_role(Role.SPECIALIST):
            mine |= self._answerable_by(user) | Q(reviews__specialist=user) | self._history_for(user)
        return self.filter(pk__in=self.model.objects.filter(mine).values("pk"))

    def locked(self, pk, *related: str) -> "Case":
        """The row under a lock, then with its relations as they are now. Joined in the locking statement itself,
        PostgreSQL finds nothing when the one that held the lock had moved the case to another patient."""
        self.select_for_update().select_related(None).only("pk").get(pk=pk)
        return self.select_related(*related).get(pk=pk)

    def _history_for(self, user) -> Q:
        """Who holds a case reads with it what the own group answered about the same person before."""
        held = self.model.objects.filter(holder=user, status=CaseStatus.IN_REVIEW)
        return Q(patient__in=held.values("patient"), group__in=user.clinics(Role.SPECIALIST), status__in=AFTER_SIGNING)

    @staticmethod
    def _cared_for_by(user, now: datetime | None = None) -> Q:
        acting = apps.get_model("intake", "RelatedPerson").objects.active(now).filter(user=user)
        return (
            Q(patient__user=user)
            | Q(patient__in=Patient.objects.filter(merged_records__user=user).values("pk"))
            | Q(patient__in=acting.filter(case=None).values("patient"))
            | Q(pk__in=acting.filter(case__status__in=_FOR_LINKS).values("case"))
        )

    def in_care_of(self, user) -> "CaseQuerySet":
        """Own cases, and those of the people for whom the user acts."""
        return self.filter(self._cared_for_by(user))

    def answerable_by(self, user) -> "CaseQuerySet":
        """Cases that this specialist may claim: own group, specialty and licensed states, and not another's by name."""
        if not user.has_role(Role.SPECIALIST):
            return self.none()
        return self.filter(self._answerable_by(user))

    @staticmethod
    def _answerable_by(user) -> Q:
        practitioner = getattr(user, "practitioner", None)
        if practitioner is None:
            return Q(pk__in=[])
        states = practitioner.licences.valid_on(timezone.localdate()).values("state")
        return Q(
            status__in=REVIEWABLE,
            group__in=user.clinics(Role.SPECIALIST),
            specialty=practitioner.specialty,
            patient_state__in=states,
        ) & (Q(assigned_to__isnull=True) | Q(assigned_to=user))

    def for_queue(self) -> "CaseQuerySet":
        return self.select_related("patient", "clinic", "referring_clinician", "holder").prefetch_related(
            "photos__renditions"
        )


@Prepared
def _visible(*roles: str, user: Any, now: Any, case: Any) -> models.QuerySet:
    somebody = User(pk=user)
    somebody.roles = frozenset(roles)
    return Case.objects.visible_to(somebody, now).filter(pk=case).values_list("pk")


def may_see(user, case_id: uuid.UUID) -> bool:
    """Whether the one case is among `visible_to(user)`: the same question, compiled once for patients and the clinic."""
    if not user.is_authenticated or not user.is_active:
        return False
    if user.has_role(Role.SPECIALIST):  # what a specialist may see hangs on facts that are not in a key
        return Case.objects.visible_to(user).filter(pk=case_id).exists()
    return bool(_visible(*sorted(user.roles), user=user.pk, now=timezone.now(), case=case_id).rows())


class Case(models.Model):
    class Side(models.TextChoices):
        LEFT = "left", gettext_lazy("Left")
        RIGHT = "right", gettext_lazy("Right")
        BOTH = "both", gettext_lazy("Both")
        MIDLINE = "midline", gettext_lazy("Middle")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=12, unique=True, default=new_case_number, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="cases")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="triaged_cases")
    referring_clinician = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="referred_cases"
    )
    referring_clinic = models.ForeignKey(
        Clinic, null=True, blank=True, on_delete=models.PROTECT, related_name="referred_cases"
    )
    specialty = models.CharField(max_length=20, choices=Specialty)
    # decides about slots and questions; blank is the specialty's first kind
    problem_kind = models.CharField(max_length=10, choices=ProblemKind, blank=True)
    # the earlier case of the same spot
    follows = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="follow_ups")
    status = models.CharField(max_length=20, choices=CaseStatus, default=CaseStatus.DRAFT, editable=False)
    urgency = models.CharField(max_length=10, choices=Urgency, blank=True)

    # the answer to the danger-sign question that comes before everything else: "" not asked yet, "none" or "yes"
    danger_signs = models.CharField(max_length=5, blank=True)
    reason = models.TextField("what is the problem", max_length=2000, blank=True)
    site = models.CharField(max_length=30, choices=sites.SITE_CHOICES, blank=True)
    side = models.CharField(max_length=10, choices=Side, blank=True)
    # where on the body map, 0 to 1 within that view, so that the drawing may change later
    point_view = models.CharField(max_length=12, blank=True)
    point_x = models.FloatField(null=True, blank=True)
    point_y = models.FloatField(null=True, blank=True)
    onset = models.CharField("since when", max_length=200, blank=True)
    history = models.TextField(max_length=4000, blank=True)
    medicines = models.TextField(max_length=2000, blank=True)
    allergies = models.TextField(max_length=2000, blank=True)
    intake_note = models.TextField(max_length=4000, blank=True)
    # frozen when the case is sent: decides which licence may answer it
    patient_state = models.CharField(max_length=2, blank=True)

    group = models.ForeignKey(Clinic, null=True, blank=True, on_delete=models.PROTECT, related_name="routed_cases")
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="assigned_cases"
    )
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="held_cases"
    )
    hold_expires_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="asked_cases"
    )
    asked_from = models.CharField(max_length=10, blank=True)  # "clinic" or "specialist"
    put_first_until = models.DateTimeField(null=True, blank=True)

    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="started_cases")
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    needs_information_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    redirected_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    triage_due_at = models.DateTimeField(null=True, blank=True)
    answer_due_at = models.DateTimeField(null=True, blank=True)
    # three quarters of the way to each promise, kept with it
    triage_warn_at = models.DateTimeField(null=True, blank=True)
    answer_warn_at = models.DateTimeField(null=True, blank=True)
    # it stood under the wrong person: before signing it ends, after signing its charge is held
    filed_in_error_at = models.DateTimeField(null=True, blank=True, editable=False)
    # bulk demo cases carry made-up times without beats; only a demo database may hold them
    seeded = models.BooleanField(default=False, editable=False)

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=CaseStatus.values), name="case_status_is_known"),
            models.CheckConstraint(condition=Q(urgency__in=["", *Urgency.values]), name="case_urgency_is_known"),
            models.CheckConstraint(condition=Q(specialty__in=Specialty.values), name="case_specialty_is_known"),
            models.CheckConstraint(
                condition=Q(problem_kind__in=["", *ProblemKind.values]), name="problem_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(point_view="", point_x__isnull=True, point_y__isnull=True)
                | (~Q(point_view="") & Q(point_x__range=(0, 1), point_y__range=(0, 1))),
                name="point_lies_within_its_view",
            ),
            models.CheckConstraint(condition=Q(danger_signs__in=["", "none", "yes"]), name="danger_answer_is_known"),
            models.CheckConstraint(condition=Q(asked_from__in=["", "clinic", "specialist"]), name="asker_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "redirected", "withdrawn"]) | Q(submitted_at__isnull=False),
                name="submitted_case_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["ready", "in_review"])
                | (Q(group__isnull=False) & ~Q(urgency="") & Q(answer_due_at__isnull=False)),
                name="ready_case_has_route_urgency_and_target",
            ),
            models.CheckConstraint(
                condition=(Q(status="in_review") & Q(holder__isnull=False) & Q(hold_expires_at__isnull=False))
                | (~Q(status="in_review") & Q(holder__isnull=True) & Q(hold_expires_at__isnull=True)),
                name="only_a_case_in_review_is_held",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["signed", "delivered", "closed"]) | Q(signed_at__isnull=False),
                name="signed_case_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "status", "triage_due_at"], name="case_triage_queue"),
            models.Index(fields=["group", "specialty", "status", "answer_due_at"], name="case_work_list"),
            models.Index(fields=["referring_clinic", "status"], name="case_by_referrer"),
            models.Index(fields=["clinic", "submitted_at"], name="case_by_arrival"),
            models.Index(fields=["clinic", "-updated_at"], name="case_by_move"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        # among a million cases one number in a thousand is taken
        while self._state.adding and Case.objects.filter(number=self.number).exists():
            self.number = new_case_number()
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return self.number

    @property
    def site_label(self) -> str:
        return self._site_words("label")

    @property
    def site_plain(self) -> str:
        return self._site_words("plain")

    @property
    def problem(self) -> str:
        """A short title in the patient's own words, for lists."""
        words = " ".join(self.reason.split())
        if len(words) > 60:
            words = (shorten(words, 59, placeholder="") or words[:59]).rstrip(" ,;:.?!-") + "…"
        return words or ("Eye problem" if self.specialty == Specialty.OPHTHALMOLOGY else "Skin problem")

    def _site_words(self, attribute: str) -> str:
        site = sites.BY_KEY.get(self.site)
        return "" if site is None else sites.in_words(site, self.side, str(getattr(site, attribute)))

    def is_cared_for_by(self, user) -> bool:
        """The patient, or who acts for the patient; staff of the clinic are not."""
        if self.patient.user_id == user.pk:
            return True
        known = self.__dict__.setdefault("_carers", {})
        if user.pk not in known:
            known[user.pk] = type(self).objects.in_care_of(user).filter(pk=self.pk).exists()
        return known[user.pk]

    def hold_is_live(self, now=None) -> bool:
        return self.holder_id is not None and self.hold_expires_at > (now or timezone.now())


# what a transition reads like once it is done, for staff
HAPPENED = {
    "start": "Started", "submit": "Sent", "request_information": "More was asked for", "answer": "Answered",
    "accept": "Accepted", "return_to_triage": "Came back to triage", "redirect": "Sent to in-person care",
    "claim": "Taken by the specialist", "release": "Given back by the specialist", "to_pool": "Back in the pool",
    "sign": "Signed", "deliver": "Delivered", "addend": "Addendum signed", "close": "Closed", "withdraw": "Withdrawn",
}  # fmt: skip


class CaseEvent(models.Model):
    """One row a transition, written with it. Never changed (trigger)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    verb = models.CharField(max_length=30)
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="case_events")
    role = models.CharField(max_length=20)
    at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["verb", "at"], name="event_by_verb_and_time")]
        constraints = [
            models.CheckConstraint(condition=Q(to_status__in=CaseStatus.values), name="event_status_is_known"),
            models.CheckConstraint(condition=Q(by__isnull=False) | Q(role="system"), name="event_has_an_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.at:%Y-%m-%d %H:%M}"

    @property
    def words(self) -> str:
        return HAPPENED[self.verb]


class Consent(models.Model):
    class Kind(models.TextChoices):
        TREATMENT = "treatment", "Care by telehealth"
        PHOTOGRAPHY = "photography", "Photographs"
        TEACHING = "teaching", "Teaching"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="consents")
    kind = models.CharField(max_length=20, choices=Kind)
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=10, default="en")
    text_sha256 = models.CharField(max_length=64)
    given_at = models.DateTimeField(default=timezone.now)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="consents_given")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind"], condition=Q(withdrawn_at__isnull=True), name="one_live_consent_per_kind"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("given_at")),
                name="consent_is_withdrawn_after_it_was_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, version {self.version}"
