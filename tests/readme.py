"""Refresh the workflow diagram in the README: `python -m tests.readme`."""

import os
import re
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
_BLOCK = re.compile(r"(<!-- workflow -->\n```mermaid\n).*?(```\n<!-- /workflow -->)", re.DOTALL)


def with_diagram(text: str, diagram: str) -> str:
    return _BLOCK.sub(lambda found: found[1] + diagram + "\n" + found[2], text)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    import django

    django.setup()
    from intake.workflow import mermaid

    README.write_text(with_diagram(README.read_text(), mermaid()))


if __name__ == "__main__":
    main()
