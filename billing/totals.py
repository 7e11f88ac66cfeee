"""Charged, sent, paid and held by clinician, model, payer and month of service; charts and CSV are made of these tables."""

from datetime import date
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from billing.lifecycle import ENDED, SENT
from billing.models import ChargeLine, Posting
from intake.measures import Measure

PERIODS = {3: "Last 3 months", 12: "Last 12 months", 36: "Last 3 years"}
_NOTHING = Decimal("0.00")
_WITH_PAYER = tuple(status for status in SENT if status != "batched")
_COLUMNS = ("Lines", "Charged, $", "Sent, $", "Paid, $", "Held, $")
# key -> (title, first column, what the rows are told apart by, the words of one)
BY: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "clinician": ("By clinician", "Clinician", ("review__specialist__last_name", "review__specialist__first_name"), "{1} {0}"),
    "programme": ("By model", "Model", ("programme__name",), "{0}"),
    "payer": ("By payer", "Payer", ("payer__name",), "{0}"),
    "month": ("By month of service", "Month", ("date_of_service__year", "date_of_service__month"), "{0}-{1:02d}"),
}  # fmt: skip


def first_day(months: int) -> date:
    """The first of the month so many months back, this one included."""
    today = timezone.localdate()
    index = today.year * 12 + today.month - months
    return date(index // 12, index % 12 + 1, 1)


def counted(lines: QuerySet[ChargeLine], months: int) -> QuerySet[ChargeLine]:
    """What is or may be money: neither ended nor found not billable."""
    return lines.exclude(status__in=(*ENDED, "not_billable")).filter(date_of_service__gte=first_day(months))


def of(lines: QuerySet[ChargeLine], key: str, months: int) -> Measure:
    title, column, names, words = BY[key]
    chosen = counted(lines, months)
    sums = chosen.order_by().values(*names).annotate(
        lines=Count("pk"),
        charged=Sum("amount", filter=~Q(status="held")),
        sent=Sum("amount", filter=Q(status__in=_WITH_PAYER)),
        held=Sum("amount", filter=Q(status="held")),
    )  # fmt: skip
    paid = Posting.objects.filter(category=Posting.Category.PAID, line__in=chosen.order_by().values("pk"))
    by_line = [f"line__{name}" for name in names]
    moved = {
        tuple(row[name] for name in by_line): row["sum"]
        for row in paid.order_by().values(*by_line).annotate(sum=Sum("amount"))
    }
    rows = []
    for row in sorted(sums, key=lambda one: tuple(str(one[name] or "").rjust(4) for name in names)):
        at = tuple(row[name] for name in names)
        label = words.format(*at) if any(part is not None for part in at) else "None"
        rows.append((label, row["lines"], *(_money(row[name]) for name in ("charged", "sent")), _money(moved.get(at)), _money(row["held"])))  # fmt: skip
    return Measure(key, title, _says(rows), (column, *_COLUMNS), rows, "bars", (2, 4))


def _money(value: Decimal | None) -> Decimal:
    return (value or _NOTHING).quantize(_NOTHING)


def _says(rows: list[tuple]) -> str:
    if not rows:
        return "No line has its service in this time."
    lines = sum(row[1] for row in rows)
    charged, paid, held = (sum((row[n] for row in rows), _NOTHING) for n in (2, 4, 5))
    return (
        f"{lines} {'line' if lines == 1 else 'lines'}: ${charged:,.2f} charged, ${paid:,.2f} paid, ${held:,.2f} held."
    )
