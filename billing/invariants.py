"""What must be true of charge lines and batches, checked by `manage.py check_invariants`."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

from django.db.models import Count, Q, Sum
from django.utils import timezone

from billing.lifecycle import BEFORE_SENDING, ENDED, SENT
from billing.models import Batch, BatchFile, ChargeLine, PayerAnswer, Posting
from review.models import Review


def every_signed_review_has_one_decision() -> Iterator[str]:
    late = timezone.now() - timedelta(minutes=2)
    live = Count("charge_lines", filter=~Q(charge_lines__status__in=ENDED))
    void = Count("charge_lines", filter=Q(charge_lines__status="void"))
    for review in Review.objects.signed().filter(signed_at__lt=late).annotate(live=live, void=void):
        if review.live > 1:
            yield f"review {review.pk}: {review.live} live charge lines"
        if not review.live and not review.void:
            yield f"review {review.pk}: signed, but never decided"


def no_line_without_a_signature() -> Iterator[str]:
    for line in ChargeLine.objects.exclude(review__status="signed"):
        yield f"line {line.number}: its review is not signed"


def lines_match_their_last_decision() -> Iterator[str]:
    for line in ChargeLine.objects.filter(status__in=BEFORE_SENDING).prefetch_related("decisions"):
        last = list(line.decisions.all())[-1:]
        if not last or (last[0].status, last[0].code, last[0].amount) != (line.status, line.code, line.amount):
            yield f"line {line.number}: differs from its last decision"


def batch_bytes_are_unchanged() -> Iterator[str]:
    for file in BatchFile.objects.iterator(chunk_size=20):
        try:
            content = file.read()
        except OSError:
            yield f"batch file {file.name}: it is not in the storage"
            continue
        if sha256(content).hexdigest() != file.sha256:
            yield f"batch file {file.name}: its bytes do not match their fingerprint"


def batches_add_up() -> Iterator[str]:
    for batch in Batch.objects.annotate(n=Count("batch_lines"), sum=Sum("batch_lines__line__amount")):
        if batch.n != batch.line_count or (batch.sum or Decimal()) != batch.total:
            yield f"batch {batch.number}: lines or total do not add up"
    for batch in Batch.objects.filter(status__in=("exported", "sent", "replaced")):
        kinds = batch.files.order_by("kind").values_list("kind", flat=True).distinct()
        if set(kinds) != {"csv", "837p", "manifest"}:
            yield f"batch {batch.number}: a file is missing"


def exported_lines_are_in_a_batch() -> Iterator[str]:
    again = Q(status="batched", batch_lines__batch__replaced_by__status="preparing")
    live = ChargeLine.objects.filter(batch_lines__is_live=True)
    for line in ChargeLine.objects.filter(status__in=SENT).exclude(pk__in=live.values("pk")).exclude(again):
        yield f"line {line.number}: {line.status}, but in no live batch"
    for line in live.exclude(status__in=SENT):
        yield f"line {line.number}: in a live batch, but {line.status}"


def lines_stand_as_their_answers_say() -> Iterator[str]:
    """Money is never on a line that stands unanswered, and no line stands paid without money."""
    answered = Posting.objects.values("line").annotate(sum=Sum("amount")).filter(sum__gt=0)
    wrong = ChargeLine.objects.filter(pk__in=answered.values("line"))
    for line in wrong.filter(status__in=("held", "ready", "batched", "exported", "rejected")):
        yield f"line {line.number}: {line.status}, but the payer answered with money"
    for line in ChargeLine.objects.filter(status__in=("paid", "partly_paid", "denied"), postings__isnull=True):
        yield f"line {line.number}: {line.status}, but nothing was posted"
    repeated = PayerAnswer.objects.filter(line__isnull=False, match__isnull=False)
    for answer in repeated:
        yield f"answer {answer.pk}: matched by number and by hand"


def void_lines_are_reversed_to_the_cent() -> Iterator[str]:
    for line in ChargeLine.objects.filter(status="void").select_related("reversal"):
        reversal = getattr(line, "reversal", None)
        if reversal is None:
            yield f"line {line.number}: void, but without a reversing row"
        elif (line.amount or Decimal()) + (reversal.amount or Decimal()):
            yield f"line {line.number}: its reversing row does not take back its amount"


def superseded_lines_have_their_next_version() -> Iterator[str]:
    for line in ChargeLine.objects.filter(status="superseded", superseded_by__isnull=True):
        yield f"line {line.number}: superseded, but by nothing"
