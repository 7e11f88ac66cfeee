"""Skin as maps of melanin and blood that absorb light, over a relief of fine lines. Nothing here shows a real person."""

from dataclasses import dataclass
from functools import lru_cache

import numpy

from intake.demo_pictures.noise import Field, cell_borders, cloud, grid, resized, smooth

WIDTH, HEIGHT = 900, 1125
SHAPE = (HEIGHT, WIDTH)
TONES = {"light": "e9cdbc", "fair": "e3c3a3", "mid": "c99f78", "deep": "7a4f36", "dark": "5f4031"}
# how strongly melanin and blood absorb red, green and blue
_MELANIN = numpy.array([0.20, 0.42, 0.68], "f4")
_BLOOD = numpy.array([0.05, 0.42, 0.34], "f4")


@dataclass
class Skin:
    """What a lesion is painted into; `flakes` are dry scales, `gloss` shines."""

    rng: numpy.random.Generator
    tone: str
    melanin: Field
    blood: Field
    height: Field
    hair: Field
    flakes: Field
    gloss: float = 0.03


@lru_cache(maxsize=12)
def _base(seed: int, step: float, hairs: int, hair_length: float) -> tuple[Field, ...]:
    rng = numpy.random.default_rng(1000 + seed)
    melanin = 0.03 * cloud(rng, *SHAPE, 4) + 0.025 * cloud(rng, *SHAPE, 30, 3)
    blood = 0.04 * cloud(rng, *SHAPE, 5) + 0.035 * cloud(rng, *SHAPE, 24, 3)
    angle = rng.random() * 3
    fine = numpy.exp(-((cell_borders(rng, *SHAPE, step, angle, 1.7) / 0.13) ** 2))
    coarse = cell_borders(rng, HEIGHT // 2, WIDTH // 2, step * 1.3, angle + 0.9, 1.3)
    coarse = numpy.exp(-((resized(coarse, *SHAPE) / 0.09) ** 2))
    height = -0.8 * smooth(fine, 0.8) - 0.5 * smooth(coarse, 1.2) + 0.22 * cloud(rng, *SHAPE, 60, 3)
    pores = (rng.random(SHAPE) > 0.9994).astype("f4")
    return melanin + 1.2 * smooth(pores, 1.6), blood, height, _hair(rng, hairs, hair_length, angle + 0.8)


def _hair(rng, count: int, length: float, angle: float) -> Field:
    field = numpy.zeros(SHAPE, "f4")
    for _ in range(count):
        steps = int(length * 2 * (0.6 + 0.8 * rng.random()))
        bend = angle + rng.normal() * 0.25 + rng.normal() * 0.004 * numpy.arange(steps)
        x = (rng.random() * WIDTH + numpy.cumsum(numpy.cos(bend)) * 0.5).astype(int)
        y = (rng.random() * HEIGHT + numpy.cumsum(numpy.sin(bend)) * 0.5).astype(int)
        inside = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
        field[y[inside], x[inside]] = (1 - numpy.linspace(0, 0.6, steps))[inside]
    return smooth(field, 0.75) * 1.5


def skin(seed: int, tone: str, *, step: float = 13, hairs: int = 26, hair_length: float = 70) -> Skin:
    """A fresh patch; few reliefs serve all seeds, because making one takes half of the time."""
    melanin, blood, height, hair = (field.copy() for field in _base(seed % 2, step, hairs, hair_length))
    flakes = numpy.zeros(SHAPE, "f4")
    return Skin(numpy.random.default_rng(seed), TONES[tone], melanin, blood, height, hair, flakes)


def tone_light(code: str) -> Field:
    """A hex colour as linear light."""
    return (numpy.array([int(code[i : i + 2], 16) for i in (0, 2, 4)], "f4") / 255) ** 2.2


def compose(skin: Skin, *, lamp=(0.7, 0.5), relief: float = 0.055) -> Field:
    """Linear light (height, width, 3)."""
    down, across = numpy.gradient(skin.height)
    slope = across * lamp[0] + down * lamp[1]
    density = skin.melanin[..., None] * _MELANIN + skin.blood[..., None] * _BLOOD
    picture = tone_light(skin.tone) * numpy.exp(-2 * density)
    picture *= numpy.clip(1 + relief * 3 * slope, 0.6, 1.4)[..., None]
    picture *= (1 - 0.75 * numpy.clip(skin.hair, 0, 1))[..., None]
    picture += skin.gloss * numpy.clip(slope * 2, 0, 1)[..., None]
    dry = numpy.clip(skin.flakes, 0, 0.9)[..., None]
    return picture * (1 - dry) + dry * numpy.array([0.62, 0.58, 0.56], "f4") * picture.mean() * 2.6


def lit(picture: Field, x: float = 0.4, y: float = 0.35, fall: float = 0.35, gain: float = 1.0) -> Field:
    """A lamp that falls off from (x, y), in shares of width and height."""
    down, across = grid(*picture.shape[:2])
    distance = (across / picture.shape[1] - x) ** 2 + (down / picture.shape[0] - y) ** 2
    return picture * (gain * (1.05 - fall * distance))[..., None]
