"""Signs that must never wait in a queue (skin: CMAJ 2005;173:1317; eyes: College of Optometrists, urgent list)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SIGNS: dict[str, tuple[tuple[str, str | Promise], ...]] = {
    "dermatology": (
        ("swelling", _("Swelling of the face, lips or tongue, or trouble breathing or swallowing")),
        ("fever_rash", _("A rash that spreads fast together with fever or feeling very ill")),
        ("blisters", _("Widespread blisters, or skin that peels or is raw and painful")),
        ("sores", _("A rash with sores in the mouth, eyes or genitals")),
        ("purple", _("Purple or blood-red spots that do not fade when pressed, with fever")),
        ("severe_pain", _("Severe pain, much worse than the skin looks, or skin that turns dusky or black")),
        ("zoster_eye", _("Painful blisters on the forehead, nose or near an eye")),
    ),
    "ophthalmology": (
        ("vision_loss", _("Sudden loss of sight, or a curtain over part of the view")),
        ("chemical", _("A chemical splashed into the eye (rinse with water now, then call)")),
        ("injury", _("A blow, a cut or something stuck in the eye")),
        ("pain", _("Severe eye pain, with nausea or colored rings around lights")),
        ("flashes", _("New flashes of light or many new floating spots")),
        ("lens", _("A red, painful eye while wearing contact lenses")),
        ("surgery", _("Pain or worse sight after an eye operation or injection in the last 2 months")),
        ("double", _("Sudden double vision or a drooping lid")),
    ),
}
LABELS = {key: label for signs in SIGNS.values() for key, label in signs}
