"""A batch's life: looked at, made, sent, cancelled, sent again; each line in one live batch, each byte kept."""

from decimal import Decimal
from hashlib import sha256

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from billing import batches, exporting, invariants
from billing.exports import x12
from billing.models import Batch, BatchFile, BatchLine, ChargeLine, Submitter
from billing.services import BillingRefused
from config import storages
from config.audit.models import AuditEvent
from config.work import services as work
from tests import factories
from tests.billing.test_decisions import charge
from tests.racing import race

CHECKS = (
    invariants.batch_bytes_are_unchanged,
    invariants.batches_add_up,
    invariants.exported_lines_are_in_a_batch,
)


def breaches() -> list[str]:
    return [breach for check in CHECKS for breach in check()]


@pytest.fixture
def ready_lines(signed):
    """ready_lines(3) -> as many ready lines, each of a review of its own."""

    def _ready(count: int, **spoilt) -> list[ChargeLine]:
        lines = [charge(signed(delivered=False)) for _ in range(count)]
        for line in lines:
            snapshot = line.snapshot
            for path, value in spoilt.items():
                part, _, name = path.partition("__")
                snapshot[part][name] = value
            ChargeLine.objects.filter(pk=line.pk).update(status="ready", holds=[], snapshot=snapshot)
        return list(ChargeLine.objects.filter(pk__in=[line.pk for line in lines]).order_by("pk"))

    return _ready


def statuses(lines) -> set[str]:
    return set(ChargeLine.objects.filter(pk__in=[line.pk for line in lines]).values_list("status", flat=True))


def test_a_batch_ends_exported_with_all_its_files(ready_lines, kay):
    lines = ready_lines(3)
    (batch,) = batches.export_ready(by=kay)
    assert (batch.status, batch.line_count, batch.total) == ("exported", 3, Decimal("126.00"))
    assert statuses(lines) == {"exported"}
    assert [(file.kind, file.part) for file in batch.files.all()] == [("837p", 1), ("csv", 1), ("manifest", 1)]
    assert breaches() == []


def test_bytes_are_made_again_to_their_hash(ready_lines, kay, monkeypatch):
    monkeypatch.setattr(x12, "MAX_CLAIMS", 2)
    ready_lines(5)
    (batch,) = batches.export_ready(by=kay)
    assert batch.files.filter(kind="837p").count() == 3
    for file in batch.files.all():
        assert sha256(exporting.bytes_again(file)).hexdigest() == file.sha256, file.name


def test_bytes_are_made_again_after_the_lines_went_on(ready_lines, kay, group):
    """Whatever becomes of the batch, its lines and the group: what was sent can be made again."""
    ready_lines(2)
    (batch,) = batches.export_ready(by=kay)
    batches.cancel(batch=batch, by=kay, reason="Wrong payer chosen")
    type(group).objects.filter(pk=group.pk).update(name="Other name", address_line1="Elsewhere 1")
    Submitter.objects.update(etin="OTHERSYN02", is_test=False)
    batches.export_ready(by=kay)
    for file in BatchFile.objects.filter(batch=batch).select_related("batch"):
        assert exporting.bytes_again(file) == file.read(), file.name


def test_each_part_has_its_own_control_number(ready_lines, kay, monkeypatch):
    monkeypatch.setattr(x12, "MAX_CLAIMS", 2)
    ready_lines(4)
    first = batches.export_ready(by=kay)[0]
    ready_lines(1)
    second = batches.export_ready(by=kay)[0]
    numbers = list(BatchFile.objects.filter(kind="837p").order_by("pk").values_list("control_number", flat=True))
    assert numbers == sorted(set(numbers)) and len(numbers) == 3
    assert second.control_number > max(first.files.filter(kind="837p").values_list("control_number", flat=True))


def test_large_files_lie_in_the_storage(ready_lines, kay, monkeypatch):
    monkeypatch.setattr(exporting, "IN_DATABASE", 500)
    ready_lines(1)
    (batch,) = batches.export_ready(by=kay)
    file = batch.files.get(kind="837p")
    assert file.key and not file.content and storages.read(file.key) == file.read()
    assert sha256(file.read()).hexdigest() == file.sha256


def test_a_line_that_a_payer_would_reject_stays_ready_and_says_why(ready_lines, kay, sign_in):
    (good,), (bad,) = ready_lines(1), ready_lines(1, patient__date_of_birth="2999-01-01")
    (batch,) = batches.export_ready(by=kay)
    assert (batch.line_count, statuses([good]), statuses([bad])) == (1, {"exported"}, {"ready"})
    assert batch.left_out[0]["line"] == bad.number
    page = sign_in(kay).get(reverse("billing:batch", args=[batch.pk])).content.decode()
    assert "The patient was born after the date of service." in page and bad.number in page
    assert batches.export_ready(by=kay) == []
    assert statuses([bad]) == {"ready"}


def test_cancel_frees_the_lines_and_keeps_the_files(ready_lines, kay):
    lines = ready_lines(2)
    (batch,) = batches.export_ready(by=kay)
    batches.cancel(batch=batch, by=kay, reason="The fee was wrong")
    assert (batch.status, batch.end_reason, statuses(lines)) == ("cancelled", "The fee was wrong", {"ready"})
    assert batch.files.count() == 3
    (again,) = batches.export_ready(by=kay)
    assert again.control_number > batch.control_number and again.line_count == 2
    assert breaches() == []


@pytest.mark.parametrize("end", ["sent", "cancelled", "again"])
def test_what_left_or_ended_is_not_cancelled(end, ready_lines, kay):
    ready_lines(1)
    (batch,) = batches.export_ready(by=kay)
    if end == "sent":
        batches.mark_sent(batch=batch, by=kay)
    elif end == "cancelled":
        batches.cancel(batch=batch, by=kay, reason="First reason")
    else:
        batches.send_again(batch=batch, by=kay, reason="The payer lost it")
    with pytest.raises(BillingRefused, match="Nothing was changed"):
        batches.cancel(batch=batch, by=kay, reason="Another reason")
    if end != "sent":
        with pytest.raises(BillingRefused):
            batches.mark_sent(batch=batch, by=kay)


def test_sending_again_needs_a_reason_and_takes_new_numbers(ready_lines, kay):
    lines = ready_lines(2)
    (batch,) = batches.export_ready(by=kay)
    batches.mark_sent(batch=batch, by=kay)
    with pytest.raises(BillingRefused, match="Write why"):
        batches.send_again(batch=batch, by=kay, reason=" ")
    made = exporting.finish(batches.send_again(batch=batch, by=kay, reason="The payer lost the file"))
    assert (batch.status, made.status, made.replaces, made.line_count) == ("replaced", "exported", batch, 2)
    assert made.control_number > batch.control_number and statuses(lines) == {"exported"}
    assert set(BatchLine.objects.filter(is_live=True).values_list("batch", flat=True)) == {made.pk}
    assert b"The payer lost the file" in made.files.get(kind="manifest").read()
    old, new = (b.files.get(kind="837p").read() for b in (batch, made))
    assert old != new and old.split(b"CLM*")[1:][0].split(b"*")[0] == new.split(b"CLM*")[1:][0].split(b"*")[0]
    assert breaches() == []


def test_a_batch_is_sent_again_once(ready_lines, kay):
    ready_lines(1)
    (batch,) = batches.export_ready(by=kay)
    made = batches.send_again(batch=batch, by=kay, reason="The payer lost the file")
    with pytest.raises(BillingRefused):
        batches.send_again(batch=batch, by=kay, reason="The payer lost the file")
    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.create(
            group=batch.group, payer=batch.payer, submitter=batch.submitter, control_number=999, replaces=batch,
            reason="Twice",
        )  # fmt: skip
    batches.cancel(batch=made, by=kay, reason="It was found again")
    assert set(ChargeLine.objects.values_list("status", flat=True)) == {"ready"}


def test_an_answered_batch_is_not_sent_again_whole(ready_lines, kay):
    lines = ready_lines(2)
    (batch,) = batches.export_ready(by=kay)
    ChargeLine.objects.filter(pk=lines[0].pk).update(status="accepted")
    assert not batches.can_be_sent_again(batch)
    with pytest.raises(BillingRefused, match="already answered"):
        batches.send_again(batch=batch, by=kay, reason="The payer lost the file")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_batch SET control_number = 77",
        "UPDATE billing_batch SET total = 1",
        "UPDATE billing_batch SET status = 'preparing'",
        "DELETE FROM billing_batch",
        "UPDATE billing_batchline SET position = 9",
        "DELETE FROM billing_batchline",
    ],
)
def test_the_database_refuses_to_change_a_made_batch(statement, ready_lines, kay):
    from django.db import connection

    ready_lines(1)
    batches.export_ready(by=kay)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_row_that_left_never_comes_back(ready_lines, kay):
    ready_lines(1)
    (batch,) = batches.export_ready(by=kay)
    batches.cancel(batch=batch, by=kay, reason="The fee was wrong")
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        BatchLine.objects.update(is_live=True)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("etin", "X", "ETIN"), ("receiver_id", "~*", "receiver"), ("receiver_name", " ", "name is missing"),
        ("contact_phone", "555", "10 digits"), ("contact_name", "", "contact name"),
    ],
)  # fmt: skip
def test_a_bad_envelope_exports_nothing_and_says_what(field, value, sentence, ready_lines, kay):
    lines = ready_lines(1)
    Submitter.objects.update(**{field: value})
    with pytest.raises(BillingRefused, match=sentence):
        batches.export_ready(by=kay)
    assert statuses(lines) == {"ready"} and not Batch.objects.exists()


def test_without_a_submitter_nothing_is_exported(ready_lines, kay):
    ready_lines(1)
    Submitter.objects.all().delete()
    with pytest.raises(BillingRefused, match="no submitter"):
        batches.export_ready(by=kay)


def test_a_storage_outage_only_delays(ready_lines, kay, monkeypatch):
    lines = ready_lines(2)
    monkeypatch.setattr(exporting, "IN_DATABASE", 0)

    def away(key, data):
        raise ConnectionError

    monkeypatch.setattr(storages, "put_once", away)
    assert batches.export_ready(by=kay) == []
    batch = Batch.objects.get()
    assert (batch.status, batch.work_status, statuses(lines)) == ("preparing", "waiting", {"batched"})
    monkeypatch.undo()
    assert exporting.finish(batch).status == "exported"
    assert statuses(lines) == {"exported"} and breaches() == []


def test_a_doubled_and_a_late_message_make_nothing_twice(ready_lines, kay):
    ready_lines(2)
    (batch,) = batches.start(by=kay)
    for _ in range(3):
        exporting.advance(batch.pk)
    batch.refresh_from_db()
    assert (batch.status, batch.files.count(), BatchLine.objects.count()) == ("exported", 3, 2)


def test_a_lost_worker_is_taken_over_and_fenced(ready_lines, kay, monkeypatch):
    """The first worker comes back after another one has taken the batch over: it writes nothing."""
    lines = ready_lines(2)
    (batch,) = batches.start(by=kay)
    lease = work.claim(Batch, batch.pk)
    claims = exporting._take(lease, Batch.objects.get(pk=batch.pk))
    Batch.objects.filter(pk=batch.pk).update(due_at=timezone.now())
    assert exporting.finish(batch).status == "exported"
    with pytest.raises(work.Fenced):
        exporting._write_part(lease, batch, claims)
    assert batch.files.count() == 3 and statuses(lines) == {"exported"} and breaches() == []


@pytest.mark.django_db(transaction=True)
def test_billers_at_once_make_batches_without_a_shared_line(ready_lines, kay, monkeypatch):
    monkeypatch.setattr(x12, "MAX_CLAIMS", 2)
    lines = ready_lines(7)
    made = race(3, lambda i: batches.export_ready(by=kay))
    assert all(isinstance(found, list) for found in made), made
    for batch in Batch.objects.filter(status="preparing"):
        exporting.finish(batch)
    assert statuses(lines) == {"exported"}
    assert BatchLine.objects.count() == BatchLine.objects.values("line").distinct().count() == 7
    assert breaches() == []


# --- pages


def test_preview_shows_counts_and_writes_nothing(ready_lines, kay, sign_in):
    (good,), (bad,) = ready_lines(1), ready_lines(1, payer__payer_id="")
    client = sign_in(kay)
    answer = client.post(reverse("billing:preview"), {"line": [str(good.uid), str(bad.uid), "nonsense"]})
    page = answer.content.decode()
    assert "Export 2 lines" in page and "$84.00" in page
    assert "Stays behind: 1 line" in page and "The payer has no identifier for claims." in page
    assert not Batch.objects.exists()
    assert client.get(reverse("billing:preview")).url == reverse("billing:desk")
    assert b"Choose ready lines first" in client.post(reverse("billing:preview"), {}, follow=True).content


def test_all_ready_lines_by_one_button(ready_lines, kay, sign_in):
    ready_lines(3)
    sign_in(kay).post(reverse("billing:export"), {"scope": "all"})
    assert Batch.objects.get().line_count == 3


def test_a_large_export_is_watched_and_left(ready_lines, kay, sign_in, monkeypatch):
    from billing.views import batches as views

    monkeypatch.setattr(views, "AT_ONCE", 1)
    ready_lines(3)
    client = sign_in(kay)
    answer = client.post(reverse("billing:export"), {"scope": "all"})
    batch = Batch.objects.get()
    assert (batch.status, answer.url) == ("preparing", reverse("billing:batch", args=[batch.pk]))
    assert b"You can leave this page" in client.get(answer.url).content
    assert b"0 of 3" in client.get(answer.url, headers={"HX-Request": "true"}).content
    exporting.finish(batch)
    assert client.get(answer.url, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert AuditEvent.objects.filter(verb="batch.viewed").count() == 1


def test_the_ways_on_from_the_page(ready_lines, kay, sign_in):
    ready_lines(1)
    (batch,) = batches.export_ready(by=kay)
    client = sign_in(kay)
    page = client.get(reverse("billing:batch", args=[batch.pk])).content.decode()
    assert "Mark as sent" in page and "Cancel the batch" in page and "Send it again" in page
    client.post(reverse("billing:batch_sent", args=[batch.pk]))
    page = client.get(reverse("billing:batch", args=[batch.pk])).content.decode()
    assert "Mark as sent" not in page and "Cancel the batch" not in page and "Send it again" in page
    answer = client.post(reverse("billing:batch_again", args=[batch.pk]), {"reason": "The payer lost it"}, follow=True)
    assert "with new control numbers" in answer.content.decode()
    assert b"Do not send these files any more" in client.get(reverse("billing:batch", args=[batch.pk])).content
    made = Batch.objects.get(replaces=batch)
    refused = client.post(reverse("billing:batch_cancel", args=[made.pk]), {"reason": "no"}, follow=True)
    assert b"Write why the batch is canceled." in refused.content
    client.post(reverse("billing:batch_cancel", args=[made.pk]), {"reason": "It was found again"})
    assert b"Its lines were made ready again" in client.get(reverse("billing:batch", args=[made.pk])).content


@pytest.mark.parametrize("verb", ["batch_sent", "batch_cancel", "batch_again"])
def test_another_groups_batch_is_not_there(verb, ready_lines, kay, sign_in):
    ready_lines(1)
    (batch,) = batches.export_ready(by=kay)
    stranger = factories.make_user("Stan", "biller", factories.make_clinic("group"))
    client = sign_in(stranger)
    assert client.post(reverse(f"billing:{verb}", args=[batch.pk]), {"reason": "Long enough"}).status_code == 404
    assert client.get(reverse("billing:batch", args=[batch.pk])).status_code == 404
    with pytest.raises(BillingRefused, match="Only billers"):
        batches.cancel(batch=batch, by=stranger, reason="Long enough")
