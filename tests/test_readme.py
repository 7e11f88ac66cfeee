"""The README tells the truth about what can be checked by a program."""

import re
from pathlib import Path

from django.core.management import get_commands

from config.accounts import demo
from intake.workflow import mermaid
from tests.readme import README, with_diagram


def test_diagram_is_fresh():
    text = README.read_text()
    assert with_diagram(text, mermaid()) == text, "run: python -m tests.readme"


def test_every_file_and_command_it_names_exists():
    text = README.read_text()
    root = README.parent
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (root / link).exists(), link
    for script in re.findall(r"scripts/\w+", text):
        assert (root / script).exists(), script
    for command in set(re.findall(r"manage\.py (\w+)", text)):
        assert command in get_commands(), command


def test_demo_logins_are_the_published_ones():
    text = README.read_text()
    assert demo.PASSWORD in text
    for login in ("patient", "staff", "referrer", "dermatologist", "ophthalmologist", "biller", "admin"):
        assert f"`{login}@demo.example`" in text


def test_env_example_names_every_setting_that_is_read():
    root = Path(README).parent
    read = set()
    for path in root.glob("config/**/*.py"):
        read |= set(re.findall(r"env\.(?:text|boolean|integer|listing)\(\s*\"([A-Z0-9_]+)\"", path.read_text()))
    documented = (root / ".env.example").read_text()
    assert read and not [name for name in sorted(read) if name not in documented]
