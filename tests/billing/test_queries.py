"""A biller asks the signer about the documentation; the answer stands on record beside the line."""

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from billing import queries
from billing.models import ChargeLine, ClinicianQuery
from billing.services import BillingRefused
from config.audit.models import AuditEvent
from tests import factories
from tests.billing.test_decisions import charge

QUESTION = "Was the second photograph part of this review?"


def live(line) -> ChargeLine:
    return ChargeLine.objects.live().get(review=line.review_id)


def test_a_question_holds_the_line_and_its_answer_frees_it(signed, sign_in, kay, dana):
    line = charge(signed())
    client = sign_in(kay)
    client.post(reverse("billing:query_ask", args=[line.uid]), {"question": QUESTION})
    held = live(line)
    assert (held.status, held.hold_codes, held.supersedes_id) == ("held", ["QUERY_OPEN"], line.pk)
    query = ClinicianQuery.objects.get()
    page = sign_in(dana).get(reverse("billing:questions"))
    assert QUESTION in page.content.decode() and "Questions to you" in page.content.decode()
    client.post(reverse("billing:query_answer", args=[query.pk]), {"answer": "Yes, both were read."})
    query.refresh_from_db()
    assert (query.answer, query.closed_how, query.closed_by) == ("Yes, both were read.", "answered", dana)
    assert live(line).status == "ready"
    assert "Yes, both were read." in sign_in(kay).get(reverse("billing:line", args=[live(line).uid])).content.decode()
    assert list(AuditEvent.objects.filter(verb__startswith="query.").order_by("pk").values_list("verb", flat=True)) == [
        "query.asked",
        "query.listed",
        "query.answered",
    ]


def test_a_question_taken_back_frees_the_line_too(signed, kay, sign_in):
    line = charge(signed())
    query = queries.ask(line=line, by=kay, question=QUESTION)
    sign_in(kay).post(reverse("billing:query_take_back", args=[query.pk]))
    assert live(line).status == "ready"
    with pytest.raises(BillingRefused, match="closed already"):
        queries.take_back(query=query, by=kay)


def test_one_question_at_a_time_and_none_after_sending(signed, kay):
    line = charge(signed(delivered=False))
    queries.ask(line=line, by=kay, question=QUESTION, about="NOT_DELIVERED")
    assert ClinicianQuery.objects.get().about == "NOT_DELIVERED"
    with pytest.raises(BillingRefused, match="open already"):
        queries.ask(line=live(line), by=kay, question=QUESTION)
    with pytest.raises(BillingRefused, match="in 10 to 1000 letters"):
        queries.ask(line=line, by=kay, question="Why?")
    ChargeLine.objects.filter(pk=line.pk).update(status="ready")
    ChargeLine.objects.filter(pk=line.pk).update(status="exported")
    line.refresh_from_db()
    with pytest.raises(BillingRefused, match="is sent or has ended"):
        queries.ask(line=line, by=kay, question=QUESTION)


def test_only_the_signer_answers_and_only_billers_of_the_group_ask(signed, sign_in, kay, dana, eli, ben):
    line = charge(signed())
    query = queries.ask(line=line, by=kay, question=QUESTION)
    for stranger in (eli, ben, kay):
        with pytest.raises(BillingRefused):
            queries.answer(query=query, by=stranger, text="Yes.")
        assert sign_in(stranger).post(reverse("billing:query_answer", args=[query.pk])).status_code == 404
    other = factories.make_user("Kim", "biller", factories.make_clinic("group"))
    assert sign_in(other).post(reverse("billing:query_take_back", args=[query.pk])).status_code == 404
    assert sign_in(other).post(reverse("billing:query_ask", args=[line.uid]), {"question": QUESTION}).status_code == 404
    with pytest.raises(BillingRefused, match="Only billers"):
        queries.ask(line=line, by=other, question=QUESTION)
    assert sign_in(eli).get(reverse("billing:questions")).context["waiting"] == []


@pytest.mark.parametrize(
    ("closed", "change"),
    [(False, {"question": "Another?"}), (True, {"answer": "No."}), (True, {"closed_how": "taken_back"})],
)
def test_what_was_asked_and_answered_is_never_changed(signed, kay, dana, closed, change):
    query = queries.ask(line=charge(signed()), by=kay, question=QUESTION)
    if closed:
        queries.answer(query=query, by=dana, text="Yes.")
    with pytest.raises(DatabaseError), transaction.atomic():
        ClinicianQuery.objects.filter(pk=query.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        ClinicianQuery.objects.filter(pk=query.pk).delete()


def test_an_addendum_is_taken_into_a_corrected_line(signed, sign_in, kay):
    from review.models import Addendum

    line = charge(signed(delivered=False))
    Addendum.objects.create(
        review=line.review,
        by=line.review.specialist,
        text="The other side.",
        changes={"side": True},
        content_sha256="cd" * 32,
    )
    ChargeLine.objects.filter(pk=line.pk).update(needs_correction=True)
    client = sign_in(kay)
    assert b"Correct this line" in client.get(reverse("billing:line", args=[line.uid])).content
    answer = client.post(
        reverse("billing:correct", args=[line.uid]), {"reason": "The side is not on the claim."}, follow=True
    )
    new = live(line)
    assert new.supersedes_id == line.pk and "CORRECTION_NEEDED" not in new.hold_codes
    assert f"{new.number} takes the place of {line.number}." in answer.content.decode()
