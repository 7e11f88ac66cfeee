"""Where on the body a problem is: our own stable keys, with SNOMED CT codes from DICOM CID 4029 (lens: 4209) as a column.
Where that list has only the parts of a place, the whole has the code of the part that is shown most.

The side is kept apart from the site ("left" + "forearm_anterior"). `label` is for clinicians, `plain` for patients.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SKIN, EYE = "dermatology", "ophthalmology"
LIDS = {"upper_eyelid", "lower_eyelid"}


@dataclass(frozen=True)
class Site:
    key: str
    label: str
    plain: str | Promise
    region: str | Promise
    has_side: bool
    sct: str
    specialty: str = SKIN
    sensitive: bool = False


def _rows(region: str | Promise, *rows: tuple, specialty: str = SKIN) -> list[Site]:
    return [
        Site(key, label, plain, region, has_side, sct, specialty, bool(rest and rest[0]))
        for key, label, plain, has_side, sct, *rest in rows
    ]


SITES: tuple[Site, ...] = (
    *_rows(
        _("Head and neck"),
        ("scalp", "Scalp", _("Scalp"), False, "43067004"),
        ("forehead", "Forehead", _("Forehead"), False, "68698007"),
        ("eyebrow", "Eyebrow", _("Eyebrow"), True, "367577003"),
        ("temple", "Temple", _("Temple"), True, "16621002"),
        ("nose", "Nose", _("Nose"), False, "113179006"),
        ("cheek", "Cheek", _("Cheek"), True, "36141000"),
        ("lip_upper", "Upper lip", _("Upper lip"), False, "16251004"),
        ("lip_lower", "Lower lip", _("Lower lip"), False, "66934001"),
        ("chin", "Chin", _("Chin"), False, "23747009"),
        ("jaw", "Jawline", _("Jawline"), True, "244097004"),
        ("mouth", "Perioral", _("Around the mouth"), False, "110488009"),
        ("ear", "Ear", _("Ear"), True, "1902009"),
        ("behind_ear", "Behind the ear", _("Behind the ear"), True, "24483006"),
        ("face", "Face", _("Face, more than one place"), False, "73897004"),
        ("head", "Head", _("Head, more than one place"), False, "70762009"),
        ("neck", "Neck", _("Neck"), False, "43081002"),
        ("neck_front", "Neck, front", _("Front of the neck"), False, "11584001"),
        ("neck_side", "Neck, side", _("Side of the neck"), True, "5272005"),
        ("under_chin", "Submental", _("Under the chin"), False, "34926004"),
        ("nape", "Nape", _("Back of the neck"), False, "4658004"),
        ("oral_mucosa", "Oral mucosa", _("Inside the mouth"), False, "113277000"),
        ("tongue", "Tongue", _("Tongue"), False, "8001006"),
    ),
    *_rows(
        _("Chest, belly and back"),
        ("chest", "Chest", _("Chest"), False, "244106003"),
        ("abdomen", "Abdomen", _("Belly"), False, "75093004"),
        ("umbilicus", "Umbilicus", _("Belly button"), False, "315003"),
        ("axilla", "Axilla", _("Armpit"), True, "76261009"),
        ("areola", "Areola or nipple", _("Nipple"), True, "72005009", True),
        ("upper_back", "Upper back", _("Upper back"), False, "699893008"),
        ("lower_back", "Lower back", _("Lower back"), False, "113182001"),
        ("back", "Back", _("Whole back"), False, "66643007"),
        ("trunk", "Trunk", _("Chest, belly or back, more than one place"), False, "181491009"),
        ("buttock", "Buttock", _("Buttock"), True, "22180002", True),
        ("gluteal_fold", "Gluteal fold", _("Fold between the buttocks"), False, "63029009", True),
        ("groin", "Groin", _("Groin"), True, "39687006", True),
        ("genitalia", "External genitalia", _("Genitals"), False, "60944009", True),
        ("perineum", "Perineum", _("Between genitals and anus"), False, "48014002", True),
        ("anus", "Perianal", _("Around the anus"), False, "59112000", True),
    ),
    *_rows(
        _("Arms and hands"),
        ("upper_arm", "Upper arm", _("Upper arm"), True, "45981001"),
        ("upper_arm_posterior", "Upper arm, back", _("Back of the upper arm"), True, "72939005"),
        ("elbow_flexure", "Antecubital fossa", _("Inside of the elbow"), True, "17957002"),
        ("elbow", "Elbow", _("Elbow"), True, "181536004"),
        ("forearm_anterior", "Forearm, inner side", _("Forearm, inner side"), True, "70559009"),
        ("forearm_posterior", "Forearm, outer side", _("Forearm, outer side"), True, "41550009"),
        ("wrist", "Wrist", _("Wrist"), True, "24527008"),
        ("wrist_dorsal", "Wrist, back", _("Back of the wrist"), True, "52876008"),
        ("hand", "Hand", _("Hand"), True, "33712006"),
        ("palm", "Palm", _("Palm"), True, "70887009"),
        ("finger", "Finger", _("Finger"), True, "244169007"),
        ("fingernail", "Finger nail unit", _("Fingernail"), True, "770809003"),
    ),
    *_rows(
        _("Legs and feet"),
        ("thigh", "Thigh, front", _("Thigh, front"), True, "61248009"),
        ("thigh_posterior", "Thigh, back", _("Thigh, back"), True, "4578000"),
        ("knee", "Knee", _("Knee"), True, "181553006"),
        ("knee_flexure", "Popliteal fossa", _("Back of the knee"), True, "84507004"),
        ("lower_leg_anterior", "Shin", _("Shin"), True, "25763004"),
        ("lower_leg_posterior", "Calf", _("Calf"), True, "47224004"),
        ("ankle", "Ankle", _("Ankle"), True, "181563003"),
        ("ankle_lateral", "Ankle, outer side", _("Outer side of the ankle"), True, "181564009"),
        ("foot", "Foot", _("Foot"), True, "60496002"),
        ("heel", "Heel", _("Heel"), True, "84607009"),
        # DICOM's own code: SNOMED CT has none in that list
        ("sole", "Sole", _("Sole of the foot"), True, "DCM 130317"),
        ("toe", "Toe", _("Toe"), True, "52034004"),
        ("toenail", "Toe nail unit", _("Toenail"), True, "770805009"),
    ),
    *_rows(_("All over"), ("skin", "Skin, widespread", _("Many places on the body"), False, "39937001")),
    *_rows(
        _("Eye"),
        ("eye", "Eye", _("The eye itself"), True, "81745001"),
        ("upper_eyelid", "Upper eyelid", _("Upper eyelid"), True, "41310005"),
        ("lower_eyelid", "Lower eyelid", _("Lower eyelid"), True, "40069000"),
        ("conjunctiva", "Conjunctiva", _("The white of the eye"), True, "29445007"),
        ("cornea", "Cornea", _("The clear front of the eye"), True, "28726007"),
        ("sclera", "Sclera", _("The wall of the eye, under the white"), True, "18619003"),
        ("iris", "Iris", _("The colored ring of the eye"), True, "41296002"),
        ("lens", "Lens", _("The lens, inside the eye"), True, "78076003"),
        ("retina", "Retina", _("The retina, at the back of the eye"), True, "5665001"),
        specialty=EYE,
    ),
)

BY_KEY: dict[str, Site] = {site.key: site for site in SITES}
# sides by the codes of DICOM CID 244; the middle has none there
SIDE_CODES = {"left": "7771000", "right": "24028007", "both": "51440002"}
SITE_CHOICES = [(site.key, site.label) for site in SITES]


# what side of a skin place is said how; both has no plural that fits every place
_SKIN_SIDES = {
    "left": _("Left %(place)s"),
    "right": _("Right %(place)s"),
    "both": _("%(place)s, both sides"),
    "midline": _("%(place)s, in the middle"),
}
_BESIDE_SIDES = _SKIN_SIDES | {"left": _("%(place)s, left side"), "right": _("%(place)s, right side")}
_EYES = {"left": _("Left eye"), "right": _("Right eye"), "both": _("Both eyes")}


def in_words(site: Site, side: str, words: str) -> str:
    """The site's `label` or `plain` with its side, as a person says it: "Left cheek", "Knee, both sides", "Left eye, the
    white of the eye"."""
    if not side:
        return words
    if site.key == "eye" and side in _EYES:
        return str(_EYES[side])
    lower = f"{words[0].lower()}{words[1:]}"
    if site.specialty == EYE and site.key not in LIDS and side in _EYES:
        return f"{_EYES[side]}, {lower}"
    pattern = (_BESIDE_SIDES if site.key == "behind_ear" else _SKIN_SIDES)[side]
    said = str(pattern) % {"place": lower}
    return f"{said[0].upper()}{said[1:]}"


def for_specialty(specialty: str) -> list[Site]:
    """The sites offered for a skin or an eye problem; eyelids are skin too."""
    return [site for site in SITES if site.specialty == specialty or (specialty == SKIN and site.key in LIDS)]
