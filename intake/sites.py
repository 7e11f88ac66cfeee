"""Where on the body a problem is: our own stable keys, with SNOMED CT codes from DICOM CID 4029 as a column.

The side is kept apart from the site ("left" + "forearm_anterior"). `label` is for clinicians, `plain` for patients.
"""

from dataclasses import dataclass

SKIN, EYE = "dermatology", "ophthalmology"


@dataclass(frozen=True)
class Site:
    key: str
    label: str
    plain: str
    region: str
    has_side: bool
    sct: str
    specialty: str = SKIN
    sensitive: bool = False


def _rows(region: str, *rows: tuple, specialty: str = SKIN) -> list[Site]:
    return [
        Site(key, label, plain, region, has_side, sct, specialty, bool(rest and rest[0]))
        for key, label, plain, has_side, sct, *rest in rows
    ]


SITES: tuple[Site, ...] = (
    *_rows(
        "Head and neck",
        ("scalp", "Scalp", "Scalp", False, "43067004"),
        ("forehead", "Forehead", "Forehead", False, "68698007"),
        ("temple", "Temple", "Temple", True, "16621002"),
        ("nose", "Nose", "Nose", False, "113179006"),
        ("cheek", "Cheek", "Cheek", True, "36141000"),
        ("lip_upper", "Upper lip", "Upper lip", False, "16251004"),
        ("lip_lower", "Lower lip", "Lower lip", False, "66934001"),
        ("chin", "Chin", "Chin", False, "23747009"),
        ("ear", "Ear", "Ear", True, "1902009"),
        ("face", "Face", "Face, more than one place", False, "73897004"),
        ("neck", "Neck", "Neck", False, "43081002"),
        ("oral_mucosa", "Oral mucosa", "Inside the mouth", False, "113277000"),
    ),
    *_rows(
        "Chest, belly and back",
        ("chest", "Chest", "Chest", False, "244106003"),
        ("abdomen", "Abdomen", "Belly", False, "75093004"),
        ("axilla", "Axilla", "Armpit", True, "76261009"),
        ("areola", "Areola or nipple", "Nipple", True, "72005009", True),
        ("upper_back", "Upper back", "Upper back", False, "699893008"),
        ("lower_back", "Lower back", "Lower back", False, "113182001"),
        ("trunk", "Trunk", "Chest, belly or back, more than one place", False, "181491009"),
        ("buttock", "Buttock", "Buttock", True, "22180002", True),
        ("groin", "Groin", "Groin", True, "39687006", True),
        ("genitalia", "External genitalia", "Genitals", False, "60944009", True),
        ("anus", "Perianal", "Around the anus", False, "59112000", True),
    ),
    *_rows(
        "Arms and hands",
        ("upper_arm", "Upper arm", "Upper arm", True, "45981001"),
        ("elbow_flexure", "Antecubital fossa", "Inside of the elbow", True, "17957002"),
        ("elbow", "Elbow", "Elbow", True, "181536004"),
        ("forearm_anterior", "Forearm, inner side", "Forearm, inner side", True, "70559009"),
        ("forearm_posterior", "Forearm, outer side", "Forearm, outer side", True, "41550009"),
        ("wrist", "Wrist", "Wrist", True, "24527008"),
        ("hand", "Hand", "Hand", True, "33712006"),
        ("palm", "Palm", "Palm", True, "70887009"),
        ("finger", "Finger", "Finger", True, "244169007"),
        ("fingernail", "Finger nail unit", "Fingernail", True, "770809003"),
    ),
    *_rows(
        "Legs and feet",
        ("thigh", "Thigh", "Thigh", True, "61248009"),
        ("knee", "Knee", "Knee", True, "181553006"),
        ("knee_flexure", "Popliteal fossa", "Back of the knee", True, "84507004"),
        ("lower_leg_anterior", "Shin", "Shin", True, "25763004"),
        ("lower_leg_posterior", "Calf", "Calf", True, "47224004"),
        ("ankle", "Ankle", "Ankle", True, "181563003"),
        ("foot", "Foot", "Foot", True, "60496002"),
        ("sole", "Sole", "Sole of the foot", True, "84607009"),
        ("toe", "Toe", "Toe", True, "52034004"),
        ("toenail", "Toe nail unit", "Toenail", True, "770805009"),
    ),
    *_rows("All over", ("skin", "Skin, widespread", "Many places on the body", False, "39937001")),
    *_rows(
        "Eye",
        ("eye", "Eye", "The eye itself", True, "81745001"),
        ("upper_eyelid", "Upper eyelid", "Upper eyelid", True, "41310005"),
        ("lower_eyelid", "Lower eyelid", "Lower eyelid", True, "40069000"),
        ("conjunctiva", "Conjunctiva", "The white of the eye", True, "29445007"),
        ("cornea", "Cornea", "The clear front of the eye", True, "28726007"),
        specialty=EYE,
    ),
)

BY_KEY: dict[str, Site] = {site.key: site for site in SITES}
SITE_CHOICES = [(site.key, site.label) for site in SITES]


def for_specialty(specialty: str) -> list[Site]:
    """The sites offered for a skin or an eye problem; eyelids are skin too."""
    lids = {"upper_eyelid", "lower_eyelid"}
    return [site for site in SITES if site.specialty == specialty or (specialty == SKIN and site.key in lids)]
