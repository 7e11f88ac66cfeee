"""Which case comes first at the desk, and why, in words.

Pure: facts in, a number and reasons out. The number is stored with the case (`QueueEntry.rank`) and the list is read in
its order, so the rule and the SQL cannot disagree. It does not change by itself when time passes: a case that is over
its target has an earlier target than those that are not, and so stands before them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# Bands, first to last: who must act.
URGENT, TO_CHECK, WITH_PATIENT, WITH_SPECIALIST = range(4)
BAND_WORDS = {
    URGENT: "Urgent ones to check come first",
    TO_CHECK: "then all others to check",
    WITH_PATIENT: "then those that wait for the patient, the nearest deadline first",
    WITH_SPECIALIST: "then those with a specialist, the nearest answer first",
}
# Within a band the target decides. These stand as if their target were so much earlier.
EARLIER_PER_POINT = timedelta(minutes=30)
EARLIER_WHEN_BACK = timedelta(hours=2)
_BAND_SIZE = 10**14  # above any moment in milliseconds
PLAIN_REASON = "By its target"
_NO_TARGET = datetime(3000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Facts:
    state: str
    urgency: str
    # what asks for that urgency, in words
    flag: str = ""
    due_at: datetime | None = None
    deadline: datetime | None = None
    # weighted 7-point score of a spot, 0 to 10
    score: int = 0
    # the patient has answered a question or a retake
    is_back: bool = False
    # the specialist or a colleague sent it back to the desk
    was_returned: bool = False


@dataclass(frozen=True)
class Rank:
    """`number` is smaller for what comes sooner."""

    number: int
    reasons: tuple[str, ...]


def rank_of(facts: Facts) -> Rank:
    band = band_of(facts)
    at = facts.deadline if band == WITH_PATIENT else facts.due_at
    at = (at or _NO_TARGET) - earlier_by(facts)
    return Rank(band * _BAND_SIZE + round(at.timestamp() * 1000), tuple(reasons_of(facts)))


def band_of(facts: Facts) -> int:
    if facts.state == "needs_information":
        return WITH_PATIENT
    if facts.state in {"ready", "in_review"}:
        return WITH_SPECIALIST
    return URGENT if facts.urgency == "urgent" else TO_CHECK


def earlier_by(facts: Facts) -> timedelta:
    if facts.state != "submitted":
        return timedelta()
    back = EARLIER_WHEN_BACK if facts.is_back or facts.was_returned else timedelta()
    return back + facts.score * EARLIER_PER_POINT


def reasons_of(facts: Facts) -> list[str]:
    """What moved the case forward, the weightiest first; never empty. Being late is said beside them, at reading."""
    if facts.state == "needs_information":
        return ["Waits for the patient; the target pauses"]
    if facts.state in {"ready", "in_review"}:
        return ["With the specialist"]
    found = []
    if facts.flag and facts.urgency != "routine":
        found.append(facts.flag)
    if facts.score and not facts.flag.startswith("7-point score"):
        found.append(f"7-point score {facts.score}")
    if facts.is_back:
        found.append("Back from the patient")
    if facts.was_returned:
        found.append("Sent back to the desk")
    return found or [PLAIN_REASON]
