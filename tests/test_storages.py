"""Received bytes are written once, read back, kept private, and never overwritten; locally and in an S3 bucket."""

import hashlib
import io
import os
import secrets
import stat
import threading
import time
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from config import storages
from tests.journeys.running import free_port
from tests.racing import race

ON_S3 = os.environ.get("STORAGE_URL", "").startswith("s3://")


@pytest.fixture
def key():
    """A key of this test alone: the bucket is shared."""
    return f"orig/{secrets.token_hex(8)}/{secrets.token_hex(8)}"


@pytest.fixture
def folder(settings, tmp_path) -> Path:
    """Local storage in a folder of its own, whatever the environment says."""
    settings.STORAGE_URL = f"file://{tmp_path / 'storage'}"
    return tmp_path / "storage"


@pytest.fixture
def silent_s3(settings):
    """An S3 address that nobody listens at."""
    settings.STORAGE_URL = f"s3://bucket-{secrets.token_hex(4)}"
    settings.S3_ENDPOINT_URL = f"http://127.0.0.1:{free_port()}"
    settings.S3_ACCESS_KEY_ID = settings.S3_SECRET_ACCESS_KEY = "only-for-tests"


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


# --- the same in a folder and in a bucket --------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"received bytes", secrets.token_bytes(700_000)], ids=["none", "few", "many"])
def test_what_was_put_is_read_back_unchanged(key, data):
    storages.put_once(key, data)
    assert storages.exists(key)
    assert storages.read(key) == data


def test_the_same_bytes_again_are_fine(key):
    for _ in range(3):
        storages.put_once(key, b"received bytes")
    assert storages.read(key) == b"received bytes"


@pytest.mark.parametrize("other", [b"", b"other bytes", b"received bytes and more"])
def test_other_bytes_under_the_key_are_refused_and_the_old_ones_stay(key, other):
    storages.put_once(key, b"received bytes")
    with pytest.raises(storages.StorageConflict):
        storages.put_once(key, other)
    assert storages.read(key) == b"received bytes"


def test_twelve_that_put_the_same_photo_at_once_leave_one(key):
    data = secrets.token_bytes(300_000)
    assert race(12, lambda _: storages.put_once(key, data)) == [None] * 12
    assert storages.read(key) == data


def test_a_file_is_hashed_whole_while_it_becomes_durable(tmp_path, monkeypatch):
    data, synced = secrets.token_bytes(700_001), []
    with (tmp_path / "spool").open("wb+") as file:
        file.write(data)
        file.flush()
        file.seek(300)
        monkeypatch.setattr(storages.os, "fsync", synced.append)
        assert storages.sync_and_hash(file) == hashlib.sha256(data).hexdigest()
        assert synced == [file.fileno()]


def test_a_disk_that_does_not_take_it_is_no_receipt(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storages.os, "fsync", full)
    with (tmp_path / "spool").open("wb+") as file, pytest.raises(OSError, match="No space left"):
        storages.sync_and_hash(file)


def test_a_stream_is_stored_block_by_block(key):
    data = secrets.token_bytes(600_001)
    storages.put_stream_once(key, io.BytesIO(data), hashlib.sha256(data).hexdigest())
    assert storages.read(key) == data


def test_a_stream_that_is_not_what_was_announced_is_refused(key):
    with pytest.raises(storages.StorageConflict):
        storages.put_stream_once(key, io.BytesIO(b"cut sho"), hashlib.sha256(b"cut short").hexdigest())


def test_a_missing_key_does_not_exist_and_cannot_be_read(key):
    assert not storages.exists(key)
    with pytest.raises(FileNotFoundError):
        storages.read(key)


def test_a_storage_that_answers_is_well():
    assert storages.check() == ""


@pytest.mark.skipif(not ON_S3, reason="needs an S3 server: set STORAGE_URL=s3://bucket and the S3 settings")
@pytest.mark.s3
def test_what_is_in_the_bucket_is_not_public(key):
    storages.put_once(key, b"received bytes")
    storage = storages.private_storage()
    grants = storage.bucket.Object(storage._normalize_name(key)).Acl().grants
    assert not [grant for grant in grants if "AllUsers" in grant["Grantee"].get("URI", "")]
    assert "Signature" in storage.url(key)


# --- the folder ----------------------------------------------------------------------------------------------


def test_files_and_folders_are_for_the_own_user_only(folder, key):
    before = os.umask(0)
    try:
        storages.put_once(key, b"received bytes")
    finally:
        os.umask(before)
    path = folder / key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for parent in (path.parent, path.parent.parent, folder):
        assert stat.S_IMODE(parent.stat().st_mode) == 0o700, parent


def test_nothing_but_the_file_is_left_behind(folder, key):
    storages.put_once(key, b"received bytes")
    storages.put_once(key, b"received bytes")
    with pytest.raises(storages.StorageConflict):
        storages.put_once(key, b"other bytes")
    assert files(folder) == [folder / key]


def test_a_source_that_breaks_off_leaves_nothing(folder, key):
    class BrokenOff(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise OSError("the phone has gone")
            return super().read(1000)

    with pytest.raises(OSError, match="the phone has gone"):
        storages.put_stream_once(key, BrokenOff(b"x" * 5000), "")
    assert files(folder) == []
    assert not storages.exists(key)


def test_twelve_that_put_different_bytes_at_once_leave_the_first_and_no_mixture(folder, key):
    all_are_writing = threading.Barrier(12)

    class Arriving(io.BytesIO):
        def read(self, size=-1):
            if not self.tell():
                all_are_writing.wait(20)
            return super().read(size)

    def put(i):
        data = bytes([i]) * 300_000
        storages.put_stream_once(key, Arriving(data), hashlib.sha256(data).hexdigest())

    results = race(12, put)
    [won] = [i for i, result in enumerate(results) if result is None]
    assert storages.read(key) == bytes([won]) * 300_000
    assert all(isinstance(result, storages.StorageConflict) for i, result in enumerate(results) if i != won), results
    assert files(folder) == [folder / key]


@pytest.mark.parametrize("name", ["../outside", "orig/../../outside", "/outside"])
def test_no_key_leads_out_of_the_folder(folder, name):
    with pytest.raises(Exception, match="outside"):
        storages.put_once(name, b"x")
    assert not (folder.parent / "outside").exists()


def test_bytes_that_changed_on_the_disk_are_noticed(folder, key):
    storages.put_once(key, b"received bytes")
    (folder / key).write_bytes(b"received bytez")
    with pytest.raises(storages.StorageConflict):
        storages.put_once(key, b"received bytes")


def test_a_file_where_the_folder_should_be_is_said(settings, tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    settings.STORAGE_URL = f"file://{in_the_way}"
    assert storages.check().startswith("storage does not answer")
    with pytest.raises(OSError):
        storages.put_once("orig/a", b"x")
    settings.STORAGE_URL = f"file://{in_the_way}/below"
    assert storages.check().startswith("storage does not answer")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into any folder")
def test_a_folder_that_cannot_be_written_is_said(folder):
    folder.mkdir(mode=0o500)
    assert storages.check() == "the storage folder cannot be written"


# --- an S3 server that is away -------------------------------------------------------------------------------


def test_an_s3_that_does_not_answer_is_said_soon(silent_s3):
    began = time.monotonic()
    assert storages.check() == "storage does not answer (EndpointConnectionError)"
    assert time.monotonic() - began < 10


def test_nothing_is_received_while_s3_is_away(silent_s3, key):
    began = time.monotonic()
    for action in (lambda: storages.put_once(key, b"received bytes"), lambda: storages.read(key)):
        with pytest.raises(EndpointConnectionError):
            action()
    assert time.monotonic() - began < 20
