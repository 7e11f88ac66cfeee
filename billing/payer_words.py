"""What a payer's codes mean, in words. The codes stay visible; a code that is not here is shown as it came.

Group and reason codes of an 835 (CAS, LQ) and status codes of a 277CA (STC), in our own short words.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from billing.models import PayerAnswer

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
GROUPS = {
    "CO": "by contract, not the patient's to pay",
    "PR": "the patient's to pay",
    "OA": "other",
    "PI": "by the payer's own decision",
    "CR": "correction of an earlier answer",
}
REASONS = {
    "1": "Deductible",
    "2": "Coinsurance",
    "3": "Copayment",
    "4": "The modifier does not fit the code, or one is missing",
    "5": "The place of service does not fit the code",
    "6": "The code does not fit the patient's age",
    "7": "The code does not fit the patient's sex",
    "8": "The code does not fit the provider's specialty",
    "9": "The diagnosis does not fit the patient's age",
    "11": "The diagnosis does not fit the code",
    "13": "The date of death is before the date of service",
    "14": "The date of birth is after the date of service",
    "16": "Information is missing or has an error; the remark says which",
    "18": "An exact duplicate of a claim that the payer has",
    "19": "The payer takes it for a work injury",
    "22": "Another payer comes first",
    "23": "What an earlier payer did changes the amount",
    "24": "Covered by a capitation agreement or managed care plan",
    "26": "The service was before the coverage began",
    "27": "The service was after the coverage ended",
    "29": "The time limit for filing has passed",
    "31": "The payer does not know the patient as its member",
    "39": "Authorization was asked for and denied",
    "45": "Above the payer's fee schedule or the contract's amount",
    "49": "Routine or screening service that is not covered",
    "50": "Not seen as medically necessary",
    "54": "More than one provider is not covered in this case",
    "55": "Seen as experimental",
    "58": "Treatment in a place that does not fit",
    "59": "Reduced by the rules for several procedures",
    "96": "Not covered",
    "97": "Included in the payment for another service",
    "104": "Managed care withholding",
    "107": "The claim that it belongs to was not found",
    "109": "Not covered by this payer: send it to the right one",
    "110": "The billing date is before the date of service",
    "119": "The benefit maximum is reached",
    "125": "A submission or billing error; the remark says which",
    "129": "What an earlier payer said is missing or wrong",
    "140": "The member number and the name do not belong together",
    "144": "Incentive adjustment",
    "146": "The diagnosis was not valid on the date of service",
    "150": "The payer does not see this level of service supported",
    "151": "The payer does not see this many services supported",
    "167": "This diagnosis is not covered",
    "170": "Not payable to this type of provider",
    "171": "Not payable to this type of provider in this place",
    "181": "The code was not valid on the date of service",
    "182": "The modifier was not valid on the date of service",
    "183": "The referring provider may not refer this service",
    "185": "The rendering provider may not perform this service",
    "197": "An authorization is missing",
    "204": "Not covered by the patient's plan",
    "208": "The NPI does not match the payer's records",
    "226": "Information that the payer asked for did not come in time",
    "234": "Not paid separately",
    "237": "Legislated penalty",
    "242": "Not provided by a network provider",
    "252": "An attachment is needed",
    "253": "Sequestration: the federal payment cut",
    "256": "Not payable under the managed care contract",
    "272": "The coverage guidelines were not met",
    "B7": "The provider was not certified for this service on that day",
    "B9": "The patient is in a hospice",
    "B15": "A service that it depends on was not found",
    "B16": "The new-patient rules were not met",
    "B20": "Another provider did this in part or whole",
}
REMARKS = {
    "M15": "Separately billed services were bundled",
    "M20": "The code is missing or not valid",
    "M51": "The procedure code is missing or not valid",
    "M53": "The number of units is missing or not valid",
    "M62": "An authorization number is missing",
    "M76": "The diagnosis is missing or not valid",
    "M77": "The place of service is missing or not valid",
    "M79": "The charge is missing or not valid",
    "M81": "Code to the highest specificity",
    "MA01": "The decision can be appealed",
    "MA04": "The first payer's answer is missing",
    "MA07": "The claim was passed on to Medicaid",
    "MA13": "The patient may not be billed more than the patient's share",
    "MA18": "The claim was passed on to the supplemental insurer",
    "MA61": "The member number is missing or not valid",
    "MA63": "The principal diagnosis is missing or not valid",
    "MA112": "The group's information is missing or not valid",
    "MA120": "A laboratory number is missing or not valid",
    "MA130": "Cannot be processed and cannot be appealed: send a corrected new claim",
    "N4": "An earlier insurer's answer is missing",
    "N95": "This provider type may not bill this service",
    "N115": "A local coverage rule was applied",
    "N130": "See the plan's benefit documents",
    "N256": "The billing provider's name or address is missing or not valid",
    "N257": "The billing provider's number is missing or not valid",
    "N265": "The ordering provider's number is missing or not valid",
    "N286": "The referring provider's number is missing or not valid",
    "N290": "The rendering provider's number is missing or not valid",
    "N362": "More units or days than the payer allows",
    "N382": "The patient's number is missing or not valid",
    "N386": "A national coverage rule was applied",
    "N425": "Excluded by law",
    "N522": "A duplicate of a claim in process or processed",
    "N657": "This should be billed with the code that fits",
}
CATEGORIES = {
    "A0": "Passed on",
    "A1": "Received",
    "A2": "Accepted for processing",
    "A3": "Returned: cannot be processed",
    "A4": "Not found",
    "A5": "Split into several claims",
    "A6": "Rejected: information is missing",
    "A7": "Rejected: information is not valid",
    "A8": "Rejected: parts do not fit together",
}
STATUSES = {
    "0": "no more is said",
    "16": "the claim was forwarded",
    "19": "entity acknowledged it",
    "20": "accepted for processing",
    "21": "missing or invalid information",
    "26": "the patient was not found",
    "33": "the subscriber and member number were not found",
    "54": "a duplicate of an earlier claim",
    "88": "the patient was not covered on the date of service",
    "97": "the patient is not covered by this payer",
    "116": "sent to the wrong payer",
    "122": "data is missing",
    "123": "more information is needed",
    "125": "the name",
    "126": "the address",
    "128": "the tax number",
    "132": "the provider's Medicare number",
    "145": "the taxonomy code",
    "153": "the identifier",
    "158": "the date of birth",
    "164": "the member number",
    "178": "the charge",
    "187": "the date of service",
    "228": "the bill type",
    "249": "the place of service",
    "254": "the principal diagnosis",
    "255": "a diagnosis",
    "453": "a modifier",
    "454": "the procedure code",
    "476": "the units",
    "478": "the total charge",
    "481": "the claim's form",
    "496": "the provider is not approved for electronic claims",
    "500": "the postal code",
    "507": "the HCPCS code",
    "562": "the NPI",
    "718": "the claim was not filed in time",
    "746": "a duplicate claim in this file",
}
CLAIM_STATUSES = {
    "1": "Processed as first payer",
    "2": "Processed as second payer",
    "3": "Processed as third payer",
    "4": "Denied",
    "19": "Processed as first payer, passed on",
    "20": "Processed as second payer, passed on",
    "21": "Processed as third payer, passed on",
    "22": "An earlier payment is taken back",
    "23": "Not this payer's claim, passed on",
    "25": "Estimate only",
}
# within these the payer pays what it agreed to; everything else that is not the patient's share was refused
PATIENT_SHARE = {"1", "2", "3"}
CONTRACTUAL = {"45", "104", "144", "237", "253"}


def standing(counts: dict[str, tuple[int, Decimal]]) -> list[tuple[str, str, str, int, Decimal]]:
    """(word, tone, icon, how many, charged) in the order of a line's life."""
    return [(*words, *counts[status]) for status, words in STANDING.items() if status in counts]


def reason(group: str, code: str) -> str:
    """Not seen as medically necessary (CO-50)."""
    words = REASONS.get(code)
    return f"{words} ({group}-{code})" if words else f"{group}-{code}"


def remark(code: str) -> str:
    words = REMARKS.get(code)
    return f"{words} ({code})" if words else code


def claim_state(code: str) -> str:
    """Of a 277CA: A7:562 -> Rejected: information is not valid: the NPI (A7:562)."""
    category, _, status = code.partition(":")
    words = ": ".join(filter(None, (CATEGORIES.get(category), STATUSES.get(status) if status != "20" else "")))
    return f"{words} ({code})" if words else code


def of_answer(answer: "PayerAnswer") -> list[str]:
    """Every code of one answer in words."""
    if answer.transaction.kind == "277CA":
        return [claim_state(code) for code in answer.remarks]
    reasons = [reason(group, code) for group, code, _ in answer.adjustments]
    return [*reasons, *(remark(code) for code in answer.remarks)]


def category(group: str, code: str) -> str:
    """Which sum an adjustment belongs to."""
    if group == "PR" and code in PATIENT_SHARE:
        return "patient"
    return "contractual" if code in CONTRACTUAL else "denied"
