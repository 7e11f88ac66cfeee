"""Every address declares who may use it, sends the signed-out to sign-in, and shows the wrong role nothing."""

import uuid

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

from config.accounts.access import ANYONE, SIGNED_IN
from config.accounts.roles import Role

KNOWN = {role.value for role in Role} | ANYONE | SIGNED_IN
SAMPLES = {"uuid": str(uuid.UUID(int=7)), "int": "1", "slug": "sample", "str": "sample", "path": "sample"}


def walk(patterns, prefix=""):
    """(address, view, namespace of Django's admin or not) of each pattern, with samples in place of arguments."""
    for entry in patterns:
        address = prefix + _filled(entry.pattern)
        if isinstance(entry, URLResolver):
            if entry.namespace == "admin":
                continue
            yield from walk(entry.url_patterns, address)
        elif isinstance(entry, URLPattern):
            yield "/" + address, entry.callback


def _filled(pattern) -> str:
    text = str(pattern)
    for name, converter in pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
        text = text.replace(f"<{kind}:{name}>", SAMPLES[kind]).replace(f"<{name}>", SAMPLES["str"])
    return text


VIEWS = sorted(walk(get_resolver().url_patterns), key=lambda pair: pair[0])
GUARDED = [(url, view) for url, view in VIEWS if getattr(view, "allowed_roles", ANYONE) != ANYONE]
ids = [url for url, _ in GUARDED]


def test_the_walk_finds_the_whole_house():
    assert {"/accounts/login/", "/administration/", "/administration/audit/", "/"} <= {url for url, _ in VIEWS}
    assert not any("<" in url for url, _ in VIEWS)


@pytest.mark.parametrize(("url", "view"), VIEWS, ids=[url for url, _ in VIEWS])
def test_every_view_declares_who_may_use_it(url, view):
    allowed = getattr(view, "allowed_roles", None)
    assert allowed, f"{url} says not who may use it: mark its view with role_required, signed_in or public"
    assert set(allowed) <= KNOWN


@pytest.mark.django_db
@pytest.mark.parametrize(("url", "view"), GUARDED, ids=ids)
def test_the_signed_out_are_sent_to_sign_in(client, url, view):
    for response in (client.get(url), client.post(url)):
        assert response.status_code == 302
        assert response.url.startswith("/accounts/login/?next=")


@pytest.mark.django_db
@pytest.mark.parametrize(("url", "view"), GUARDED, ids=ids)
def test_a_wrong_role_finds_nothing(request, sign_in, url, view):
    cast = {
        "patient": "patient",
        "staff": "ben",
        "referrer": "ruth",
        "specialist": "dana",
        "biller": "kay",
        "administrator": "ada",
    }
    if view.allowed_roles == SIGNED_IN:
        return
    for role, name in cast.items():
        if role in view.allowed_roles:
            continue
        person = request.getfixturevalue(name)
        client = sign_in(getattr(person, "user", person))
        assert (client.get(url).status_code, client.post(url).status_code) == (404, 404), role


def test_public_views_are_these_and_no_more():
    """A new public page is a decision: add it here, with the reason in the commit."""
    public = {url for url, view in VIEWS if getattr(view, "allowed_roles", None) == ANYONE}
    assert public <= {
        "/healthz",
        "/readyz",
        "/accounts/language/",
        "/link/sample/",  # a patient without an account, by date of birth
        "/letters/",  # whoever holds a printed letter: genuine, superseded or unknown
        "/letters/sample/",
        "/accounts/login/",
        "/accounts/logout/",
        "/accounts/password/forgot/",
        "/accounts/password/set/sample/sample/",
        "/accounts/email/sample/",
        "/accounts/invitation/",
        "/accounts/invitation/sample/",
    }


def test_djangos_own_tables_are_wrapped_in_the_administrator_check():
    site = admin.site
    assert site.__class__.__module__ == "config.accounts.admin_site"
    assert site.allowed_roles == {"administrator"}
    assert all(getattr(table, "has_delete_permission", None) for table in site._registry.values())
