"""What the biller's desk shows: ready lines, held ones with their reasons, counts that match the list."""

from django.db.models import Q, QuerySet

from billing import reports
from billing.models import ChargeLine
from billing.rules import BY_CODE

S = ChargeLine.Status
GROUPS = {
    "time": ("Time", [c for c in BY_CODE if c.startswith(("TIME_", "LIVE"))]),
    "model": ("Model or alignment", ["PATIENT_NOT_ALIGNED", "PROVIDER_NOT_LISTED", "PROG_INACTIVE", "PROGRAM_UNCONFIRMED", "CODE_NOT_IN_PROGRAM"]),
    "payer": ("Payer", ["PAYER_POLICY_UNKNOWN", "MEDICARE_ADVANTAGE", "MEDICARE_NOT_PRIMARY", "COVERAGE_MISSING", "MBI_BAD"]),
    "delivery": ("Delivery", ["NOT_DELIVERED"]),
}  # fmt: skip
PAGE = 100


def held_with(codes: list[str]) -> Q:
    wanted = Q()
    for code in codes:
        # quoted, so that no code matches inside another's name
        wanted |= Q(holds__icontains=f'"{code}"')
    return wanted & Q(status=S.HELD)


FILTERS: dict[str, tuple[str, str, Q]] = {
    "open": ("Ready and held", "", Q(status__in=(S.READY, S.HELD))),
    "ready": ("Ready", "check", Q(status=S.READY)),
    "held": ("Held", "clock", Q(status=S.HELD)),
    **{key: (label, "", held_with(codes)) for key, (label, codes) in GROUPS.items()},
    "exported": ("Exported", "upload", Q(status=S.EXPORTED)),
    "not_billable": ("Not billable", "ban", Q(status=S.NOT_BILLABLE)),
    "void": ("Void", "x", Q(status=S.VOID)),
}


def lines(user, key: str, text: str = "", *, hold: str = "", age: str = "") -> QuerySet[ChargeLine]:
    """`hold` is one code of the table of checks, `age` one of the ages of `reports`; both "" for all."""
    found = ChargeLine.objects.visible_to(user).filter(held_with([hold]) if hold else FILTERS[key][2])
    if age:
        found = reports.of_age(found, age)
    for word in text.split():
        found = found.filter(
            Q(review__case__patient__first_name__icontains=word)
            | Q(review__case__patient__last_name__icontains=word)
            | Q(review__case__number__icontains=word)
            | Q(payer_claim_number__iexact=word)
            | Q(pk=ChargeLine.pk_of(word))
        )
    return found.select_related("review__case__patient", "review__specialist", "payer", "programme").order_by(
        # ready first, then held by age
        "status" if key != "open" else "-status",
        "date_of_service",
        "pk",
    )


def counts(user) -> list[tuple[str, str, str, int]]:
    mine = ChargeLine.objects.visible_to(user)
    return [(key, label, icon, mine.filter(q).count()) for key, (label, icon, q) in FILTERS.items()]


def ready_count(user) -> int:
    return ChargeLine.objects.visible_to(user).filter(status=S.READY).count()
