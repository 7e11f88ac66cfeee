"""What a review refuses. Each text may be shown."""


class ReviewRefused(Exception):
    """The text may be shown."""


class StaleReview(ReviewRefused):
    """The draft was saved elsewhere meanwhile; `review` is what is stored now, the caller still has what was typed."""

    def __init__(self, review) -> None:
        super().__init__("This draft was saved in another window. Both texts are below: check them and save again.")
        self.review = review


class NotReadyToSign(ReviewRefused):
    """`missing` are the sentences of the checks that hold the signature."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(" ".join(missing))
        self.missing = missing


class NumberChanged(ReviewRefused):
    """What was attested is not what is true now; nothing was signed."""

    def __init__(self) -> None:
        super().__init__("The time or the text changed while you were checking. Nothing was signed: read it again.")


class BeatsRefused(ReviewRefused):
    """The beats cannot be those of a browser that follows the rules."""
