"""PostgreSQL reads and plans each statement anew, and of the small ones of the pages that are open all day that is most of
what it does. Outside a transaction such a statement is prepared once in a connection and executed by its name then.

The name is a digest of the whole text: it never stands for another one. Where a connection is not the same one from one
statement to the next (a pooler of transactions), the first name that is not found ends this for the process.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DatabaseError, connection

# of a connection: the statements that are prepared, by name, and how often the others were asked
_known: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
_asked: WeakKeyDictionary[Any, Counter[str]] = WeakKeyDictionary()
_ASKED_BEFORE = 2
_MOST = 100
_NOT_FOUND, _THERE_ALREADY, _COLUMNS_CHANGED = "26000", "42P05", "0A000"
_is_pooled = False


def execute(cursor, sql: str, params: Sequence, places: Sequence[int]) -> None:
    """`cursor.execute(sql, params)`; of the parameters only those at `places` differ from one time to the next."""
    name = _name(cursor, sql, params, places)
    if name is None:
        cursor.execute(sql, params)
        return
    try:
        cursor.execute(f"EXECUTE {name}({', '.join(['%s'] * len(places))})", [params[n] for n in places])
    except DatabaseError as error:
        if _state(error) == _COLUMNS_CHANGED:  # a migration, while this process goes on
            _forget(cursor, name)
        else:
            _unless_pooled(error)
        cursor.execute(sql, params)


def _forget(cursor, name: str) -> None:
    known = _known[connection.connection]
    for key in [key for key, kept in known.items() if kept == name]:
        del known[key]
    cursor.execute(f"DEALLOCATE {name}")


def _name(cursor, sql: str, params: Sequence, places: Sequence[int]) -> str | None:
    if _is_pooled or not places or connection.vendor != "postgresql" or connection.in_atomic_block:
        return None
    session = connection.connection
    known = _known.setdefault(session, {})
    key = f"{sql}{[param for n, param in enumerate(params) if n not in places]}"
    if key in known:
        return known[key]
    asked = _asked.setdefault(session, Counter())
    asked[key] += 1
    if asked[key] <= _ASKED_BEFORE or len(known) >= _MOST:
        return None
    text = _text(sql, params, places)
    name = f"kept_{blake2b(text.encode(), digest_size=12).hexdigest()}"
    try:
        cursor.execute(f"PREPARE {name} AS {text}")
    except DatabaseError as error:
        _unless_pooled(error)
        return None
    known[key] = name
    return name


def _text(sql: str, params: Sequence, places: Sequence[int]) -> str:
    """What stays the same is written out: an index over some of the rows is only used where its condition is."""
    from psycopg.sql import Literal

    pieces = [piece.replace("%%", "%") for piece in sql.split("%s")]
    number = {place: f"${n}" for n, place in enumerate(places, start=1)}
    written = [number.get(n) or Literal(param).as_string(connection.connection) for n, param in enumerate(params)]
    return "".join(piece + value for piece, value in zip(pieces, [*written, ""], strict=True))


def _unless_pooled(error: DatabaseError) -> None:
    global _is_pooled  # noqa: PLW0603 what is true of one connection of the pooler is true of all
    if _state(error) not in (_NOT_FOUND, _THERE_ALREADY):
        raise error
    _is_pooled = True


def _state(error: DatabaseError) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""
