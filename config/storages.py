"""Private storage for received photographs, renditions and tapes: written once, read back, never overwritten.

Local files under VAR/storage by default, an S3 bucket with STORAGE_URL=s3://bucket. Nothing here is ever public.
"""

import errno
import hashlib
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage

_BLOCK = 256 * 1024


class StorageConflict(Exception):
    """A key already holds other bytes."""


class StorageDamaged(Exception):
    """What was written could not be read back unchanged."""


class PrivateFileSystemStorage(FileSystemStorage):
    def __init__(self, location: Path) -> None:
        super().__init__(location=location, file_permissions_mode=0o600, directory_permissions_mode=0o700)

    def put_new(self, key: str, source: BinaryIO) -> bool:
        """Write, fsync and link into place; False when the key exists. A reader never sees a part."""
        path = Path(self.path(key))
        if path.exists():
            return False
        _make_folder(path.parent)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                shutil.copyfileobj(source, file, _BLOCK)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            _sync_folder(path.parent)
            return True
        finally:
            temporary.unlink(missing_ok=True)

    def link_new(self, key: str, source: Path) -> bool:
        """Give the file the key as a second name; False when the key exists or lies on another disk."""
        path = Path(self.path(key))
        _make_folder(path.parent)
        try:
            os.link(source, path)
        except OSError as error:
            if error.errno in {errno.EEXIST, errno.EXDEV, errno.EPERM, errno.EMLINK}:
                return False
            raise
        _sync_folder(path.parent)
        return True


def _make_folder(folder: Path) -> None:
    """Each new level private and durable: mkdir(parents=True) would give its mode to the last level only."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@lru_cache(maxsize=4)
def _storage(url: str, var: str) -> Storage:
    if not url:
        return PrivateFileSystemStorage(Path(var) / "storage")
    parts = urlsplit(url)
    if parts.scheme == "file":
        return PrivateFileSystemStorage(Path(parts.path))
    from botocore.config import Config
    from storages.backends.s3 import S3Storage

    return S3Storage(
        bucket_name=parts.netloc,
        location=parts.path.strip("/"),
        endpoint_url=settings.S3_ENDPOINT_URL or None,
        region_name=settings.S3_REGION,
        access_key=settings.S3_ACCESS_KEY_ID or None,
        secret_key=settings.S3_SECRET_ACCESS_KEY or None,
        client_config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=3,
            read_timeout=20,
            retries={"max_attempts": 2},
        ),
        default_acl=None,
        querystring_auth=True,
        querystring_expire=60,
        file_overwrite=False,
    )


def private_storage() -> Storage:
    return _storage(settings.STORAGE_URL, str(settings.VAR))


def read(key: str) -> bytes:
    with private_storage().open(key, "rb") as file:
        return file.read()


def read_range(key: str, start: int, length: int) -> bytes:
    """A slice of a stored object; on S3 nothing else of it crosses the line."""
    storage = private_storage()
    if isinstance(storage, PrivateFileSystemStorage):
        with storage.open(key, "rb") as file:
            file.seek(start)
            return file.read(length)
    found = storage.bucket.Object(storage._normalize_name(key)).get(Range=f"bytes={start}-{start + length - 1}")
    return found["Body"].read()


def stream(key: str) -> Iterator[bytes]:
    """A stored object block by block, however large; on S3 as it comes over the line."""
    storage = private_storage()
    if isinstance(storage, PrivateFileSystemStorage):
        with storage.open(key, "rb") as file:
            while block := file.read(_BLOCK):
                yield block
        return
    yield from storage.bucket.Object(storage._normalize_name(key)).get()["Body"].iter_chunks(_BLOCK)


def remove(key: str) -> None:
    """Only for what was made to be taken away and can be made again: never for what was received."""
    if not key.startswith("records/"):
        raise ValueError("what was received or signed is never removed")
    private_storage().delete(key)


def exists(key: str) -> bool:
    return private_storage().exists(key)


def put_once(key: str, data: bytes) -> None:
    """Store `data` under `key` durably and read it back. The same bytes again are fine; other bytes are refused.

    Keys hold a hash or derive from a row, so that a second delivery of a task finds its own work.
    Raises StorageConflict, StorageDamaged, or the storage's own error when it cannot be reached.
    """
    put_stream_once(key, io.BytesIO(data), hashlib.sha256(data).hexdigest())


def put_stream_once(key: str, source: BinaryIO, digest: str) -> None:
    """The same for a file of any length, block by block; `digest` is the SHA-256 that must be read back."""
    storage = private_storage()
    if isinstance(storage, PrivateFileSystemStorage):
        storage.put_new(key, source)
    elif not storage.exists(key):
        # no-overwrite is by key design: two writers of one key write the same bytes
        storage.bucket.Object(storage._normalize_name(key)).put(Body=source)
    with storage.open(key, "rb") as stored:
        if digest_of(stored) != digest:
            raise StorageConflict(f"{key} holds other bytes")


def put_file_once(key: str, path: Path, digest: str) -> None:
    """The same for a file that is whole, on disk (fsync) and whose SHA-256 was read from it.

    On the same disk the file itself gets the key, so that nothing is written or read a second time; its name at `path`
    may be removed afterwards.
    """
    storage = private_storage()
    if isinstance(storage, PrivateFileSystemStorage) and storage.link_new(key, path):
        return
    with path.open("rb") as source:
        put_stream_once(key, source, digest)


def sync_and_hash(file: BinaryIO) -> str:
    """SHA-256 of all of an open file, read back while the disk makes it durable; both are done when this returns."""
    file.seek(0)
    with ThreadPoolExecutor(max_workers=1) as disk:
        durable = disk.submit(os.fsync, file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        durable.result()
    return digest


def digest_of(file: BinaryIO) -> str:
    """SHA-256 of what is left of an open file, read block by block."""
    found = hashlib.sha256()
    while block := file.read(_BLOCK):
        found.update(block)
    return found.hexdigest()


def check() -> str:
    """ "" when the storage answers, else why not; for readiness."""
    storage = private_storage()
    try:
        if isinstance(storage, PrivateFileSystemStorage):
            root = Path(storage.location)
            _make_folder(root)
            return "" if os.access(root, os.W_OK) else "the storage folder cannot be written"
        storage.connection.meta.client.head_bucket(Bucket=storage.bucket_name)
        return ""
    except Exception as error:  # noqa: BLE001 whatever goes wrong is the answer
        return f"storage does not answer ({type(error).__name__})"
