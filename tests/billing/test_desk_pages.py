"""The biller's pages: every line with its reason, nothing clinical, and only the own group's."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from billing.models import Alignment, Batch, ChargeLine, Fee, PayerPolicy
from config.audit.models import AuditEvent
from intake.models import Coverage
from tests import factories
from tests.billing.test_decisions import charge, run_due

CLINICAL = (b"brown spot", b"Apixaban", b"/pictures/", b"Macule", b"<img")


def test_desk_shows_reasons_and_counts_that_match(signed, sign_in, kay):
    charge(signed())
    held = charge(signed(delivered=False))
    page = sign_in(kay).get(reverse("billing:desk"))
    text = page.content.decode()
    assert "1 line is ready to export, 1 is held" in text
    assert "Not every recipient has the recommendation yet." in text and "the clinic: delivers it" in text
    for key, _, _, count in page.context["counts"]:
        shown = sign_in(kay).get(reverse("billing:desk"), {"show": key}).context["lines"]
        assert len(shown) == count, key
    assert held.number in text


def test_no_photograph_and_no_clinical_text(signed, sign_in, kay):
    review = signed(findings="Macule", patient_text="Have the macule tested.")
    line = charge(review)
    client = sign_in(kay)
    for url in (reverse("billing:desk"), reverse("billing:line", args=[line.uid])):
        content = client.get(url).content
        assert not [word for word in CLINICAL if word in content], url


def test_search_by_name_line_and_case(signed, sign_in, kay, patient):
    line = charge(signed())
    client = sign_in(kay)
    for text in (patient.last_name, line.number, line.review.case.number, line.number.lower()):
        assert [found.pk for found in client.get(reverse("billing:desk"), {"q": text}).context["lines"]] == [line.pk]
    assert b"No line fits" in client.get(reverse("billing:desk"), {"q": "nobody"}).content


def test_empty_desk_says_where_lines_come_from(sign_in, kay):
    assert b"A line appears by itself" in sign_in(kay).get(reverse("billing:desk")).content


def test_export_by_button_and_the_same_bytes_again(signed, sign_in, kay):
    line = charge(signed())
    client = sign_in(kay)
    answer = client.post(reverse("billing:export"), {"line": [str(line.uid)]})
    batch = Batch.objects.get()
    assert answer.url == reverse("billing:batch", args=[batch.pk])
    page = client.get(answer.url).content.decode()
    for file in batch.files.all():
        assert file.sha256 in page
        url = reverse("billing:batch_file", args=[batch.pk, file.pk])
        assert client.get(url).content == client.get(url).content == bytes(file.content)
    assert AuditEvent.objects.filter(verb="batch.downloaded", actor=kay).count() == 6


def test_exporting_nothing_says_so(signed, sign_in, kay):
    line = charge(signed(delivered=False))
    answer = sign_in(kay).post(reverse("billing:export"), {"line": [str(line.uid), "nonsense"]}, follow=True)
    assert b"Nothing was exported" in answer.content
    assert not Batch.objects.exists()


def test_line_page_shows_the_proof(signed, sign_in, kay):
    line = charge(signed(ms=462_000))
    page = sign_in(kay).get(reverse("billing:line", args=[line.uid])).content.decode()
    for proof in ("7 min 42 s", "I spent the time.", "ab" * 32, "The facts it rests on", "Rules 2026-11-2"):
        assert proof in page


def test_release_and_void_by_form(signed, sign_in, kay, group):
    Fee.objects.create(group=group, code="G9869", amount=Decimal("68"), valid_from=date(2024, 1, 1), source="board")
    line = charge(signed(ms=700_000))
    client = sign_in(kay)
    url = reverse("billing:release", args=[line.uid, "TIME_GE_10"])
    assert b"Write why" in client.post(url, {"reason": ""}, follow=True).content
    client.post(url, {"reason": "Checked with the reader."})
    line.refresh_from_db()
    assert line.status == "ready"
    client.post(reverse("billing:void", args=[line.uid]), {"reason": "Training case."})
    line.refresh_from_db()
    assert line.status == "void"


@pytest.mark.parametrize("who", ["ana", "ben", "ruth", "dana", "max_stranger"])
def test_only_billers(signed, sign_in, request, who):
    line = charge(signed())
    client = sign_in(request.getfixturevalue(who))
    for url in (reverse("billing:desk"), reverse("billing:line", args=[line.uid]), reverse("billing:batches")):
        assert client.get(url).status_code == 404


def test_billers_of_another_group_find_nothing(signed, sign_in, kay):
    line = charge(signed())
    client = sign_in(kay)
    client.post(reverse("billing:export"), {"line": [str(line.uid)]})
    batch = Batch.objects.get()
    other = factories.make_user("Kim", "biller", factories.make_clinic("group"))
    client = sign_in(other)
    assert client.get(reverse("billing:line", args=[line.uid])).status_code == 404
    assert client.get(reverse("billing:batch", args=[batch.pk])).status_code == 404
    assert client.get(reverse("billing:batch_file", args=[batch.pk, batch.files.first().pk])).status_code == 404
    assert list(client.get(reverse("billing:desk")).context["lines"]) == []


def test_recording_a_policy_wakes_the_lines_that_wait_for_it(signed, sign_in, kay):
    Coverage.objects.update(payer_code="aetna", plan="commercial", member_id="W1")
    line = charge(signed())
    url = reverse("billing:reference_new", args=["policy"])
    client = sign_in(kay)
    refused = client.post(url, {"payer": line.payer.pk, "pays": "on", "valid_from": "2024-01-01", "source": ""})
    assert b"Write where this is known from." in refused.content
    client.post(url, {"payer": line.payer.pk, "pays": "on", "valid_from": "2024-01-01", "source": "Letter of Nov 2"})
    run_due()
    line.refresh_from_db()
    assert (PayerPolicy.objects.count(), line.status) == (1, "ready")


def test_reference_rows_are_added_and_ended(billable, sign_in, kay, group, patient, draft):
    client = sign_in(kay)
    page = client.get(reverse("billing:reference")).content.decode()
    assert "LEAD" in page and "Not confirmed: lines are held" in page and "$42.00" in page
    client.post(
        reverse("billing:reference_new", args=["fee"]),
        {"group": group.pk, "code": "G9869", "amount": "68.00", "valid_from": "2026-01-01", "source": "Board"},
    )
    assert Fee.objects.get(code="G9869").amount == Decimal("68.00")
    row = Alignment.objects.get()
    wrong = {
        "programme": row.programme_id,
        "patient": patient.pk,
        "valid_from": "2026-01-02",
        "valid_until": "2026-01-01",
        "source": "f",
    }
    url = reverse("billing:reference_edit", args=["alignment", row.pk])
    draft.__class__.objects.filter(pk=draft.pk).update(group=group)
    assert b"The end is before the start." in client.post(url, wrong).content
    assert AuditEvent.objects.filter(verb="reference.changed").count() == 1


def test_fee_of_nothing_is_refused(billable, sign_in, kay, group):
    answer = sign_in(kay).post(
        reverse("billing:reference_new", args=["fee"]),
        {
            "group": group.pk,
            "code": "G9870",
            "amount": "0.00",
            "valid_from": str(factories.practice_today()),
            "source": "x",
        },
    )
    assert answer.status_code == 200 and not Fee.objects.filter(code="G9870").exists()


def test_ready_line_waits_on_no_one(signed):
    line = charge(signed())
    assert ChargeLine.objects.wake() == 0
    line.refresh_from_db()
    assert line.status == "ready"
