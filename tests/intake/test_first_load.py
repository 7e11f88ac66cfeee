"""The photo page on a slow line: light enough, and of use before any script has come."""

import gzip
import re

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.urls import reverse

from config.settings import base
from tests.weight import first_load

pytestmark = pytest.mark.django_db


def on_the_wire(client):
    def fetch(address):
        if not address.startswith("/static/"):
            data = client.get(address).content
            return data.decode(), len(data)
        data = open(finders.find(address.removeprefix("/static/")), "rb").read()
        return data.decode(errors="replace"), min(len(data), len(gzip.compress(data, 9)))

    return fetch


def test_the_photo_page_weighs_less_than_120_kB(sign_in, draft, ana):
    weights = first_load(reverse("intake:case_step", args=[draft.pk, "photos"]), on_the_wire(sign_in(ana)))
    assert {address.rpartition(".")[2] for address in weights} >= {"css", "js", "woff2", "svg"}
    assert sum(weights.values()) < 120_000, weights


def test_the_photo_page_is_of_use_before_any_script(sign_in, draft, ana):
    page = sign_in(ana).get(reverse("intake:case_step", args=[draft.pk, "photos"])).content.decode()
    assert all(" defer" in script for script in re.findall(r"<script\b[^>]*>", page))
    form = re.search(r'<form method="post"[^>]*data-upload>.*?</form>', page, re.DOTALL)[0]
    assert 'enctype="multipart/form-data"' in form
    assert 'type="file"' in form
    assert re.search(r'<button[^>]*type="submit"(?![^>]*hidden)', form)


def test_what_is_collected_is_compressed_and_named_by_its_content(settings, tmp_path):
    settings.STATIC_ROOT, settings.STORAGES = tmp_path, base.STORAGES
    call_command("collectstatic", interactive=False, verbosity=0)
    styles = list((tmp_path / "css").glob("app.*.css"))
    assert len(styles) == 1
    packed = styles[0].with_name(styles[0].name + ".gz")
    assert gzip.decompress(packed.read_bytes()) == styles[0].read_bytes()
    # each drawing of a slot is in the list by which pages find files
    listed = (tmp_path / "staticfiles.json").read_text()
    assert all(f"img/slots/{path.name}" in listed for path in (base.STATICFILES_DIRS[0] / "img/slots").iterdir())
