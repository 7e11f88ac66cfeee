"""What a payer's codes mean, in words. The codes stay visible; a code that is not here is shown as it came."""

from decimal import Decimal

# how a line stands: word, tone, icon
STANDING = {
    "batched": ("in the batch", "work", "package"),
    "exported": ("not answered", "info", "upload"),
    "accepted": ("accepted", "info", "circle-check"),
    "rejected": ("rejected", "bad", "circle-x"),
    "paid": ("paid", "good", "circle-check"),
    "partly_paid": ("partly paid", "wait", "circle-alert"),
    "denied": ("denied", "bad", "circle-x"),
    "closed": ("closed", "neutral", "check"),
}


def standing(counts: dict[str, tuple[int, Decimal]]) -> list[tuple[str, str, str, int, Decimal]]:
    """(word, tone, icon, how many, charged) in the order of a line's life."""
    return [(*words, *counts[status]) for status, words in STANDING.items() if status in counts]
