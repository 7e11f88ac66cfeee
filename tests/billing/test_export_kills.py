"""A worker is killed (SIGKILL, a process of its own) at each step of an export: the next one ends it, no line is in two
batches, none is forgotten, and every kept file is what its lines make again."""

import os
import signal
from hashlib import sha256

import pytest
from django.db import connections
from django.utils import timezone

from billing import batches, exporting
from billing.exports import x12
from billing.models import Batch, BatchFile, BatchLine, ChargeLine
from tests.billing.test_batch_life import breaches, ready_lines, statuses  # noqa: F401


def killed_in(owner, name: str, after: bool):
    """The function at which this process ends, before it ran or after."""
    original = getattr(owner, name)

    def fatal(*args, **kwargs):
        if after:
            original(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, fatal)


STEPS = {
    "before the lines are taken": ("_take", False),
    "inside the write that takes them": ("_put_in", True),
    "after they are taken": ("_take", True),
    "before the files are made": ("_write_part", False),
    "when a file is stored and has no row": ("kept", True),
    "after the first part": ("_write_part", True),
    "before the end": ("_end", False),
    "inside the write that ends it": ("record", True),
}


def die_exporting(batch: Batch, step: str) -> int:
    """In a child: its own connections, one step, no way back. Returns the signal that ended it."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            killed_in(exporting, *STEPS[step])
            exporting.advance(batch.pk, seconds=float("inf"))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_export_is_ended_by_the_next_worker(step, ready_lines, kay, monkeypatch):  # noqa: F811
    monkeypatch.setattr(x12, "MAX_CLAIMS", 2)
    monkeypatch.setattr(exporting, "IN_DATABASE", 1_000)
    lines = ready_lines(3)
    (batch,) = batches.start(by=kay)
    assert die_exporting(batch, step) == signal.SIGKILL
    assert statuses(lines) <= {"ready", "batched"}
    # the lease holds as long as the dead one could still be at work
    exporting.advance(batch.pk)
    batch.refresh_from_db()
    assert batch.status == "preparing"
    Batch.objects.filter(pk=batch.pk).update(due_at=timezone.now())
    assert exporting.finish(batch).status == "exported"
    assert statuses(lines) == {"exported"} and batch.line_count == 3
    assert sorted(BatchLine.objects.values_list("line", flat=True)) == sorted(line.pk for line in lines)
    assert sorted(batch.files.values_list("kind", "part")) == [
        ("837p", 1), ("837p", 2), ("csv", 1), ("csv", 2), ("manifest", 1),
    ]  # fmt: skip
    for file in BatchFile.objects.filter(batch=batch).select_related("batch"):
        assert sha256(file.read()).hexdigest() == file.sha256 == sha256(exporting.bytes_again(file)).hexdigest()
    assert breaches() == []
    assert ChargeLine.objects.filter(status="exported").count() == 3
