import io
import json
from hashlib import sha256

import pytest
from django.core.management import call_command
from PIL import Image

from intake import demo_pictures
from tests.intake.imaging import corpus


def inspect(*paths, **options) -> list[dict]:
    out = io.StringIO()
    call_command("inspect_images", *map(str, paths), json=True, stdout=out, **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b photo.jpg").write_bytes(demo_pictures.picture("papules"))
    (tmp_path / "a.gif").write_bytes(corpus.encode(corpus.scene(), "GIF"))
    (tmp_path / "c.heic").write_bytes(corpus.chatty_png())
    return tmp_path


def test_a_line_for_each_file_in_the_order_given(folder):
    paths = [folder / "c.heic", folder / "nowhere.jpg", folder / "b photo.jpg", folder / "a.gif"]
    lines = inspect(*paths)
    assert [line["file"] for line in lines] == list(map(str, paths))
    assert [line["accepted"] for line in lines] == [True, False, True, False]


def test_an_accepted_file_in_full(folder):
    data = (folder / "b photo.jpg").read_bytes()
    (line,) = inspect(folder / "b photo.jpg")
    assert set(line) == {"file", "accepted", "format", "width", "height", "sha256", "quality", "renditions"}
    assert (line["format"], line["width"], line["height"]) == ("jpeg", 1200, 1500)
    assert line["sha256"] == sha256(data).hexdigest()
    assert line["quality"]["verdict"] == "good" and line["quality"]["reasons"] == []
    assert [rendition["kind"] for rendition in line["renditions"]] == ["full", "screen", "thumb"]
    assert set(line["renditions"][0]) == {"kind", "path", "format", "width", "height", "bytes"}
    assert all(rendition["path"] is None for rendition in line["renditions"])


def test_the_format_is_that_of_the_content(folder):
    assert inspect(folder / "c.heic")[0]["format"] == "png"


def test_a_refused_file_in_full(folder):
    (line,) = inspect(folder / "a.gif")
    assert line["reason"] == "gif" and "GIF" in line["message"] and line["renditions"] == []
    assert line["sha256"] == sha256((folder / "a.gif").read_bytes()).hexdigest()


@pytest.mark.parametrize("path", ["/nowhere/photo.jpg", "/dev/null", "\0.jpg"])
def test_a_path_that_cannot_be_read_gets_a_verdict_too(path):
    (line,) = inspect(path)
    assert (line["accepted"], line["reason"], line["renditions"]) == (False, "unreadable_file", [])


def test_renditions_are_written_where_asked(folder, tmp_path):
    (line,) = inspect(folder / "b photo.jpg", out=tmp_path / "new" / "out")
    for rendition in line["renditions"]:
        assert rendition["path"] == str(tmp_path / "new" / "out" / f"{line['sha256']}-{rendition['kind']}.jpg")
        with Image.open(rendition["path"]) as image:
            assert image.size == (rendition["width"], rendition["height"])


def test_a_folder_stands_for_its_files(folder):
    assert [line["file"].rsplit("/", 1)[1] for line in inspect(folder)] == ["a.gif", "b photo.jpg", "c.heic"]


def test_lines_are_compact_and_no_database_is_asked(folder):
    # pytest-django lets nothing near the database here: the test asks for no db fixture
    out = io.StringIO()
    call_command("inspect_images", str(folder / "a.gif"), json=True, stdout=out)
    assert out.getvalue().count("\n") == 1 and '": ' not in out.getvalue()
