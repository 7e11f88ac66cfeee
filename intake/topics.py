"""The parts of a story that can be asked about, filled in by phone and shown: the draft's fields, then the question set."""

from dataclasses import dataclass, field

from django.utils.functional import Promise

from intake import questions
from intake.models import Case, CaseChange
from intake.reasons import STORY_TOPICS


@dataclass(frozen=True)
class Topic:
    """`label` is for staff, `text` what the patient is asked, `answer` what the patient said, in staff's words."""

    key: str
    label: str
    text: str | Promise
    answer: str
    question: questions.Question | None = None
    # what somebody said by phone, for pages
    added: list[CaseChange] = field(default_factory=list)


def topics_of(case: Case) -> list[Topic]:
    given = {answer.question: answer.value for answer in case.answers.all()}
    fields = [Topic(key, label, text, getattr(case, key)) for key, (label, text) in STORY_TOPICS.items()]
    asked = questions.asked(questions.facts_of(case), given)
    return fields + [Topic(q.key, q.label, q.text, questions.in_words(q, given.get(q.key, [])), q) for q in asked]


def topic_of(case: Case, key: str) -> Topic | None:
    return next((topic for topic in topics_of(case) if topic.key == key), None)
