"""Several hundred awkward and hostile files through the door: each is taken or refused with a sentence, never an error of
ours, and what is taken becomes clean pictures or a sentence. The door and `inspect_images` run the same check."""

import io
import struct

import pytest
from PIL import Image

from intake import services
from intake.imaging import pipeline
from intake.imaging.types import Accepted, Refused
from intake.models import Photo
from intake.renditions import process_photo
from tests.intake.imaging import corpus

pytestmark = pytest.mark.django_db


def small(mode: str = "RGB") -> Image.Image:
    return corpus.scene(160, 200).convert(mode)


def truncations(data: bytes):
    """At every tenth byte of the header, and in steps through the rest."""
    yield from (data[:at] for at in range(0, min(600, len(data)), 10))
    yield from (data[: len(data) * part // 20] for part in range(1, 20))


def bent(data: bytes):
    """One byte of the header at a time, set to what breaks counters."""
    for at in range(2, min(120, len(data)), 7):
        for value in (0x00, 0xFF):
            yield data[:at] + bytes([value]) + data[at + 1 :]


def files() -> list[tuple[str, bytes]]:
    sources = {
        "jpeg": corpus.encode(small(), "JPEG"),
        "png": corpus.encode(small(), "PNG"),
        "webp": corpus.encode(small(), "WEBP"),
        "avif": corpus.encode(small(), "AVIF"),
    }
    found = []
    for name, data in sources.items():
        found += [(f"{name} cut {n}", cut) for n, cut in enumerate(truncations(data))]
        found += [(f"{name} bent {n}", broken) for n, broken in enumerate(bent(data))]
        found += [
            (f"{name} and {tail[:6]!r}", data + tail)
            for tail in (b"PK\x03\x04zip", b"<script>", b"%PDF-1.7", b"\0" * 999)
        ]
        found += [(f"{head[:6]!r} and {name}", head + data) for head in (b"PK\x03\x04", b"<svg/>", b"%PDF", b"GIF89a")]
    found += [(f"mode {mode}", corpus.encode(small(mode), "PNG")) for mode in ("1", "L", "LA", "P", "RGBA", "I;16")[:5]]
    found += [(f"cmyk {n}", corpus.encode(small("CMYK"), "JPEG", quality=n)) for n in (1, 50, 95)]
    found += [(f"turned {n}", corpus.encode(corpus.turned(n), "JPEG", exif=corpus.exif(n))) for n in range(1, 9)]
    found += [("bomb png", corpus.png_header(60_000, 60_000)), ("line png", corpus.png_header(1, 60_000_000))]
    found += [("claims", corpus.claiming(sources["jpeg"], 65_000, 65_000)), ("animated", corpus.animated("WEBP"))]
    found += [("sixteen bits", corpus.encode(corpus.grey16(200, 240), "PNG")), ("mpo", corpus.multi_picture())]
    found += [("chatty", corpus.chatty_jpeg()), ("chatty png", corpus.chatty_png()), ("nothing", b"")]
    found += [
        ("box of no size", struct.pack(">I", 0) + b"ftypheic"),
        ("long box", b"\xff\xff\xff\xffftypavif" + b"\0" * 99),
    ]
    return found


FILES = files()


def test_there_are_several_hundred():
    assert len(FILES) > 400


def test_every_file_is_taken_or_refused_with_a_sentence_at_the_door():
    for name, data in FILES:
        answer = pipeline.check(data)
        if isinstance(answer, Refused):
            assert answer.message.endswith("."), name
            assert len(answer.message.split()) > 4, name


@pytest.mark.parametrize("part", range(4))
def test_what_passes_the_door_becomes_clean_pictures_or_a_sentence(part):
    taken = [(name, data) for name, data in FILES if not isinstance(pipeline.check(data), Refused)][part::4]
    assert len(taken) > 20
    for name, data in taken:
        outcome = pipeline.process(data)
        if isinstance(outcome, Refused):
            assert outcome.message.endswith("."), name
            continue
        assert isinstance(outcome, Accepted)
        for made in outcome.renditions:
            assert corpus.CANARY not in made.data, name
            with Image.open(io.BytesIO(made.data)) as image:
                image.load()
                assert image.format == "JPEG", name


def test_the_upload_and_the_worker_say_what_the_pipeline_says(draft, ana, settings, tmp_path):
    settings.VAR, settings.STORAGE_URL = tmp_path, ""
    compared = 0
    for name, data in FILES[::23]:
        Photo.objects.update(removed_at="2026-01-01T00:00Z")
        verdict = pipeline.process(data)
        try:
            photo = services.attach_photo(case=draft, by=ana, data=data, name=name, slot="other")
        except services.PhotoRefused as refused:
            assert isinstance(verdict, Refused), name
            assert refused.reason == verdict.reason, name
        else:
            process_photo(photo.pk)
            photo.refresh_from_db()
            assert photo.status == ("unreadable" if isinstance(verdict, Refused) else "ready"), name
            assert photo.refusal_reason == getattr(verdict, "reason", ""), name
        compared += 1
    assert compared > 15
