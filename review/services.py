"""The verbs of a review. Keyword-only; the actor is `by`; each raises a named error whose text may be shown."""

from review.beats import (
    ReviewTime,
    add_assistant_time,
    add_time,
    dispute_time,
    receive_beats,
    record_beats,
    review_time,
)
from review.checks import answer_interlock
from review.claims import (
    ask_for_more,
    back_to_triage,
    claim_case,
    claim_next,
    handover_notes,
    release_case,
    renew_hold,
    review_of,
    send_in_person,
    to_pool,
)
from review.drafts import save_draft
from review.signing import Proposal, propose, sign_review

__all__ = [
    "Proposal",
    "ReviewTime",
    "add_assistant_time",
    "add_time",
    "answer_interlock",
    "ask_for_more",
    "back_to_triage",
    "claim_case",
    "claim_next",
    "dispute_time",
    "handover_notes",
    "propose",
    "receive_beats",
    "record_beats",
    "release_case",
    "renew_hold",
    "review_of",
    "review_time",
    "save_draft",
    "send_in_person",
    "sign_review",
    "to_pool",
]
