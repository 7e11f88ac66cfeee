"""Marks over photographs: data beside the picture, the reviewer's own, frozen by the signature."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from intake.models import Photo
from review import annotations
from review.errors import ReviewRefused
from review.models import Annotation, AnnotationWithdrawal
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def mark(review, photo, dana):
    """mark(kind, **changes) -> a mark on the photo of 1200 x 1500 px."""

    def _mark(kind="arrow", start=(0.1, 0.1), end=(0.5, 0.5), **changes):
        arguments = {"review": review, "by": dana, "photo": photo, "kind": kind, "start": start, "end": end}
        return annotations.annotate(**(arguments | changes))

    return _mark


def shown(review, photo):
    return annotations.marks_of(review, [photo]).get(str(photo.pk), [])


def test_a_length_is_told_against_the_marked_scale_of_the_same_photo(mark, review, photo):
    mark("measure", (0.2, 0.2), (0.2, 0.4))
    assert shown(review, photo)[0]["words"] == "Measure, no scale marked"
    mark("scale", (0.0, 0.0), (0.25, 0.0), mm=10)  # 300 px are 10 mm
    mark("ellipse", (0.1, 0.1), (0.2, 0.5), text="border")  # 600 px high
    words = [one["words"] for one in shown(review, photo)]
    assert words == ["Measure, 10.0 mm", "Scale, 10 mm", "Outline, 20.0 mm: border"]


def test_a_new_scale_takes_the_place_of_the_old(mark, review, photo):
    first = mark("scale", mm=10)
    second = mark("scale", mm=20)
    assert [one["id"] for one in shown(review, photo)] == [str(second.pk)]
    assert AnnotationWithdrawal.objects.get().annotation == first


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"end": (1.2, 0.5)}, "outside of the photo"),
        ({"start": (float("nan"), 0.5)}, "outside of the photo"),
        ({"kind": "doodle"}, "outside of the photo"),
        ({"kind": "text", "text": "  "}, "Write what the mark should say"),
        ({"end": (0.1, 0.1)}, "no length"),
        ({"kind": "scale"}, "in millimeters"),
        ({"kind": "scale", "mm": -1.0}, "in millimeters"),
    ],
)
def test_a_mark_that_cannot_be_is_refused_in_words(mark, changes, words):
    with pytest.raises(ReviewRefused, match=words):
        mark(**changes)
    assert not Annotation.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"x1": -0.1}, {"x2": 1.5}, {"kind": "doodle"}, {"kind": "text", "text": ""}, {"x1": 0.5, "y1": 0.5}, {"mm": 4.0}],
)
def test_the_database_refuses_it_too(review, photo, dana, wrong):
    fields = {"kind": "arrow", "x1": 0.1, "y1": 0.1, "x2": 0.5, "y2": 0.5} | wrong
    with pytest.raises(IntegrityError), transaction.atomic():
        Annotation.objects.create(review=review, photo=photo, by=dana, **fields)


def test_rows_are_never_changed_and_a_withdrawal_leaves_both(mark, review, photo, dana):
    made = mark(text="darker here")
    with pytest.raises(DatabaseError), transaction.atomic():
        Annotation.objects.filter(pk=made.pk).update(text="other")
    annotations.withdraw(annotation=made, by=dana)
    annotations.withdraw(annotation=made, by=dana)
    assert shown(review, photo) == []
    assert Annotation.objects.count() == AnnotationWithdrawal.objects.count() == 1


def test_only_the_reviewer_marks_and_only_photos_of_the_patient(mark, review, clinic, ben, group):
    dora = factories.make_specialist("Dora", group)
    with pytest.raises(ReviewRefused, match="by the reviewer"):
        mark(by=dora)
    stranger = factories.make_draft(factories.make_patient(clinic), by=ben)
    with pytest.raises(ReviewRefused, match="not one of this patient's"):
        mark(photo=factories.make_ready_photo(stranger, by=ben))


def test_the_signature_freezes_the_marks(mark, filled, tab, sign, dana, photo):
    kept, gone = mark(text="darker here"), mark("ellipse")
    annotations.withdraw(annotation=gone, by=dana)
    tab.work(60_000)
    signed = sign(filled)
    record = signed.signed_record["annotations"]
    assert [(row["id"], row["words"]) for row in record] == [(str(kept.pk), "Arrow: darker here")]
    assert record[0]["points"] == ["0.100000", "0.100000", "0.500000", "0.500000"]
    with pytest.raises(ReviewRefused, match="signed"):
        mark("ellipse")
    with pytest.raises(ReviewRefused, match="signed"):
        annotations.withdraw(annotation=kept, by=dana)
    assert [one["mine"] for one in shown(signed, photo)] == [False]


def test_the_viewer_reads_makes_and_takes_back(review, photo, sign_in, dana):
    client, address = sign_in(dana), reverse("review:marks", args=[review.case_id])
    assert client.get(address).json() == {"marks": {}}
    body = {"photo": photo.pk, "kind": "measure", "x1": "0.1", "y1": "0.1", "x2": "0.4", "y2": "0.1", "text": "axis"}
    made = client.post(address, body)
    assert made.status_code == 201
    (row,) = made.json()["marks"][str(photo.pk)]
    assert (row["words"], row["mine"]) == ("Measure, no scale marked: axis", True)
    back = reverse("review:withdraw_mark", args=[review.case_id, row["id"]])
    assert client.get(back).status_code == 405
    assert client.post(back).json() == {"marks": {}}


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"x1": "near"}, 400), ({"photo": "none"}, 400), ({"kind": "scale", "mm": "x"}, 400), ({"kind": "text"}, 422)],
)
def test_what_cannot_be_read_is_said(review, photo, sign_in, dana, changes, status):
    body = {"photo": photo.pk, "kind": "arrow", "x1": "0.1", "y1": "0.1", "x2": "0.4", "y2": "0.1"} | changes
    answer = sign_in(dana).post(reverse("review:marks", args=[review.case_id]), body)
    assert answer.status_code == status and answer.json()["error"]


def test_a_draft_mark_is_nobody_elses(mark, review, photo, sign_in, eli, group):
    made = mark()
    dora = factories.make_specialist("Dora", group)
    for other in (dora, eli):
        client = sign_in(other)
        assert client.get(reverse("review:marks", args=[review.case_id])).status_code == 404
        assert client.post(reverse("review:withdraw_mark", args=[review.case_id, made.pk])).status_code == 404


def test_the_patients_own_circle_lies_over_the_photo_and_is_nobodys_to_take_back(review, photo):
    Photo.objects.filter(pk=photo.pk).update(circle_x=0.25, circle_y=0.75, circle_across=0.1)
    photo.refresh_from_db()
    (found,) = annotations.marks_of(review, [photo])[str(photo.pk)]
    assert (found["kind"], found["mine"], found["words"]) == ("ellipse", False, "Outline, circled by the patient")
    # 120 px across on a picture of 1200 x 1500
    places = [found[name] for name in ("x1", "y1", "x2", "y2")]
    assert places == pytest.approx([0.2, 0.71, 0.3, 0.79])
