"""Charged, sent, accepted, paid, adjusted, open: by payer and month of service, to the cent."""

from collections import defaultdict
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from billing.models import ChargeLine, Posting

COLUMNS = ("charged", "not_sent", "sent", "accepted", "paid", "contractual", "patient", "denied", "open")


def by_month(lines: QuerySet[ChargeLine]) -> list[dict]:
    """By payer and month of service: charged, sent, accepted, paid, adjusted, denied, open. To the cent.

    Open is what was sent and not yet answered with money; lines that ended (void, superseded) count no more, unless
    money moved on them.
    """
    counted = lines.exclude(status__in=("held", "not_billable")).exclude(
        Q(status__in=("void", "superseded")) & Q(postings__isnull=True)
    )
    rows: dict[tuple, dict] = {}
    charged = (
        counted.values("payer__name", "date_of_service__year", "date_of_service__month", "status")
        .annotate(n=Count("pk", distinct=True))
        .order_by()
    )
    amounts = defaultdict(Decimal)
    for key in counted.distinct().values_list(
        "pk", "payer__name", "date_of_service__year", "date_of_service__month", "status", "amount"
    ):
        ended = key[4] in ("void", "superseded")
        amounts[key[1:5]] += Decimal() if ended else key[5]
    for found in charged:
        at = (found["payer__name"], found["date_of_service__year"], found["date_of_service__month"])
        row = rows.setdefault(at, _empty_row(at))
        value = amounts[(*at, found["status"])]
        row["charged"] += value
        row["lines"] += found["n"]
        if found["status"] != "ready":
            row["sent"] += value if found["status"] != "batched" else Decimal()
        if found["status"] in ("accepted", "paid", "partly_paid", "denied", "closed"):
            row["accepted"] += value
        if found["status"] in ("ready", "batched"):
            row["not_sent"] += value
    moved = Posting.objects.filter(line__in=counted.values("pk")).values(
        "line__payer__name", "line__date_of_service__year", "line__date_of_service__month", "category"
    )
    for found in moved.annotate(sum=Sum("amount")).order_by():
        at = (found["line__payer__name"], found["line__date_of_service__year"], found["line__date_of_service__month"])
        rows[at][found["category"]] += found["sum"]
    for row in rows.values():
        row["open"] = row["sent"] - row["paid"] - row["contractual"] - row["patient"] - row["denied"]
    return sorted(rows.values(), key=lambda row: (-row["year"], -row["month"], row["payer"]))


def _empty_row(at: tuple) -> dict:
    zero = dict.fromkeys(
        ("charged", "not_sent", "sent", "accepted", "paid", "contractual", "patient", "denied"), Decimal("0.00")
    )
    return {"payer": at[0], "year": at[1], "month": at[2], "lines": 0} | zero


def total(rows: list[dict]) -> dict:
    return {"lines": sum(row["lines"] for row in rows)} | {
        name: sum((row[name] for row in rows), Decimal("0.00")) for name in COLUMNS
    }
