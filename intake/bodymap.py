"""The body map: our own drawing, whose regions are the keys of intake/sites.py. The list of sites is the real control;
the drawing is another way to pick from it. Points are kept as shares of a view, so that the drawing may change.

Front view: the patient faces us, so the right side is drawn on the left. Back view: left is left.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """One region: a site key, the patient's own side ("" in the middle), and an SVG path."""

    site: str
    side: str
    path: str


@dataclass(frozen=True)
class View:
    """`start_side` and `end_side`: which side of the patient is at the left and the right edge of the drawing."""

    key: str
    label: str | Promise
    width: int
    height: int
    shapes: tuple[Shape, ...]
    start_side: str = "right"
    eyes: bool = False

    @property
    def end_side(self) -> str:
        return "left" if self.start_side == "right" else "right"


def _path(points: list[Point]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "Z"


def _mirrored(points: list[Point], width: int) -> list[Point]:
    return [(width - x, y) for x, y in points]


def _middle(site: str, *half: Point, width: int = 200) -> list[Shape]:
    """A region across the middle, given by its left half from top to bottom."""
    points = list(half)
    return [Shape(site, "", _path(points + _mirrored(points, width)[::-1]))]


def _pair(site: str, *points: Point, width: int = 200, start: str = "right") -> list[Shape]:
    """A region and its mirror picture; `start` is the patient's side that is drawn at the left."""
    other = "left" if start == "right" else "right"
    return [
        Shape(site, start, _path(list(points))),
        Shape(site, other, _path(_mirrored(list(points), width))),
    ]


def _round(x: float, y: float, r: float) -> list[Point]:
    return [(x - r, y), (x - r * 0.7, y - r * 0.7), (x, y - r), (x + r * 0.7, y - r * 0.7), (x + r, y)] + [
        (x + r * 0.7, y + r * 0.7),
        (x, y + r),
        (x - r * 0.7, y + r * 0.7),
    ]


_UPPER_ARM = [(74, 78), (62, 80), (54, 90), (49, 116), (46, 136), (58, 140), (63, 118), (66, 102), (66, 84)]
_ELBOW = [(46, 136), (58, 140), (55, 154), (43, 150)]
_FOREARM = [(43, 150), (55, 154), (50, 178), (44, 198), (34, 196), (37, 172)]
_WRIST = [(34, 196), (44, 198), (43, 206), (32, 204)]
_HAND = [(32, 204), (43, 206), (45, 220), (40, 232), (29, 230), (27, 214)]
_FINGERS = [(29, 230), (40, 232), (38, 248), (33, 250), (28, 246)]
_KNEE = [(72, 262), (93, 262), (92, 284), (73, 284)]
_LOWER_LEG = [(73, 284), (92, 284), (93, 310), (89, 350), (77, 350), (71, 312)]
_ANKLE = [(77, 350), (89, 350), (89, 362), (77, 362)]

FRONT = View(
    "front",
    _("Front"),
    200,
    392,
    (
        *_middle("scalp", (100, 4), (90, 6), (83, 14), (82, 24), (100, 24)),
        *_middle("face", (100, 24), (82, 24), (82, 40), (86, 52), (93, 61), (100, 64)),
        *_middle("neck", (100, 64), (93, 61), (91, 60), (91, 72), (100, 76)),
        *_middle("chest", (100, 76), (91, 72), (74, 78), (66, 84), (66, 104), (70, 124), (100, 126)),
        *_middle("abdomen", (100, 126), (70, 124), (71, 148), (69, 170), (100, 172)),
        *_middle("umbilicus", (100, 150), (97, 151), (97, 155), (100, 156)),
        *_pair("areola", *_round(84, 106, 3.4)),
        *_pair("groin", (69, 170), (100, 172), (98, 186), (90, 192), (67, 182)),
        *_middle("genitalia", (100, 174), (95, 176), (93, 188), (100, 197)),
        *_pair("upper_arm", *_UPPER_ARM),
        *_pair("axilla", (66, 94), (61, 103), (63, 112), (68, 107)),
        *_pair("elbow_flexure", *_ELBOW),
        *_pair("forearm_anterior", *_FOREARM),
        *_pair("wrist", *_WRIST),
        *_pair("palm", *_HAND),
        *_pair("finger", *_FINGERS),
        *_pair("thigh", (67, 182), (90, 192), (99, 198), (97, 230), (93, 262), (72, 262), (66, 222)),
        *_pair("knee", *_KNEE),
        *_pair("lower_leg_anterior", *_LOWER_LEG),
        *_pair("ankle", *_ANKLE),
        *_pair("foot", (77, 362), (89, 362), (92, 376), (88, 380), (70, 380), (69, 374)),
        *_pair("toe", (70, 380), (88, 380), (86, 387), (71, 387)),
    ),
)

BACK = View(
    "back",
    _("Back"),
    200,
    392,
    (
        *_middle("scalp", (100, 4), (90, 6), (83, 14), (82, 36), (87, 50), (100, 52)),
        *_middle("nape", (100, 52), (90, 51), (91, 70), (100, 74)),
        *_middle("upper_back", (100, 74), (91, 70), (74, 78), (66, 84), (66, 108), (70, 126), (100, 128)),
        *_middle("lower_back", (100, 128), (70, 126), (71, 150), (69, 166), (100, 168)),
        *_pair("buttock", (69, 166), (100, 168), (100, 200), (84, 204), (66, 198), start="left"),
        *_middle("gluteal_fold", (100, 170), (98.5, 172), (98.5, 186), (100, 188)),
        *_middle("anus", (100, 189), (97, 192), (97, 197), (100, 200)),
        *_pair("upper_arm", *_UPPER_ARM, start="left"),
        *_pair("elbow", *_ELBOW, start="left"),
        *_pair("forearm_posterior", *_FOREARM, start="left"),
        *_pair("wrist", *_WRIST, start="left"),
        *_pair("hand", *_HAND, start="left"),
        *_pair("finger", *_FINGERS, start="left"),
        *_pair(
            "thigh_posterior",
            *((66, 198), (84, 204), (99, 200), (97, 230), (93, 262), (72, 262), (66, 222)),
            start="left",
        ),
        *_pair("knee_flexure", *_KNEE, start="left"),
        *_pair("lower_leg_posterior", *_LOWER_LEG, start="left"),
        *_pair("ankle", *_ANKLE, start="left"),
        *_pair("heel", (77, 362), (89, 362), (91, 376), (88, 384), (76, 384), (74, 376), start="left"),
    ),
    start_side="left",
)

FACE = View(
    "face",
    _("Face"),
    200,
    244,
    (
        *_middle("scalp", (100, 6), (66, 10), (44, 34), (42, 62), (50, 56), (70, 34), (100, 30)),
        *_middle("forehead", (100, 30), (70, 34), (50, 56), (46, 84), (100, 84)),
        *_pair("temple", (46, 84), (62, 84), (62, 106), (45, 112), (42, 96)),
        *_pair("eyebrow", (62, 84), (93, 84), (93, 92), (62, 94)),
        *_pair("upper_eyelid", (62, 94), (93, 92), (93, 104), (62, 106)),
        *_pair("lower_eyelid", (62, 106), (93, 104), (93, 116), (62, 116)),
        *_middle("nose", (100, 84), (93, 84), (93, 116), (84, 146), (100, 152)),
        *_pair("cheek", (45, 112), (62, 106), (62, 116), (93, 116), (84, 146), (76, 170), (53, 160), (45, 136)),
        *_middle("lip_upper", (100, 160), (86, 162), (76, 170), (100, 172)),
        *_middle("lip_lower", (100, 172), (76, 170), (86, 182), (100, 184)),
        *_middle("chin", (100, 184), (86, 182), (76, 170), (53, 160), (62, 196), (84, 218), (100, 222)),
        *_pair("ear", (42, 96), (34, 92), (28, 104), (32, 130), (42, 138), (45, 120)),
        *_middle("neck", (100, 222), (84, 218), (72, 208), (72, 240), (100, 240)),
    ),
)


def _hand(left: float, side: str, palm: bool) -> list[Shape]:
    """One hand, fingers up, the thumb towards the middle for a palm's right hand."""
    turned = (side == "right") == palm

    def place(points: list[Point]) -> str:
        return _path([(left + (60 - x if turned else x), y) for x, y in points])

    shapes = [
        Shape("wrist", side, place([(18, 132), (46, 132), (46, 150), (18, 150)])),
        Shape("palm" if palm else "hand", side, place([(14, 76), (50, 74), (48, 132), (16, 132)])),
        Shape("finger", side, place([(50, 92), (60, 78), (58, 104), (49, 118)])),
    ]
    for index, top in enumerate((34, 22, 18, 28)):
        x = 14 + index * 9
        shapes.append(Shape("finger", side, place([(x, top), (x + 7.4, top), (x + 7.8, 75), (x + 0.6, 76)])))
        if not palm:
            nail = [(x + 1.4, top + 2), (x + 6, top + 2), (x + 6, top + 9), (x + 1.4, top + 9)]
            shapes.append(Shape("fingernail", side, place(nail)))
    return shapes


def _foot(left: float, side: str, sole: bool) -> list[Shape]:
    turned = (side == "left") != sole

    def place(points: list[Point]) -> str:
        return _path([(left + (60 - x if turned else x), y) for x, y in points])

    shapes = [
        Shape("sole" if sole else "foot", side, place([(12, 50), (50, 44), (50, 74), (44, 118), (18, 118), (12, 84)])),
        Shape("heel" if sole else "ankle", side, place([(18, 118), (44, 118), (45, 146), (17, 146)])),
    ]
    for index, (width, top) in enumerate(((8, 34), (8, 30), (8, 27), (8, 25), (11, 20))):
        x = 9 + index * 8.4
        bottom = 50 - index * 1.4
        shapes.append(
            Shape("toe", side, place([(x, top), (x + width - 0.8, top), (x + width - 0.4, bottom), (x, bottom)]))
        )
        if not sole:
            nail = [(x + 1.4, top + 2), (x + width - 2.4, top + 2), (x + width - 2.4, top + 9), (x + 1.4, top + 9)]
            shapes.append(Shape("toenail", side, place(nail)))
    return shapes


HANDS = View(
    "hands",
    _("Hands"),
    280,
    160,
    (*_hand(4, "left", False), *_hand(72, "right", False), *_hand(146, "left", True), *_hand(214, "right", True)),
    start_side="left",
)
FEET = View(
    "feet",
    _("Feet"),
    280,
    156,
    (*_foot(4, "left", False), *_foot(72, "right", False), *_foot(146, "right", True), *_foot(214, "left", True)),
    start_side="left",
)
PRIVATE = View(
    "private",
    _("Private parts"),
    200,
    176,
    (
        *_pair("groin", (24, 20), (100, 40), (88, 84), (64, 108), (20, 60)),
        *_middle("genitalia", (100, 40), (88, 56), (86, 84), (100, 104)),
        *_middle("perineum", (100, 104), (90, 96), (88, 116), (100, 124)),
        *_middle("anus", (100, 124), (90, 122), (90, 138), (100, 144)),
        *_pair("buttock", (64, 108), (88, 96), (88, 140), (100, 146), (96, 170), (40, 170), (28, 130)),
    ),
)


def _eye(x: float, side: str) -> list[Shape]:
    almond = [(x - 42, 80), (x - 22, 64), (x, 58), (x + 22, 64), (x + 42, 80), (x + 22, 94), (x, 99), (x - 22, 94)]
    upper = [(x - 46, 76), (x - 30, 50), (x, 42), (x + 30, 50), (x + 46, 76), (x + 22, 62), (x, 56), (x - 22, 62)]
    lower = [(x - 44, 84), (x - 22, 97), (x, 102), (x + 22, 97), (x + 44, 84), (x + 26, 112), (x, 118), (x - 26, 112)]
    return [
        Shape("upper_eyelid", side, _path(upper)),
        Shape("conjunctiva", side, _path(almond)),
        Shape("cornea", side, _path(_round(x, 79, 17))),
        Shape("lower_eyelid", side, _path(lower)),
    ]


EYES = View("eyes", _("Both eyes"), 220, 140, (*_eye(56, "right"), *_eye(164, "left")), eyes=True)

VIEWS = (FRONT, BACK, FACE, HANDS, FEET, PRIVATE, EYES)


def views_for(specialty: str) -> list[View]:
    """The drawings for a skin or an eye problem; the first is shown first."""
    return [view for view in VIEWS if view.eyes == (specialty == "ophthalmology")]
