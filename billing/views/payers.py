"""What payers answered: files, the unmatched queue, a claim's history with its payer, reconciliation."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing import corrections, exporting, payer_words, posting, reconciliation
from billing.exports import fhir as fhir_export
from billing.models import ChargeLine, PayerAnswer, PayerFile
from billing.services import BillingRefused
from config.accounts.access import role_required
from config.audit.services import record_view

SHOWN = 200


@role_required("biller")
def payers(request: HttpRequest) -> HttpResponse:
    """Upload, what waits for a decision, what came in."""
    groups = request.user.clinics("biller")
    if request.method == "POST":
        return _receive(request, groups)
    waiting = posting.unmatched(groups).order_by("pk")
    context = {
        "files": PayerFile.objects.visible_to(request.user)
        .select_related("received_by")
        .defer("content")
        .annotate(answers=Count("transactions__answers"))
        .prefetch_related("transactions")[:SHOWN],
        "waiting": [_worded(answer) for answer in waiting[:SHOWN]],
        "waiting_count": waiting.count(),
    }
    return render(request, "billing/payers.html", context)


def _receive(request: HttpRequest, groups) -> HttpResponse:
    given = request.FILES.getlist("file")
    if not given:
        messages.error(request, "Choose the file that the payer sent.")
    for file in given:
        try:
            received = posting.receive(content=file.read(), name=file.name, by=request.user, groups=list(groups))
        except BillingRefused as refused:
            messages.error(request, f"{file.name}: {refused} Nothing of it was posted.")
            continue
        if not received.is_new:
            messages.info(request, f"{file.name} was posted before. Nothing was posted twice.")
        else:
            messages.success(request, f"{file.name}: {_summary(received)}")
    return redirect("billing:payers")


def _summary(received: posting.Received) -> str:
    parts = [f"{received.posted} {'answer' if received.posted == 1 else 'answers'} posted"]
    if received.matched:
        parts.append(f"{received.matched} {'claim' if received.matched == 1 else 'claims'} matched")
    if received.unmatched:
        parts.append(f"{received.unmatched} to be resolved by hand")
    if received.known:
        parts.append(f"{received.known} known already")
    return ", ".join(parts) + "."


def _worded(answer: PayerAnswer) -> PayerAnswer:
    """With its codes in words, for the page."""
    answer.words = payer_words.of_answer(answer)
    if answer.transaction.kind != "277CA":
        answer.state_words = payer_words.CLAIM_STATUSES.get(answer.status_code, answer.status_code)
    return answer


@role_required("biller")
def payer_file(request: HttpRequest, file_id) -> HttpResponse:
    found = get_object_or_404(PayerFile.objects.visible_to(request.user).select_related("received_by"), pk=file_id)
    record_view(request, "payer_file.viewed", found)
    transactions = []
    for one in found.transactions.select_related("batch_file__batch", "batch"):
        rows = one.answers.select_related("line__review__case__patient", "match__line", "transaction")
        transactions.append((one, [_worded(answer) for answer in rows[:SHOWN]], rows.count()))
    return render(request, "billing/payer_file.html", {"file": found, "transactions": transactions, "shown": SHOWN})


@role_required("biller")
def payer_file_bytes(request: HttpRequest, file_id) -> HttpResponse:
    found = get_object_or_404(PayerFile.objects.visible_to(request.user), pk=file_id)
    record_view(request, "payer_file.downloaded", found, sha256=found.sha256)
    response = HttpResponse(found.read(), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="payer-{found.sha256[:12]}.x12"'
    response["Cache-Control"] = "private, no-store"
    return response


@role_required("biller")
def resolve(request: HttpRequest, answer_id: int) -> HttpResponse:
    """One unmatched answer: which line it belongs to, or that it is none of ours."""
    groups = request.user.clinics("biller")
    answer = get_object_or_404(
        PayerAnswer.objects.select_related("transaction__file", "transaction__group"),
        pk=answer_id, transaction__group__in=groups,
    )  # fmt: skip
    if request.method == "POST":
        line = None
        if request.POST.get("line"):
            line = get_object_or_404(ChargeLine.objects.visible_to(request.user), uid=request.POST["line"])
        try:
            posting.resolve(answer=answer, by=request.user, line=line, reason=request.POST.get("reason", ""))
            messages.success(request, f"Posted to {line.number}." if line else "Put aside: none of ours.")
            return redirect("billing:payers")
        except BillingRefused as refused:
            messages.error(request, str(refused))
            return redirect("billing:resolve_answer", answer.pk)
    record_view(request, "payer_answer.viewed", answer)
    context = {"answer": _worded(answer), "lines": _candidates(request, answer), "text": request.GET.get("q", "")}
    return render(request, "billing/resolve_answer.html", context)


def _candidates(request: HttpRequest, answer: PayerAnswer) -> list[ChargeLine]:
    """Sent lines that it could belong to: what the biller searches, else the same day and charge, or the name."""
    sent = ChargeLine.objects.visible_to(request.user).filter(batch_lines__isnull=False).distinct()
    text = request.GET.get("q", "").strip()
    if text:
        words = Q(pk=ChargeLine.pk_of(text))
        for word in text.split():
            words |= Q(review__case__patient__last_name__icontains=word) | Q(review__case__number__iexact=word)
        found = sent.filter(words)
    else:
        last = answer.patient_name.split()[-1:] or [""]
        likely = Q(date_of_service=answer.service_date, amount=abs(answer.charged))
        found = sent.filter(likely | Q(review__case__patient__last_name__iexact=last[0]))
    return list(found.select_related("review__case__patient", "payer").order_by("-date_of_service")[:20])


@role_required("biller")
def claim(request: HttpRequest, uid) -> HttpResponse:
    """A line with its payer: each sending, each answer, the money, and what may be done."""
    lines = ChargeLine.objects.visible_to(request.user).select_related("payer", "group", "review__case__patient")
    line = get_object_or_404(lines, uid=uid)
    if request.method == "POST":
        return _correct(request, line)
    record_view(request, "claim.viewed", line)
    answers = PayerAnswer.objects.about(line).select_related("transaction__file")
    context = {
        "line": line,
        "sums": posting.sums_of([line.pk])[line.pk],
        "answers": [_worded(answer) for answer in answers],
        "sendings": line.batch_lines.select_related("batch").order_by("-pk"),
        "postings": line.postings.select_related("answer__transaction").order_by("pk"),
        "corrections": line.claim_corrections.select_related("by", "new_line").order_by("-pk"),
        "earlier": line.supersedes,
        "later": ChargeLine.objects.filter(supersedes=line).first(),
        "ways": corrections.ways(line),
    }
    return render(request, "billing/claim.html", context)


def _correct(request: HttpRequest, line: ChargeLine) -> HttpResponse:
    try:
        made = corrections.correct(
            line=line, by=request.user, kind=request.POST.get("kind", ""), reason=request.POST.get("reason", "")
        )
    except BillingRefused as refused:
        messages.error(request, str(refused))
        return redirect("billing:claim", line.uid)
    if made:
        messages.success(
            request, f"{made.number} takes the place of {line.number}. It is {made.get_status_display().lower()}."
        )
        return redirect("billing:line", made.uid)
    messages.success(request, f"Noted on {line.number}.")
    return redirect("billing:claim", line.uid)


@role_required("biller")
def reconcile(request: HttpRequest) -> HttpResponse:
    mine = ChargeLine.objects.visible_to(request.user)
    rows = reconciliation.by_month(mine)
    still = mine.filter(status__in=("exported", "accepted", "rejected", "partly_paid", "denied"))
    record_view(request, "reconciliation.viewed", request.user)
    context = {
        "rows": rows,
        "total": reconciliation.total(rows),
        "still": still.select_related("review__case__patient", "payer").order_by("date_of_service", "pk")[:SHOWN],
        "still_count": still.count(),
        "settled": mine.filter(status="paid").count(),
    }
    return render(request, "billing/reconciliation.html", context)


@role_required("biller")
@require_POST
def close_settled(request: HttpRequest) -> HttpResponse:
    closed = corrections.close_settled(lines=ChargeLine.objects.visible_to(request.user), by=request.user)
    messages.success(request, f"{closed} paid {'line is' if closed == 1 else 'lines are'} closed.")
    return redirect("billing:reconciliation")


@role_required("biller")
def fhir(request: HttpRequest, uid) -> HttpResponse:
    """The line as FHIR R4B: a bundle of its ChargeItem and, once it has an amount and a payer, its Claim."""
    lines = ChargeLine.objects.visible_to(request.user).select_related("review__case", "payer")
    line = get_object_or_404(lines, uid=uid)
    record_view(request, "claim.exported", line, form="fhir")
    has_claim = line.payer is not None and line.amount is not None
    facts = exporting.claim_of(line) if has_claim else line.snapshot | {"claim_id": line.number}
    entries = [fhir_export.charge_item(facts, line.status, line.review.case.number, line.created_at)]
    if has_claim:
        entries.insert(0, fhir_export.claim(facts, line.decided_at))
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": entry} for entry in entries]}
    response = JsonResponse(bundle, json_dumps_params={"indent": 2}, content_type="application/fhir+json")
    response["Content-Disposition"] = f'attachment; filename="{line.number}.json"'
    response["Cache-Control"] = "private, no-store"
    return response
