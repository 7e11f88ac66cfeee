"""After the signature: nothing is moved. The charge is held, the signer is asked, and both recipients are told."""

import pytest
from django.urls import reverse

from billing import services as charging
from billing.models import ChargeLine
from config.accounts.signin_models import OutgoingMail
from intake import filing
from intake.models import Case, Misfiling
from intake.requests import TriageRefused
from review import delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(filled, tab, sign):
    tab.work(120_000)
    return sign(filled)


def text(answer) -> str:
    return answer.content.decode()


def test_a_report_holds_the_charge_and_asks_the_signer(sign_in, signed, ben, dana):
    case = signed.case
    charging.charge_review(signed.pk)
    client = sign_in(ben)
    url = reverse("review:report_wrong_person", args=[case.pk])
    assert "Write why" in text(client.post(url, {"reason": " "}))
    assert "the charge is held" in text(client.post(url, {"reason": "Her sister's phone"}, follow=True))
    assert Misfiling.objects.get().kind == "reported"
    assert OutgoingMail.objects.filter(to=dana.email, template="message_waiting").exists()
    charging.wake_changed()
    line = ChargeLine.objects.get(review=signed)
    charging.decide_again(line.pk)
    line.refresh_from_db()
    assert "FILED_IN_ERROR" in [hold["code"] for hold in line.holds]
    assert client.get(url).status_code == 404
    with pytest.raises(TriageRefused, match="reported already"):
        filing.report_after_signing(case=Case.objects.get(pk=case.pk), by=ben, reason="Again")


def test_the_addendum_starts_from_the_report_and_tells_both(sign_in, signed, ben, dana):
    filing.report_after_signing(case=signed.case, by=ben, reason="Her sister's phone")
    client = sign_in(dana)
    assert "Filed under the wrong person" in text(client.get(reverse("review:signed", args=[signed.case_id])))
    url = reverse("review:addendum", args=[signed.pk])
    page = text(client.get(url))
    assert "must not be used for them" in page
    data = {"text": "Filed under the wrong person.", "patient_text": "It is not about you.", "person": "on"}
    client.post(url, data)
    addendum = signed.addenda.get()
    assert addendum.changes["person"] is True
    kinds = set(addendum.deliveries.values_list("recipient_kind", flat=True))
    assert kinds == {kind for kind, _ in delivery.recipients(signed.case)}


def test_an_addendum_alone_sets_the_fact(signed, dana):
    delivery.add_addendum(
        review=signed, by=dana, text="Wrong person", patient_text="Not about you", changes={"person": True}
    )
    assert Case.objects.get(pk=signed.case_id).filed_in_error_at is not None


@pytest.mark.parametrize("who", ["max_stranger", "ana", "dana", "ruth"])
def test_only_staff_of_the_clinic_report(request, sign_in, signed, who):
    client = sign_in(request.getfixturevalue(who))
    url = reverse("review:report_wrong_person", args=[signed.case_id])
    assert client.post(url, {"reason": "Because"}).status_code == 404
