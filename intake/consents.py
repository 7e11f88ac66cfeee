"""The texts a patient agrees to, by version. A changed text is a new version; what was agreed to stays provable."""

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


TEXTS: tuple[ConsentText, ...] = (
    ConsentText(
        "treatment",
        "2026-11",
        "en",
        "Care from photos",
        "I agree that a specialist answers from my photos and my story, without seeing me. A photo cannot show everything: "
        "the specialist may ask me to come in. I can ask to be seen in person at any time.",
        True,
    ),
    ConsentText(
        "photography",
        "2026-11",
        "en",
        "My photos in my record",
        "I agree that my photos are kept in my medical record and seen by my clinic, the specialist and the clinician who "
        "sent me. Places and phone details hidden in my pictures are not shown to anyone.",
        True,
    ),
    ConsentText(
        "teaching",
        "2026-11",
        "en",
        "Teaching (only if you want)",
        "My photos may be shown for teaching, without my name. My care is the same if I say no. I can take this back.",
        False,
    ),
)

BY_KIND = {text.kind: text for text in TEXTS}
REQUIRED = tuple(text.kind for text in TEXTS if text.required)
