"""Synthetic skin- and eye-like photographs for demo data, made by code: the same call gives the same picture.

`picture("changing_mole", view="close_up", tone="fair", seed=21)` -> JPEG bytes, 1200 x 1500.
"""

import io

import numpy
from PIL import Image, ImageFilter, ImageOps

from intake.demo_pictures import places, scenes
from intake.demo_pictures.noise import Field
from intake.demo_pictures.skin import HEIGHT, TONES, WIDTH

SIZE = (1200, 1500)
SKIN_KINDS = ("changing_mole", "quiet_mole", "papules", "rash")
FACE_KINDS = ("nose_sore", "eyelid_bump", "red_eye")
KINDS = SKIN_KINDS + FACE_KINDS
VIEWS = ("overview", "close_up", "oblique", "scale", "face", "gaze", "closed", "other")
FLAWS = ("", "blurred", "dark")
# what has a left and a right one in the picture
TURNED = ("cheek", "hand")
Scene = places.Scene

_ON_SKIN: dict[str, Scene] = {"oblique": scenes.oblique, "scale": scenes.scale}
_ON_NOSE: dict[str, Scene] = {"overview": scenes.face, "face": scenes.face}
_ON_EYE: dict[str, Scene] = {
    "overview": scenes.face,
    "face": scenes.face,
    "gaze": lambda kind, tone, seed: scenes.eye_close(kind, tone, seed, gaze=(0.1, -0.9)),
    "closed": lambda kind, tone, seed: scenes.eye_close(kind, tone, seed, closed=True),
    "other": lambda kind, tone, seed: scenes.eye_close(kind, tone, seed, gaze=(0.9, 0.0)),
}


def picture(
    kind: str,
    *,
    view: str = "close_up",
    tone: str = "fair",
    seed: int = 21,
    flaw: str = "",
    side: str = "left",
    site: str = "",
) -> bytes:
    """JPEG bytes; `view` is the key of a slot, `flaw` what went wrong when it was taken. Deterministic.

    `site` is the key of the place that an overview of a skin problem shows. Faces and hands are painted as the person's
    left (on a face that is the picture's right); `side` "right" turns them over.
    """
    if kind not in KINDS or view not in VIEWS or tone not in TONES or flaw not in FLAWS:
        raise ValueError(f"no such picture: {kind} {view} {tone} {flaw}")
    photograph = _develop(_scene(kind, view, site)(kind, tone, seed), seed)
    if view == "oblique":
        photograph = _slanted(photograph)
    if side == "right" and (kind in FACE_KINDS or (view == "overview" and site in TURNED)):
        photograph = ImageOps.mirror(photograph)
    photograph = photograph.resize(SIZE, Image.Resampling.BICUBIC)
    return _encoded(_spoiled(photograph, flaw))


def _scene(kind: str, view: str, site: str) -> Scene:
    if kind in SKIN_KINDS:
        return places.overview(site) if view == "overview" else _ON_SKIN.get(view, scenes.close_up)
    if kind == "nose_sore":
        return _ON_NOSE.get(view, scenes.nose)
    return _ON_EYE.get(view, scenes.eye_close)


def _develop(light: Field, seed: int) -> Image.Image:
    """Linear light to a picture with a sensor's grain."""
    values = numpy.clip(light, 0, 1) ** (1 / 2.2)
    grain = numpy.random.default_rng(seed).normal(size=(HEIGHT, WIDTH, 1)).astype("f4") * 0.006
    return Image.fromarray((numpy.clip(values + grain, 0, 1) * 255).astype("u1"), "RGB")


def _slanted(photograph: Image.Image) -> Image.Image:
    """Seen at a slant: the far edge shorter, near and far out of focus."""
    corners = [(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)]
    seen_from = [(190, 60), (710, 60), (900, 1000), (0, 1000)]
    warped = photograph.transform(
        (WIDTH, HEIGHT), Image.Transform.PERSPECTIVE, _coefficients(seen_from, corners), Image.Resampling.BICUBIC
    )
    depth = numpy.abs(numpy.linspace(0, 1, HEIGHT) - 0.5) * 2
    mask = (numpy.clip((depth - 0.45) * 2.2, 0, 1)[:, None] * numpy.full((1, WIDTH), 255)).astype("u1")
    return Image.composite(warped.filter(ImageFilter.GaussianBlur(5)), warped, Image.fromarray(mask, "L"))


def _coefficients(source: list[tuple[int, int]], target: list[tuple[int, int]]) -> list[float]:
    rows = []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return list(numpy.linalg.solve(numpy.array(rows, float), numpy.array(source, float).reshape(8)))


def _spoiled(photograph: Image.Image, flaw: str) -> Image.Image:
    if flaw == "blurred":
        return photograph.filter(ImageFilter.GaussianBlur(16))
    return photograph.point([round((i / 255) ** 1.6 * 17) for i in range(256)] * 3) if flaw == "dark" else photograph


def _encoded(photograph: Image.Image) -> bytes:
    out = io.BytesIO()
    photograph.save(out, "JPEG", quality=85)
    return out.getvalue()
