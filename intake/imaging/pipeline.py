"""The sequence that every photo goes through, in an upload as in `manage.py inspect_images`."""

import hashlib
import io
import struct
import warnings
import zlib
from datetime import datetime

from PIL import Image

from intake.imaging import child, limits, quality, render, segments
from intake.imaging.fingerprint import fingerprint
from intake.imaging.refusals import refuse
from intake.imaging.sniff import sniff
from intake.imaging.types import Accepted, Header, Refused, Rendition

_PILLOW_FORMATS = {"jpeg": ("JPEG",), "png": ("PNG",), "webp": ("WEBP",), "heic": ("HEIF",), "avif": ("AVIF",)}
# cameras write 1 to 12 scans; thousands of them keep a decoder busy for hours
MAX_SCANS_HERE = 24
# A 12-megapixel picture takes 48 MB, and pages that are fresh from the system cost a tenth of the whole work: so much of
# it, in Pillow's blocks of 16 MB, is kept for the next one.
Image.core.set_blocks_max(4)
# what decoders were seen to raise on damaged files
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, RuntimeError, TypeError, AttributeError, ArithmeticError,
    AssertionError, struct.error, zlib.error,
)  # fmt: skip
_ORIENTATION, _EXIF_IFD, _TAKEN = 0x0112, 0x8769, 0x9003
_MAKER, _MODEL = 0x010F, 0x0110


def check(data: bytes) -> Header | Refused:
    """The cheap look at the door: size, content and pixels from the header. Nothing is decoded."""
    too_big = limits.check_bytes(len(data))
    if too_big:
        return too_big
    header = sniff(data)
    if isinstance(header, Refused):
        return header
    return limits.check_size(header) or header


def process(data: bytes) -> Accepted | Refused:
    """Everything: renditions and quality, or the reason why not. Never raises for what the bytes hold.

    Anything but an ordinary JPEG is decoded in a killable child.
    """
    header = check(data)
    if isinstance(header, Refused):
        return header
    parts = None
    if header.format == "jpeg":
        try:
            # also where they are not used: this finds a missing end that the decoder forgives
            parts = segments.parts(data)
        except segments.NotAJpeg:
            return refuse("damaged")
        except segments.UncommonFrame:
            pass
        if parts is not None and parts.scans <= MAX_SCANS_HERE:
            return _process(data, header.format, parts)
    return child.run(lambda received: _process(received, header.format, parts), data)


def _process(data: bytes, format: str, parts: segments.Parts | None = None) -> Accepted | Refused:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd EXIF; it is dropped anyway
            return _decode_and_render(data, format, parts)
    except Image.DecompressionBombError:
        return refuse("too_hard")
    except _DECODER_ERRORS:
        return refuse("damaged")
    except MemoryError:
        return refuse("too_hard")


def _decode_and_render(data: bytes, format: str, parts: segments.Parts | None) -> Accepted | Refused:
    if format == "heic":
        _heif()
    with Image.open(io.BytesIO(data), formats=_PILLOW_FORMATS[format]) as image:
        # the container may tell another size than its header did
        refused = limits.check_size(Header(format, *image.size))
        if refused:
            return refused
        if format in {"png", "webp", "avif"} and getattr(image, "n_frames", 1) > 1:
            return refuse("animation")
        exif = image.getexif()
        # HEIC is turned by its decoder; AVIF's decoder tells the turn as an EXIF orientation
        orientation = 1 if format == "heic" else exif.get(_ORIENTATION, 1)
        orientation = orientation if orientation in range(1, 9) else 1
        icc = image.info.get("icc_profile")
        camera = (_taken(exif), _model(exif))
        size = render.upright_size(*image.size, orientation)
        full = render.full_from_parts(parts, image, icc, orientation) if parts else None
        if full and image.info.get("progressive") and image.width * image.height > limits.HALVED_FROM:
            image.draft(image.mode, (image.width // 2, image.height // 2))
        image.load()
        return _render(data, format, image, size, full, icc, orientation, *camera)


def _render(
    data: bytes,
    format: str,
    image: Image.Image,
    size: tuple[int, int],
    full: Rendition | None,
    icc: bytes | None,
    orientation: int,
    taken: datetime | None,
    model: str,
) -> Accepted | Refused:
    full = full or render.full_encoded(image, icc, orientation)
    reduced = render.reduced(image)
    if reduced is not image:
        # its memory serves the smaller pictures: fresh pages would cost more than some of the steps
        image.close()
    screen = render.screen_picture(reduced, icc, orientation)
    half = quality.halved(screen)
    grey = quality.small_grey(half)
    return Accepted(
        format=format,
        width=size[0],
        height=size[1],
        sha256=hashlib.sha256(data).hexdigest(),
        captured_at=taken,
        quality=quality.assess(grey, *size),
        renditions=(full, *render.small_renditions(screen, half)),
        device_model=model,
        fingerprint=fingerprint(grey),
    )


def _taken(exif: Image.Exif) -> datetime | None:
    try:
        return datetime.strptime(str(exif.get_ifd(_EXIF_IFD).get(_TAKEN)), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except (ValueError, KeyError, OSError, TypeError):
        return None


def _model(exif: Image.Exif) -> str:
    """Maker and model of the camera in plain letters; never its serial number or its owner's name for it."""
    parts = [str(exif.get(tag, "")).strip(" \0") for tag in (_MAKER, _MODEL)]
    maker, model = ("".join(letter for letter in part if letter.isprintable()) for part in parts)
    return (model if model.lower().startswith(maker.lower()) else f"{maker} {model}").strip()[:60]


def _heif() -> None:
    import pi_heif

    # one thread: four need 700 MB of address space and are no faster here
    pi_heif.options.DECODE_THREADS = 1
    pi_heif.register_heif_opener()
