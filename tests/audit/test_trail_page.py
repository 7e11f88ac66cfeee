import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from config.audit import views
from config.audit.models import AuditEvent
from config.audit.services import record

pytestmark = pytest.mark.django_db
URL = "/administration/audit/"


def verbs(response) -> list[str]:
    return [event.verb for event in response.context["events"]]


def test_only_administrators_find_it(sign_in, ben, client):
    assert client.get(URL).status_code == 302
    assert sign_in(ben).get(URL).status_code == 404


def test_the_newest_comes_first_with_the_state_of_its_seal(sign_in, ada):
    record("test.first", by=ada, subject=ada)
    record("test.second", by=ada, subject=ada)
    response = sign_in(ada).get(URL)
    assert verbs(response) == ["test.second", "test.first"]
    assert b"waiting" in response.content


def test_its_times_are_utc_wherever_the_administrator_is(sign_in, ada):
    record("test.first", by=ada, subject=ada)
    at = AuditEvent.objects.get(verb="test.first").at
    page = sign_in(ada).get(URL)
    assert page.wsgi_request.user.main_clinic.time_zone == "America/New_York"
    assert f"{at:%b} {at.day}, {at:%Y %H:%M:%S}" in page.content.decode() and "Times are UTC." in page.content.decode()


def test_search_by_person_verb_subject_and_day(sign_in, ada, ben):
    record("case.saved", by=ben, subject=ben)
    record("photo.viewed", by=ada, subject=ada)
    client = sign_in(ada)
    assert verbs(client.get(URL, {"person": ben.email[:4]})) == ["case.saved"]
    assert verbs(client.get(URL, {"verb": "photo"})) == ["photo.viewed"]
    assert verbs(client.get(URL, {"subject": str(ben.pk)})) == ["case.saved"]
    tomorrow = (timezone.now() + timedelta(days=1)).date().isoformat()
    assert verbs(client.get(URL, {"since": tomorrow})) == []
    assert len(verbs(client.get(URL, {"until": tomorrow}))) == 2


def test_search_by_case_number_and_by_a_case_in_a_list(sign_in, ada, draft, ben):
    record("case.saved", by=ben, subject=draft)
    record("case.listed", by=ben, subject=ben, data={"cases": [draft.pk, uuid.uuid4()]})
    client = sign_in(ada)
    assert "case.saved" in verbs(client.get(URL, {"subject": draft.number.lower(), "verb": "case.saved"}))
    assert "case.listed" in verbs(client.get(URL, {"subject": str(draft.pk)}))
    assert verbs(client.get(URL, {"subject": str(uuid.uuid4())})) == []


def test_pages_go_on_below_the_last_row_without_counting(sign_in, ada, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(views, "PAGE", 3)
    for n in range(7):
        record(f"test.n{n}", by=ada, subject=ada)
    client = sign_in(ada)
    client.get(URL)
    seen, before = [], None
    while True:
        with django_assert_max_num_queries(12) as queries:
            response = client.get(URL, {"verb": "test", **({"before": before} if before else {})})
        # only the small numbers in the top bar are counted, and each up to a limit
        counted = [query["sql"] for query in queries.captured_queries if "COUNT(" in query["sql"]]
        assert not any("audit_auditevent" in sql for sql in counted)
        assert all(sql.count("COUNT(") <= sql.count("LIMIT") for sql in counted)
        seen += verbs(response)
        before = response.context["more"]
        if before is None:
            break
    assert seen == [f"test.n{n}" for n in reversed(range(7))]


def test_nonsense_in_the_address_is_no_error(sign_in, ada):
    assert sign_in(ada).get(URL, {"before": "9" * 40, "since": "yesterday"}).status_code == 200
    assert AuditEvent.objects.count() == 0
