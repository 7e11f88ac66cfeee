"""Putting a sent claim right, in the way its payer takes it; and closing what is done with."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from billing import facts as gathering
from billing import posting, rules, services
from billing.batches import let_go
from billing.models import BatchLine, ChargeLine, ClaimCorrection, PayerAnswer
from billing.services import BillingRefused
from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record

S = ChargeLine.Status
K = ClaimCorrection.Kind
ANSWERED = (S.PAID, S.PARTLY_PAID, S.DENIED)
# Medicare's mark for a claim that it never processed: no reopening, no appeal, a new claim
UNPROCESSABLE = "MA130"
_FREQUENCY = {K.NEW: "1", K.REPLACEMENT: "7", K.VOID: "8"}


@dataclass(frozen=True)
class Way:
    kind: str
    label: str
    words: str


WAYS = {
    K.NEW: Way(K.NEW, "Send as a new claim", "The payer never processed this one. The line is decided anew with today's facts; the new claim has its own number."),
    K.REOPENING: Way(K.REOPENING, "Note a reopening", "This payer corrects its own claim when asked: call or write to it. Nothing is sent from here; its new answer is posted when it comes."),
    K.REPLACEMENT: Way(K.REPLACEMENT, "Send a replacement", "A new claim with frequency code 7 that names the payer's claim number. The payer takes its first answer back."),
    K.VOID: Way(K.VOID, "Send a void", "A claim with frequency code 8 that names the payer's claim number. The payer takes its answer and its money back."),
    K.CLOSED: Way(K.CLOSED, "Close the line", "Nothing more is expected. A later answer of the payer opens it again."),
}  # fmt: skip


def ways(line: ChargeLine) -> list[Way]:
    """What may be done about a line as it stands, for its payer."""
    found = []
    if line.status == S.REJECTED or (line.status == S.DENIED and _is_unprocessable(line)):
        found.append(K.NEW)
    elif line.status in ANSWERED:
        if line.payer.correction_mode == "reopening":
            found.append(K.REOPENING)
        elif line.payer_claim_number:
            found += [K.REPLACEMENT, K.VOID]
    if line.status in ANSWERED:
        found.append(K.CLOSED)
    return [WAYS[kind] for kind in found]


def _is_unprocessable(line: ChargeLine) -> bool:
    last = PayerAnswer.objects.filter(line=line, transaction__kind="835").order_by("-pk").first()
    return last is not None and UNPROCESSABLE in last.remarks


@transaction.atomic
def correct(*, line: ChargeLine, by: User, kind: str, reason: str) -> ChargeLine | None:
    """Do it. A new line where a claim is sent for it, in the place of this one, ready or held as its facts are."""
    if not by.has_role(Role.BILLER, line.group):
        raise BillingRefused("Only billers of the group do this.")
    if len(reason.strip()) < 5:
        raise BillingRefused("Write why.")
    line = ChargeLine.objects.select_for_update(of=("self",)).select_related("payer", "group", "review").get(pk=line.pk)
    if kind not in {way.kind for way in ways(line)}:
        raise BillingRefused(f"Line {line.number} stands elsewhere now. Look at it again; nothing was changed.")
    made = None
    if kind == K.CLOSED:
        ChargeLine.objects.filter(pk=line.pk).update(status=S.CLOSED)
    elif kind in _FREQUENCY:
        made = _instead(line, by, _FREQUENCY[kind])
    ClaimCorrection.objects.create(line=line, kind=kind, new_line=made, by=by, reason=reason.strip())
    record(
        f"claim.{kind}", by=by, role=Role.BILLER, subject=line, clinic=line.group,
        data={"new_line": made.number if made else ""},
    )  # fmt: skip
    return made


def _instead(line: ChargeLine, by: User, frequency: str) -> ChargeLine:
    line.corrected_at = timezone.now()
    gathered = gathering.gather(services._review(line.review_id), line)
    decision = rules.decide(gathered.facts)
    let_go(BatchLine.objects.filter(line=line))
    number = "" if frequency == "1" else line.payer_claim_number
    return services._supersede(
        line, gathered, decision, by=by, of=(line.status,), corrected_at=line.corrected_at,
        frequency_code=frequency, original_claim_number=number,
    )  # fmt: skip


def close_settled(*, lines, by: User) -> int:
    """Close all that are paid with nothing open, at once."""
    closed = 0
    paid = list(lines.filter(status=S.PAID).select_related("group"))
    sums = posting.sums_of([line.pk for line in paid])
    for line in paid:
        if sums[line.pk].open == 0 and by.has_role(Role.BILLER, line.group):
            correct(line=line, by=by, kind=K.CLOSED, reason="Paid, nothing open")
            closed += 1
    return closed
