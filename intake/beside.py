"""What stands beside the desk's list: who may be given a case, the groups, the own filters, the newest hand-over note.

Four small things of different tables, asked in one statement: each question of its own costs the page more than its answer.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import (
    CharField,
    DateTimeField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Concat

from config.accounts.models import Clinic, User
from config.accounts.roles import Role
from config.prepared import Prepared
from intake.models import SavedFilter, ShiftNote, ShiftNoteRead
from intake.queue import clinics_of

PERSON, GROUP, FILTER, NOTE = "person", "group", "filter", "note"


@dataclass(frozen=True)
class Choice:
    pk: UUID
    name: str


class Saved(NamedTuple):
    pk: int
    name: str
    show: str
    language: str
    text: str


class Unread(NamedTuple):
    written_at: datetime
    written_by: str


@dataclass
class Beside:
    people: list[Choice] = field(default_factory=list)  # who works at the desk of these clinics
    groups: list[Choice] = field(default_factory=list)
    saved: list[Saved] = field(default_factory=list)
    unread: Unread | None = None  # the newest note of the own clinics, unless the user wrote or read it


def beside(user: User) -> Beside:
    found = Beside()
    for kind, key, name, second, third, fourth, at in _beside(clinics=clinics_of(user), user=user.pk).rows():
        if kind == FILTER:
            found.saved.append(Saved(int(key), name, second, third, fourth))
        elif kind == NOTE:
            if not third and UUID(key) != user.pk:
                found.unread = Unread(at, name.strip() or second)
        else:
            (found.people if kind == PERSON else found.groups).append(Choice(UUID(key), name.strip()))
    for choices in (found.people, found.groups):
        choices.sort(key=lambda choice: choice.name)
    found.saved.sort(key=lambda one: one.name)
    return found


def _row(rows: QuerySet, kind: str, key: str, *words: Any, at: Any = None) -> QuerySet:
    """All as text, so that they fit under one another: kind, key, four words and a time."""
    four = [*words, *[Value("")] * (4 - len(words))]
    texts = [Cast(word, CharField()) for word in (Value(kind), key, *four)]
    return rows.order_by().values_list(*texts, Cast(at or Value(None), DateTimeField()))


@Prepared
def _beside(*, clinics: tuple, user: Any) -> QuerySet:
    groups = _row(Clinic.objects.filter(kind=Clinic.Kind.GROUP, is_active=True), GROUP, "pk", "name")
    at_desk = User.objects.filter(
        is_active=True, memberships__role=Role.STAFF, memberships__is_active=True, memberships__clinic__in=clinics
    )
    people = _row(at_desk, PERSON, "pk", Concat("first_name", Value(" "), "last_name"))
    filters = _row(SavedFilter.objects.filter(user=user), FILTER, "pk", "name", "show", "language", "text")
    newest = ShiftNote.objects.filter(clinic__in=clinics).order_by("-written_at").values("pk")[:1]
    author = Concat("written_by__first_name", Value(" "), "written_by__last_name")
    read = Subquery(ShiftNoteRead.objects.filter(note=OuterRef("pk"), user=user).values("pk")[:1])
    notes = _row(
        ShiftNote.objects.filter(pk=Subquery(newest)), NOTE, "written_by_id", author, "written_by__email", read, at="written_at"
    )  # fmt: skip
    return groups.union(people, filters, notes)
