"""Tiles of very large photos: asked for by a row, made by a task, read one slice at a time."""

from dataclasses import asdict
from hashlib import sha256

from config import storages
from config.work import services as work
from config.work.services import due_fields
from intake.imaging import tiles
from intake.models import Photo, TileSet
from intake.models.photo import TILED_FROM


def tiles_wanted(width: int | None, height: int | None) -> bool:
    return (width or 0) * (height or 0) > TILED_FROM


def ask_for_tiles(photo: Photo) -> TileSet:
    """The row that makes somebody cut them; asked twice, there is one."""
    found, _ = TileSet.objects.get_or_create(photo=photo, defaults=due_fields())
    return found


def make_tiles(pk) -> None:
    """Claim, work outside any transaction, settle. The pack's key holds its hash: a second run finds its own work."""
    lease = work.claim(TileSet, pk)
    if lease is None:
        return
    row = TileSet.objects.select_related("photo").get(pk=pk)
    photo = row.photo
    full = photo.rendition("full")
    if full is None:
        work.fail(lease, "no full rendition")
        return
    try:
        pack, levels = tiles.cut(storages.read(full.key))
        digest = sha256(pack).hexdigest()
        key = f"tile/{photo.case_id}/{photo.pk}/{digest[:16]}.tiles"
        storages.put_once(key, pack)
    except (storages.StorageDamaged, storages.StorageConflict, FileNotFoundError, MemoryError) as error:
        work.fail(lease, type(error).__name__)
        return
    except Exception as error:  # noqa: BLE001 what is left is a storage that is away
        work.fail(lease, type(error).__name__, outage=storages.check() != "")
        return
    try:
        work.settle(lease, key=key, sha256=digest, byte_size=len(pack), levels=[asdict(level) for level in levels])
    except work.Fenced:
        return


def has_tile(row: TileSet, level: int, column: int, line: int) -> bool:
    if level >= len(row.levels):
        return False
    made = row.levels[level]
    return column < made["columns"] and line < made["rows"]


def tile(row: TileSet, level: int, column: int, line: int) -> bytes:
    """One tile's bytes, read alone."""
    made = row.levels[level]
    at = line * made["columns"] + column
    before = row.levels[level - 1]["ends"][-1] if level else 0
    start = made["ends"][at - 1] if at else before
    return storages.read_range(row.key, start, made["ends"][at] - start)
