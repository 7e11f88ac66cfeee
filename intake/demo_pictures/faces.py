"""Eyes and the middle of a face, drawn into skin. Lengths are in units: half of an eye's width, or half of a face's."""

from dataclasses import dataclass

import numpy

from intake.demo_pictures.noise import Field, grid, soft_step, waves
from intake.demo_pictures.skin import HEIGHT, SHAPE, WIDTH, Skin


@dataclass(frozen=True)
class Eye:
    """Where an eye is, how wide in px (half), where it looks (-1 to 1), how red it is (0 to 1), and whether it is open."""

    centre: tuple[float, float]
    half: float
    gaze: tuple[float, float] = (0.0, 0.0)
    red: float = 0.0
    closed: bool = False


def _lids(eye: Eye) -> tuple[Field, Field, Field, Field]:
    """Across (-1 to 1 inside), down in px, and the two lid edges in px."""
    y, x = grid(*SHAPE)
    across, down = (x - eye.centre[0]) / eye.half, y - eye.centre[1]
    bow = numpy.clip(numpy.abs(across), 0, 1)
    top = -eye.half * 0.40 * (1 - bow**2.1) * (1 + 0.12 * across) * (1 + 0.18 * -eye.gaze[1])
    bottom = eye.half * 0.29 * (1 - bow**2.3)
    return across, down, bottom * 0.72 if eye.closed else top, bottom


def paint_eye(skin: Skin, eye: Eye) -> tuple[Field, Field]:
    """Crease, lashes and rim go into the skin; returns the opening (0-1) and the light of what lies in it."""
    across, down, top, bottom = _lids(eye)
    unit = eye.half / 360
    wide = numpy.abs(across) < 1.02
    crease_at = -eye.half * 0.55 * (1 - numpy.clip(numpy.abs(across), 0, 1) ** 2.1)
    skin.melanin += 0.34 * wide * numpy.exp(-(((down - crease_at) / (9 * unit)) ** 2))
    skin.melanin += 0.10 * numpy.exp(-((down / (170 * unit)) ** 2) - across**2 / 2)
    skin.blood += (0.14 + 0.5 * eye.red) * numpy.exp(-((down / (150 * unit)) ** 2) - across**2)
    skin.melanin += 1.7 * wide * numpy.exp(-(((down - top) / (8 * unit + 0.6)) ** 2))
    skin.melanin += 0.45 * wide * numpy.exp(-(((down - bottom) / (5 * unit + 0.5)) ** 2))
    _lashes(skin, eye, unit)
    opening = soft_step((down - top) / (2 * unit + 0.4)) * soft_step((bottom - down) / (2 * unit + 0.4)) * wide
    return opening * (0 if eye.closed else 1), _eyeball(skin, eye, top)


def _lashes(skin: Skin, eye: Eye, unit: float) -> None:
    edge = 0.29 * 0.72 if eye.closed else -0.40
    side = 1 if eye.closed else -1
    for share in numpy.linspace(-0.92, 0.92, 46):
        bow = 1 - abs(share) ** 2.1
        t = numpy.linspace(0, 1, int(150 * unit) + 4)
        x = eye.centre[0] + (share + 0.16 * share * t + 0.03 * skin.rng.normal() * t) * eye.half
        y = eye.centre[1] + edge * bow * eye.half + side * t * (62 + 12 * skin.rng.normal()) * unit * (1 - 0.3 * t)
        keep = (x >= 1) & (x < WIDTH - 1) & (y >= 0) & (y < HEIGHT)
        column, row = x[keep].astype(int), y[keep].astype(int)
        weight = (1 - 0.7 * t[keep]) * min(1.0, 0.35 + unit)
        for shift in (0, 1):
            skin.hair[row, column + shift] = numpy.maximum(skin.hair[row, column + shift], weight)


def _eyeball(skin: Skin, eye: Eye, top: Field) -> Field:
    y, x = grid(*SHAPE)
    unit = eye.half / 360
    middle = (eye.centre[0] + eye.gaze[0] * eye.half * 0.3, eye.centre[1] + eye.half * (-0.05 + 0.2 * eye.gaze[1]))
    white = _white(skin, eye, x, unit)
    far = numpy.hypot(x - middle[0], y - middle[1])
    radius = eye.half * 0.33
    angle = numpy.arctan2(y - middle[1], x - middle[0])
    spokes = 0.75 + 0.25 * numpy.sin(angle * 46 + 4 * waves(skin.rng, *SHAPE, 20 / unit))
    ring = 0.5 + numpy.exp(-(((far - radius * 0.75) / (radius * 0.5)) ** 2))
    iris = numpy.array([0.16, 0.085, 0.04], "f4") * (spokes * ring)[..., None]
    in_iris = soft_step((radius - far) / (2 * unit + 0.3))[..., None]
    pupil = soft_step((radius * 0.38 - far) / (1.5 * unit + 0.3))[..., None]
    ball = (white * (1 - in_iris) + iris * in_iris) * (1 - 0.97 * pupil)
    lid_shadow = numpy.exp(-(((y - eye.centre[1] - top) / (30 * unit)) ** 2))
    glint = numpy.exp(-((x - middle[0] + 36 * unit) ** 2 + (y - middle[1] + 40 * unit) ** 2) / (210 * unit * unit + 1))
    return ball * (1 - 0.5 * lid_shadow)[..., None] + 0.8 * glint[..., None]


def _white(skin: Skin, eye: Eye, x: Field, unit: float) -> Field:
    vessels = numpy.zeros(SHAPE, "f4")
    for k in range(7):
        line = numpy.abs(waves(skin.rng, *SHAPE, (5 + 2 * k) / max(unit, 0.2)))
        vessels += 0.55 * numpy.exp(-((line / 0.05) ** 2))
    corner = numpy.clip(numpy.abs((x - eye.centre[0]) / eye.half) - 0.2, 0, 1)
    red = numpy.clip(vessels * (0.12 + 0.3 * corner + eye.red) + 0.55 * eye.red, 0, 1)[..., None]
    return numpy.array([0.66, 0.60, 0.56], "f4") * (1 - red * numpy.array([0.12, 0.66, 0.60], "f4"))


@dataclass(frozen=True)
class Face:
    """The middle of a face: `centre` between the eyes and the mouth, `half` its half width, px."""

    centre: tuple[float, float]
    half: float

    def at(self, across: float, down: float) -> tuple[float, float]:
        return self.centre[0] + across * self.half, self.centre[1] + down * self.half


def _bump(face: Face, across: float, down: float, wide: float, tall: float) -> Field:
    y, x = grid(*SHAPE)
    cx, cy = face.at(across, down)
    return numpy.exp(-(((x - cx) / (wide * face.half)) ** 2) - ((y - cy) / (tall * face.half)) ** 2)


def paint_nose(skin: Skin, face: Face) -> None:
    high = face.half * 0.42
    skin.height += high * 0.50 * _bump(face, 0, -0.25, 0.13, 0.45)
    skin.height += high * 0.75 * _bump(face, 0, 0.22, 0.20, 0.18)
    for side in (-1, 1):
        skin.height += high * 0.34 * _bump(face, side * 0.23, 0.28, 0.10, 0.10)
        skin.melanin += 3.2 * _bump(face, side * 0.115, 0.395, 0.065, 0.028)
        skin.melanin += 0.22 * _bump(face, side * 0.33, 0.28, 0.03, 0.09)
        skin.melanin += 0.22 * _bump(face, side * 0.20, -0.30, 0.07, 0.25)
    skin.melanin += 0.4 * _bump(face, 0, 0.44, 0.16, 0.03)
    skin.blood += 0.16 * _bump(face, 0, 0.24, 0.24, 0.16)


def paint_mouth(skin: Skin, face: Face) -> None:
    y, x = grid(*SHAPE)
    across = (x - face.centre[0]) / (0.40 * face.half)
    down = (y - face.centre[1]) / face.half - 0.86
    bow = numpy.clip(1 - across**2, 0, 1)
    upper = soft_step((down + 0.085 * bow + 0.02 * numpy.cos(across * 5) * bow) / 0.008)
    lips = upper * soft_step((0.13 * bow**0.7 - down) / 0.008) * (numpy.abs(across) < 1)
    skin.blood += 0.75 * lips
    skin.melanin += 0.22 * lips + 1.3 * numpy.exp(-(((down - 0.012 * numpy.cos(across * 5)) / 0.011) ** 2)) * (
        bow > 0.02
    )
    skin.melanin += 0.3 * _bump(face, 0, 1.03, 0.22, 0.03)


def paint_brows(skin: Skin, face: Face) -> None:
    y, x = grid(*SHAPE)
    strands = 1.0 + 0.3 * waves(skin.rng, *SHAPE, 120 * 400 / face.half)
    for side in (-1, 1):
        across = side * (x - face.centre[0]) / face.half
        arch = -0.60 - 0.10 * numpy.sin(numpy.clip((across - 0.16) / 0.62, 0, 1) * 2.4)
        thick = 0.048 * (1.1 - numpy.clip((across - 0.16) / 0.66, 0, 1))
        down = (y - face.centre[1]) / face.half - arch
        inside = soft_step((across - 0.15) / 0.02) * soft_step((0.80 - across) / 0.02)
        skin.melanin += 2.0 * numpy.clip(strands, 0, 1.6) * inside * numpy.exp(-((down / thick) ** 2))


def head(face: Face) -> tuple[Field, Field]:
    """The mask of the head (0-1) and the shade of its roundness."""
    y, x = grid(*SHAPE)
    u, v = (x - face.centre[0]) / (1.12 * face.half), (y - face.centre[1]) / (1.75 * face.half)
    far = u * u + v**2
    round_ = numpy.sqrt(numpy.clip(1 - far, 0, 1))
    return soft_step((1 - far) * 60), numpy.clip(0.42 + 0.66 * round_ - 0.10 * u, 0.2, 1.1)
