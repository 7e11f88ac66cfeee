"""What a signed review is worth. Pure: facts in, decision out; one ordered table of named checks, all failures reported.

Sources: HCPCS Level II descriptors of G9868, G9869 and G9870 (time bands); the practice's own rules for everything else.
Times are whole milliseconds; nothing is rounded.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal

RULE_VERSION = "2026-11-1"
READY, HELD, NOT_BILLABLE = "ready", "held", "not_billable"
TEN_MINUTES_MS, TWENTY_MINUTES_MS = 600_000, 1_200_000
TIMELY_FILING_DAYS, TIMELY_FILING_WARN_DAYS = 365, 300
MEDICARE = "medicare"


@dataclass(frozen=True)
class Diagnosis:
    code: str
    is_known: bool
    is_billable: bool


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
    live_contact: bool = False
    time_disputed: bool = False
    is_duplicate: bool = False
    needs_correction: bool = False
    too_short_seconds: int = 30
    released: frozenset[str] = field(default_factory=frozenset)

    def as_json(self) -> dict:
        """JSON-ready and stable, so that its hash says whether a fact changed."""
        raw = asdict(self) | {"released": sorted(self.released)}
        raw.pop("decided_on")
        return {key: _plain(value) for key, value in sorted(raw.items())}

    @property
    def is_medicare(self) -> bool:
        return self.payer_code == MEDICARE


def _plain(value: object) -> object:
    if isinstance(value, date | Decimal):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


@dataclass(frozen=True)
class Hold:
    code: str
    sentence: str
    resolver: str


@dataclass(frozen=True)
class Decision:
    status: str
    code: str
    amount: Decimal | None
    holds: tuple[Hold, ...] = ()
    reason: str = ""


def code_for(total_ms: int) -> str:
    """599,999 ms is G9868, 600,000 to 1,200,000 ms G9869, above that G9870."""
    if total_ms < TEN_MINUTES_MS:
        return "G9868"
    return "G9869" if total_ms <= TWENTY_MINUTES_MS else "G9870"


@dataclass(frozen=True)
class Check:
    """`fails(facts)` holds the line with `code`; a biller may release it where `releasable`."""

    code: str
    sentence: str
    resolver: str
    fails: Callable[[Facts], bool]
    releasable: bool = False


def _problem(code: str) -> Callable[[Facts], bool]:
    return lambda facts: any(found == code for found, _ in facts.claim_problems)


CHECKS: tuple[Check, ...] = (
    Check("TIME_MISSING", "No time was counted for this review.", "the specialist: an addendum; then a biller voids or releases", lambda f: f.total_ms == 0),
    Check("TIME_TOO_SHORT", "Very little time was counted for this review.", "a biller, after asking the specialist", lambda f: 0 < f.total_ms < f.too_short_seconds * 1000, True),
    Check("TIME_UNCERTAIN", "With the time that was lost to an outage or a crash it could be 10 minutes or more.", "a biller, after asking the specialist", lambda f: f.total_ms < TEN_MINUTES_MS <= f.total_ms + f.lost_ms, True),
    Check("TIME_GE_10", "The review took 10 minutes or more, so G9868 does not fit. The longer code is suggested.", "a biller decides on the code", lambda f: f.total_ms >= TEN_MINUTES_MS, True),
    Check("TIME_DISPUTED", "The specialist disagrees with the measured time.", "a biller, after reading why", lambda f: f.time_disputed, True),
    Check("LIVE_CONTACT", "There was a live contact with the patient, so this was not only a review of photographs.", "a biller decides", lambda f: f.live_contact, True),
    Check("NOT_DELIVERED", "Not every recipient has the recommendation yet.", "the clinic: delivers it, prints it or calls", lambda f: not f.is_delivered),
    Check("CORRECTION_NEEDED", "An addendum changed the diagnosis, the plan or the side.", "a biller corrects the line", lambda f: f.needs_correction),
    Check("MEDICARE_ADVANTAGE", "The patient is in a Medicare Advantage plan, not in Original Medicare.", "a biller checks the coverage", lambda f: f.is_medicare and f.plan == "advantage"),
    Check("MEDICARE_NOT_PRIMARY", "Medicare is not the first payer on that day.", "a biller finds the first payer", lambda f: f.is_medicare and f.plan == "secondary"),
    Check("COVERAGE_MISSING", "No coverage is on record for that day.", "the clinic adds the coverage", lambda f: not f.payer_code),
    Check("PAYER_POLICY_UNKNOWN", "We do not know yet whether this payer pays for this service.", "a biller records the policy and its source", lambda f: bool(f.payer_code) and not f.is_medicare and f.payer_pays is None),
    Check("PATIENT_NOT_ALIGNED", "The patient was not aligned to the model on that day.", "a biller checks the alignment file", lambda f: f.is_medicare and not f.is_aligned),
    Check("PROVIDER_NOT_LISTED", "The specialist was not on the model's roster on that day.", "a biller checks the roster", lambda f: f.is_medicare and bool(f.programme) and not f.is_rostered),
    Check("PROG_INACTIVE", "The model was not active on that day.", "nobody: outside the model this is not G9868", lambda f: f.is_medicare and bool(f.programme) and not f.programme_active),
    Check("PROGRAM_UNCONFIRMED", "It is not confirmed that this model carries the benefit.", "an administrator confirms it with a source", lambda f: f.is_medicare and f.programme_active and not f.programme_confirmed),
    Check("CODE_NOT_IN_PROGRAM", "The model does not carry this code.", "an administrator checks the model", lambda f: f.is_medicare and f.programme_active and f.programme_confirmed and not f.programme_covers_code),
    Check("DX_MISSING", "There is no diagnosis.", "the specialist: an addendum", lambda f: not f.diagnoses),
    Check("DX_INVALID", "A diagnosis code is not in the code set.", "the specialist: an addendum", lambda f: any(not d.is_known for d in f.diagnoses)),
    Check("DX_NOT_BILLABLE_ON_DOS", "A diagnosis code could not stand on a claim on that day.", "the specialist: an addendum", lambda f: any(d.is_known and not d.is_billable for d in f.diagnoses)),
    Check("MBI_BAD", "The Medicare number is missing or not possible.", "the clinic corrects it", _problem("MBI_BAD")),
    Check("NPI_BAD", "A provider number (NPI) is missing or not possible.", "an administrator corrects it", _problem("NPI_BAD")),
    Check("POS_MISMATCH", "The place of service does not fit the model.", "an administrator checks the model", _problem("POS_MISMATCH")),
    Check("ADDRESS_INCOMPLETE", "An address for the claim is not complete.", "the clinic completes it", _problem("ADDRESS_INCOMPLETE")),
    Check("CHARGE_AMOUNT_UNSET", "No amount is set for this code on that day.", "a biller sets the fee", lambda f: f.amount is None),
    Check("DUPLICATE", "There is another line for this patient, specialist and day.", "a biller voids one or releases this one", lambda f: f.is_duplicate, True),
    Check("TIMELY_FILING_EXPIRED", "More than a calendar year has passed since the service.", "nobody: too late for a claim", lambda f: (f.decided_on - f.date_of_service).days > TIMELY_FILING_DAYS),
)  # fmt: skip
BY_CODE = {check.code: check for check in CHECKS}

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
    holds = tuple(
        Hold(check.code, _sentence(check, facts), check.resolver)
        for check in CHECKS
        if check.fails(facts) and not (check.releasable and check.code in facts.released)
    )
    return Decision(HELD if holds else READY, code, facts.amount, holds)


def _sentence(check: Check, facts: Facts) -> str:
    own = [sentence for code, sentence in facts.claim_problems if code == check.code]
    return " ".join(own) or check.sentence
