"""What the skin shows. Each painter takes the skin, a centre in px, and a size in px, and changes the maps in place."""

import numpy

from intake.demo_pictures.noise import blob, cloud, smooth, waves
from intake.demo_pictures.skin import SHAPE, Skin


def changing_mole(skin: Skin, centre, size: float) -> None:
    """Larger than 6 mm, uneven in outline and colour."""
    mask = _mole(skin, centre, size, wobble=0.34, darker=1.5)
    patch, _ = blob(
        skin.rng, SHAPE, (centre[0] - size * 0.45, centre[1] + size * 0.3), size * 0.34, wobble=0.3, soft=0.16
    )
    skin.melanin += 0.5 * patch * mask
    skin.blood += 0.3 * patch


def quiet_mole(skin: Skin, centre, size: float) -> None:
    _mole(skin, centre, size * 0.72, wobble=0.17, darker=0.25)


def _mole(skin: Skin, centre, size: float, *, wobble: float, darker: float):
    x, y = centre
    mask, distance = blob(skin.rng, SHAPE, centre, size, wobble=wobble, aspect=1.22, turn=0.5, soft=0.06)
    dark, _ = blob(
        skin.rng, SHAPE, (x + size * 0.32, y - size * 0.22), size * 0.5, wobble=0.3, aspect=1.3, turn=1.1, soft=0.16
    )
    texture = 0.16 * cloud(skin.rng, *SHAPE, 34, 4)
    skin.melanin += mask * (1.05 + 1.3 * texture) + dark * darker * mask
    skin.blood += mask * 0.12 + 0.14 * numpy.exp(-(((distance - 1.15) / 0.25) ** 2))
    skin.height[:] = skin.height * (1 - 0.55 * mask) + smooth(mask, max(1.0, size / 12)) * size / 50
    skin.height += mask * 0.5 * waves(skin.rng, *SHAPE, 70)
    return mask


def papules(skin: Skin, centre, size: float) -> None:
    """A crop of small red bumps."""
    crop = numpy.zeros(SHAPE, "f4")
    for _ in range(11):
        angle, far = skin.rng.random() * 6.3, skin.rng.random() ** 0.6 * size * 1.7
        spot = (centre[0] + far * numpy.cos(angle), centre[1] + far * numpy.sin(angle) * 1.15)
        mask, _ = blob(
            skin.rng, SHAPE, spot, size * (0.13 + 0.08 * skin.rng.random()), wobble=0.25, aspect=1.1, soft=0.16
        )
        crop = numpy.maximum(crop, mask)
    skin.blood += crop * 0.85
    skin.melanin += crop * 0.06
    skin.height += smooth(crop, max(1.0, size / 28)) * size / 24


def rash(skin: Skin, centre, size: float) -> None:
    """Scaly plaques: red on light skin, violet-brown on dark skin."""
    dark = skin.tone < "90"
    area = _plaques(skin, centre, size)
    texture = area * (1 + 0.18 * cloud(skin.rng, *SHAPE, 26, 4))
    skin.melanin += texture * (0.48 if dark else 0.06)
    skin.blood += texture * (0.26 if dark else 0.62)
    skin.height += smooth(area, max(1.0, size / 30)) * size / 40
    dry = area * numpy.clip(0.15 + 0.5 * cloud(skin.rng, *SHAPE, 22 * 165 / size, 5, 0.75), 0, 1)
    skin.flakes = numpy.maximum(skin.flakes, dry * (0.38 if dark else 0.26))


def _plaques(skin: Skin, centre, size: float):
    area = numpy.zeros(SHAPE, "f4")
    start = skin.rng.random() * 6.3
    for i, share in enumerate((0.85, 0.62, 0.45, 0.34, 0.26)):
        far, angle = (0 if i == 0 else size * (1.15 + 0.5 * skin.rng.random())), start + i * 1.7
        spot = (centre[0] + far * numpy.cos(angle), centre[1] + far * numpy.sin(angle) * 1.2)
        turn = skin.rng.random() * 3
        mask, _ = blob(skin.rng, SHAPE, spot, size * share, wobble=0.3, aspect=1.25, turn=turn, soft=0.10)
        area = numpy.maximum(area, mask)
    return area


def sore(skin: Skin, centre, size: float) -> None:
    """A pearly bump with fine vessels and a small crust in its middle."""
    mask, distance = blob(skin.rng, SHAPE, centre, size * 0.75, wobble=0.07, aspect=1.1, turn=0.4, soft=0.10)
    vessels = numpy.exp(-((numpy.abs(waves(skin.rng, *SHAPE, 9 * 110 / size)) / 0.08) ** 2))
    crust, _ = blob(skin.rng, SHAPE, centre, size * 0.26, wobble=0.3, soft=0.12)
    skin.blood += mask * 0.42 + 0.22 * numpy.exp(-(((distance - 1) / 0.2) ** 2)) + 0.5 * mask * vessels + crust * 0.9
    skin.melanin += crust * 0.7
    skin.height[:] = skin.height * (1 - 0.8 * mask) + smooth(mask, max(1.0, size / 9)) * size / 9
    skin.height -= smooth(crust, max(1.0, size / 20)) * size / 14
    skin.gloss = 0.08


def lid_bump(skin: Skin, centre, size: float) -> None:
    """A firm, reddish swelling, as of a blocked gland."""
    mask, _ = blob(skin.rng, SHAPE, centre, size * 0.7, wobble=0.08, aspect=1.3, soft=0.18)
    skin.blood += mask * 1.0
    skin.height += smooth(mask, max(1.0, size / 7)) * size / 2.4
    skin.gloss = 0.06


PAINTERS = {
    "changing_mole": changing_mole,
    "quiet_mole": quiet_mole,
    "papules": papules,
    "rash": rash,
    "nose_sore": sore,
    "eyelid_bump": lid_bump,
}
