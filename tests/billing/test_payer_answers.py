"""Files of payers: read, matched, posted once and to the cent, in any order; lines put right as their payer takes it."""

from decimal import Decimal
from itertools import permutations

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse

from billing import batches, corrections, invariants, posting, reconciliation
from billing.models import AnswerMatch, ChargeLine, PayerAnswer, PayerFile, PayerTransaction, Posting
from billing.remittance import answers, segments
from billing.services import BillingRefused
from tests import factories
from tests.billing.payer_files import (
    DENIED,
    PAID,
    PARTLY,
    REVERSED,
    Said,
    file_277ca,
    file_835,
    file_999,
    ta1,
)
from tests.billing.test_batch_life import ready_lines  # noqa: F401
from tests.racing import race

CHECKS = (invariants.lines_stand_as_their_answers_say, invariants.exported_lines_are_in_a_batch)


@pytest.fixture
def sent(ready_lines, kay):  # noqa: F811
    """sent(2) -> the batch and its lines, exported."""

    def _sent(count: int = 1):
        lines = ready_lines(count)
        (batch,) = batches.export_ready(by=kay)
        return batch, list(ChargeLine.objects.filter(pk__in=[line.pk for line in lines]).order_by("pk"))

    return _sent


@pytest.fixture
def post(kay, group):
    def _post(content: bytes, name: str = "answer.x12") -> posting.Received:
        return posting.receive(content=content, name=name, by=kay, groups=[group])

    return _post


def status(line) -> str:
    return ChargeLine.objects.values_list("status", flat=True).get(pk=line.pk)


def sums(line):
    return posting.sums_of([line.pk])[line.pk]


def breaches() -> list[str]:
    return [breach for check in CHECKS for breach in check()]


def said(line, kind: dict, **more) -> Said:
    return Said(line.number, **(kind | more))


# --- what was said about the file


def test_taken_in_and_format_accepted_mark_the_batch_as_sent(sent, post):
    batch, (line,) = sent()
    post(ta1(batch.control_number))
    post(file_999(batch.control_number))
    batch.refresh_from_db()
    assert (batch.status, status(line)) == ("sent", "exported")
    assert [one.verdict for one in batch.payer_transactions.order_by("pk")] == ["accepted", "accepted"]


@pytest.mark.parametrize("content", [file_999, ta1])
def test_a_file_that_was_refused_rejects_its_lines(content, sent, post):
    batch, lines = sent(2)
    post(content(batch.control_number, "R"))
    assert {status(line) for line in lines} == {"rejected"} and breaches() == []


def test_an_answer_to_an_unknown_file_changes_nothing(sent, post):
    _, (line,) = sent()
    post(file_999(99_999, "R"))
    assert status(line) == "exported" and PayerTransaction.objects.get().batch is None


def test_claims_accepted_and_rejected_one_by_one(sent, post):
    batch, (good, bad) = sent(2)
    received = post(file_277ca(batch.number, [(good.number, "A2:20"), (bad.number, "A7:562")]))
    assert (received.matched, status(good), status(bad)) == (2, "accepted", "rejected")
    assert ChargeLine.objects.get(pk=good.pk).payer_claim_number == "ICN4"


# --- money


@pytest.mark.parametrize(
    ("kind", "stands", "paid", "share", "contractual", "denied"),
    [
        (PAID, "paid", "33.60", "8.40", "0", "0"),
        (PARTLY, "partly_paid", "20.00", "5.00", "2.00", "15.00"),
        (DENIED, "denied", "0", "0", "0", "42.00"),
        ({"paid": "0.00", "adjustments": (("PR", "1", "42.00"),)}, "paid", "0", "42.00", "0", "0"),
        ({"paid": "0.00", "adjustments": (("PR", "96", "42.00"),)}, "denied", "0", "0", "0", "42.00"),
        ({"paid": "32.93", "adjustments": (("PR", "2", "8.40"), ("CO", "253", "0.67"))}, "paid", "32.93", "8.40", "0.67", "0"),
    ],
)  # fmt: skip
def test_money_posts_to_the_cent(kind, stands, paid, share, contractual, denied, sent, post):
    _, (line,) = sent()
    received = post(file_835([said(line, kind)]))
    found = sums(line)
    assert status(line) == stands and received.matched == 1
    assert (found.paid, found.patient, found.contractual, found.denied, found.open) == tuple(
        map(Decimal, (paid, share, contractual, denied, "0"))
    )
    assert breaches() == []


def test_a_payment_that_is_taken_back_and_paid_anew(sent, post):
    _, (line,) = sent()
    post(file_835([said(line, PAID)]))
    post(file_835([said(line, REVERSED)], trace="TRACE2", number=9))
    assert (status(line), sums(line).paid, sums(line).open) == ("accepted", Decimal(), Decimal("42.00"))
    post(file_835([said(line, PARTLY, icn="ICN9")], trace="TRACE3", number=10))
    assert (status(line), sums(line).paid) == ("partly_paid", Decimal("20.00"))
    assert Posting.objects.filter(line=line, amount__lt=0).count() == 2


def test_any_order_comes_to_the_same(sent, post):
    """Format, claim and money, then money back: each of the 24 orders."""
    batch, lines = sent(24)
    for number, (line, order) in enumerate(zip(lines, permutations(range(4)), strict=True), start=1):
        files = [
            file_999(batch.control_number, number=100 + number),
            file_277ca(batch.number, [(line.number, "A2:20")], number=200 + number),
            file_835([said(line, PAID)], trace=f"P{number}", number=300 + number),
            file_835([said(line, REVERSED)], trace=f"R{number}", number=400 + number),
        ]
        for which in order:
            post(files[which])
    assert {status(line) for line in lines} == {"accepted"}
    assert all(found.open == Decimal("42.00") for found in posting.sums_of([line.pk for line in lines]).values())


def test_a_late_acknowledgment_does_not_undo_a_payment(sent, post):
    batch, (line,) = sent()
    post(file_835([said(line, PAID)]))
    post(file_277ca(batch.number, [(line.number, "A2:20")]))
    assert status(line) == "paid"


def test_the_same_file_twice_is_posted_once(sent, post):
    _, (line,) = sent()
    content = file_835([said(line, PAID)])
    post(content)
    again = post(content, name="renamed.x12")
    assert not again.is_new and PayerFile.objects.count() == 1
    assert sums(line).paid == Decimal("33.60")


def test_the_same_answer_in_another_file_is_posted_once(sent, post):
    _, (line,) = sent()
    content = file_835([said(line, PAID)])
    post(content)
    again = post(content.replace(b"~\n", b"~\r\n"))
    assert (again.is_new, again.posted, again.known) == (True, 0, 1)
    assert sums(line).paid == Decimal("33.60") and Posting.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_post_one_payment_once(sent, post):
    _, (line,) = sent()
    content = file_835([said(line, PAID)])
    results = race(2, lambda i: post(content))
    assert all(isinstance(found, posting.Received) for found in results), results
    assert sums(line).paid == Decimal("33.60")


# --- what fits no line


@pytest.mark.parametrize(
    ("spoil", "why"),
    [({"claim": "CH-99999", "line": "CH-99998"}, "no_line"), ({"claim": "OTHER"}, "no_line"),
     ({"charged": "43.00", "adjustments": (("PR", "2", "9.40"),)}, "amount")],
)  # fmt: skip
def test_what_fits_no_line_waits_for_a_person(spoil, why, sent, post, kay):
    _, (line,) = sent()
    received = post(file_835([Said(**({"claim": line.number} | spoil))]))
    answer = PayerAnswer.objects.get()
    assert (received.unmatched, answer.why_unmatched, status(line)) == (1, why, "exported")
    assert posting.unmatched_count(kay) == 1 and not Posting.objects.exists()
    posting.resolve(answer=answer, by=kay, line=line, reason="Name and day fit")
    assert status(line) in {"paid", "partly_paid"} and posting.unmatched_count(kay) == 0
    with pytest.raises(BillingRefused, match="meanwhile"):
        posting.resolve(answer=answer, by=kay, line=line, reason="Name and day fit")
    assert sums(line).paid == Decimal("33.60")


def test_our_line_number_is_enough(sent, post):
    _, (line,) = sent()
    post(file_835([Said("PAYERCHANGEDIT", line=line.number)]))
    assert status(line) == "paid"


def test_an_unsent_line_takes_no_answer(ready_lines, post, kay):  # noqa: F811
    (line,) = ready_lines(1)
    post(file_835([said(line, PAID)]))
    answer = PayerAnswer.objects.get()
    assert answer.why_unmatched == "not_sent" and status(line) == "ready"
    with pytest.raises(BillingRefused, match="never sent"):
        posting.resolve(answer=answer, by=kay, line=line, reason="It must be this")


def test_none_of_ours_leaves_the_queue_without_money(sent, post, kay):
    post(file_835([Said("STRANGER")]))
    posting.resolve(answer=PayerAnswer.objects.get(), by=kay, line=None, reason="Another group's patient")
    assert posting.unmatched_count(kay) == 0 and not Posting.objects.exists()


def test_another_groups_lines_are_never_matched(sent, kay):
    _, (line,) = sent()
    other = factories.make_clinic("group")
    stranger = factories.make_user("Stan", "biller", other)
    received = posting.receive(content=file_835([said(line, PAID)]), name="x", by=stranger, groups=[other])
    assert (received.unmatched, status(line)) == (1, "exported")
    with pytest.raises(BillingRefused, match="Only billers"):
        posting.resolve(answer=PayerAnswer.objects.get(), by=kay, line=line, reason="Long enough")


# --- files that cannot be posted


BROKEN = {
    "not X12": (b"hello", "not an X12 file"),
    "cut off": (file_835([Said("CH-20001")])[:-30], "cut off"),
    "counts": (file_835([Said("CH-20001")]).replace(b"LX*1~\n", b""), "segments"),
    "control": (file_835([Said("CH-20001")]).replace(b"IEA*1*000000008", b"IEA*1*000000009"), "IEA02"),
    "claim": (file_835([Said("CH-20001", paid="30.00")]), "does not add up"),
    "total": (file_835([Said("CH-20001")], total="99.00"), "payment does not add up"),
    "amount": (file_835([Said("CH-20001")]).replace(b"BPR*I*33.60", b"BPR*I*NAN"), "where an amount belongs"),
    "no trace": (file_835([Said("CH-20001")]).replace(b"TRN*1*TRACE1*1999999999", b"REF*EV*1"), "trace"),
    "another kind": (file_835([]).replace(b"ST*835", b"ST*270"), "Only 999, 277CA and 835"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_posts_nothing_and_says_why(what, post, group):
    content, sentence = BROKEN[what]
    with pytest.raises(BillingRefused, match=sentence):
        post(content)
    assert not PayerFile.objects.exists() and not PayerTransaction.objects.exists()


def test_money_that_belongs_to_no_claim_is_kept_with_the_payment(sent, post):
    _, (line,) = sent()
    post(file_835([said(line, PAID)], plb=(("L6", "-1.25"), ("WO", "10.00"))))
    payment = PayerTransaction.objects.get()
    assert (payment.total, payment.detail) == (Decimal("24.85"), [["L6", "-1.25"], ["WO", "10.00"]])


def test_other_separators_are_read_from_the_header():
    content = file_277ca("B-000001", [("CH-20001", "A7:562")]).replace(b"*", b"|").replace(b":", b">")
    (claim,) = answers.read_277ca(segments.read(content).transactions[0])
    assert (claim.verdict, claim.status_code, claim.claim_number) == ("rejected", "A7:562", "CH-20001")


@pytest.mark.parametrize(
    "table", ["posting", "payeranswer", "payerfile", "payertransaction", "answermatch", "claimcorrection"]
)
def test_what_was_posted_is_never_changed(table, sent, post):
    _, (line,) = sent()
    post(file_835([said(line, PAID)]))
    for statement in (f"UPDATE billing_{table} SET id = id", f"DELETE FROM billing_{table}"):
        if table in ("answermatch", "claimcorrection"):
            continue
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    from config.audit import triggers

    assert f"billing_{table}" in triggers.APPEND_ONLY


def test_an_answer_is_matched_by_hand_once(sent, post, kay):
    _, (line,) = sent()
    post(file_835([Said("STRANGER")]))
    answer = PayerAnswer.objects.get()
    posting.resolve(answer=answer, by=kay, line=line, reason="Name and day fit")
    with pytest.raises(IntegrityError), transaction.atomic():
        AnswerMatch.objects.create(answer=answer, line=None, by=kay, reason="again")


# --- putting it right


def kinds(line) -> list[str]:
    return [str(way.kind) for way in corrections.ways(ChargeLine.objects.select_related("payer").get(pk=line.pk))]


def test_a_rejected_claim_goes_again_as_a_new_one(sent, post, kay):
    batch, (line,) = sent()
    post(file_277ca(batch.number, [(line.number, "A7:562")]))
    assert kinds(line) == ["new"]
    made = corrections.correct(line=line, by=kay, kind="new", reason="The NPI is corrected")
    assert (status(line), made.frequency_code, made.version) == ("superseded", "1", 2)
    ChargeLine.objects.filter(pk=made.pk, status="held").update(status="ready", holds=[])
    (again,) = batches.export_ready(by=kay)
    assert f"CLM*{made.number}*42***".encode() in again.files.get(kind="837p").read()
    assert status(made) == "exported" and breaches() == []
    post(file_835([said(made, PAID)]))
    assert status(made) == "paid"


def test_the_earlier_rejection_does_not_reject_the_batch_sent_again(sent, post, kay):
    from billing import exporting

    batch, (line,) = sent()
    made = exporting.finish(batches.send_again(batch=batch, by=kay, reason="The payer lost the file"))
    post(file_999(batch.control_number, "R"))
    assert status(line) == "exported"
    post(file_277ca(made.number, [(line.number, "A2:20")]))
    assert status(line) == "accepted"


def test_a_reopening_is_noted_and_nothing_is_sent(sent, post, kay):
    _, (line,) = sent()
    post(file_835([said(line, DENIED)]))
    assert kinds(line) == ["reopening", "closed"]
    assert corrections.correct(line=line, by=kay, kind="reopening", reason="Called the payer") is None
    assert status(line) == "denied" and ChargeLine.objects.count() == 1


def test_an_unprocessable_claim_goes_as_a_new_one(sent, post, kay):
    _, (line,) = sent()
    post(file_835([said(line, DENIED, remarks=("MA130",))]))
    assert kinds(line) == ["new", "closed"]


@pytest.mark.parametrize(("kind", "frequency"), [("replacement", "7"), ("void", "8")])
def test_a_replacement_or_void_names_the_payers_claim(kind, frequency, sent, post, kay, tmp_path):
    from tests.billing.test_exports import pyx12_says

    _, (line,) = sent()
    line.payer.__class__.objects.update(correction_mode="replace_void")
    post(file_835([said(line, PAID, icn="PAYER77")]))
    assert kinds(line) == ["replacement", "void", "closed"]
    made = corrections.correct(line=line, by=kay, kind=kind, reason="The diagnosis was corrected")
    assert (made.frequency_code, made.original_claim_number) == (frequency, "PAYER77")
    ChargeLine.objects.filter(pk=made.pk, status="held").update(status="ready", holds=[])
    (batch,) = batches.export_ready(by=kay)
    content = batch.files.get(kind="837p").read()
    assert f":B:{frequency}*Y*A*Y*Y~\nREF*F8*PAYER77~".encode() in content
    assert pyx12_says(content, tmp_path)[0]
    assert f",{frequency},PAYER77,".encode() in batch.files.get(kind="csv").read()


@pytest.mark.parametrize("kind", ["new", "reopening", "replacement", "nonsense"])
def test_what_does_not_fit_is_refused(kind, sent, kay):
    _, (line,) = sent()
    with pytest.raises(BillingRefused, match="Nothing|nothing"):
        corrections.correct(line=line, by=kay, kind=kind, reason="Long enough")
    assert status(line) == "exported"


def test_closing_and_a_later_answer_that_opens_again(sent, post, kay):
    _, lines = sent(3)
    post(file_835([said(lines[0], PAID), said(lines[1], PAID), said(lines[2], DENIED)]))
    assert corrections.close_settled(lines=ChargeLine.objects.all(), by=kay) == 2
    assert [status(line) for line in lines] == ["closed", "closed", "denied"]
    post(file_835([said(lines[0], REVERSED), said(lines[0], DENIED)], trace="TRACE2", number=9))
    assert [status(line) for line in lines] == ["denied", "closed", "denied"]


# --- reconciliation


def test_everything_adds_up_to_the_cent(sent, ready_lines, post, kay):  # noqa: F811
    _, lines = sent(5)
    ready_lines(2)
    post(file_835([said(lines[0], PAID), said(lines[1], PARTLY), said(lines[2], DENIED)]))
    post(file_835([said(lines[0], REVERSED)], trace="TRACE2", number=9))
    rows = reconciliation.by_month(ChargeLine.objects.visible_to(kay))
    total = reconciliation.total(rows)
    assert (total["lines"], total["charged"], total["sent"], total["not_sent"]) == (
        7, Decimal("294.00"), Decimal("210.00"), Decimal("84.00"),
    )  # fmt: skip
    assert (total["paid"], total["patient"], total["contractual"], total["denied"], total["open"]) == tuple(
        map(Decimal, ("20.00", "5.00", "2.00", "57.00", "126.00"))
    )
    assert total["sent"] == sum(total[name] for name in ("paid", "patient", "contractual", "denied", "open"))


# --- pages and command


def test_upload_resolve_and_reconcile_on_the_pages(sent, sign_in, kay):
    from django.core.files.uploadedfile import SimpleUploadedFile

    batch, (line, denied) = sent(2)
    client = sign_in(kay)
    url = reverse("billing:payers")
    assert b"No file yet" in client.get(url).content
    content = file_835([said(line, PAID), said(denied, DENIED), Said("STRANGER", name="PATIENT*OTHER")])
    answer = client.post(url, {"file": SimpleUploadedFile("era.835", content)}, follow=True)
    assert b"2 claims matched, 1 to be resolved by hand" in answer.content and b"STRANGER" in answer.content
    again = client.post(url, {"file": SimpleUploadedFile("era.835", content)}, follow=True)
    assert b"Nothing was posted twice" in again.content
    broken = client.post(url, {"file": SimpleUploadedFile("bad.835", b"hello")}, follow=True)
    assert b"Nothing of it was posted" in broken.content
    file = PayerFile.objects.get()
    page = client.get(reverse("billing:payer_file", args=[file.pk])).content.decode()
    assert "The time limit for filing has passed (CO-29)" in page and "This provider type may not bill" in page
    assert client.get(reverse("billing:payer_file_bytes", args=[file.pk])).content == content
    waiting = PayerAnswer.objects.get(line=None)
    page = client.get(reverse("billing:resolve_answer", args=[waiting.pk]), {"q": denied.number}).content.decode()
    assert f"Post it to {denied.number}" in page
    client.post(reverse("billing:resolve_answer", args=[waiting.pk]), {"reason": "Another group's"})
    assert b"Every answer fits a line" in client.get(url).content
    page = client.get(reverse("billing:claim", args=[denied.uid])).content.decode()
    assert "Denied (835)" in page and "Note a reopening" in page and "42.00" in page
    client.post(reverse("billing:claim", args=[denied.uid]), {"kind": "reopening", "reason": "Called the payer"})
    assert b"Asked the payer to reopen its claim" in client.get(reverse("billing:claim", args=[denied.uid])).content
    page = client.get(reverse("billing:reconciliation")).content.decode()
    assert "$84.00" in page and "Close 1 paid line" in page and denied.number in page
    client.post(reverse("billing:close_settled"))
    assert status(line) == "closed"
    page = client.get(reverse("billing:batch", args=[batch.pk])).content.decode()
    assert "What the payer answered" in page and "$33.60" in page and "1 denied" in page


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (DENIED, "The time limit for filing has passed (CO-29)"),
        (PARTLY, "Not covered (CO-96)"),
        (PAID, ""),
    ],
)
def test_the_lines_own_page_says_why_it_is_not_paid(kind, told, sent, post, sign_in, kay):
    _, (line,) = sent()
    post(file_835([said(line, kind)]))
    page = sign_in(kay).get(reverse("billing:line", args=[line.uid])).content.decode()
    assert ("See the answers and put it right" in page) == bool(told)
    assert told in page


def test_strangers_find_nothing(sent, post, sign_in):
    _, (line,) = sent()
    post(file_835([Said("STRANGER")]))
    client = sign_in(factories.make_user("Stan", "biller", factories.make_clinic("group")))
    file, answer = PayerFile.objects.get(), PayerAnswer.objects.get()
    for name, key in (
        ("payer_file", file.pk),
        ("payer_file_bytes", file.pk),
        ("resolve_answer", answer.pk),
        ("claim", line.uid),
    ):
        assert client.get(reverse(f"billing:{name}", args=[key])).status_code == 404, name
    assert b"era" not in client.get(reverse("billing:payers")).content


def test_the_command_posts_files_and_names_those_it_could_not(sent, tmp_path, capsys):
    _, (line,) = sent()
    good, bad = tmp_path / "good.835", tmp_path / "bad.835"
    good.write_bytes(file_835([said(line, PAID)]))
    bad.write_bytes(b"hello")
    call_command("post_answers", str(good))
    assert "1 posted, 0 known, 1 matched, 0 unmatched" in capsys.readouterr().out and status(line) == "paid"
    with pytest.raises(CommandError, match="1 of 2 files"):
        call_command("post_answers", str(good), str(bad))
    assert "posted before" in capsys.readouterr().out


def test_pyx12_takes_the_835_and_277ca_that_we_test_with(tmp_path):
    """So that what is read here is what a payer may send."""
    from tests.billing.test_exports import pyx12_says

    for content in (
        file_835([Said("CH-20001"), Said("CH-20002", **DENIED)]),
        file_277ca("B-000001", [("CH-20001", "A2:20")]),
    ):
        valid, answer = pyx12_says(content, tmp_path)
        assert valid, answer


def test_the_demos_answer_posts_once(sent, group, kay):
    from types import SimpleNamespace

    from billing import demo_answers

    _, (first, second) = sent(2)
    for _ in range(2):
        demo_answers.post(SimpleNamespace(group=group, biller=kay))
    assert (status(first), status(second), posting.unmatched_count(kay)) == ("paid", "denied", 1)
    assert PayerFile.objects.count() == 1 and breaches() == []
