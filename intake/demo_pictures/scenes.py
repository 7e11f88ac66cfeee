"""What the camera saw: one function a view. Each returns linear light (height, width, 3), before the camera's own faults."""

from collections.abc import Callable

import numpy
from PIL import Image, ImageDraw, ImageFont

from intake.demo_pictures.faces import Eye, Face, head, paint_brows, paint_eye, paint_mouth, paint_nose
from intake.demo_pictures.lesions import PAINTERS
from intake.demo_pictures.noise import Field, cloud, grid, soft_step, waves
from intake.demo_pictures.skin import HEIGHT, SHAPE, WIDTH, Skin, compose, lit, skin

_MIDDLE = (WIDTH * 0.5, HEIGHT * 0.47)


def close_up(kind: str, tone: str, seed: int) -> Field:
    patch = skin(seed, tone)
    PAINTERS[kind](patch, _MIDDLE, 165)
    return lit(compose(patch), 0.35, 0.3, 0.32)


def oblique(kind: str, tone: str, seed: int) -> Field:
    """Light from the side; the camera adds the slant."""
    patch = skin(seed, tone)
    PAINTERS[kind](patch, _MIDDLE, 165)
    patch.height *= 1.25
    return lit(compose(patch, lamp=(1.5, 0.2), relief=0.065), 0.15, 0.4, 0.5)


def scale(kind: str, tone: str, seed: int) -> Field:
    patch = skin(seed, tone)
    PAINTERS[kind](patch, (WIDTH * 0.5, HEIGHT * 0.36), 105)
    return _with_ruler(lit(compose(patch), 0.35, 0.3, 0.32), pixels_per_mm=15)


def _with_ruler(picture: Field, pixels_per_mm: float) -> Field:
    y, x = grid(*SHAPE)
    down = y - (HEIGHT * 0.64 + (x - WIDTH / 2) * 0.03)
    millimetres = (x - 40) / pixels_per_mm
    nearest = numpy.round(millimetres)
    length = numpy.where(nearest % 10 == 0, 88, numpy.where(nearest % 5 == 0, 64, 42))
    tick = (numpy.abs(millimetres - nearest) * pixels_per_mm < 1.3) & (down > 4) & (down < length) & (nearest >= 0)
    paper = numpy.full((*SHAPE, 3), 0.85, "f4") * (1.03 - 0.25 * (x / WIDTH - 0.35) ** 2)[..., None]
    paper[tick] = 0.06
    paper[_numbers(pixels_per_mm) > 128] = 0.06
    shadow = 1 - 0.28 * numpy.exp(-(((down + 2) / 14) ** 2)) * (down < 0)
    return numpy.where(((down > 0) & (down < 200))[..., None], paper, picture * shadow[..., None])


def _numbers(pixels_per_mm: float) -> numpy.ndarray:
    plate = Image.new("L", (WIDTH, HEIGHT))
    font = ImageFont.load_default(36)
    for centimetre in range(7):
        x = 40 + centimetre * 10 * pixels_per_mm
        top = HEIGHT * 0.64 + 100 + (x - WIDTH / 2) * 0.03
        ImageDraw.Draw(plate).text((x - 9, top), str(centimetre), font=font, fill=255)
    return numpy.asarray(plate)


def limb(kind: str, tone: str, seed: int) -> Field:
    """A forearm, or any limb, on a blue cloth."""
    patch = skin(seed, tone, step=7, hairs=240, hair_length=26)
    y, x = grid(*SHAPE)
    t = y / HEIGHT
    middle = WIDTH * (0.40 + 0.16 * t + 0.02 * numpy.sin(t * 3))
    half = WIDTH * (0.275 - 0.10 * t**1.3 + 0.035 * numpy.sin(t * 3.1))
    across = (x - middle) / half
    roundness = numpy.sqrt(numpy.clip(1 - across * across, 0, 1))
    PAINTERS[kind](patch, (WIDTH * 0.51, HEIGHT * 0.45), 30 if kind.endswith("mole") else 62)
    patch.melanin += 0.10 * (1 - roundness)
    arm = compose(patch, relief=0.03)
    vein = 0.10 * numpy.exp(-(((x - (middle + half * 0.35 + 18 * numpy.sin(t * 9))) / 16) ** 2))
    arm *= 1 - vein[..., None] * numpy.array([0.9, 0.5, 0.25], "f4")
    arm *= numpy.clip(0.30 + 0.75 * (roundness * 0.85 - across * 0.28), 0.12, 1.05)[..., None]
    behind = cloth(patch, x, y) * (1 - 0.55 * numpy.exp(-(((x - (middle + half + 12)) / 46) ** 2)))[..., None]
    inside = soft_step((1 - numpy.abs(across)) * 90)[..., None]
    return lit(behind * (1 - inside) + arm * inside, 0.4, 0.3, 0.35, 1.05)


def cloth(patch: Skin, x: Field, y: Field) -> Field:
    """What lies behind."""
    weave = 0.9 + 0.10 * numpy.sin(x * 1.1) * numpy.sin(y * 1.1) + 0.06 * cloud(patch.rng, *SHAPE, 5, 4)
    fold = 1 + 0.22 * numpy.tanh(1.5 * waves(patch.rng, *SHAPE, 3))
    return numpy.array([0.055, 0.13, 0.27], "f4") * (weave * fold)[..., None]


def nose(kind: str, tone: str, seed: int) -> Field:
    patch = skin(seed, tone, step=9, hairs=0)
    face = Face((WIDTH * 0.44, HEIGHT * 0.40), 900)
    paint_nose(patch, face)
    PAINTERS[kind](patch, face.at(0.19, 0.20), 105)
    return lit(compose(patch), 0.4, 0.3, 0.45)


def eye_close(kind: str, tone: str, seed: int, gaze=(0.0, 0.0), closed: bool = False) -> Field:
    patch = skin(seed, tone, step=8, hairs=0)
    eye = Eye(_MIDDLE, WIDTH * 0.40, gaze, 0.85 if kind == "red_eye" else 0.0, closed)
    opening, ball = paint_eye(patch, eye)
    if kind == "eyelid_bump":
        PAINTERS[kind](patch, (WIDTH * 0.64, HEIGHT * 0.372), 88)
    opening = opening[..., None]
    return lit(compose(patch) * (1 - opening) + ball * opening, 0.45, 0.35, 0.5, 1.05)


def face(kind: str, tone: str, seed: int, finding: Callable[[Skin, Face], None] | None = None) -> Field:
    """`finding` paints what is on it; without one it is where its kind has its place."""
    patch = skin(seed, tone, step=5, hairs=0)
    whole = Face((WIDTH * 0.5, HEIGHT * 0.44), 470)
    paint_nose(patch, whole)
    paint_mouth(patch, whole)
    paint_brows(patch, whole)
    eyes = [paint_eye(patch, _eye_of(whole, side, kind)) for side in (-1, 1)]
    if finding:
        finding(patch, whole)
    if kind == "nose_sore":
        PAINTERS[kind](patch, whole.at(0.19, 0.20), 42)
    if kind == "eyelid_bump":
        PAINTERS[kind](patch, whole.at(0.50, -0.44), 26)
    inside, shade = head(whole)
    picture = compose(patch, relief=0.05) * shade[..., None]
    for opening, ball in eyes:
        picture = picture * (1 - opening[..., None]) + ball * (opening * 0.8)[..., None]
    wall = numpy.full((*SHAPE, 3), 1.0, "f4") * numpy.array([0.30, 0.33, 0.34], "f4")
    return lit(wall * (1 - inside[..., None]) + picture * inside[..., None], 0.4, 0.3, 0.35, 1.05)


def _eye_of(whole: Face, side: int, kind: str) -> Eye:
    return Eye(whole.at(side * 0.44, -0.33), 0.245 * whole.half, red=0.8 if kind == "red_eye" and side > 0 else 0.0)
