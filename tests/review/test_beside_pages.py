"""Beside the photographs: earlier cases and their pictures, what may be seen of them, and what is fetched ahead."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.audit.models import AuditEvent
from intake.models import Case, Photo
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(review, patient, ana, group):
    """Ten earlier cases answered by the own group, each with a photo; one of the same place."""
    made = []
    for number in range(10):
        case = factories.make_draft(patient, by=ana, site="hand" if number else "forearm_posterior")
        made.append(factories.put_status(case, "delivered", group=group))
        factories.make_ready_photo(case, by=ana)
    Case.objects.filter(pk=review.case_id).update(created_at=factories.in_days(0))
    return made


def test_a_case_opens_with_few_questions_to_the_database(sign_in, review, history, ana, dana):
    for _ in range(11):
        factories.make_ready_photo(review.case, by=ana, slot="other")
    client, address = sign_in(dana), reverse("review:room", args=[review.case_id])
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    assert answer.status_code == 200 and len(answer.context["photos"]) == 12
    assert len(asked) <= 15, "\n".join(query["sql"][:120] for query in asked)


def test_earlier_cases_and_their_photos_follow(sign_in, review, history, dana):
    page = sign_in(dana).get(reverse("review:earlier", args=[review.case_id])).content.decode()
    assert page.count('data-earlier="1"') == 10
    assert "Same place" in page and "months before" not in page
    assert 'id="strip-earlier" hx-swap-oob' in page
    # the photo of the same place stands first
    first = re.search(r'data-photo="([0-9a-f-]+)"', page)[1]
    assert Photo.objects.get(pk=first).case == history[0]
    seen = AuditEvent.objects.filter(verb="case.listed").latest("pk")
    assert set(seen.data["cases"]) == {str(case.pk) for case in history}


def test_without_a_script_a_link_shows_the_same(sign_in, review, history, dana):
    client = sign_in(dana)
    plain = client.get(reverse("review:room", args=[review.case_id])).content.decode()
    assert "?earlier=1" in plain and 'data-earlier="1"' not in plain
    page = client.get(reverse("review:room", args=[review.case_id]), {"earlier": "1"}).content.decode()
    assert page.count('data-earlier="1"') == 10 and page.count("<dialog") == 2


def test_the_holder_reads_what_the_own_group_answered_and_nobody_else_does(review, history, dana, eli, ready):
    elsewhere = factories.make_clinic("group")
    Case.objects.filter(pk=history[3].pk).update(group=elsewhere)
    seen = set(Case.objects.visible_to(dana))
    assert set(history) - seen == {history[3]}
    assert not set(Case.objects.visible_to(eli)) & set(history)
    factories.put_status(ready, "ready", group=ready.group)  # given back: the earlier ones go with it
    assert not set(Case.objects.visible_to(dana)) & set(history)


def test_an_earlier_case_of_another_group_is_named_without_its_pictures(sign_in, review, history, dana):
    Case.objects.exclude(pk=review.case_id).update(group=factories.make_clinic("group"))
    page = sign_in(dana).get(reverse("review:earlier", args=[review.case_id])).content.decode()
    assert 'data-earlier="1"' not in page
    assert "its photos are not open to you" in page


def test_the_next_case_is_fetched_ahead_and_marked_as_that(sign_in, review, dana, patient, ana, group, clinic, ben):
    client, address = sign_in(dana), reverse("review:ahead", args=[review.case_id])
    assert client.get(address).json() == {"picture": ""}
    other = factories.make_draft(factories.make_patient(clinic), by=ben)
    factories.put_status(other, "ready", group=group, patient_state="OH")
    photo = factories.make_ready_photo(other, by=ben)
    assert client.get(address).json() == {"picture": reverse("intake:picture", args=[photo.pk, "screen"])}
    Case.objects.filter(pk=other.pk).update(site="genitalia", side="")
    assert client.get(address).json() == {"picture": ""}
    assert client.get(reverse("review:room", args=[other.pk])).status_code == 200


def test_a_sensitive_photo_is_not_asked_for_before_it_is_opened(sign_in, review, photo, dana):
    Case.objects.filter(pk=review.case_id).update(site="genitalia", side="")
    page = sign_in(dana).get(reverse("review:room", args=[review.case_id])).content.decode()
    stage = page[page.index("data-stage") : page.index("figcaption")]
    assert reverse("intake:picture", args=[photo.pk, "screen"]) not in stage
    assert "blurred until you open it" in stage and 'data-veiled="1"' in page


def test_strangers_find_nothing(sign_in, review, eli, ben):
    for user in (eli, ben):
        client = sign_in(user)
        for name in ("earlier", "ahead", "marks"):
            assert client.get(reverse(f"review:{name}", args=[review.case_id])).status_code == 404
