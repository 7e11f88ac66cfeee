"""Where this case and the earlier ones of the same person lie, on the drawings of the body that the patient picked from."""

from dataclasses import dataclass

from intake import bodymap
from intake.models import Case


@dataclass(frozen=True)
class Part:
    shape: bodymap.Shape
    look: str


@dataclass(frozen=True)
class Pin:
    x: float
    y: float
    label: str

    @property
    def text_y(self) -> float:
        return self.y + 5


@dataclass(frozen=True)
class Drawing:
    view: bodymap.View
    parts: list[Part]
    pins: list[Pin]


def drawings(case: Case, earlier: list[Case]) -> list[Drawing]:
    """Only the drawings on which something lies. Earlier cases carry their number of the list as a pin."""
    made = []
    for view in bodymap.VIEWS:
        parts = [Part(shape, _look(shape, case, earlier)) for shape in view.shapes]
        pins = [pin for n, other in enumerate(earlier, start=1) if (pin := _pin(view, other, str(n)))]
        own = _pin(view, case, "")
        pins += [own] if own else []
        if pins or any(part.look in {"r on", "r before"} for part in parts):
            made.append(Drawing(view, parts, pins))
    return made


def _look(shape: bodymap.Shape, case: Case, earlier: list[Case]) -> str:
    if not shape.site:
        return "ln"
    if _covers(shape, case):
        return "r on"
    return "r before" if any(_covers(shape, other) for other in earlier) else "r"


def _covers(shape: bodymap.Shape, case: Case) -> bool:
    return bool(case.site) and shape.site == case.site and (not shape.side or case.side in {shape.side, "both"})


def _pin(view: bodymap.View, case: Case, label: str) -> Pin | None:
    if case.point_view != view.key or case.point_x is None or case.point_y is None:
        return None
    left, top, width, height = view.box
    return Pin(left + case.point_x * width, top + case.point_y * height, label)
