"""The recommendation as each recipient reads it; strangers find nothing."""

import html

import pytest
from django.urls import reverse

from config.audit.models import AuditEvent
from intake.models import Case, Patient
from review import delivery
from review.letters import making
from review.models import Delivery, LetterPair
from tests.review.signed import BIOPSY, CREAM, answer
from tests.review.test_delivery import notices


def test_patient_reads_and_acknowledges(answered, sign_in, ana):
    review = answered(referred=False)
    notices(review)
    client = sign_in(ana)
    page = client.get(reverse("review:patient_result", args=[review.case_id]))
    assert page.status_code == 200 and b"Have it tested." in page.content
    row = review.deliveries.get()
    assert row.opened_at is not None and row.acknowledged_at is None
    assert AuditEvent.objects.filter(verb="result.viewed", actor=ana).exists()
    client.post(reverse("review:acknowledge", args=[review.case_id, "patient"]))
    assert Case.objects.get(pk=review.case_id).status == "closed"


def test_home_says_read_your_result_until_it_is_read(answered, sign_in, ana):
    review = answered(referred=False)
    notices(review)
    client = sign_in(ana)
    assert b"Read your result" in client.get("/my/").content
    delivery.acknowledge(case=review.case, kind="patient", by=ana)
    assert b"Read your result" not in client.get("/my/").content


def test_referrer_finds_it_first_and_acknowledges(answered, sign_in, ruth):
    review = answered()
    notices(review)
    client = sign_in(ruth)
    assert b"1 new recommendation to read" in client.get(reverse("review:referrer_home")).content
    letter = client.get(reverse("review:referrer_result", args=[review.case_id]))
    assert b"Macule" in letter.content and review.content_sha256.encode() in letter.content
    client.post(reverse("review:acknowledge", args=[review.case_id, "referrer"]))
    assert Delivery.objects.get(recipient_kind="referrer").acknowledged_by == ruth
    assert b"No new recommendation" in client.get(reverse("review:referrer_home")).content


def test_staff_record_acknowledge_and_close(answered, sign_in, ben):
    review = answered(referred=False)
    notices(review)
    client = sign_in(ben)
    assert review.case.number.encode() in client.get(reverse("review:results_to_close")).content
    page = client.get(reverse("review:staff_result", args=[review.case_id]))
    assert b"They told us that they read it" in page.content
    client.post(reverse("review:acknowledge", args=[review.case_id, "patient"]), {"how": "phone"})
    assert Case.objects.get(pk=review.case_id).status == "closed"
    assert b"Every result is read" in client.get(reverse("review:results_to_close")).content


def test_closing_without_a_reason_changes_nothing(answered, sign_in, ben):
    review = answered(referred=False)
    notices(review)
    client = sign_in(ben)
    answer = client.post(reverse("review:close", args=[review.case_id]), {"reason": ""}, follow=True)
    assert b"Write why the case is closed." in answer.content
    client.post(reverse("review:close", args=[review.case_id]), {"reason": "Moved away."})
    assert Case.objects.get(pk=review.case_id).status == "closed"


@pytest.mark.parametrize("who", ["max_stranger", "kay", "eli", "olga", "ada"])
def test_strangers_find_nothing(answered, sign_in, request, who):
    review = answered()
    notices(review)
    client = sign_in(request.getfixturevalue(who))
    for name in ("patient_result", "referrer_result", "staff_result"):
        answer = client.get(reverse(f"review:{name}", args=[review.case_id]))
        assert answer.status_code == 404 and b"Have it tested." not in answer.content
    assert client.post(reverse("review:acknowledge", args=[review.case_id, "patient"])).status_code == 404


def test_each_page_is_for_its_reader(answered, sign_in, ana, ruth, ben):
    review = answered()
    for person, own in ((ana, "patient_result"), (ruth, "referrer_result"), (ben, "staff_result")):
        client = sign_in(person)
        for name in ("patient_result", "referrer_result", "staff_result"):
            expected = 200 if name == own else 404
            assert client.get(reverse(f"review:{name}", args=[review.case_id])).status_code == expected, (person, name)


def test_no_result_before_the_signature(ready, sign_in, ana):
    assert sign_in(ana).get(reverse("review:patient_result", args=[ready.pk])).status_code == 404


def test_addendum_by_form(answered, sign_in, dana):
    review = answered(referred=False)
    notices(review)
    client = sign_in(dana)
    url = reverse("review:addendum", args=[review.pk])
    assert b"Write the addendum." in client.post(url, {"text": ""}).content
    client.post(url, {"text": "Pathology: benign.", "patient_text": "The test was fine."})
    assert review.addenda.get().text == "Pathology: benign."
    assert Case.objects.get(pk=review.case_id).status == "signed"


def test_what_an_addendum_changes_is_said_to_who_signed_it(filled, tab, sign, sign_in, dana):
    tab.work(60_000)
    review = sign(filled)
    data = {"text": "Pathology: nevus.", "patient_text": "It is harmless.", "diagnosis": "on", "side": "on"}
    page = sign_in(dana).post(reverse("review:addendum", args=[review.pk]), data, follow=True).content.decode()
    assert review.addenda.get().changes == {"diagnosis": True, "plan": False, "side": True, "person": False}
    assert "the diagnosis, the side or place" in page


def test_what_an_addendum_changes_is_said_to_who_referred(answered, sign_in, dana, ruth):
    review = answered()
    delivery.add_addendum(
        review=review, by=dana, text="Pathology: nevus.", patient_text="It is fine.", changes={"diagnosis": True}
    )
    page = sign_in(ruth).get(reverse("review:referrer_result", args=[review.case_id])).content.decode()
    assert "Changed: the diagnosis<" in page


def test_both_pages_are_the_letters(draft, dana, group, sign_in, ana, ruth, ben):
    """Word for word what is set as PDF: a page with other facts than the paper would be a third letter."""
    words = {"findings": "Macule, 14 mm", "assessment": "Atypical nevus", "follow_up": "Result in 3 weeks."}
    review = answer(draft, dana, group, BIOPSY, CREAM, referrer=ruth, **words)
    Patient.objects.filter(user=ana).update(preferred_language="es")
    both = making.contents(LetterPair.objects.get(review=review))
    for person, name, audience in (
        (ana, "patient_result", "patient"), (ruth, "referrer_result", "clinician"), (ben, "staff_result", "clinician")
    ):  # fmt: skip
        page = html.unescape(sign_in(person).get(reverse(f"review:{name}", args=[review.case_id])).content.decode())
        told = [text for text in every_text(both[audience]) if text not in page]
        assert told == [], (name, told)


def every_text(part, name=""):
    """What a letter shows. On the page the head is the hero's, the addressee is the reader, and pages have no numbers."""
    unseen = {
        "facts",
        "kind",
        "id",
        "source",
        "photo",
        "file",
        "language",
        "title",
        "author",
        "page_words",
        "to",
        "no_plan",
        "label",
    }
    if isinstance(part, dict):
        hidden = unseen | ({"number", "date", "group", "place"} if "lead" in part else set())
        return [text for key, value in part.items() if key not in hidden for text in every_text(value)]
    if isinstance(part, list):
        return [text for one in part for text in every_text(one)]
    return [part] if isinstance(part, str) and part else []


def test_what_is_held_back_is_seen_by_the_clinic_alone(answered, sign_in, ana, ruth, ben):
    review = answered(findings="Macule, 14 mm")
    LetterPair.objects.filter(review=review).update(disagreements="They differ.", work_status="idle", due_at=None)
    for person, name, seen in (
        (ana, "patient_result", False), (ruth, "referrer_result", False), (ben, "staff_result", True)
    ):  # fmt: skip
        page = sign_in(person).get(reverse(f"review:{name}", args=[review.case_id]))
        assert (page.status_code, b"14 mm" in page.content) == (200, seen), name


def test_what_was_filed_under_the_wrong_person_is_on_no_page(answered, sign_in, ana, ruth, dana):
    review = answered(findings="Macule, 14 mm")
    delivery.add_addendum(
        review=review, by=dana, text="Not hers.", patient_text="It is not about you.", changes={"person": True}
    )
    for person, name in ((ana, "patient_result"), (ruth, "referrer_result")):
        page = sign_in(person).get(reverse(f"review:{name}", args=[review.case_id])).content.decode()
        assert "14 mm" not in page and "Have it tested." not in page, name
