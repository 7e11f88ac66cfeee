from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

# The set is published by CMS and NCHS each October, with an update in April.
RELEASE = "April 2026"
RELEASE_CODES = 98_186  # headings with a code of their own included
VALID_FROM = date(2026, 4, 1)
VERIFIED_UNTIL = date(2026, 9, 30)


_OTHER_SIDE = {"left": "right", "right": "left"}


def _names(side: str) -> Q:
    """As a word of its own: "cleft" is no left."""
    return Q(description__icontains=f" {side}") | Q(description__istartswith=side)


class Icd10CodeQuerySet(models.QuerySet["Icd10Code"]):
    def on(self, day: date) -> "Icd10CodeQuerySet":
        """The rows in force on a day. What was before the first release is not known, so it excludes nothing."""
        begun = Q(valid_from__lte=day) | Q(is_first=True)
        return self.filter(begun, Q(valid_until__isnull=True) | Q(valid_until__gte=day))

    def billable_on(self, day: date) -> "Icd10CodeQuerySet":
        """Codes that may stand on a claim of that day."""
        return self.on(day).filter(billable=True)

    def of_codes(self, codes: Iterable[str], day: date) -> dict[str, "Icd10Code"]:
        """For each code that any release has: its row of that day, or else the nearest one."""
        found: dict[str, list[Icd10Code]] = {}
        for row in self.filter(code__in=list(codes)):
            found.setdefault(row.code, []).append(row)
        return {code: row_of(rows, day) for code, rows in found.items()}

    def search(self, text: str, day: date, side: str = "") -> "Icd10CodeQuerySet":
        """Billable codes of the day that start with the text, with or without its dot, or whose description holds all of
        its words. Those that name the `side` ("left", "right") come first, those of the other side last."""
        words = text.split()
        if not words:
            return self.none()
        by_words = Q()
        for word in words:
            by_words &= Q(description__icontains=word)
        code = "".join(words).replace(".", "")
        by_code = Q(code__istartswith=f"{code[:3]}.{code[3:]}" if len(code) > 3 else code)
        found = self.billable_on(day).filter(by_code | by_words)
        if side not in _OTHER_SIDE:
            return found.order_by("code")
        told, other = When(_names(side), then=Value(0)), When(_names(_OTHER_SIDE[side]), then=Value(2))
        return found.order_by(Case(told, other, default=Value(1)), "code")


class Icd10Code(models.Model):
    """One ICD-10-CM code as one or several releases that follow each other say it. Only a code without children can
    stand on a claim.

    A release that says the same moves `verified_until`; one that says something else ends the row and begins a new one.
    """

    code = models.CharField(max_length=8)
    description = models.CharField(max_length=300)
    billable = models.BooleanField()
    # the release that said it first
    release = models.CharField(max_length=20)
    valid_from = models.DateField()
    # unknown until the next release is read
    valid_until = models.DateField(null=True, blank=True)
    verified_until = models.DateField()
    # of the first release that we hold: what was before it is not known
    is_first = models.BooleanField(default=True)

    objects = Icd10CodeQuerySet.as_manager()

    class Meta:
        ordering = ["code", "valid_from"]
        verbose_name = "ICD-10-CM code"
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="icd_code_begins_once_a_day"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(valid_until__isnull=True), name="icd_code_stands_once"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="icd_code_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.description}"

    def is_billable_on(self, day: date) -> bool:
        begun = self.is_first or self.valid_from <= day
        return self.billable and begun and (self.valid_until is None or day <= self.valid_until)

    def is_verified_on(self, day: date) -> bool:
        """Whether the release that we hold covers that day; a later day is allowed and shown as not verified."""
        if day < self.valid_from or day > self.verified_until:
            return False
        return self.valid_until is None or day <= self.valid_until


def row_of(rows: list[Icd10Code], day: date) -> Icd10Code | None:
    """Of the rows of one code the one of that day; the nearest where no release of that day has it."""
    begun = [row for row in rows if row.is_first or row.valid_from <= day]
    if begun:
        return max(begun, key=lambda row: row.valid_from)
    return min(rows, key=lambda row: row.valid_from, default=None)


class Icd10Release(models.Model):
    """A release that was read: which days it answers for, and what it changed."""

    name = models.CharField(max_length=20, unique=True)
    valid_from = models.DateField(unique=True)
    verified_until = models.DateField()
    codes = models.PositiveIntegerField()
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)
    file_sha256 = models.CharField(max_length=64, blank=True)
    loaded_at = models.DateTimeField(default=timezone.now)
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="icd_releases"
    )

    class Meta:
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(verified_until__gte=F("valid_from")), name="icd_release_ends_after_it_begins"
            )
        ]

    def __str__(self) -> str:
        return self.name


def newest_release() -> str:
    """The name that pages say beside the codes."""
    return Icd10Release.objects.values_list("name", flat=True).first() or RELEASE
