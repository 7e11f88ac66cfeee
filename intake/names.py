"""How names are compared: small letters, without the accents that people leave out when they type."""

from django.db import connection
from django.db.models import Q, TextField
from django.db.models.expressions import Combinable, Value
from django.db.models.functions import Lower, Replace

PLAIN = dict(zip("áéíóúñüÁÉÍÓÚÑÜ", "aeiounuaeiounu", strict=True))
LAST = "\U0010ffff"


def folded(text: str) -> str:
    """What `Folded` makes of the same text in the database."""
    for letter, plain in PLAIN.items():
        text = text.replace(letter, plain)
    return " ".join(text.lower().split())


def Folded(expression: Combinable):  # noqa: N802 reads as the database function that it is
    for letter, plain in PLAIN.items():
        expression = Replace(expression, Value(letter), Value(plain), output_field=TextField())
    return Lower(expression)


def begins(column: str, text: str) -> Q:
    """The column begins with this folded text, in the form for which each engine uses its index."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + LAST})
