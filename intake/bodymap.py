"""The body map: our own drawing, whose regions are keys of intake/sites.py. The list of sites is the real control; the
drawing is another way to pick from it. A point is kept as shares of its view, so that the drawing may change.

Front view: the patient faces us, so the right side is drawn on the left. Back view: left is left.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Shape:
    """An SVG path. With a site it is a region, with the patient's own side ("" where there is none); without, a line."""

    path: str
    site: str = ""
    side: str = ""
    transform: str = ""


@dataclass(frozen=True)
class View:
    """`start` and `end`: what stands at the left and the right foot of the drawing."""

    key: str
    label: Text
    box: tuple[int, int, int, int]
    shapes: tuple[Shape, ...]
    start: Text
    end: Text
    wide: bool = False

    @property
    def view_box(self) -> str:
        return " ".join(map(str, self.box))


_YOUR_RIGHT, _YOUR_LEFT = _("your right"), _("your left")
_HALVES = {"left": "translate(100 0) scale(-1 1)", "right": "translate(100 0) scale(1 1)"}

# halves of the figure, drawn to the right of its middle line
_TRUNK_UPPER = "M11 77C20 79 28 80 33.5 83C32 96 31.5 110 32.5 128C24 137 10 139 0 139V77Z"
_TRUNK_LOWER = "M32.6 131C29 145 27.5 160 28.5 178C20 184 8 185 0 185V142C11 142 24 140 32.6 131Z"
_HIP = "M28.7 181C30 191 32 200 33 209C24 219 14 227 2.5 229C1.5 229.3 .6 229.3 0 229V188C9 188 20 187 28.7 181Z"
_UPPER_ARM = "M35.5 84C46 86.5 52 94 53.5 106L59.5 160C55 163.5 48 163.5 43.5 160L35.5 122C34 110 34 96 35.5 84Z"
_FOREARM = (
    "M43.8 163C48.5 166 55 166 59.7 163C64 180 66 200 67.5 224C63.5 226 58.5 226 55 224.5C50 204 46 184 43.8 163Z"
)
_HAND = (
    "M55.3 227.5C59 229 64 229 67.7 227C71.5 233 74 242 73.5 251C73 258 70 264 66.5 265C64 265.5 62.5 262 62 258"
    "C60.5 261 58 260 57.3 256C55.5 248 54 236 55.3 227.5Z"
)
_THIGH = "M3 232C14 230 24 222 33.5 212C36 240 34 270 30 297C23 300 15 300 9.5 297C5 277 3 255 3 232Z"
_KNEE = "M9.8 300C16 303 23 303 29.7 300C30.5 309 30.5 316 29.5 324C23 327 16 327 10.5 324C9.5 316 9.3 308 9.8 300Z"
_LOWER_LEG = (
    "M10.4 327C16 330 23 330 29.5 327C33 345 30 375 22.5 410C18.5 412 14.5 412 11.5 410C8.5 380 7.5 350 10.4 327Z"
)
_FOOT = (
    "M11.3 413C14.5 415 19 415 22.7 413C24 420 29 428 30 434C30.5 438 26 440 21 440C15 440 10 440 9 436"
    "C8.5 428 10.5 420 11.3 413Z"
)
_HEAD = "M100 8C114 8 122 19 121.5 34C121 48 112 60 100 60C88 60 79 48 78.5 34C78 19 86 8 100 8Z"
_NECK = "M90.5 60.5C96.5 64 103.5 64 109.5 60.5L111 74.5H89Z"


def _figure(parts: dict[str, str], left_is_left: bool) -> list[Shape]:
    """Both halves of each part. Seen from behind, the patient's left is on the left."""
    drawn = {"left": "left", "right": "right"} if left_is_left else {"left": "right", "right": "left"}
    return [Shape(path, site, drawn[half], _HALVES[half]) for half in _HALVES for site, path in parts.items()]


FRONT = View(
    "front",
    _("From the front"),
    (20, 4, 160, 440),
    (
        *_figure(
            {
                "chest": _TRUNK_UPPER,
                "abdomen": _TRUNK_LOWER,
                "groin": _HIP,
                "upper_arm": _UPPER_ARM,
                "forearm_anterior": _FOREARM,
                "palm": _HAND,
                "thigh": _THIGH,
                "knee": _KNEE,
                "lower_leg_anterior": _LOWER_LEG,
                "foot": _FOOT,
            },
            left_is_left=False,
        ),
        Shape(_HEAD, "face"),
        Shape(_NECK, "neck_front"),
    ),
    _YOUR_RIGHT,
    _YOUR_LEFT,
)
BACK = View(
    "back",
    _("From behind"),
    (20, 4, 160, 440),
    (
        *_figure(
            {
                "upper_back": _TRUNK_UPPER,
                "lower_back": _TRUNK_LOWER,
                "buttock": _HIP,
                "upper_arm_posterior": _UPPER_ARM,
                "forearm_posterior": _FOREARM,
                "hand": _HAND,
                "thigh_posterior": _THIGH,
                "knee_flexure": _KNEE,
                "lower_leg_posterior": _LOWER_LEG,
                "heel": _FOOT,
            },
            left_is_left=True,
        ),
        Shape(_HEAD, "scalp"),
        Shape(_NECK, "nape"),
    ),
    _YOUR_LEFT,
    _YOUR_RIGHT,
)

_FLIP_120, _FLIP_200 = "translate(120 0) scale(-1 1)", "translate(200 0) scale(-1 1)"
_EAR = "M20 58c-7-4-11 3-9 10s6 13 11 12z"
_EYELID = "M26 57c5-7 20-9 27-1-6 7-20 8-27 1z"
_CHEEK = (
    "M22 52.5c7-4 16-6 23-5 5 .5 8 2.5 11 3l-3 18c-2 7-5 12-8 15l-8 17C27 92 21.5 74 22 52.5z"
    "M25 57c6 9 22 9 29-1-7-10-23-9-29 1z"
)
FACE = View(
    "face",
    _("Face"),
    (0, 4, 120, 120),
    (
        Shape(_EAR, "ear", "right"),
        Shape(_EAR, "ear", "left", _FLIP_120),
        Shape(
            "M22.5 49C24 24 40 8 60 8s36 16 37.5 41c-8-4-14-5-20-5-8 0-12 3-17.5 3s-9.5-3-17.5-3c-6 0-12 1-20 5z",
            "forehead",
        ),
        Shape(_EYELID, "upper_eyelid", "right"),
        Shape(_EYELID, "upper_eyelid", "left", _FLIP_120),
        Shape(_CHEEK, "cheek", "right"),
        Shape(_CHEEK, "cheek", "left", _FLIP_120),
        Shape("M57.8 51h4.4l3 17c2 6 5 8 5 12 0 6-6 7-10.2 7s-10.2-1-10.2-7c0-4 3-6 5-12z", "nose"),
        Shape(
            "M40.5 101l7-15c3 5 8 6 12.5 6s9.5-1 12.5-6l7 15c-6 1-12-4-19.5-1-7.500-3-13.500 2-19.500 1z", "lip_upper"
        ),
        Shape("M40.5 101c6 1 12 3 19.5 3s13.5-2 19.5-3c-1 5-5 8-8 10-7 2-16 2-23 0-3-2-7-5-8-10z", "lip_lower"),
        Shape("M48.5 111c7 2 16 2 23 0-2 5-7 8-11.500 8s-9.500-3-11.500-8z", "chin"),
    ),
    _YOUR_RIGHT,
    _YOUR_LEFT,
)
_SCALP_SIDE = "M21 47c5-2 11-4 18-5v48c-7-1-13-3-18-5-4-12-4-26 0-38z"
SCALP = View(
    "scalp",
    _("Scalp, from above"),
    (0, 4, 120, 120),
    (
        Shape("M22 44C28 24 43 14 60 14s32 10 38 30c-10-5-24-7-38-7s-28 2-38 7z", "scalp"),
        Shape("M42 41.5c12-1.6 24-1.6 36 0v49c-12 1.6-24 1.6-36 0z", "scalp"),
        Shape("M22 88c6 20 21 30 38 30s32-10 38-30c-10 5-24 7-38 7s-28-2-38-7z", "scalp"),
        Shape(_SCALP_SIDE, "scalp", "left"),
        Shape(_SCALP_SIDE, "scalp", "right", _FLIP_120),
        Shape("M53 12.5c2-7 12-7 14 0z"),
    ),
    _YOUR_LEFT,
    _YOUR_RIGHT,
)

_HAND_LARGE = "M13 62c0-4 3-6 6-6h38c4 0 6 2 6 6v30c0 13-8 19-25 19s-25-6-25-19z"
_FINGERS = (
    "M13 54V29c0-7 10.5-7 10.5 0v25zM26.3 54V21c0-7 10.5-7 10.5 0v33zM39.6 54V25c0-7 10.5-7 10.5 0v29z"
    "M52.8 54V36c0-7 10.2-7 10.2 0v18zM66 68c4-4 6-9 9-14 3-6 11-3 9 4-2 9-6 20-11 27-2 3-4 4-7 5z"
)
_NAILS = (
    "M15.5 32v-4c1-3 4.5-3 5.5 0v4zM28.8 24v-4c1-3 4.5-3 5.5 0v4zM42 28v-4c1-3 4.5-3 5.5 0v4z"
    "M55.2 39v-4c1-3 4.5-3 5.5 0v4zM77.5 61l2-5c2-2 4 0 3.5 2l-2 5z"
)
_AT_2, _AT_196 = "translate(2 2)", "translate(196 2) scale(-1 1)"
HANDS = View(
    "hands",
    _("Hand"),
    (4, 14, 190, 104),
    (
        Shape(_HAND_LARGE, "hand", transform=_AT_2),
        Shape(_FINGERS, "finger", transform=_AT_2),
        Shape(_NAILS, "fingernail", transform=_AT_2),
        Shape(_HAND_LARGE, "palm", transform=_AT_196),
        Shape(_FINGERS, "finger", transform=_AT_196),
        Shape("M22 74c10-6 22-6 33-2M20 86c10 2 20 0 28-8", transform=_AT_196),
    ),
    _("back"),
    _("palm"),
)

_FOOT_LARGE = (
    "M18 56c-1-11 6-16 17-16s24 6 26 16c1 9-5 17-6 27s3 13 2 23c-1 8-7 12-14 12s-13-4-14-12c-1-10 2-15 0-24"
    "-2-10-10-16-11-26z"
)
_TOES = (
    "M17 30c0-15 14-15 14 0 0 9-14 9-14 0zM33 29c0-11 9-11 9 0 0 7-9 7-9 0zM43.5 32c0-10 8-10 8 0 0 6-8 6-8 0z"
    "M53 36c0-9 7-9 7 0 0 6-7 6-7 0zM61 42c0-8 6-8 6 0 0 6-6 6-6 0z"
)
_AT_6, _AT_164 = "translate(6 0)", "translate(164 0) scale(-1 1)"
FEET = View(
    "feet",
    _("Foot"),
    (6, 16, 158, 106),
    (
        Shape(_FOOT_LARGE, "foot", transform=_AT_6),
        Shape(_TOES, "toe", transform=_AT_6),
        Shape("M20 26c1-5 7-5 8 0zM35 26c1-3 5-3 5.5 0z", "toenail", transform=_AT_6),
        Shape(_FOOT_LARGE, "sole", transform=_AT_164),
        Shape(_TOES, "toe", transform=_AT_164),
        Shape("M20 66c12 5 26 5 38-2M27 96c9 4 20 4 30 0", transform=_AT_164),
    ),
    _("top"),
    _("sole"),
)

_GROIN = "M22 30C44 40 70 44 97 44C96 60 92 72 84 80C64 74 38 56 22 30Z"
PRIVATE = View(
    "private",
    _("Private parts"),
    (0, 20, 200, 124),
    (
        Shape(_GROIN, "groin", "right"),
        Shape(_GROIN, "groin", "left", _FLIP_200),
        Shape("M100 46C108 58 110 66 113 80C110 92 106 96 100 98C94 96 90 92 87 80C90 66 92 58 100 46Z", "genitalia"),
        Shape("M92 101C97 103 103 103 108 101L106 113C102 115 98 115 94 113Z", "perineum"),
        Shape(
            "M100 117C105 117 107 121 107 125C107 130 104 133 100 133C96 133 93 130 93 125C93 121 95 117 100 117Z",
            "anus",
        ),
        Shape(
            "M82 84C84 94 87 99 90 102L92 114C88 120 88 130 92 138C70 144 46 140 36 122C46 112 64 96 82 84Z",
            "buttock",
            "right",
        ),
        Shape(
            "M82 84C84 94 87 99 90 102L92 114C88 120 88 130 92 138C70 144 46 140 36 122C46 112 64 96 82 84Z",
            "buttock",
            "left",
            _FLIP_200,
        ),
    ),
    _YOUR_RIGHT,
    _YOUR_LEFT,
)


def _eye(side: str, transform: str = "") -> list[Shape]:
    return [
        Shape("M10 38C20 17 35 10 50 10s30 7 40 28C78 25 64 22 50 22S22 25 10 38z", "upper_eyelid", side, transform),
        Shape("M10 41C23 27 36 25 50 25s27 2 40 16C78 55 64 60 50 60S22 55 10 41z", "conjunctiva", side, transform),
        Shape("M50 29a12.5 12.5 0 1 0 .1 0z", "cornea", side, transform),
        Shape("M12 47c11 12 24 16 38 16s27-4 38-16c-7 18-21 26-38 26S19 65 12 47z", "lower_eyelid", side, transform),
    ]


EYES = View(
    "eyes",
    _("Eyes"),
    (0, 4, 220, 74),
    (*_eye("right"), *_eye("left", "translate(220 0) scale(-1 1)")),
    _YOUR_RIGHT,
    _YOUR_LEFT,
    wide=True,
)

LARGE, INSETS = (FRONT, BACK), (FACE, SCALP, HANDS, FEET, EYES, PRIVATE)
VIEWS = (*LARGE, *INSETS)
