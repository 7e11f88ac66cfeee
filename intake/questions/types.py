"""What a question is, and the answers that several share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
Answers = Mapping[str, list[str]]
VERSION = "2026-11"
NONE = "none"


@dataclass(frozen=True)
class Option:
    key: str
    text: Text
    note: str


@dataclass(frozen=True)
class Facts:
    """What decides whether a question is asked."""

    kind: str
    age: int
    sex: str


@dataclass(frozen=True)
class Question:
    """`kind`: "one" (radio buttons), "many" (tick boxes; "none" excludes the others) or "text"."""

    key: str
    label: str
    text: Text
    kind: str
    options: tuple[Option, ...] = ()
    hint: Text = ""
    when: Callable[[Facts, Answers], bool] = lambda facts, answers: True

    def option(self, key: str) -> Option | None:
        return next((option for option in self.options if option.key == key), None)


def none(text: Text = "") -> Option:
    return Option(NONE, text or _("None of these"), "none")


YES_NO = (
    Option("yes", _("Yes"), "yes"),
    Option("no", _("No"), "no"),
    Option("unsure", _("Not sure"), "not sure"),
)
HOW_MUCH = (
    Option("no", _("Not at all"), "not at all"),
    Option("little", _("A little"), "a little"),
    Option("lot", _("A lot"), "a lot"),
    Option("very", _("Very much"), "very much"),
)


def of_kind(*kinds: str) -> Callable[[Facts, Answers], bool]:
    return lambda facts, answers: facts.kind in kinds


def said(key: str, *values: str) -> Callable[[Facts, Answers], bool]:
    return lambda facts, answers: bool(set(values) & set(answers.get(key, ())))


def may_be_pregnant(facts: Facts, answers: Answers) -> bool:
    return facts.sex != "M" and 12 <= facts.age <= 55
