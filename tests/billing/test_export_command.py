"""manage.py export_charges: what other programs rely on; and two billers who never share a line."""

import threading
from hashlib import sha256

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction

from billing import batches
from billing.exports import x12
from billing.management.commands import export_charges
from billing.models import Batch, BatchLine, ChargeLine
from config.audit import triggers
from intake.models import Case
from tests.billing.test_decisions import charge


def run(capsys, *arguments) -> str:
    call_command("export_charges", *map(str, arguments))
    return capsys.readouterr().out


def test_nothing_ready_says_so_and_makes_no_file(db, capsys, tmp_path):
    out = run(capsys, "--format", "csv", "--output", tmp_path / "out.csv")
    assert "Nothing is ready" in out and list(tmp_path.iterdir()) == []


def test_a_batch_and_its_other_form_byte_for_byte(signed, capsys, tmp_path):
    charge(signed())
    first = tmp_path / "first.csv"
    run(capsys, "--format", "csv", "--output", first)
    batch = Batch.objects.get()
    run(capsys, "--format", "837p", "--output", tmp_path / "claim.837", "--batch", batch.pk)
    run(capsys, "--format", "csv", "--output", tmp_path / "again.csv", "--batch", batch.number)
    assert first.read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert sha256(first.read_bytes()).hexdigest() == batch.files.get(kind="csv").sha256
    assert (tmp_path / "claim.837").read_bytes().startswith(b"ISA*00*")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.csv", "claim.837", "first.csv"]


def test_two_batches_get_numbered_files(signed, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(x12, "MAX_CLAIMS", 1)
    charge(signed())
    second = charge(signed())
    ChargeLine.objects.filter(pk=second.pk).update(status="ready", holds=[])
    run(capsys, "--format", "837p", "--output", tmp_path / "claims.837")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["claims-1.837", "claims-2.837"]
    assert b"ISA*" in (tmp_path / "claims-2.837").read_bytes()


@pytest.mark.parametrize("batch", ["nonsense", "B-000099", "00000000-0000-0000-0000-000000000000"])
def test_unknown_batch(db, tmp_path, batch):
    with pytest.raises(CommandError, match="There is no batch"):
        call_command("export_charges", "--format", "csv", "--output", str(tmp_path / "x.csv"), "--batch", batch)


def test_a_folder_that_is_not_there_exports_nothing(signed, tmp_path):
    line = charge(signed())
    with pytest.raises(CommandError, match="Nothing was exported"):
        call_command("export_charges", "--format", "csv", "--output", str(tmp_path / "no" / "x.csv"))
    line.refresh_from_db()
    assert line.status == "ready" and not Batch.objects.exists()


def test_a_folder_in_place_of_the_file_exports_nothing(signed, tmp_path):
    line = charge(signed())
    (tmp_path / "here").mkdir()
    with pytest.raises(CommandError, match="is a folder. Name the file to write. Nothing was exported"):
        call_command("export_charges", "--format", "csv", "--output", str(tmp_path / "here"))
    line.refresh_from_db()
    assert line.status == "ready" and not Batch.objects.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_a_file_that_cannot_be_written_names_the_batch_and_leaves_no_part(signed, capsys, tmp_path, monkeypatch):
    charge(signed())

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_charges.os, "fsync", full)
    with pytest.raises(CommandError, match="No space left on device. The batch is kept: write it again with --batch"):
        call_command("export_charges", "--format", "csv", "--output", str(tmp_path / "out.csv"))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    batch = Batch.objects.get()
    assert str(batch.pk) in capsys.readouterr().out
    run(capsys, "--format", "csv", "--output", tmp_path / "out.csv", "--batch", batch.pk)
    assert sha256((tmp_path / "out.csv").read_bytes()).hexdigest() == batch.files.get(kind="csv").sha256
    assert (tmp_path / "out.csv").stat().st_mode & 0o077 == 0


def test_a_line_is_in_one_batch_by_constraint(signed):
    line = charge(signed())
    (batch,) = batches.export_ready(by=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        BatchLine.objects.create(batch=batch, line=line, position=2)
    BatchLine.objects.create(batch=batch, line=line, position=2, is_live=False)


def test_kept_bytes_cannot_be_changed(signed):
    charge(signed())
    (batch,) = batches.export_ready(by=None)
    assert triggers.missing() == []
    for statement in ("UPDATE billing_batchfile SET content = content", "DELETE FROM billing_batchfile"):
        with pytest.raises(Exception, match="(?i)append|never|changed|abort"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)
    assert batch.files.count() == 3


@pytest.mark.django_db(transaction=True)
def test_six_billers_at_once_share_no_line(signed, kay):
    """Each line is exported once, whoever is first; control numbers are used once."""
    for _ in range(6):
        line = charge(signed())
        ChargeLine.objects.filter(pk=line.pk).update(status="ready", holds=[])
    start, errors = threading.Barrier(6), []

    def export():
        try:
            start.wait()
            batches.export_ready(by=kay)
        except Exception as error:
            errors.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=export) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert BatchLine.objects.count() == ChargeLine.objects.filter(status="exported").count() == 6
    numbers = list(Batch.objects.values_list("control_number", flat=True))
    assert len(numbers) == len(set(numbers))
    assert Case.objects.filter(status="signed").count() == 6
