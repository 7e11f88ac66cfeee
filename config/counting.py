"""Counting and finding several things in one statement, and none of them beyond where it still tells something."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from config import kept_plans
from config.prepared import Statement, counting_query


def count_all(wanted: Sequence[QuerySet | Statement], cap: int) -> list[int]:
    """How many rows each has, `cap` + 1 at most: that much of an index is read, however large the table is. What is
    prepared has its own limit."""
    parts: list[str] = []
    params: list = []
    places: list[int] = []
    is_fixed = True
    for rows in wanted:
        if isinstance(rows, Statement):
            parts.append(f"({rows.sql})")
            places += [len(params) + n for n in rows.places]
            params += rows.params
            continue
        is_fixed = False
        query = counting_query(rows, cap + 1)
        if query.is_empty():
            parts.append("0")
            continue
        sql, given = query.sql_with_params()
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) counted)")  # noqa: S608 only compiled querysets
        params += given
    if not params and all(part == "0" for part in parts):
        return [0] * len(parts)
    with connection.cursor() as cursor:
        sql = f"SELECT {', '.join(parts)}"
        if is_fixed:
            kept_plans.execute(cursor, sql, params, places)
        else:
            cursor.execute(sql, params)
        return list(cursor.fetchone())


def keys_of(querysets: Sequence[QuerySet], cap: int) -> list[UUID]:
    """The UUID keys of the first `cap` rows of each, one after the other, no key twice."""
    parts, params = [], []
    for place, rows in enumerate(querysets):
        query = rows.order_by().values("pk")[:cap].query
        if not query.is_empty():
            sql, given = query.sql_with_params()
            parts.append(f"SELECT {place} AS place, found.* FROM ({sql}) found")  # noqa: S608 only compiled querysets
            params += given
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY place", params)
        return list(dict.fromkeys(UUID(str(key)) for _place, key in cursor.fetchall()))
