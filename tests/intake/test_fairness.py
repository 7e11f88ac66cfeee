"""The photo hints by tone, device and slot: what the clinic's page counts, and when it raises its hand."""

import pytest
from django.urls import reverse
from django.utils import timezone

from intake import fairness
from intake.models import Photo, PhotoAdequacy
from review.models import PhotoAdequacy as ReaderAdequacy
from review.models import Review
from tests import factories

pytestmark = pytest.mark.django_db


def photos(clinic, ben, *, tone, count, suggested, device="Pixel 9"):
    """One case a photo; the first `suggested` of them doubtful."""
    for n in range(count):
        patient = factories.make_patient(clinic, skin_tone=tone)
        case = factories.make_draft(patient, by=ben)
        photo = factories.make_ready_photo(case, by=ben)
        verdict = "retake_suggested" if n < suggested else "good"
        Photo.objects.filter(pk=photo.pk).update(quality_verdict=verdict, device_model=device)


def test_tones_fall_into_three_groups_and_silence_is_its_own():
    assert [fairness.tone_group(tone) for tone in (1, 3, 4, 7, 8, 10, None)] == [
        "Light (Monk 1 to 3)",
        "Light (Monk 1 to 3)",
        "Medium (Monk 4 to 7)",
        "Medium (Monk 4 to 7)",
        "Deep (Monk 8 to 10)",
        "Deep (Monk 8 to 10)",
        "Not told",
    ]


def test_photos_are_counted_by_group_and_over_all(clinic, ben):
    photos(clinic, ben, tone=2, count=4, suggested=1)
    photos(clinic, ben, tone=9, count=2, suggested=1, device="=cmd")
    whole, tables = fairness.report([clinic])
    assert (whole.photos, whole.suggested) == (6, 2)
    tone = {line.group: (line.photos, line.suggested) for line in tables[0].lines}
    assert tone == {"Light (Monk 1 to 3)": (4, 1), "Deep (Monk 8 to 10)": (2, 1)}
    assert {line.group for line in tables[1].lines} == {"Pixel 9", "=cmd"}


def judged_shares(clinic):
    whole, _ = fairness.report([clinic])
    return whole.suggested, whole.judged, whole.adequate


@pytest.fixture
def doubted(clinic, ben, dana, group):
    """Two doubted photos of one case, and a signed review that read them."""
    case = factories.make_draft(factories.make_patient(clinic, skin_tone=9), by=ben)
    pair = [
        factories.make_ready_photo(case, by=ben, slot=slot, sha256=slot[0] * 64) for slot in ("close_up", "overview")
    ]
    Photo.objects.filter(case=case).update(quality_verdict="retake_suggested")
    now = timezone.now()
    factories.put_status(case, "signed", group=group, claimed_at=now, urgency="routine", answer_due_at=now)
    review = Review.objects.create(case=case, specialist=dana)
    return pair, review


def sign(review, photos_adequate="yes"):
    now = timezone.now()
    Review.objects.filter(pk=review.pk).update(
        status="signed", signed_at=now, date_of_service=timezone.localdate(), time_zone="America/New_York",
        measured_ms=400_000, added_ms=0, lost_ms=0, attestation="I spent the time.", signed_record={},
        content_sha256="ab" * 32, photos_adequate=photos_adequate, work_status="waiting", due_at=now,
    )  # fmt: skip


def test_one_word_on_the_case_is_no_word_on_its_photos(clinic, doubted):
    _, review = doubted
    sign(review)
    assert judged_shares(clinic) == (2, 0, 0)


def test_each_photo_has_its_readers_own_word(clinic, doubted):
    (close_up, overview), review = doubted
    ReaderAdequacy.objects.create(review=review, photo=close_up, adequate="yes")
    ReaderAdequacy.objects.create(review=review, photo=overview, adequate="no")
    assert judged_shares(clinic) == (2, 0, 0), "counted before it was signed"
    sign(review, "partly")
    assert judged_shares(clinic) == (2, 2, 1)


def test_staff_speak_until_the_reader_does(clinic, ben, doubted):
    (close_up, overview), review = doubted
    PhotoAdequacy.objects.create(photo=close_up, verdict="after_all", by=ben)
    PhotoAdequacy.objects.create(photo=overview, verdict="retake", reason_code="blurred", by=ben)
    assert judged_shares(clinic) == (2, 2, 1)
    ReaderAdequacy.objects.create(review=review, photo=overview, adequate="yes")
    sign(review)
    assert judged_shares(clinic) == (2, 2, 2)


def test_the_newest_word_of_staff_counts(clinic, ben, doubted):
    (close_up, _), _ = doubted
    PhotoAdequacy.objects.create(photo=close_up, verdict="retake", reason_code="blurred", by=ben)
    PhotoAdequacy.objects.create(photo=close_up, verdict="after_all", by=ben)
    assert judged_shares(clinic) == (2, 1, 1)


def line(group, judged, adequate, photos=100):
    return fairness.Line(group, photos, judged, 0, judged, adequate)


@pytest.mark.parametrize(
    ("deep", "raised"),
    [(line("Deep", 40, 20), ["Deep"]), (line("Deep", 40, 12), []), (line("Deep", 10, 9), [])],
)
def test_a_group_is_named_when_its_retakes_were_needless_clearly_more_often(deep, raised):
    table = fairness.Table("tone", "By tone", [line("Light", 100, 20), deep])
    assert fairness.unfair_groups(line("All", 140, 40), table) == raised


def test_nothing_judged_is_no_share_and_raises_no_hand():
    assert line("All", 0, 0).false_share is None
    assert fairness.unfair_groups(line("All", 0, 0), fairness.Table("t", "T", [line("Deep", 0, 0)])) == []


def test_the_page_is_for_staff_of_the_clinic_and_counts_only_theirs(sign_in, ben, clinic, max_stranger, dana):
    photos(clinic, ben, tone=2, count=1, suggested=1)
    url = reverse("intake:photo_hints")
    assert "Light (Monk 1 to 3)" in sign_in(ben).get(url).content.decode()
    assert "No photo yet" in sign_in(max_stranger).get(url).content.decode()
    assert sign_in(dana).get(url).status_code == 404


def test_the_table_as_csv_is_harmless_in_a_spreadsheet(sign_in, ben, clinic):
    photos(clinic, ben, tone=2, count=1, suggested=1, device='=HYPERLINK("x")')
    text = sign_in(ben).get(reverse("intake:photo_hints"), {"as": "csv"}).content.decode()
    assert text.splitlines()[0].startswith("table,group,photos")
    assert "\"'=HYPERLINK(" in text


def test_the_patient_may_tell_the_tone_or_skip_it(sign_in, draft, ana, patient):
    url = reverse("intake:case_step", args=[draft.pk, "tone"])
    client = sign_in(ana)
    assert client.post(url, {"skip": "1"}).status_code == 302
    patient.refresh_from_db()
    assert patient.skin_tone is None
    client.post(url, {"tone": "9"})
    patient.refresh_from_db()
    assert patient.skin_tone == 9


def test_staff_do_not_say_it_for_the_patient(sign_in, draft, ben):
    assert sign_in(ben).get(reverse("intake:case_step", args=[draft.pk, "tone"])).status_code == 404
