from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config.audit.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/administration/work/"


@pytest.fixture
def stopped(draft, ana):
    photo = factories.make_ready_photo(draft, by=ana)
    photo.work_status, photo.attempts, photo.last_error = "dead", 5, "The worker was lost at each attempt."
    photo.save()
    return photo


def again(photo) -> str:
    return reverse("work:try_again", args=["photo", photo.pk])


def test_only_administrators_find_it(sign_in, ben, client, stopped):
    assert client.get(URL).status_code == 302
    assert sign_in(ben).get(URL).status_code == 404
    assert sign_in(ben).post(again(stopped)).status_code == 404
    stopped.refresh_from_db()
    assert stopped.work_status == "dead"


def test_it_says_that_all_is_well(sign_in, ada):
    page = sign_in(ada).get(URL).content.decode()
    assert "All is well" in page
    assert "Nothing waits" in page


def test_what_gave_up_is_listed_with_its_fault_and_without_the_patient(sign_in, ada, stopped, patient):
    page = sign_in(ada).get(URL).content.decode()
    assert "The worker was lost at each attempt." in page
    assert str(stopped.pk) in page
    assert patient.last_name not in page


def test_waiting_work_is_counted_with_the_time_of_the_first(sign_in, ada, draft, ana):
    photo = factories.make_ready_photo(draft, by=ana)
    type(photo).objects.filter(pk=photo.pk).update(
        work_status="waiting", due_at=timezone.now() - timedelta(minutes=7), last_error="storage does not answer"
    )
    response = sign_in(ada).get(URL)
    assert [line.count for line in response.context["waiting"] if line.kind.name == "photo"] == [1]
    assert "7\xa0minutes ago" in response.content.decode()
    assert "storage does not answer" in response.content.decode()


def test_try_again_makes_it_due_with_fresh_attempts_and_leaves_a_trace(sign_in, ada, stopped):
    response = sign_in(ada).post(again(stopped), follow=True)
    stopped.refresh_from_db()
    assert (stopped.work_status, stopped.attempts) == ("waiting", 0)
    assert stopped.due_at <= timezone.now()
    assert "It is tried again now." in response.content.decode()
    assert AuditEvent.objects.filter(verb="work.tried_again", subject_id=str(stopped.pk)).count() == 1


def test_try_again_twice_says_that_it_is_under_way(sign_in, ada, stopped):
    client = sign_in(ada)
    client.post(again(stopped))
    type(stopped).objects.filter(pk=stopped.pk).update(work_status="working", attempts=1)
    response = client.post(again(stopped), follow=True)
    stopped.refresh_from_db()
    assert (stopped.work_status, stopped.attempts) == ("working", 1)
    assert "under way already" in response.content.decode()


def test_all_of_them_at_once(sign_in, ada, stopped, draft, ana):
    other = factories.make_ready_photo(draft, by=ana)
    type(other).objects.filter(pk=other.pk).update(work_status="dead")
    response = sign_in(ada).post(reverse("work:try_all_again"), follow=True)
    assert "2 pieces of work are tried again." in response.content.decode()
    assert not type(other).objects.filter(work_status="dead").exists()


@pytest.mark.parametrize("kind, pk, status", [("nonsense", "1", 404), ("photo", "not-a-key", 302)])
def test_a_made_up_address_does_nothing(sign_in, ada, stopped, kind, pk, status):
    assert sign_in(ada).post(reverse("work:try_again", args=[kind, pk])).status_code == status
    stopped.refresh_from_db()
    assert stopped.work_status == "dead"
