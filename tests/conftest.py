"""The cast: patient Ana, staff Ben at her clinic, referrer Ruth, dermatologist Dana licensed in Ohio, Eli licensed
elsewhere, ophthalmologist Olga, biller Kay, administrator Ada, and Max, who is nobody here."""

import os
import shutil

import pytest
from django.conf import settings
from django.db import connection

from tests import factories, kept_database
from tests.append_only import _append_only_lifted_for_flush  # noqa: F401
from tests.browser_fixtures import (  # noqa: F401
    chromium,
    chromium_with_camera,
    kept_chromium,
    kept_chromium_with_camera,
    look,
    open_page,
    playwright,
)

WHOLE_PROGRAM = ("tests/journeys/test_whole_case", "tests/faults/", "tests/journeys/", "tests/test_launcher")
# The gate runs what the other of its two runs shows as well only once: DERMFORWARD_ELSEWHERE=pages or =embedded.
ELSEWHERE = {
    "pages": (
        ("in_browser", "by_keyboard", "test_interrupted_upload"),
        "about the browser: looked at once, in the gate's run on PostgreSQL",
    ),
    "embedded": (
        ("tests/test_launcher",),
        "starts the embedded program: done once, in the gate's run with Python alone",
    ),
}


def pytest_unconfigure():
    shutil.rmtree(settings.VAR, ignore_errors=True)


def pytest_collection_modifyitems(items):
    """What starts the whole program first: it mostly waits, and at the end nothing would be left to do beside it."""
    items.sort(key=lambda item: next((n for n, name in enumerate(WHOLE_PROGRAM) if name in item.nodeid), 9))
    if which := os.environ.get("DERMFORWARD_ELSEWHERE"):
        names, reason = ELSEWHERE[which]
        for item in items:
            if any(name in item.nodeid for name in names):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def django_db_keepdb():
    """On SQLite the file that `kept_database` copied is used as it is."""
    return connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    kept_database.begin()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """A browser's kept-alive connection can leave a server thread, and its database session, behind the last test."""
    with django_db_blocker.unblock():
        kept_database.keep()
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def clinic(db):
    return factories.make_clinic("clinic")


@pytest.fixture
def group(db):
    return factories.make_clinic("group")


@pytest.fixture
def ana(clinic):
    return factories.make_user("Ana", email="ana@example.test")


@pytest.fixture
def patient(clinic, ana):
    return factories.make_patient(clinic, user=ana)


@pytest.fixture
def ben(clinic):
    return factories.make_user("Ben", "staff", clinic)


@pytest.fixture
def ruth(clinic):
    return factories.make_user("Ruth", "referrer", clinic)


@pytest.fixture
def dana(group):
    return factories.make_specialist("Dana", group)


@pytest.fixture
def eli(group):
    return factories.make_specialist("Eli", group, states=("NY",))


@pytest.fixture
def olga(group):
    return factories.make_specialist("Olga", group, specialty="ophthalmology")


@pytest.fixture
def kay(group):
    return factories.make_user("Kay", "biller", group)


@pytest.fixture
def ada(clinic):
    return factories.make_user("Ada", "administrator", clinic, is_staff=True)


@pytest.fixture
def max_stranger(db):
    other = factories.make_clinic("clinic", name="Elsewhere Clinic")
    return factories.make_user("Max", "staff", other)


@pytest.fixture
def draft(patient, ana):
    return factories.make_draft(patient, by=ana)


@pytest.fixture
def submitted(draft):
    return factories.put_status(draft, "submitted")


@pytest.fixture
def ready(draft, group):
    return factories.put_status(draft, "ready", group=group, patient_state="OH")


@pytest.fixture
def sign_in(client):
    """sign_in(user) -> a test client signed in as that user."""

    def _sign_in(user):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return _sign_in


# What .ci/run provides must not be skipped there: DERMFORWARD_REQUIRE=browser,postgres,s3,gettext turns such a skip into a failure.
_NEEDS = {
    "browser": ("Chromium", "Playwright"),
    "postgres": ("PostgreSQL",),
    "s3": ("S3",),
    "gettext": ("needs gettext",),
}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    required = [word for name in os.environ.get("DERMFORWARD_REQUIRE", "").split(",") for word in _NEEDS.get(name, ())]
    if report.skipped and any(word in str(report.longrepr) for word in required):
        report.outcome = "failed"
        report.longrepr = f"required here, but skipped: {report.longrepr}"
