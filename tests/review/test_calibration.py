"""Later truth stands beside a signed answer and changes nothing of it; its reader alone sees the own figures."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from config.audit.models import AuditEvent
from intake.models import Case
from review import calibration
from review.calibration import Share, wilson
from review.errors import ReviewRefused
from review.models import Review, Truth
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def today(clinic):
    return timezone.localdate(None, clinic.zone)


@pytest.fixture
def signed(filled, tab, sign):
    tab.work(60_000)
    review = sign(filled)
    review.case = Case.objects.get(pk=review.case_id)
    return review


def tell(review, by, day, **changes):
    said = {"kind": "pathology", "agreement": "same", "diagnosis": "Melanoma in situ", "malignant": True}
    return calibration.tell_truth(review=review, by=by, found_on=day, **(said | changes))


def test_a_later_finding_changes_nothing_of_the_answer(signed, ben, today):
    before = Review.objects.values().get(pk=signed.pk)
    truth = tell(signed, ben, today, note="  Breslow 0  ")
    assert Review.objects.values().get(pk=signed.pk) == before
    assert (truth.by, truth.note, str(truth)) == (ben, "Breslow 0", "Pathology report: Melanoma in situ")
    event = AuditEvent.objects.get(verb="review.truth_told")
    assert event.data == {"kind": "pathology"}, "no clinical word in the audit trail"


def test_it_is_never_changed_or_removed(signed, ben, today):
    truth = tell(signed, ben, today)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Truth.objects.filter(pk=truth.pk).update(diagnosis="Nevus")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        truth.delete()


@pytest.mark.parametrize(
    ("changes", "days", "words"),
    [({}, 1, "still to come"), ({}, -40, "before the case"), ({"kind": "rumour"}, 0, "Choose"),
     ({"agreement": ""}, 0, "Choose"), ({"diagnosis": " "}, 0, "write what was found")],
)  # fmt: skip
def test_what_cannot_be_is_refused(signed, ben, today, changes, days, words):
    with pytest.raises(ReviewRefused, match=words):
        tell(signed, ben, today + timedelta(days=days), **changes)
    assert not Truth.objects.exists()


def test_the_database_takes_no_unknown_kind(signed, ben, today):
    for broken in ({"kind": "rumour"}, {"agreement": "maybe"}, {"diagnosis": ""}):
        values = {"kind": "pathology", "agreement": "same", "diagnosis": "Nevus"} | broken
        with pytest.raises(IntegrityError), transaction.atomic():
            Truth.objects.create(review=signed, by=ben, found_on=today, **values)


def test_an_answer_that_is_not_signed_has_no_later_truth(filled, ben, today):
    with pytest.raises(ReviewRefused, match="not signed"):
        tell(filled, ben, today)


def test_who_may_tell(signed, ben, dana, eli, ruth, ana, kay, max_stranger):
    may = {user: calibration.may_tell(signed, user) for user in (ben, dana, eli, ruth, ana, kay, max_stranger)}
    assert may == {ben: True, dana: True, eli: True, ruth: False, ana: False, kay: False, max_stranger: False}
    with pytest.raises(ReviewRefused, match="may not"):
        tell(signed, max_stranger, timezone.localdate())


# --- the pages --------------------------------------------------------------------------------------------------------


def posted(day, **changes):
    said = {"kind": "in_person", "found_on": day.isoformat(), "diagnosis": "Seborrheic keratosis",
            "agreement": "different", "malignant": "false", "note": ""}  # fmt: skip
    return said | changes


def test_the_clinic_adds_it_and_the_reader_sees_it(sign_in, signed, ben, dana, today):
    address = reverse("review:truth", args=[signed.case_id])
    client = sign_in(ben)
    result = client.get(reverse("review:staff_result", args=[signed.case_id])).content.decode()
    assert address in result, "found from the result"
    assert client.post(address, posted(today)).url == address
    assert "Seborrheic keratosis" in client.get(address).content.decode()
    page = sign_in(dana).get(reverse("review:calibration")).content.decode()
    assert "Seborrheic keratosis" in page and "Something else" in page and signed.case.patient.name in page


@pytest.mark.parametrize(
    ("changes", "words"), [({"diagnosis": ""}, "Write what was found."), ({"found_on": "2999-01-01"}, "still to come")]
)
def test_a_wrong_form_says_what_to_do_and_keeps_the_text(sign_in, signed, ben, today, changes, words):
    page = sign_in(ben).post(reverse("review:truth", args=[signed.case_id]), posted(today, note="Kept", **changes))
    assert page.status_code == 422 and words in page.content.decode() and "Kept" in page.content.decode()
    assert not Truth.objects.exists()


@pytest.mark.parametrize("who", ["max_stranger", "ana", "kay", "ada"])
def test_nobody_else_finds_the_page(request, sign_in, signed, who):
    answer = sign_in(request.getfixturevalue(who)).get(reverse("review:truth", args=[signed.case_id]))
    assert answer.status_code in (403, 404)


def test_a_case_without_a_signature_has_no_such_page(sign_in, filled, ben):
    assert sign_in(ben).get(reverse("review:truth", args=[filled.case_id])).status_code == 404


def test_the_page_of_figures_is_the_readers_own(sign_in, signed, dana, ben, today, group):
    tell(signed, ben, today)
    other = factories.make_specialist("Dora", group)
    page = sign_in(other).get(reverse("review:calibration")).content.decode()
    assert signed.case.patient.name not in page and "No reading yet" in page
    lead = factories.make_user("Lea", "specialist", group, lead=True)
    for user, status in ((ben, 404), (lead, 200)):
        answer = sign_in(user).get(reverse("review:calibration"))
        assert answer.status_code == status and signed.case.patient.name not in answer.content.decode()


# --- the figures ------------------------------------------------------------------------------------------------------


@pytest.fixture
def answers(ana, patient, group, dana, today, ben):
    """answers(ms=..., hours=..., truths=[...], ...) -> one more signed answer of Dana's."""

    def _answers(ms=300_000, hours=4.0, truths=(), days_ago=0, second_opinion=False, **fields):
        now = timezone.now() - timedelta(days=days_ago)
        case = factories.put_status(
            factories.make_draft(patient, by=ana), "signed", group=group, patient_state="OH",
            submitted_at=now - timedelta(days=30), ready_at=now - timedelta(hours=hours),
        )  # fmt: skip
        review = Review.objects.create(
            case=case, specialist=dana, status="signed", signed_at=now, date_of_service=now.date(),
            time_zone="America/New_York", measured_ms=ms, added_ms=0, lost_ms=0, attestation="I spent the time.",
            signed_record={}, content_sha256="ab" * 32, second_opinion=second_opinion,
            **({"photos_adequate": "yes", "confidence": "high"} | fields),
        )  # fmt: skip
        for kind, agreement, malignant in truths:
            calibration.tell_truth(
                review=review, by=ben, kind=kind, found_on=today, diagnosis="Melanoma", agreement=agreement,
                malignant=malignant,
            )  # fmt: skip
        return review

    return _answers


def test_times_are_medians_and_shares_are_counted(answers, dana):
    answers(ms=120_000, hours=1, visit_before="yes", visit_after="no")
    answers(ms=300_000, hours=5, photos_adequate="partly", visit_before="yes", visit_after="yes")
    answers(ms=2_000_000, hours=90, photos_adequate="no", confidence="low")
    got = calibration.figures(dana)
    assert (got.reviews, got.median_ms, round(got.median_hours)) == (3, 300_000, 5)
    assert [(share.count, share.total) for _, share in got.adequacy] == [(1, 3), (1, 3), (1, 3)]
    assert (got.visit_before, got.visit_after) == (Share(2, 2), Share(1, 2))
    assert got.truths == 0


def test_agreement_takes_the_best_later_truth_of_each_case(answers, dana):
    answers(truths=[("in_person", "same", None), ("pathology", "different", True)])
    answers(truths=[("pathology", "in_differential", True)], confidence="low")
    answers(truths=[("serial_photos", "unclear", None)])
    answers(truths=[("pathology", "same", False)])
    got = calibration.figures(dana)
    assert {label: share.count for label, share in got.agreement} == {
        "The same as the answer": 1, "Among the others named": 1, "Something else": 1, "Cannot be said": 1,
    }  # fmt: skip
    by_confidence = {label: (share.count, share.total) for label, share in got.by_confidence}
    assert by_confidence == {"Low": (0, 1), "Medium": (0, 0), "High": (1, 2)}, "what cannot be said counts on no side"
    assert got.malignant_named == Share(1, 2), "named among the others is named"


def test_what_is_not_the_readers_own_work_of_the_year_stays_out(answers, dana):
    answers()
    answers(days_ago=400)
    answers(second_opinion=True)
    Case.objects.filter(pk=answers().case_id).update(seeded=True)
    assert calibration.figures(dana).reviews == 1


def test_an_empty_account_has_figures_too(dana):
    got = calibration.figures(dana)
    assert (got.reviews, got.median_ms, got.median_hours, got.malignant_named.words) == (0, None, None, "none yet")


def test_the_figures_ask_the_database_the_same_number_of_times(answers, dana, django_assert_num_queries):
    for _ in range(3):
        answers(truths=[("pathology", "same", True)])
    with django_assert_num_queries(2):
        calibration.figures(dana)


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 0, 0, 100), (0, 1, 0, 80), (1, 1, 20, 100), (5, 10, 23, 77), (90, 100, 82, 95)],
)
def test_the_range_of_a_share(count, total, low, high):
    """Against the published Wilson score interval, rounded outwards to whole percent."""
    assert wilson(count, total) == (low, high)


def test_few_cases_are_called_few():
    assert Share(2, 3).words == "2 of 3, 67%. Few cases: the true share may lie anywhere from 20 to 94%"
    assert Share(90, 100).words == "90 of 100, 90% (between 82 and 95%)"
