"""The texts a patient agrees to, by version and language. A changed text is a new version; what was agreed to stays
provable: the row keeps the version, the language and the SHA-256 of the very text."""

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True)
class ConsentText:
    kind: str
    version: str
    language: str
    title: str
    text: str
    required: bool

    @property
    def sha256(self) -> str:
        return sha256(self.text.encode()).hexdigest()


VERSION = "2026-11-24"
_WORDS: dict[str, tuple[tuple[str, str, str, bool], ...]] = {
    "en": (
        (
            "treatment",
            "Care from photos",
            "I agree that a specialist answers from my photos and my story, without seeing me. A photo cannot show "
            "everything: the specialist may ask me to come in. I can ask to be seen in person at any time.",
            True,
        ),
        (
            "photography",
            "My photos in my record",
            "I agree that my photos are kept in my medical record. My clinic, the specialist and the clinician who sent "
            "me may see them. Places and phone details hidden in my pictures are not shown to anyone.",
            True,
        ),
        (
            "teaching",
            "Teaching (only if you want)",
            "My photos may be shown for teaching, without my name. My care is the same if I say no. I can take this back.",
            False,
        ),
    ),
    "es": (
        (
            "treatment",
            "Atención por fotos",
            "Acepto que un especialista responda con mis fotos y lo que cuento, sin verme en persona. Una foto no puede "
            "mostrarlo todo: el especialista puede pedirme que vaya a la consulta. Puedo pedir que me vean en persona "
            "cuando quiera.",
            True,
        ),
        (
            "photography",
            "Mis fotos en mi expediente",
            "Acepto que mis fotos se guarden en mi expediente médico. Mi clínica, el especialista y el profesional que me "
            "envió las pueden ver. Los lugares y los datos del teléfono ocultos en mis fotos no se muestran a nadie.",
            True,
        ),
        (
            "teaching",
            "Enseñanza (solo si usted quiere)",
            "Mis fotos se pueden mostrar para enseñar, sin mi nombre. Mi atención es la misma si digo que no. Puedo "
            "retirar este permiso.",
            False,
        ),
    ),
}

TEXTS: tuple[ConsentText, ...] = tuple(
    ConsentText(kind, VERSION, language, title, text, required)
    for language, rows in _WORDS.items()
    for kind, title, text, required in rows
)
REQUIRED = tuple(text.kind for text in TEXTS if text.required and text.language == "en")


def texts(language: str) -> list[ConsentText]:
    """The present version in that language, in English where there is none."""
    return [text for text in TEXTS if text.language == (language if language in _WORDS else "en")]


def text(kind: str, language: str) -> ConsentText:
    return next(text for text in texts(language) if text.kind == kind)
