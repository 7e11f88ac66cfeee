from datetime import date

from django.db import models
from django.db.models import Q

# The set is published by CMS and NCHS each October, with an update in April.
RELEASE = "April 2026"
RELEASE_CODES = 98_186  # headings with a code of their own included
VALID_FROM = date(2026, 4, 1)
VERIFIED_UNTIL = date(2026, 9, 30)


class Icd10CodeQuerySet(models.QuerySet["Icd10Code"]):
    def billable_on(self, day: date) -> "Icd10CodeQuerySet":
        """Codes that may stand on a claim of that day. `valid_from` is the release's, so it excludes nothing."""
        in_force = Q(valid_until__isnull=True) | Q(valid_until__gte=day)
        return self.filter(in_force, billable=True)

    def search(self, text: str, day: date) -> "Icd10CodeQuerySet":
        """Billable codes of the day that start with the text, or whose description holds all of its words."""
        words = text.split()
        if not words:
            return self.none()
        by_words = Q()
        for word in words:
            by_words &= Q(description__icontains=word)
        by_code = Q(code__istartswith=text.replace(" ", ""))
        return self.billable_on(day).filter(by_code | by_words).order_by("code")


class Icd10Code(models.Model):
    """One ICD-10-CM code of one release. Only a code without children can stand on a claim."""

    code = models.CharField(max_length=8, primary_key=True)
    description = models.CharField(max_length=300)
    billable = models.BooleanField()
    release = models.CharField(max_length=20)
    valid_from = models.DateField()
    # unknown until the next release is read
    valid_until = models.DateField(null=True, blank=True)
    verified_until = models.DateField()

    objects = Icd10CodeQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        verbose_name = "ICD-10-CM code"

    def __str__(self) -> str:
        return f"{self.code} {self.description}"

    def is_billable_on(self, day: date) -> bool:
        return self.billable and (self.valid_until is None or day <= self.valid_until)

    def is_verified_on(self, day: date) -> bool:
        """Whether the release that we hold covers that day; a later day is allowed and shown as not verified."""
        if day < self.valid_from or day > self.verified_until:
            return False
        return self.valid_until is None or day <= self.valid_until
