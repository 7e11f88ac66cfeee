"""Statements of a fixed shape, compiled once in a process.

To build and compile a query costs the ORM many times what the database needs to answer it from an index. The pages that
are open all day ask the same statements with other values each time; they keep what was compiled and put the values in.
"""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Expression, Model, QuerySet, Value

from config import kept_plans

_TIME = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d|$)")
Converters = dict[int, tuple[list[Callable], Expression]]


@dataclass(frozen=True)
class Statement:
    """SQL with its values; `rows()` gives what `values_list()` would have given. At `places` stand the values that differ
    from one time to the next."""

    sql: str
    params: tuple
    converters: Converters
    places: tuple[int, ...] = ()

    def rows(self) -> list[tuple]:
        if not self.sql:  # known to find nothing, as with no clinic at all
            return []
        with connection.cursor() as cursor:
            kept_plans.execute(cursor, self.sql, self.params, self.places)
            found = cursor.fetchall()
        if not self.converters:
            return list(found)
        columns: list[Sequence] = list(zip(*found, strict=True))
        to_aware = getattr(connection.ops, "convert_datetimefield_value", None)
        for place, (converters, expression) in self.converters.items() if columns else ():
            column = columns[place]
            for convert in converters:
                column = (
                    [_utc(value) for value in column]
                    if convert == to_aware
                    else [convert(value, expression, connection) for value in column]
                )
            columns[place] = column
        return list(zip(*columns, strict=True))


@dataclass(frozen=True)
class _Known:
    sql: str
    params: tuple
    places: dict[int, Hashable]  # place in params -> whose value stands there
    converters: Converters


class Prepared:
    """`build(*shape, **values)` makes a queryset of `values_list()`, or one that is only counted. Whatever changes the SQL
    is the shape; the values (keys, times, days, numbers, or tuples of keys) only stand in its parameters. `build` runs once:
    it must not read the clock or ask who is there."""

    def __init__(self, build: Callable[..., QuerySet]) -> None:
        self.build = build
        self._known: dict[Hashable, _Known] = {}

    def __call__(self, *shape: Hashable, **values: Any) -> Statement:
        return self._filled(shape, values, counted=0)

    def counted(self, *shape: Hashable, up_to: int, **values: Any) -> Statement:
        """How many rows there are, `up_to` + 1 at most."""
        return self._filled(shape, values, counted=up_to + 1)

    def _filled(self, shape: tuple, values: dict[str, Any], counted: int) -> Statement:
        lengths = tuple((name, len(value)) for name, value in values.items() if isinstance(value, tuple))
        # with their types: a key as text would find nothing in a statement that was compiled for keys
        kinds = tuple((name, type(value)) for name, value in _flat(values))
        key = (connection.vendor, counted, shape, lengths, kinds)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._compiled(shape, values, counted)
        flat = dict(_flat(values))
        params = list(known.params)
        for place, name in known.places.items():
            params[place] = _for_database(flat[name])
        return Statement(known.sql, tuple(params), known.converters, tuple(known.places))

    def _compiled(self, shape: tuple, values: dict[str, Any], counted: int) -> _Known:
        names = list(dict(_flat(values)))
        marks = {name: _mark(n, value) for n, (name, value) in enumerate(_flat(values))}
        given = {
            name: tuple(marks[name, n] for n in range(len(value))) if isinstance(value, tuple) else marks[name]
            for name, value in values.items()
        }
        rows = self.build(*shape, **given)
        query = counting_query(rows, counted) if counted else rows.query
        compiler = query.get_compiler(connection=connection)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return _Known("SELECT 0" if counted else "", (), {}, {})
        sql = f"SELECT COUNT(*) FROM ({sql}) counted" if counted else sql  # noqa: S608 only compiled querysets
        by_mark = {_for_database(mark): name for name, mark in marks.items()}
        places = {
            n: by_mark[param] for n, param in enumerate(params) if isinstance(param, Hashable) and param in by_mark
        }
        lost = [name for name in names if name not in places.values()]
        if lost:
            raise ValueError(f"These values are not in the statement as they were given: {lost}")
        frozen = [param for n, param in enumerate(params) if n not in places and _is_time(param)]
        if frozen:
            raise ValueError(f"A time would stay what it is now: {frozen}. Give it as a value.")
        converters = {} if counted else compiler.get_converters([column[0] for column in compiler.select])
        return _Known(sql, tuple(params), places, converters)


Parts = Mapping[str, type[Model]]


def columns_of(parts: Parts) -> list[str]:
    """For `values_list()`: all columns of the models at these paths, such as {"": Photo, "case__": Case}."""
    return [path + field.attname for path, model in parts.items() for field in model._meta.concrete_fields]


def models_of(parts: Parts, row: tuple) -> dict[str, Any]:
    """The row's models by their paths, each not yet joined to the others; None where an outer join found nothing. What
    the row holds beside them comes after them."""
    made, at = {}, 0
    for path, model in parts.items():
        names = [field.attname for field in model._meta.concrete_fields]
        values = row[at : at + len(names)]
        # without its key there is no such row
        is_there = values[names.index(model._meta.pk.attname)] is not None
        made[path] = model.from_db(DEFAULT_DB_ALIAS, names, values) if is_there else None
        at += len(names)
    return made


def _utc(value: Any) -> datetime | None:
    """SQLite's times have no zone and are UTC. Django's own way asks for each one again what zone that is."""
    value = datetime.fromisoformat(value) if isinstance(value, str) else value
    return value if value is None else value.replace(tzinfo=UTC)


def counting_query(rows: QuerySet, at_most: int):
    """The queryset with nothing selected: an index that has the conditions is then enough."""
    rows = rows.order_by()
    if rows.query.distinct or rows.query.combinator:
        return rows.values("pk")[:at_most].query
    return rows.values_list(Value(1))[:at_most].query


def _flat(values: dict[str, Any]):
    for name, value in values.items():
        if isinstance(value, tuple):
            yield from (((name, n), one) for n, one in enumerate(value))
        else:
            yield name, value


def _mark(n: int, value: Any) -> Any:
    """A value of the same type that stands nowhere else in a statement."""
    if isinstance(value, UUID):
        return UUID(int=(0xDE54 << 112) + n)
    if isinstance(value, datetime):
        return datetime(1583, 5, 4, 3, 2, 1, 987654, UTC) + timedelta(days=n)
    if isinstance(value, date):
        return date(1583, 5, 4) + timedelta(days=n)
    if isinstance(value, int) and not isinstance(value, bool):
        return 7_310_552_890_031_000_000 + n
    raise TypeError(f"{value!r} cannot be a changing value. Give it as part of the shape.")


def _is_time(param: Any) -> bool:
    return isinstance(param, date) or (isinstance(param, str) and bool(_TIME.match(param)))


def _for_database(value: Any) -> Any:
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value
