"""The gate's checks in their order: code, sentence, who resolves it, where, and the fact that fails. Pure.

`where` names the place for `billing/places.py`; a biller may release a hold with a reason only where `releasable`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TEN_MINUTES_MS = 600_000


@dataclass(frozen=True)
class Check:
    """`fails(facts)` holds the line with `code`, or only warns when it stands among WARNS."""

    code: str
    sentence: str
    resolver: str
    where: str
    fails: Callable[[Any], bool]
    releasable: bool = False


def _problem(code: str) -> Callable[[Any], bool]:
    return lambda f: bool(f.claim_problems) and any(found == code for found, _ in f.claim_problems)


BLOCKS: tuple[Check, ...] = (
    Check("NOT_SIGNED", "The review is not signed.", "the specialist signs it", "line", lambda f: not f.is_signed),
    Check("TIME_MISSING", "No time was counted for this review.", "the specialist writes an addendum; then a biller voids the line", "query", lambda f: f.total_ms == 0),
    Check("TIME_TOO_SHORT", "Very little time was counted for this review.", "a biller, after asking the specialist", "query", lambda f: 0 < f.total_ms < f.too_short_seconds * 1000, True),
    Check("TIME_UNCERTAIN", "With the time that was lost to an outage or a crash it could be 10 minutes or more.", "a biller, after asking the specialist", "query", lambda f: f.total_ms < TEN_MINUTES_MS <= f.total_ms + f.lost_ms, True),
    Check("TIME_GE_10", "The review took 10 minutes or more, so G9868 does not fit. The longer code is suggested.", "a biller decides on the code", "line", lambda f: f.total_ms >= TEN_MINUTES_MS, True),
    Check("TIME_DISPUTED", "The specialist disagrees with the measured time.", "a biller, after reading why", "line", lambda f: f.time_disputed, True),
    Check("LIVE_CONTACT", "There was a live contact with the patient, so this was not only a review of photographs.", "a biller decides", "line", lambda f: f.live_contact, True),
    Check("QUERY_OPEN", "A question to the specialist about the documentation is not answered yet.", "the specialist answers it, or a biller takes it back", "query", lambda f: f.query_open),
    Check("NOT_DELIVERED", "Not every recipient has the recommendation yet.", "the clinic: delivers it, prints it or calls", "delivery", lambda f: not f.is_delivered),
    Check("CORRECTION_NEEDED", "An addendum changed the diagnosis, the plan or the side.", "a biller makes a corrected line, or voids this one", "correct", lambda f: f.needs_correction),
    Check("FILED_IN_ERROR", "The case was filed under the wrong person.", "a biller voids the line; the right person gets a case of their own", "line", lambda f: f.filed_in_error),
    Check("DOS_IN_FUTURE", "The date of service is in the future.", "an administrator checks the clock of the server", "line", lambda f: f.date_of_service > f.decided_on),
    Check("DOB_AFTER_DOS", "The patient's date of birth is after the service.", "the clinic corrects it", "patient", lambda f: f.date_of_birth is not None and f.date_of_birth > f.date_of_service),
    Check("MEDICARE_ADVANTAGE", "The patient is in a Medicare Advantage plan, not in Original Medicare.", "a biller checks the coverage", "patient", lambda f: f.payer_code == "medicare" and f.plan == "advantage"),
    Check("MEDICARE_NOT_PRIMARY", "Medicare is not the first payer on that day.", "a biller finds the first payer", "patient", lambda f: f.payer_code == "medicare" and f.plan == "secondary"),
    Check("COVERAGE_MISSING", "No coverage is on record for that day.", "the clinic adds the coverage", "patient", lambda f: not f.payer_code),
    Check("PAYER_POLICY_UNKNOWN", "We do not know yet whether this payer pays for this service.", "a biller records the policy and its source", "policy", lambda f: bool(f.payer_code) and f.payer_code != "medicare" and f.payer_pays is None),
    Check("PATIENT_NOT_ALIGNED", "The patient was not aligned to the model on that day.", "a biller checks the alignment file", "alignment", lambda f: f.payer_code == "medicare" and not f.is_aligned),
    Check("PROVIDER_NOT_LISTED", "The specialist was not on the model's roster on that day.", "a biller checks the roster", "roster", lambda f: f.payer_code == "medicare" and bool(f.programme) and not f.is_rostered),
    Check("PROG_INACTIVE", "The model was not active on that day.", "nobody: outside the model this is not G9868", "programme", lambda f: f.payer_code == "medicare" and bool(f.programme) and not f.programme_active),
    Check("PROGRAM_UNCONFIRMED", "It is not confirmed that this model carries the benefit.", "an administrator confirms it with a source", "programme", lambda f: f.payer_code == "medicare" and f.programme_active and not f.programme_confirmed),
    Check("CODE_NOT_IN_PROGRAM", "The model does not carry this code.", "an administrator checks the model", "programme", lambda f: f.payer_code == "medicare" and f.programme_active and f.programme_confirmed and not f.programme_covers_code),
    Check("CODE_NOT_VALID_ON_DOS", "The HCPCS code was not valid on that day.", "an administrator checks the code's dates", "hcpcs", lambda f: not f.code_is_valid),
    Check("DX_MISSING", "There is no diagnosis.", "the specialist: an addendum", "query", lambda f: not f.diagnoses),
    Check("DX_INVALID", "A diagnosis code is not in the code set.", "the specialist: an addendum", "query", lambda f: any(not d.is_known for d in f.diagnoses)),
    Check("DX_NOT_BILLABLE_ON_DOS", "A diagnosis code could not stand on a claim on that day.", "the specialist: an addendum", "query", lambda f: any(d.is_known and not d.is_billable for d in f.diagnoses)),
    Check("MBI_BAD", "The Medicare number is missing or not possible.", "the clinic corrects it", "patient", _problem("MBI_BAD")),
    Check("NPI_BAD", "A provider number (NPI) is missing or not possible.", "an administrator corrects it", "identifiers", _problem("NPI_BAD")),
    Check("POS_MISMATCH", "The place of service does not fit the model.", "an administrator checks the model", "programme", _problem("POS_MISMATCH")),
    Check("ADDRESS_INCOMPLETE", "An address for the claim is not complete.", "the clinic completes it", "identifiers", _problem("ADDRESS_INCOMPLETE")),
    Check("CHARGE_AMOUNT_UNSET", "No amount is set for this code on that day.", "a biller sets the fee", "fee", lambda f: f.amount is None),
    Check("DUPLICATE", "There is another line for this patient, specialist and day.", "a biller voids one or releases this one", "line", lambda f: f.is_duplicate, True),
    Check("G2010_CONFLICT", "G2010 was billed for this patient within the 7 days before. Both are never billed for the same photographs.", "a biller checks that they were other photographs", "elsewhere", lambda f: f.g2010_conflict, True),
    Check("TIMELY_FILING_EXPIRED", "More than a calendar year has passed since the service.", "nobody: too late for a claim", "line", lambda f: f.filing == "expired"),
)  # fmt: skip

WARNS: tuple[Check, ...] = (
    Check("TIMELY_FILING_WARN", "300 days or more have passed since the service. The claim must arrive within a calendar year.", "a biller exports it soon", "line", lambda f: f.filing == "late"),
    Check("DX_NOT_VERIFIED", "The diagnosis codes are not verified for this date: the code set of that day is not loaded.", "an administrator loads the release", "icd", lambda f: any(d.is_known and not d.is_verified for d in f.diagnoses)),
    Check("SUBMITTER_MISSING", "No submitter is set up for this payer, so the line cannot be exported yet.", "an administrator adds the submitter", "submitter", lambda f: bool(f.payer_code) and not f.has_submitter),
)  # fmt: skip
