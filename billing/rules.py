"""What a signed review is worth. Pure: facts in, decision out; one ordered table of named checks, all failures reported.

Sources: HCPCS Level II descriptors of G9868, G9869 and G9870 (time bands); 42 CFR 424.44 (timely filing); the practice's
own rules for everything else. Times are whole milliseconds; nothing is rounded.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain

from billing.rule_table import BLOCKS, TEN_MINUTES_MS, WARNS, Check

RULE_VERSION = "2026-11-2"
READY, HELD, NOT_BILLABLE = "ready", "held", "not_billable"
TWENTY_MINUTES_MS = 1_200_000
TIMELY_FILING_WARN_DAYS = 300
MEDICARE = "medicare"


@dataclass(frozen=True)
class Diagnosis:
    """`is_verified`: a release of the code set that covers the day is loaded; otherwise the newest one answered."""

    code: str
    is_known: bool
    is_billable: bool
    is_verified: bool = True


@dataclass(frozen=True)
class Facts:
    """Everything the decision rests on, as it was when it was made. `programme` is "" when the patient has none."""

    date_of_service: date
    decided_on: date
    total_ms: int
    lost_ms: int
    is_delivered: bool
    payer_code: str
    plan: str
    payer_pays: bool | None = None
    programme: str = ""
    programme_active: bool = False
    programme_confirmed: bool = False
    programme_covers_code: bool = False
    is_aligned: bool = False
    is_rostered: bool = False
    amount: Decimal | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    claim_problems: tuple[tuple[str, str], ...] = ()
    no_opinion: bool = False
    second_opinion: bool = False
    is_redirected: bool = False
    filed_in_error: bool = False
    live_contact: bool = False
    time_disputed: bool = False
    is_duplicate: bool = False
    needs_correction: bool = False
    too_short_seconds: int = 30
    released: frozenset[str] = field(default_factory=frozenset)
    is_signed: bool = True
    query_open: bool = False
    g2010_conflict: bool = False
    code_is_valid: bool = True
    has_submitter: bool = True
    date_of_birth: date | None = None

    def as_json(self) -> dict:
        """JSON-ready and stable, so that its hash says whether a fact changed. Of today only what it does counts."""
        raw = vars(self) | {
            "diagnoses": [asdict(diagnosis) for diagnosis in self.diagnoses],
            "released": sorted(self.released),
            "filing": self.filing,
        }
        raw.pop("decided_on")
        raw["is_future"] = self.is_future
        return {key: _plain(value) for key, value in sorted(raw.items())}

    @property
    def is_medicare(self) -> bool:
        return self.payer_code == MEDICARE

    @property
    def is_future(self) -> bool:
        return self.date_of_service > self.decided_on

    @property
    def filing(self) -> str:
        """open, late (a warning) or expired."""
        if self.decided_on > filing_deadline(self.date_of_service):
            return "expired"
        late = (self.decided_on - self.date_of_service).days >= TIMELY_FILING_WARN_DAYS
        return "late" if late else "open"


def _plain(value: object) -> object:
    if isinstance(value, date | Decimal):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class Hold:
    """A check that failed: its code, what is wrong, who can resolve it and the place where that is done."""

    code: str
    sentence: str
    resolver: str
    where: str = ""


@dataclass(frozen=True)
class Decision:
    """`warnings` hold nothing: they are said, and the line goes on."""

    status: str
    code: str
    amount: Decimal | None
    holds: tuple[Hold, ...] = ()
    reason: str = ""
    warnings: tuple[Hold, ...] = ()


def code_for(total_ms: int) -> str:
    """599,999 ms is G9868, 600,000 to 1,200,000 ms G9869, above that G9870."""
    if total_ms < TEN_MINUTES_MS:
        return "G9868"
    return "G9869" if total_ms <= TWENTY_MINUTES_MS else "G9870"


def filing_deadline(day: date) -> date:
    """The last day on which a claim for that service may arrive: one calendar year; February 29 ends on the 28th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 2, 28)


def filing_warning_from(day: date) -> date:
    return day + timedelta(days=TIMELY_FILING_WARN_DAYS)


CHECKS: tuple[Check, ...] = BLOCKS
WARNINGS: tuple[Check, ...] = WARNS
BY_CODE = {check.code: check for check in chain(CHECKS, WARNINGS)}

_NOT_BILLABLE: tuple[tuple[str, Callable[[Facts], bool]], ...] = (
    ("The photographs allowed no opinion.", lambda f: f.no_opinion),
    ("This is a second opinion.", lambda f: f.second_opinion),
    ("The patient was sent to in-person care instead.", lambda f: f.is_redirected),
    ("The patient pays without insurance.", lambda f: f.payer_code == "self_pay" or f.plan == "self_pay"),
    ("The payer does not pay for this service.", lambda f: not f.is_medicare and f.payer_pays is False),
)


def decide(facts: Facts) -> Decision:
    """One decision for one signed review: ready, held with every reason, or not billable.

    Only G9868 becomes ready by itself; the longer codes wait for a biller's release (TIME_GE_10).
    """
    code = code_for(facts.total_ms)
    for reason, applies in _NOT_BILLABLE:
        if applies(facts):
            return Decision(NOT_BILLABLE, code, None, reason=reason)
    released = facts.released
    holds = tuple(
        _hold(check, facts)
        for check in CHECKS
        if check.fails(facts) and not (check.releasable and check.code in released)
    )
    warnings = tuple(_hold(check, facts) for check in WARNINGS if check.fails(facts))
    return Decision(HELD if holds else READY, code, facts.amount, holds, "", warnings)


def _hold(check: Check, facts: Facts) -> Hold:
    own = [sentence for code, sentence in facts.claim_problems if code == check.code]
    return Hold(check.code, " ".join(own) or check.sentence, check.resolver, check.where)


def passed(facts: Facts) -> list[Check]:
    """The checks that found nothing wrong, for the proof of a line."""
    return [check for check in CHECKS if not check.fails(facts)]
