"""PDF documents: a template in templates/typst, plain data, and nothing between them that could be read as markup.

The data lies beside the template as JSON, so what a person typed arrives as a string and is set as text, whatever it
holds. Pictures are files of names that we give. Nothing is fetched: the fonts are our own (config/fonts).
"""

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import typst
from django.conf import settings

# archived and readable by a screen reader: tagged, with a title, a language and words for each picture
STANDARDS = ["a-2a", "ua-1"]
PAPERS = ("us-letter", "a4")
_NO_GLYPH = "could not be displayed"
_NAME = re.compile(r"[a-z0-9_-]+\.(jpg|png|svg)")


class TypesettingFailed(Exception):
    """The template and the data do not fit. Its text may hold what was to be set: never log it."""


@lru_cache(maxsize=2)
def _fonts(with_system: bool) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=with_system, font_paths=[str(settings.BASE_DIR / "config" / "fonts")])


def pdf(
    template: str,
    data: Mapping,
    *,
    at: datetime,
    paper: str = "us-letter",
    pictures: Mapping[str, bytes] | None = None,
) -> bytes:
    """The document as PDF/A-2a and PDF/UA-1. The same template, data, pictures and `at` give the same bytes.

    `data` needs `title` and `language`; `at` is the document's own date. A letter that our fonts do not have (a name in
    Chinese) is taken from the machine's; where that has none either the document is made all the same, tagged but
    without the two standards, which forbid it.
    """
    tries = ((False, STANDARDS), (True, STANDARDS), (True, []))
    error: Exception | None = None
    with tempfile.TemporaryDirectory(prefix="typst-") as folder:
        source = _lay_out(Path(folder), template, data, paper, pictures or {})
        for with_system, standards in tries:
            try:
                return typst.compile(
                    str(source),
                    root=folder,
                    font_paths=_fonts(with_system),
                    ignore_system_fonts=not with_system,
                    format="pdf",
                    pdf_standards=standards,
                    timestamp=at.astimezone(UTC).replace(microsecond=0),
                )
            except typst.TypstError as refused:
                error = refused
                if _NO_GLYPH not in refused.message:
                    break
    raise TypesettingFailed(str(error)) from error


def pages(template: str, data: Mapping, *, paper: str = "us-letter", pictures: Mapping[str, bytes] | None = None,
          ppi: float = 96) -> list[bytes]:  # fmt: skip
    """The same document as one PNG a page, to look at."""
    with tempfile.TemporaryDirectory(prefix="typst-") as folder:
        source = _lay_out(Path(folder), template, data, paper, pictures or {})
        made = typst.compile(
            str(source), root=folder, font_paths=_fonts(False), ignore_system_fonts=True, format="png", ppi=ppi
        )
    return made if isinstance(made, list) else [made]


def _lay_out(folder: Path, template: str, data: Mapping, paper: str, pictures: Mapping[str, bytes]) -> Path:
    if paper not in PAPERS:
        raise ValueError(f"{paper} is no paper of ours")
    for source in (settings.BASE_DIR / "templates" / "typst").glob("*.typ"):
        shutil.copyfile(source, folder / source.name)
    for name, content in pictures.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a picture")
        (folder / name).write_bytes(content)
    (folder / "data.json").write_text(json.dumps({**data, "paper": paper}, ensure_ascii=False), encoding="utf-8")
    return folder / f"{template}.typ"
