"""Each claim file is read back by an own reader before it is kept; what it refuses never leaves."""

import pytest
from django.urls import reverse

from billing import batches, exporting
from billing.exports import x12
from billing.models import Batch, BatchLine, ChargeLine
from config.audit.models import AuditEvent
from tests.billing.test_batch_life import ready_lines  # noqa: F401


@pytest.fixture
def spoilt(monkeypatch):
    """A writer with a fault: the sums do not fit."""
    right = x12.write
    monkeypatch.setattr(x12, "write", lambda claims, batch: right(claims, batch).replace(b"*42*UN", b"*43*UN", 1))


def test_a_spoilt_file_is_refused_and_its_lines_are_free_again(ready_lines, kay, spoilt):  # noqa: F811
    ready_lines(3)
    [batch] = batches.start(by=kay)
    batch = exporting.finish(batch)
    assert (batch.status, batch.files.count()) == ("cancelled", 0)
    assert batch.end_reason.startswith("The claim file was read back and would be rejected. A claim's total is not the")
    assert not BatchLine.objects.filter(is_live=True).exists()
    assert set(ChargeLine.objects.values_list("status", flat=True)) == {"ready"}
    assert AuditEvent.objects.get(verb="batch.refused").data == {"lines": 3}


def test_the_biller_reads_why(ready_lines, kay, sign_in, spoilt):  # noqa: F811
    ready_lines(2)
    page = sign_in(kay).post(reverse("billing:export"), {"scope": "all"}, follow=True).content.decode()
    assert "was read back and would be rejected" in page and "Nothing was exported." in page


def test_after_the_writer_is_right_the_same_lines_go(ready_lines, kay, monkeypatch):  # noqa: F811
    ready_lines(2)
    right = x12.write
    with monkeypatch.context() as patch:
        patch.setattr(x12, "write", lambda claims, batch: right(claims, batch).lower())
        exporting.finish(batches.start(by=kay)[0])
    [batch] = batches.start(by=kay)
    assert exporting.finish(batch).status == "exported"
    assert Batch.objects.filter(status="cancelled").count() == 1
    assert BatchLine.objects.filter(is_live=True).count() == 2
