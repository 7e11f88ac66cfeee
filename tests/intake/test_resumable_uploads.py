"""tus 1.0: a photo arrives in pieces, the receipt is true, and whatever is cut off is gone on with."""

import base64
import io
from datetime import timedelta
from hashlib import sha256

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import storages
from intake import services, triage, uploads
from intake.models import Photo, Upload
from tests import factories
from tests.intake.imaging import corpus
from tests.racing import race

pytestmark = pytest.mark.django_db
PIECE = "application/offset+octet-stream"


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR = tmp_path


@pytest.fixture
def photo() -> bytes:
    return corpus.jpeg(corpus.scene(900, 700))


@pytest.fixture
def phone(sign_in, ana):
    return sign_in(ana)


def announce(client, case, data, key="phone-key-1", **facts):
    facts = {"key": key, "slot": "close_up", "name": "IMG_1.jpg", "sha256": sha256(data).hexdigest()} | facts
    pairs = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in facts.items() if value)
    return client.post(
        reverse("intake:uploads", args=[case.pk]),
        headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)), "Upload-Metadata": pairs},
    )


def send(client, url, piece, at):
    # as an extra: the test client leaves the type of an empty body out
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(at)}
    return client.generic("PATCH", url, piece, headers=headers, CONTENT_TYPE=PIECE)


def offset(client, url) -> int:
    return int(client.head(url, headers={"Tus-Resumable": "1.0.0"})["Upload-Offset"])


def test_pieces_become_a_photo_and_the_receipt_names_its_bytes(phone, draft, photo):
    url = announce(phone, draft, photo)["Location"]
    assert offset(phone, url) == 0
    assert send(phone, url, photo[:1000], 0).status_code == 204
    assert offset(phone, url) == 1000
    answer = send(phone, url, photo[1000:], 1000)
    receipt = answer.json()["receipt"]
    row = Photo.objects.get()
    assert receipt["sha256"] == sha256(photo).hexdigest() == row.sha256
    assert receipt["bytes"] == len(photo)
    assert storages.read(row.original_key) == photo
    assert (row.slot, row.original_name, row.work_status) == ("close_up", "IMG_1.jpg", "waiting")
    assert not uploads.spool_path(Upload.objects.get()).exists()


def test_a_piece_costs_few_questions_and_a_receipt_one_commit(phone, draft, photo, django_assert_max_num_queries):
    announce(phone, draft, photo, key="phone-key-0")  # the session and the types are known from now on
    with django_assert_max_num_queries(13):
        url = announce(phone, draft, photo)["Location"]
    with django_assert_max_num_queries(7):
        send(phone, url, photo[:1000], 0)
    with django_assert_max_num_queries(14) as last:
        assert send(phone, url, photo[1000:], 1000).status_code == 200
    written = [query["sql"] for query in last.captured_queries if query["sql"][:6] in {"INSERT", "UPDATE", "DELETE"}]
    assert len(written) == 3, written  # the photo, its line in the audit trail, the upload that is settled


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_every_format_arrives_in_pieces(phone, draft, format):
    data = corpus.encode(corpus.scene(900, 1200), format)
    url = announce(phone, draft, data)["Location"]
    half = len(data) // 2
    send(phone, url, data[:half], 0)
    assert send(phone, url, data[half:], half).json()["receipt"]["sha256"] == sha256(data).hexdigest()
    assert Photo.objects.get().received_format == format.lower()


def test_no_receipt_before_the_last_byte(phone, draft, photo):
    url = announce(phone, draft, photo)["Location"]
    send(phone, url, photo[:-1], 0)
    assert phone.get(url).json()["receipt"] is None
    assert not Photo.objects.exists()


def test_a_piece_at_the_wrong_place_is_told_the_right_one(phone, draft, photo):
    url = announce(phone, draft, photo)["Location"]
    send(phone, url, photo[:500], 0)
    for at in (0, 499, 501):
        answer = send(phone, url, photo[at:], at)
        assert (answer.status_code, answer["Upload-Offset"]) == (409, "500")
    assert send(phone, url, photo[500:], 500).json()["receipt"]["sha256"] == sha256(photo).hexdigest()


def test_announced_twice_it_is_one_upload_also_after_the_receipt(phone, draft, photo):
    first = announce(phone, draft, photo)["Location"]
    assert announce(phone, draft, photo)["Location"] == first
    send(phone, first, photo, 0)
    again = announce(phone, draft, photo)
    assert again["Location"] == first
    assert again.json()["receipt"]["photo"] == str(Photo.objects.get().pk)


def test_the_same_photo_under_another_key_is_one_photo_with_a_receipt_at_once(phone, draft, photo):
    send(phone, announce(phone, draft, photo)["Location"], photo, 0)
    assert announce(phone, draft, photo, key="phone-key-2").json()["receipt"] is not None
    assert Photo.objects.count() == 1


def test_bytes_that_changed_on_the_way_are_sent_again(phone, draft, photo):
    url = announce(phone, draft, photo)["Location"]
    answer = send(phone, url, photo[:-1] + bytes([photo[-1] ^ 1]), 0)
    assert answer.status_code == 460
    assert offset(phone, url) == 0
    assert not Photo.objects.exists()
    assert send(phone, url, photo, 0).json()["receipt"] is not None


def test_a_browser_without_digest_may_send_too(phone, draft, photo):
    url = announce(phone, draft, photo, sha256="")["Location"]
    assert send(phone, url, photo, 0).json()["receipt"]["sha256"] == sha256(photo).hexdigest()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"%PDF-1.7 not a photo" + b" " * 70_000, "This is a PDF document. Send the photo itself."),
        (b"GIF89a" + b"\0" * 70_000, "This is a GIF."),
    ],
)
def test_the_wrong_kind_is_refused_after_its_first_piece(phone, draft, data, sentence):
    url = announce(phone, draft, data)["Location"]
    answer = send(phone, url, data[:66_000], 0)
    assert answer.status_code == 422
    assert answer.json()["message"].startswith(sentence)
    assert phone.get(url).json()["state"] == "refused"
    assert not Photo.objects.exists()


def test_a_damaged_photo_is_refused_at_the_end_with_its_sentence(phone, draft):
    data = b"\xff\xd8\xff\xe0" + b"\0" * 2000
    answer = send(phone, announce(phone, draft, data)["Location"], data, 0)
    assert answer.status_code == 422
    assert "damaged" in answer.json()["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "0"}, 422),
        ({"Upload-Length": str(26 * 1024 * 1024)}, 413),
        ({"Upload-Length": "many"}, 400),
        ({"Upload-Metadata": ""}, 400),
        ({"Upload-Metadata": "key !!!"}, 400),
        ({"Tus-Resumable": "0.2.2"}, 412),
    ],
)
def test_what_cannot_be_announced_says_why(phone, draft, headers, status):
    key = base64.b64encode(b"phone-key-1").decode()
    good = {"Tus-Resumable": "1.0.0", "Upload-Length": "100", "Upload-Metadata": f"key {key}"}
    answer = phone.post(reverse("intake:uploads", args=[draft.pk]), headers=good | headers)
    assert answer.status_code == status
    assert answer.json()["message"].endswith(".")
    assert not Upload.objects.exists()


def test_it_says_what_it_can_do(phone, draft):
    answer = phone.options(reverse("intake:uploads", args=[draft.pk]))
    assert answer["Tus-Version"] == "1.0.0"
    assert answer["Tus-Extension"] == "creation,termination"
    assert answer["Tus-Max-Size"] == str(25 * 1024 * 1024)


def test_twelve_in_a_case_and_no_thirteenth(phone, draft):
    answers = [announce(phone, draft, b"x" * (n + 1), key=f"phone-key-{n:02d}").status_code for n in range(13)]
    assert answers == [201] * 12 + [422]


def test_strangers_find_nothing(client, draft, photo, phone, max_stranger, kay, sign_in):
    url = announce(phone, draft, photo)["Location"]
    for user in (max_stranger, kay):
        other = sign_in(user)
        assert announce(other, draft, photo).status_code == 404
        assert other.get(url).status_code == 404
        assert send(other, url, photo, 0).status_code == 404
    assert Client().get(url).status_code == 302


def test_taken_back_it_takes_no_more(phone, draft, photo):
    url = announce(phone, draft, photo)["Location"]
    send(phone, url, photo[:100], 0)
    assert phone.delete(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert send(phone, url, photo[100:], 100).status_code == 410
    assert not Photo.objects.exists()


def test_a_case_is_sent_while_a_photo_is_still_on_its_way(phone, draft, photo, ana, ben, group, dana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    url = announce(phone, draft, photo)["Location"]
    send(phone, url, photo[:100], 0)
    case = services.submit_case(case=draft, by=ana)
    with pytest.raises(triage.TriageRefused, match="still arriving"):
        triage.accept_case(case=case, by=ben, urgency="routine", specialty="dermatology", group=group)
    # the phone goes on after the case was sent, but announces nothing new
    assert announce(phone, draft, photo + b"x", key="phone-key-2").status_code == 422
    assert send(phone, url, photo[100:], 100).json()["receipt"] is not None
    assert case.uploads.arriving().count() == 0


def test_a_cancelled_case_wants_no_photo(phone, draft, photo, ana):
    url = announce(phone, draft, photo)["Location"]
    services.withdraw_case(case=draft, by=ana)
    answer = send(phone, url, photo, 0)
    assert answer.status_code == 422
    assert "not needed any more" in answer.json()["message"]


def test_storage_that_is_away_gives_no_receipt_and_loses_nothing(phone, draft, photo, settings, tmp_path):
    url = announce(phone, draft, photo)["Location"]
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    settings.STORAGE_URL, kept = f"file://{blocked}", settings.STORAGE_URL
    answer = send(phone, url, photo, 0)
    assert (answer.status_code, answer.json()["message"]) == (
        503,
        "The storage does not answer. The photo is sent again by itself.",
    )
    assert not Photo.objects.exists()
    settings.STORAGE_URL = kept
    assert offset(phone, url) == len(photo)
    # an empty piece at the end asks for the receipt that is still owed
    assert send(phone, url, b"", len(photo)).json()["receipt"] is not None


def test_the_sweep_finishes_what_is_complete_and_gives_up_what_never_came(draft, ana, photo):
    def begin(key, data):
        return uploads.begin(case=draft, by=ana, client_key=key, byte_size=len(data), slot="close_up")

    complete, forgotten, young = begin("complete-1", photo), begin("forgotten", b"x" * 9), begin("young-one", b"y" * 9)
    uploads.spool_path(complete).parent.mkdir(parents=True, exist_ok=True)
    uploads.spool_path(complete).write_bytes(photo)
    Upload.objects.filter(pk=forgotten.pk).update(created_at=timezone.now() - timedelta(days=15))
    assert uploads.sweep() == 2
    for upload in (complete, forgotten, young):
        upload.refresh_from_db()
    assert [complete.state, forgotten.state, young.state] == ["received", "cancelled", "open"]
    assert uploads.sweep() == 0


@pytest.mark.django_db(transaction=True)
def test_twelve_windows_send_one_photo(draft, ana, photo):
    upload = uploads.begin(case=draft, by=ana, client_key="phone-key-1", byte_size=len(photo), slot="close_up")

    def push(number):
        mine = Upload.objects.select_related("case", "by").get(pk=upload.pk)
        return uploads.append(mine, io.BytesIO(photo), 0)

    outcomes = race(12, push)
    assert outcomes.count(len(photo)) == 1, outcomes
    told = [one for one in outcomes if one != len(photo)]
    assert all(isinstance(one, (uploads.Busy, uploads.WrongOffset)) for one in told), told
    assert storages.read(Photo.objects.get().original_key) == photo


@pytest.mark.django_db(transaction=True)
def test_twelve_announcements_of_one_file_are_one_upload(draft, ana):
    def begin(number):
        return uploads.begin(case=draft, by=ana, client_key="phone-key-1", byte_size=9, slot="other").pk

    made = race(12, begin)
    assert len(set(made)) == 1 == Upload.objects.count()


def test_staff_see_what_is_on_its_way_and_need_not_wait(sign_in, ben, draft, ana, photo):
    upload = uploads.begin(case=draft, by=ana, client_key="phone-key-1", byte_size=len(photo), slot="close_up")
    case = factories.put_status(draft, "submitted")
    staff = sign_in(ben)
    page = staff.get(reverse("intake:triage_case", args=[case.pk])).content.decode()
    assert "1 of 1 still on the way from the phone" in page
    answer = staff.post(reverse("intake:upload_skip", args=[upload.pk]), follow=True)
    assert "The case no longer waits for that photo." in answer.content.decode()
    assert not case.uploads.arriving().exists()
