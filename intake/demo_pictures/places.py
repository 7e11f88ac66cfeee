"""Where on the body: the overview of a skin problem shows the place that the case names. Linear light, as in `scenes`."""

from collections.abc import Callable

import numpy

from intake.demo_pictures.faces import Face
from intake.demo_pictures.lesions import PAINTERS
from intake.demo_pictures.noise import Field, grid, soft_step
from intake.demo_pictures.scenes import cloth, face, limb
from intake.demo_pictures.skin import HEIGHT, SHAPE, WIDTH, Skin, compose, lit, skin

Scene = Callable[[str, str, int], Field]


def _size(kind: str, mole: float, more: float) -> float:
    return mole if kind.endswith("mole") else more


def _on_face(*spots: tuple[float, float]) -> Scene:
    """The finding at each spot of a face (across and down, in half widths; across counts towards the person's left)."""

    def scene(kind: str, tone: str, seed: int) -> Field:
        def finding(patch: Skin, whole: Face) -> None:
            for across, down in spots:
                PAINTERS[kind](patch, whole.at(across, down), _size(kind, 20, 46))

        return face(kind, tone, seed, finding)

    return scene


def _trunk(spot: tuple[float, float], landmarks: Callable[[Skin, Field, Field], None]) -> Scene:
    """A trunk that fills the picture; spot in shares of width and height."""

    def scene(kind: str, tone: str, seed: int) -> Field:
        patch = skin(seed, tone, step=5, hairs=0)  # the relief of faces, which is made already
        y, x = grid(*SHAPE)
        across = (x - WIDTH / 2) / (WIDTH * (0.50 - 0.05 * numpy.sin(y / HEIGHT * numpy.pi)))
        roundness = numpy.sqrt(numpy.clip(1 - across * across, 0, 1))
        landmarks(patch, across, y / HEIGHT)
        PAINTERS[kind](patch, (WIDTH * spot[0], HEIGHT * spot[1]), _size(kind, 24, 74))
        body = compose(patch, relief=0.03) * numpy.clip(0.34 + 0.72 * roundness - 0.10 * across, 0.15, 1.05)[..., None]
        inside = soft_step((1 - numpy.abs(across)) * 90)[..., None]
        return lit(cloth(patch, x, y) * (1 - inside) + body * inside, 0.4, 0.3, 0.35, 1.05)

    return scene


def _ridge(distance: Field, width: float) -> Field:
    return numpy.exp(-((distance / width) ** 2))


def _back(patch: Skin, across: Field, down: Field) -> None:
    patch.melanin += 0.22 * _ridge(across, 0.05) * (0.6 + 0.4 * down)
    for side in (-1, 1):
        blade = side * across - 0.36 - 0.16 * (down - 0.3)
        patch.melanin += 0.16 * _ridge(blade, 0.035) * soft_step((down - 0.12) / 0.08) * soft_step((0.52 - down) / 0.08)
        patch.height += 26 * _ridge(side * across - 0.52, 0.22) * _ridge(down - 0.3, 0.24)


def _chest(patch: Skin, across: Field, down: Field) -> None:
    patch.melanin += 0.14 * _ridge(across, 0.04) * soft_step((down - 0.2) / 0.1)
    for side in (-1, 1):
        bone = down - 0.12 + 0.05 * (side * across) - 0.02 * numpy.sin(side * across * 5)
        here = soft_step((side * across - 0.05) / 0.03)
        patch.height += 34 * _ridge(bone, 0.022) * here
        patch.melanin += 0.16 * _ridge(bone - 0.04, 0.02) * here


def _belly(patch: Skin, across: Field, down: Field) -> None:
    patch.melanin += 0.08 * _ridge(across, 0.03) * soft_step((0.62 - down) / 0.05)
    navel = numpy.hypot(across / 0.055, (down - 0.70) / 0.03)
    patch.melanin += 1.3 * numpy.exp(-(navel**2)) + 0.3 * _ridge(navel - 1.3, 0.4)
    patch.height -= 18 * numpy.exp(-((navel / 1.2) ** 2))


def _scalp(kind: str, tone: str, seed: int) -> Field:
    """From above, the hair thin."""
    patch = skin(seed, tone, step=7, hairs=1500, hair_length=110)
    PAINTERS[kind](patch, (WIDTH * 0.52, HEIGHT * 0.46), _size(kind, 34, 96))
    y, x = grid(*SHAPE)
    far = numpy.hypot((x - WIDTH / 2) / (WIDTH * 0.62), (y - HEIGHT * 0.5) / (HEIGHT * 0.60))
    roundness = numpy.sqrt(numpy.clip(1 - far * far, 0, 1))
    return lit(compose(patch, relief=0.04) * (0.30 + 0.75 * roundness)[..., None], 0.42, 0.32, 0.35, 1.05)


# the back of a left hand, fingers up: (x, y, radius) in shares of the width, from the knuckle to the tip; the last is the thumb
_FINGERS = (
    ((0.27, 0.62, 0.062), (0.17, 0.34, 0.047)),
    ((0.39, 0.56, 0.068), (0.345, 0.19, 0.052)),
    ((0.51, 0.55, 0.070), (0.51, 0.14, 0.054)),
    ((0.63, 0.58, 0.068), (0.68, 0.21, 0.052)),
    ((0.68, 0.80, 0.080), (0.88, 0.56, 0.056)),
)
_PALM = (
    ((0.33, 0.68, 0.12), (0.42, 0.98, 0.14)),
    ((0.47, 0.64, 0.13), (0.50, 0.98, 0.16)),
    ((0.58, 0.70, 0.12), (0.56, 0.98, 0.14)),
    ((0.50, 0.98, 0.15), (0.64, 0.82, 0.10)),
    ((0.50, 0.98, 0.17), (0.50, 1.40, 0.155)),
)
_JOINTS = (0.42, 0.74)


def _along(part: tuple, x: Field, y: Field) -> tuple[Field, Field]:
    """How far along a part (0 to 1), and how far across it (1 at its border)."""
    (x0, y0, r0), (x1, y1, r1) = ((a * WIDTH, b * WIDTH, c * WIDTH) for a, b, c in part)
    dx, dy = x1 - x0, y1 - y0
    t = numpy.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
    return t, numpy.hypot(x - x0 - t * dx, y - y0 - t * dy) / (r0 + (r1 - r0) * t)


def _finger(patch: Skin, part: tuple, x: Field, y: Field) -> Field:
    """Joints and the nail's border go into the skin; returns the nail (0-1)."""
    (bx, by, _), (tx, ty, radius) = part
    t, across = _along(part, x, y)
    patch.melanin += 0.30 * _ridge(across - 1, 0.10) * (t > 0.05)
    for joint in _JOINTS:
        for shift in (-0.022, 0, 0.022):
            patch.melanin += 0.13 * _ridge(t - joint - shift, 0.006) * (across < 0.75)
    unit = radius * numpy.hypot(tx - bx, ty - by)
    right, down = x / WIDTH - tx, y / WIDTH - ty
    up = (right * (tx - bx) + down * (ty - by)) / unit
    beside = (right * (ty - by) - down * (tx - bx)) / unit
    far = numpy.hypot(beside, (up - 0.12) * 0.72)
    patch.melanin += 0.35 * _ridge(far - 0.60, 0.07)
    return soft_step((0.58 - far) * 18)


def _hand(kind: str, tone: str, seed: int) -> Field:
    patch = skin(seed, tone, step=5, hairs=0)
    y, x = grid(*SHAPE)
    nearest = numpy.min([_along(part, x, y)[1] for part in _PALM + _FINGERS], axis=0)
    roundness = numpy.sqrt(numpy.clip(1 - nearest * nearest, 0, 1))
    nails = numpy.max([_finger(patch, part, x, y) for part in _FINGERS], axis=0)
    PAINTERS[kind](patch, (WIDTH * 0.47, WIDTH * 0.86), _size(kind, 22, 52))
    patch.melanin *= 1 - 0.5 * nails
    patch.blood += 0.22 * nails
    hand = compose(patch, relief=0.03) * numpy.clip(0.38 + 0.66 * roundness, 0.2, 1.05)[..., None]
    hand += (0.05 * nails * roundness)[..., None]
    inside = soft_step((1 - nearest) * 40)[..., None]
    shadow = 1 - 0.5 * numpy.exp(-(((nearest - 1.05) / 0.22) ** 2))[..., None]
    return lit(cloth(patch, x, y) * shadow * (1 - inside) + hand * inside, 0.4, 0.3, 0.35, 1.05)


_UPPER_BACK = _trunk((0.64, 0.34), _back)
OVERVIEWS: dict[str, Scene] = {
    "forehead": _on_face((0.12, -0.76)),
    "cheek": _on_face((0.60, 0.30)),
    "face": _on_face((-0.56, 0.22), (0.56, 0.26)),
    "chest": _trunk((0.55, 0.46), _chest),
    "abdomen": _trunk((0.42, 0.44), _belly),
    "upper_back": _UPPER_BACK,
    "back": _UPPER_BACK,
    "trunk": _UPPER_BACK,
    "scalp": _scalp,
    "hand": _hand,
}


def overview(site: str) -> Scene:
    """The scene of a site's key; what has none of its own is shown on a limb."""
    return OVERVIEWS.get(site, limb)
