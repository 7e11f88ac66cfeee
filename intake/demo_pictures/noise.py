"""Textures: smooth noise, cell borders, irregular blobs. Arrays are (height, width) float32."""

from functools import lru_cache

import numpy
from PIL import Image

Field = numpy.ndarray


@lru_cache(maxsize=4)
def grid(height: int, width: int) -> tuple[Field, Field]:
    y, x = numpy.mgrid[0:height, 0:width].astype("f4")
    return y, x


def resized(field: Field, height: int, width: int) -> Field:
    return numpy.asarray(Image.fromarray(field.astype("f4")).resize((width, height), Image.Resampling.BICUBIC))


def smooth(field: Field, sigma: float) -> Field:
    """Gaussian blur; wide ones on a smaller copy."""
    if sigma > 3:
        height, width = field.shape
        factor = int(sigma // 1.5)
        small = resized(field, max(2, height // factor), max(2, width // factor))
        return resized(smooth(small, sigma / factor), height, width)
    reach = max(1, int(sigma * 3))
    offsets = numpy.arange(-reach, reach + 1)
    kernel = numpy.exp(-(offsets**2) / (2 * sigma * sigma))
    kernel = (kernel / kernel.sum()).astype("f4")
    return _along(_along(field.astype("f4"), kernel).T, kernel).T


def _along(field: Field, kernel: Field) -> Field:
    reach, rows = len(kernel) // 2, field.shape[0]
    padded = numpy.pad(field, ((reach, reach), (0, 0)), mode="reflect")
    return sum(weight * padded[i : i + rows] for i, weight in enumerate(kernel))


def waves(rng, height: int, width: int, cells: float) -> Field:
    """Smooth noise with about `cells` bumps across the width; standard deviation 1."""
    cells = max(2, round(cells))
    knots = rng.normal(size=(max(2, int(cells * height / width)) + 2, cells + 2))
    field = resized(knots, height, width)
    return field / (field.std() + 1e-6)


def cloud(rng, height: int, width: int, cells: float, octaves: int = 5, fade: float = 0.55) -> Field:
    field = sum(fade**i * waves(rng, height, width, min(cells * 2**i, width // 2)) for i in range(octaves))
    return field / field.std()


def cell_borders(rng, height: int, width: int, step: float, angle: float, stretch: float) -> Field:
    """Distance between nearest and second-nearest point of a jittered grid: 0 on the borders of cells, as in skin lines."""
    y, x = grid(height, width)
    x, y = x + 6 * waves(rng, height, width, 6), y + 6 * waves(rng, height, width, 6)
    cos, sin = numpy.cos(angle), numpy.sin(angle)
    u, v = (cos * x + sin * y) / step, (-sin * x + cos * y) / step * stretch
    across, down = numpy.floor(u).astype("i4"), numpy.floor(v).astype("i4")
    jitter = rng.random((97, 89, 2)).astype("f4")
    near = numpy.full((height, width), 9.0, "f4")
    second = near.copy()
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            point = jitter[(across + i) % 97, (down + j) % 89]
            far = numpy.sqrt((across + i + point[..., 0] - u) ** 2 + (down + j + point[..., 1] - v) ** 2)
            second = numpy.minimum(second, numpy.maximum(near, far))
            near = numpy.minimum(near, far)
    return (second - near).astype("f4")


def blob(rng, shape, centre, radius: float, *, wobble=0.16, aspect=1.0, turn=0.0, soft=0.08) -> tuple[Field, Field]:
    """An irregular spot: its mask 0-1 and the distance from its centre in units of its own edge (9 far away)."""
    mask, distance = numpy.zeros(shape, "f4"), numpy.full(shape, 9.0, "f4")
    reach = int(radius * aspect * 2.6) + 4
    top, left = max(0, int(centre[1]) - reach), max(0, int(centre[0]) - reach)
    window = numpy.s_[top : int(centre[1]) + reach, left : int(centre[0]) + reach]
    y, x = (axis[window] for axis in grid(*shape))
    if y.size:
        place = (x - centre[0], y - centre[1])
        distance[window] = _wobbly(rng, *place, radius, wobble, aspect, turn)
        mask[window] = soft_step((1 - distance[window]) / soft)
    return mask, distance


def _wobbly(rng, x: Field, y: Field, radius: float, wobble: float, aspect: float, turn: float) -> Field:
    cos, sin = numpy.cos(turn), numpy.sin(turn)
    u, v = (cos * x + sin * y) / aspect, -sin * x + cos * y
    angle, edge = numpy.arctan2(v, u), numpy.ones_like(x)
    for k in range(2, 9):
        edge += wobble / k**1.15 * numpy.cos(k * angle + rng.random() * 6.3) * rng.normal() * 0.8
    rough = 0.05 * cloud(rng, *x.shape, 14, 3)
    return numpy.hypot(u, v) / (radius * numpy.clip(edge, 0.4, 2)) + rough


def soft_step(field: Field) -> Field:
    return 1 / (1 + numpy.exp(-numpy.clip(field, -40, 40)))
