"""The life of a line as one table: from which status it may go where. The database keeps it too (see `guards`). Pure.

held -> ready -> batched -> exported -> accepted or rejected -> paid, partly_paid or denied -> closed. Aside: not billable;
void, with a reversing row; superseded, by a new version of the line. A line that left `held` never comes back to it:
what has to be held again is a new version.
"""

BEFORE_SENDING = ("held", "ready", "not_billable")
SENT = ("batched", "exported", "accepted", "rejected", "paid", "partly_paid", "denied", "closed")
ENDED = ("void", "superseded")

MOVES: dict[str, tuple[str, ...]] = {
    "held": ("ready", "not_billable", *ENDED),
    "ready": ("batched", "exported", *ENDED),
    "not_billable": ENDED,
    # a batch that is cancelled before it is sent frees its lines
    "batched": ("ready", *SENT, "superseded"),
    "exported": ("ready", *SENT, "superseded"),
    # never processed, or denied: sent once more, or given up
    "rejected": ("ready", *SENT, *ENDED),
    "denied": ("ready", *SENT, *ENDED),
    # the payer may answer again, or take an answer back
    **{status: (*SENT, "superseded") for status in ("accepted", "paid", "partly_paid", "closed")},
    "void": (),
    "superseded": (),
}

# what a claim says, and what it hangs on: fixed from the moment the line leaves `held`
FIXED = (
    "review_id", "group_id", "payer_id", "programme_id", "code", "amount", "date_of_service", "version", "supersedes_id",
    "snapshot", "frequency_code", "original_claim_number",
)  # fmt: skip


def may_move(old: str, new: str) -> bool:
    return old == new or new in MOVES[old]


def refused_moves() -> str:
    """SQL on OLD and NEW that is true for a move that the table does not name."""
    allowed = [
        f"(OLD.status = '{old}' AND NEW.status IN ({', '.join(repr(new) for new in dict.fromkeys(targets))}))"
        for old, targets in MOVES.items()
        if targets
    ]
    return f"NEW.status <> OLD.status AND NOT ({' OR '.join(allowed)})"
