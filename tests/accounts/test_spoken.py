"""Languages besides English: each clinician says their own, an administrator sees and corrects them."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from config.accounts.models import SpokenLanguage
from config.audit.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_a_specialist_says_which_languages_they_speak_and_takes_it_back(sign_in, dana):
    client = sign_in(dana)
    page = client.get("/accounts/me/").content.decode()
    assert (
        "speak with a patient in Spanish" in page
        and "English" not in page.split("Languages</h2>")[1].split("</form>")[0]
    )
    for posted, known in (({"languages-es": "on"}, ["es"]), ({"languages-es": "on"}, ["es"]), ({}, [])):
        assert client.post("/accounts/me/", {"form": "languages"} | posted).status_code == 302
        assert list(dana.practitioner.spoken.values_list("language", flat=True)) == known
    events = AuditEvent.objects.filter(verb="practitioner.languages_changed", actor=dana).order_by("pk")
    assert [event.data["languages"] for event in events] == [["es"], ["es"], []]


def test_the_card_shows_what_is_known(sign_in, dana):
    dana.practitioner.spoken.create(language="es")
    page = sign_in(dana).get("/accounts/me/").content.decode()
    assert 'name="languages-es"' in page
    assert "checked" in page.split('name="languages-es"')[1].split(">")[0]


@pytest.mark.parametrize("who", ["ben", "ana", "kay"])
def test_who_answers_no_case_is_not_asked(request, sign_in, who, patient):
    client = sign_in(request.getfixturevalue(who))
    assert "languages-es" not in client.get("/accounts/me/").content.decode()
    client.post("/accounts/me/", {"form": "languages", "languages-es": "on"})
    assert not SpokenLanguage.objects.exists()


@pytest.mark.parametrize("language", ["es", "en", ""])
def test_the_database_keeps_each_once_and_english_out(dana, language):
    dana.practitioner.spoken.create(language="es")
    with pytest.raises(IntegrityError), transaction.atomic():
        dana.practitioner.spoken.create(language=language)


def test_an_administrator_sees_them_with_the_licences_and_can_correct_them(sign_in, ada, dana):
    dana.practitioner.spoken.create(language="es")
    client = sign_in(ada)
    assert "Spanish" in client.get("/administration/licences/").content.decode()
    answer = client.get(reverse("admin:accounts_practitioner_change", args=[dana.practitioner.pk]))
    assert "languages besides english" in answer.content.decode().lower()
