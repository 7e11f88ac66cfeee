"""Very large photos: cut into tiles by a task, read one at a time by who may see the photo, never without a trace."""

import io
from unittest import mock

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from PIL import Image

from config import storages
from config.audit.models import AuditEvent
from intake import tiling
from intake.imaging import tiles
from intake.models import Rendition, TileSet
from intake.models import photo as photo_model
from tests import factories


def picture(width=1300, height=700) -> Image.Image:
    """Four quarters of their own color, so that a tile tells where it was cut."""
    image = Image.new("RGB", (width, height), (200, 40, 40))
    image.paste((40, 200, 40), (width // 2, 0, width, height // 2))
    image.paste((40, 40, 200), (0, height // 2, width // 2, height))
    image.paste((220, 220, 220), (width // 2, height // 2, width, height))
    return image


def encoded(image: Image.Image, **more) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, subsampling=0, **more)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.mark.parametrize("turned", [False, True])
def test_a_picture_is_cut_upright_coarse_to_fine_and_put_together_again(turned):
    image, exif = picture(), Image.Exif()
    if turned:
        exif[0x0112] = 6
        image = image.transpose(Image.Transpose.ROTATE_90)
    pack, levels = tiles.cut(encoded(image, exif=exif))
    assert [(level.scale, level.columns, level.rows) for level in levels] == [(0.5, 2, 1), (1.0, 3, 2)]
    assert len(pack) == levels[-1].ends[-1]
    whole, fine, start = Image.new("RGB", (1300, 700)), levels[1], levels[0].ends[-1]
    for at, end in enumerate(fine.ends):
        piece = opened(pack[start:end])
        whole.paste(piece, (at % fine.columns * tiles.SIDE, at // fine.columns * tiles.SIDE))
        start = end
    for point in ((100, 100), (1200, 100), (100, 600), (1200, 600)):
        assert all(abs(a - b) < 12 for a, b in zip(whole.getpixel(point), picture().getpixel(point), strict=True))
    assert b"Exif" not in pack


@pytest.fixture
def large(ready, ana, monkeypatch):
    """A ready photo whose full rendition is stored and which counts as very large."""
    monkeypatch.setattr(photo_model, "TILED_FROM", 500_000)
    monkeypatch.setattr(tiling, "TILED_FROM", 500_000)
    photo = factories.make_ready_photo(ready, by=ana)
    photo.width, photo.height = 1300, 700
    photo.save()
    data = encoded(picture())
    key = f"rend/{photo.case_id}/{photo.pk}/full.jpg"
    storages.put_once(key, data)
    Rendition.objects.create(
        photo=photo, kind="full", key=key, format="jpeg", width=1300, height=700, byte_size=len(data), sha256="0" * 64
    )
    return photo


@pytest.mark.django_db
def test_asked_twice_there_is_one_row_and_made_twice_one_pack(large):
    row = tiling.ask_for_tiles(large)
    assert tiling.ask_for_tiles(large) == row and row.work_status == "waiting"
    tiling.make_tiles(row.pk)
    tiling.make_tiles(row.pk)
    row.refresh_from_db()
    assert (row.work_status, len(storages.read(row.key))) == ("done", row.byte_size)
    assert opened(tiling.tile(row, 1, 2, 1)).size == (1300 - 1024, 700 - 512)
    assert opened(tiling.tile(row, 1, 0, 0)).getpixel((5, 5))[0] > 180
    assert opened(tiling.tile(row, 0, 0, 0)).size == (512, 350)
    assert not tiling.has_tile(row, 2, 0, 0) and not tiling.has_tile(row, 1, 3, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(("broken", "status"), [(FileNotFoundError, "waiting"), (OSError, "waiting")])
def test_a_storage_that_is_away_only_delays_the_tiles(large, broken, status):
    row = tiling.ask_for_tiles(large)
    with mock.patch.object(storages, "read", side_effect=broken):
        tiling.make_tiles(row.pk)
    row.refresh_from_db()
    assert (row.work_status, row.last_error) == (status, broken.__name__)


@pytest.mark.django_db
def test_tiles_that_are_made_are_stored(large):
    with pytest.raises(IntegrityError), transaction.atomic():
        TileSet.objects.create(photo=large, work_status="done")


@pytest.mark.django_db
def test_the_room_gets_the_tiles_with_a_ticket_and_on_record(large, sign_in, dana):
    client, address = sign_in(dana), reverse("intake:tiles", args=[large.pk])
    waiting = client.get(address)
    assert (waiting.status_code, waiting.json()) == (202, {"waiting": True})
    tiling.make_tiles(TileSet.objects.get().pk)
    made = client.get(address).json()
    assert [level["columns"] for level in made["levels"]] == [2, 3]
    assert AuditEvent.objects.filter(verb="photo.viewed", subject_id=str(large.pk)).count() == 1
    answer = client.get(reverse("intake:tile", args=[large.pk, 1, 2, 1]), {"seen": made["ticket"]})
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["Cache-Control"] == "private, no-store"
    assert opened(answer.content).size == (276, 188)
    for place in ((2, 0, 0), (1, 3, 0), (1, 0, 2)):
        assert client.get(reverse("intake:tile", args=[large.pk, *place]), {"seen": made["ticket"]}).status_code == 404


@pytest.mark.django_db
def test_a_ticket_is_of_one_person_and_one_photo(large, sign_in, dana, eli, ben, ana, ready):
    tiling.make_tiles(tiling.ask_for_tiles(large).pk)
    address = reverse("intake:tile", args=[large.pk, 0, 0, 0])
    ticket = sign_in(dana).get(reverse("intake:tiles", args=[large.pk])).json()["ticket"]
    assert sign_in(dana).get(address).status_code == 404  # opened by nobody
    assert sign_in(dana).get(address, {"seen": ticket + "x"}).status_code == 404
    assert sign_in(ben).get(address, {"seen": ticket}).status_code == 404  # may see it, but it is Dana's ticket
    assert sign_in(eli).get(reverse("intake:tiles", args=[large.pk])).status_code == 404
    factories.put_status(ready, "submitted")  # no longer routed to Dana
    assert sign_in(dana).get(address, {"seen": ticket}).status_code == 404


@pytest.mark.django_db
def test_a_photo_of_usual_size_has_no_tiles(ready, ana, sign_in, dana):
    photo = factories.make_ready_photo(ready, by=ana)
    assert sign_in(dana).get(reverse("intake:tiles", args=[photo.pk])).status_code == 404
    assert not TileSet.objects.exists()


@pytest.mark.django_db
def test_a_large_photo_asks_for_its_tiles_when_it_is_ready(draft, ana, monkeypatch):
    from intake import renditions, services
    from intake.demo_pictures import picture as demo_picture

    monkeypatch.setattr(tiling, "TILED_FROM", 500_000)
    photo = services.attach_photo(case=draft, by=ana, data=demo_picture("papules"), name="a.jpg", slot="overview")
    renditions.process_photo(photo.pk)
    assert TileSet.objects.get().photo == photo
