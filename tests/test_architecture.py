"""The rules of the house that a program can check."""

import ast
import re
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["config", "intake", "review", "billing"]


def sources(room: str) -> list[Path]:
    return [path for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts]


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_imports_only_point_left(room):
    forbidden = set(ROOMS[ROOMS.index(room) + 1 :])
    for path in sources(room):
        wrong = {name for name in imported(path) if name.split(".")[0] in forbidden}
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


@pytest.mark.parametrize(
    "pure", ["intake/imaging", "review/timekeeping.py", "review/tape.py", "billing/rules.py", "billing/exports"]
)
def test_pure_rooms_know_no_request_query_or_setting(pure):
    paths = [ROOT / pure] if pure.endswith(".py") else list((ROOT / pure).rglob("*.py"))
    for path in paths:
        assert not {name for name in imported(path) if name.split(".")[0] == "django" or name.endswith(".models")}, path


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_has_grown_past_400_lines(room):
    long = [str(path.relative_to(ROOT)) for path in sources(room) if len(path.read_text().splitlines()) > 400]
    # a table of icons, not code
    assert not [name for name in long if name != "config/icons.py"]


def test_web_code_never_publishes_to_the_broker():
    for room in ROOMS:
        for path in sources(room):
            text = path.read_text()
            assert not re.search(r"\.(delay|apply_async)\(", text), path
            if "send_task(" in text:
                assert path.relative_to(ROOT) == Path("config/work/tasks.py")


def test_every_task_is_named_and_limited():
    current_app.loader.import_default_modules()
    ours = {name: task for name, task in current_app.tasks.items() if not name.startswith("celery.")}
    assert ours
    for name, task in ours.items():
        assert name.endswith("_task"), name
        assert task.time_limit and task.soft_time_limit, name


def test_every_relation_names_its_way_back():
    for model in apps.get_models():
        if model.__module__.split(".")[0] not in ROOMS:
            continue
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey):
                assert field.remote_field.related_name, f"{model.__name__}.{field.name}"


def test_pages_carry_no_inline_script_or_style():
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|<style|\son(click|change|submit|load|input)=|javascript:", text), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path


def test_no_text_says_please_or_oops():
    for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")]:
        assert not re.search(r"\b(please|oops)\b", path.read_text(), re.IGNORECASE), path


def test_every_class_of_a_page_has_a_rule_or_a_script_that_looks_for_it():
    """A class that nothing knows is a control without its looks."""
    sheets = " ".join(path.read_text() for path in (ROOT / "config/static/css").glob("*.css"))
    scripts = " ".join(path.read_text() for path in (ROOT / "config/static/js").glob("*.js"))
    known = set(re.findall(r"\.([a-zA-Z][\w-]*)", sheets)) | set(re.findall(r"[\"'`]\.([a-z][\w-]*)", scripts))
    unknown = set()
    for path in (ROOT / "templates").rglob("*.html"):
        # what a value completes is not a whole name
        text = re.sub(r"\{\{.*?\}\}", "?", re.sub(r"\{%.*?%\}", " ", path.read_text()))
        for names in re.findall(r'class="([^"]*)"', text):
            unknown |= {f"{path.name}: {name}" for name in names.split() if "?" not in name and name not in known}
    assert not unknown, sorted(unknown)
