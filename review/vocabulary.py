"""Structured terms for what is seen, as versioned data: morphology, color, configuration, distribution; for eyes the parts
of the eye and their signs. Keys are kept in a draft, and key, word and version in the signed record, so a later change of
this table never changes what was signed."""

from dataclasses import dataclass

VERSION = "2026-11"


@dataclass(frozen=True)
class Group:
    key: str
    label: str
    terms: tuple[tuple[str, str], ...]


def _group(key: str, label: str, words: str) -> Group:
    """`words` are separated by commas; a term's key is its group and its word."""
    return Group(
        key, label, tuple((f"{key}.{word.strip().replace(' ', '_')}", word.strip()) for word in words.split(","))
    )


SKIN: tuple[Group, ...] = (
    _group(
        "morphology",
        "Morphology",
        "macule, patch, papule, plaque, nodule, vesicle, bulla, pustule, wheal, cyst, erosion, ulcer, crust, scale, "
        "excoriation, lichenification, atrophy, fissure, telangiectasia, comedo, purpura",
    ),
    _group(
        "color",
        "Color",
        "skin-colored, pink, red, violet, light brown, dark brown, black, blue, gray, white, yellow, several colors",
    ),
    _group(
        "configuration",
        "Configuration",
        "single, grouped, linear, annular, target-like, reticular, asymmetric, irregular border, well-defined, ill-defined",
    ),
    _group(
        "distribution",
        "Distribution",
        "localized, generalized, symmetric, one-sided, dermatomal, acral, flexural, extensor, sun-exposed, seborrheic, "
        "intertriginous, follicular",
    ),
)
EYES: tuple[Group, ...] = (
    _group(
        "morphology",
        "Signs",
        "conjunctival injection, ciliary injection, chemosis, subconjunctival bleeding, papillae, follicles, pterygium, "
        "lid nodule, lid swelling, lash loss, entropion, ectropion, corneal opacity, hypopyon, hyphema, ptosis",
    ),
    _group("color", "Color", "white, pink, red, yellow, brown, black"),
    _group("configuration", "Configuration", "single, several, well-defined, ill-defined, ulcerated, pupil round, pupil irregular"),
    _group("distribution", "Distribution", "sectoral, diffuse, perilimbal, upper lid, lower lid, inner corner, outer corner, both eyes"),
)  # fmt: skip
SETS = {"dermatology": SKIN, "ophthalmology": EYES}
WORDS: dict[str, str] = {key: word for groups in SETS.values() for group in groups for key, word in group.terms}


def groups_for(specialty: str) -> tuple[Group, ...]:
    return SETS[specialty]


def in_words(keys: list[str]) -> str:
    """ "macule; dark brown, black; asymmetric": the groups in their order."""
    by_group: dict[str, list[str]] = {}
    for key in keys:
        if key in WORDS:
            by_group.setdefault(key.partition(".")[0], []).append(WORDS[key])
    order = [group.key for group in SKIN]
    return "; ".join(", ".join(by_group[key]) for key in order if key in by_group)


def as_record(keys: list[str]) -> dict:
    return {"version": VERSION, "terms": [{"key": key, "word": WORDS[key]} for key in keys if key in WORDS]}
