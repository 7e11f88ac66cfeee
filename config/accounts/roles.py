from django.db import models


class Role(models.TextChoices):
    """Who a person is in a clinic or group. PATIENT and SYSTEM are never memberships."""

    PATIENT = "patient", "Patient"
    STAFF = "staff", "Clinic staff"
    REFERRER = "referrer", "Referring clinician"
    SPECIALIST = "specialist", "Specialist"
    BILLER = "biller", "Biller"
    ADMINISTRATOR = "administrator", "Administrator"
    SYSTEM = "system", "Dermforward"


MEMBERSHIP_ROLES = [choice for choice in Role.choices if choice[0] not in {Role.PATIENT.value, Role.SYSTEM.value}]
