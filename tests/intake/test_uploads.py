"""The plain form, as a browser without script sends it: every refusal names the problem and the remedy, by content and
never by name, and nothing else is lost."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from config import storages
from intake import services, triage
from intake.models import Case, Photo
from intake.renditions import process_photo
from tests import factories
from tests.intake.imaging import corpus

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR = tmp_path


@pytest.fixture
def phone(sign_in, ana):
    return sign_in(ana)


def send(client, case, *files, slot="close_up", script=False):
    photos = [SimpleUploadedFile(name, data, content_type="image/jpeg") for name, data in files]
    headers = {"X-Upload": "1"} if script else {}
    url = reverse("intake:upload_photo", args=[case.pk])
    return client.post(url, {"slot": slot, "photo": photos}, headers=headers, follow=not script)


REFUSED = [
    ("empty.jpg", b"", "This file is empty. Choose the photo again."),
    ("words.jpg", b"only words", "This is not a photo that we can read."),
    ("letter.jpg", b"%PDF-1.4 ...", "This is a PDF document. Send the photo itself."),
    ("drawing.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is a drawing or a web page, not a photo."),
    ("page.png", b"<!doctype html><script>alert(1)</script>", "This is a drawing or a web page, not a photo."),
    ("folder.jpg", b"PK\x03\x04rest", "This is a packed folder or a document."),
    ("moving.gif", corpus.animated("GIF"), "This is a GIF."),
    ("film.jpg", b"\0\0\0\x18ftypmp42" + b"\0" * 100, "This is a video. Send a photo."),
    ("tiff.jpg", b"II*\0" + b"\0" * 100, "This is a TIFF or raw camera file. Save it as JPEG and send that."),
    ("virus.jpg", rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", "This is not a photo"),
    ("bomb.png", corpus.png_header(30_000, 30_000), "This photo has 900.0 megapixels. The limit is 60."),
    ("small.jpg", corpus.jpeg(corpus.scene(90, 300)), "This picture is only 90 by 300 pixels"),
    ("cut.jpg", corpus.jpeg()[:20], "This photo is damaged: part of it is missing."),
]


@pytest.mark.parametrize(("name", "data", "sentence"), REFUSED, ids=[name for name, _, _ in REFUSED])
@pytest.mark.parametrize("script", [False, True])
def test_what_cannot_be_used_says_why_and_what_to_do(phone, draft, name, data, sentence, script):
    answer = send(phone, draft, (name, data), script=script)
    assert answer.status_code == (422 if script else 200)
    assert sentence in answer.content.decode()
    assert not Photo.objects.exists()


def test_too_many_bytes_are_refused_before_they_are_read(phone, draft):
    answer = send(phone, draft, ("large.jpg", corpus.jpeg() + b"\0" * (25 * 1024 * 1024)))
    assert "The limit is 25 MB." in answer.content.decode()
    assert not Photo.objects.exists()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_content_decides_and_not_the_name(phone, draft, format):
    out = io.BytesIO()
    corpus.scene().save(out, format)
    send(phone, draft, ("note.txt", out.getvalue()))
    assert Photo.objects.get().received_format == format.lower()


def test_a_small_photo_is_only_advised(phone, draft):
    send(phone, draft, ("small.jpg", corpus.jpeg(corpus.scene(300, 380))))
    assert Photo.objects.live().count() == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 300 + ".jpg", "<b>x</b>.jpg", "..\\..\\x.jpg", "名前.jpg"])
def test_a_hostile_name_does_no_harm(phone, draft, name):
    answer = send(phone, draft, (name, corpus.jpeg()))
    photo = Photo.objects.get()
    assert photo.original_key == f"orig/{draft.pk}/{photo.sha256}"
    assert "<b>x</b>" not in answer.content.decode()


def test_of_several_files_the_good_ones_are_kept(phone, draft):
    answer = send(phone, draft, ("a.jpg", corpus.jpeg()), ("b.pdf", b"%PDF-1.4"), slot="other")
    assert Photo.objects.live().count() == 1
    assert "This is a PDF document." in answer.content.decode()


def test_a_script_gets_the_slot_and_a_plain_form_comes_back_to_its_page(phone, draft):
    fragment = send(phone, draft, ("a.jpg", corpus.jpeg()), script=True).content.decode()
    assert fragment.lstrip().startswith("<section")
    assert "It is here and safe. You can go on." in fragment
    other = corpus.jpeg(corpus.scene(500, 500))
    page = send(phone, draft, ("b.jpg", other))
    assert page.redirect_chain[-1][0] == reverse("intake:case_step", args=[draft.pk, "photos"])
    assert "The photo is here." in page.content.decode()


def test_storage_that_is_away_says_so_and_keeps_everything_else(phone, draft, settings, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    settings.STORAGE_URL = f"file://{blocked}"
    answer = send(phone, draft, ("a.jpg", corpus.jpeg()))
    assert "The photo could not be stored just now. Everything else is saved; send it again in a minute." in (
        answer.content.decode()
    )
    assert not Photo.objects.exists()
    assert Case.objects.get().reason == draft.reason


def test_a_thirteenth_photo_has_no_room(phone, draft, ana):
    for _ in range(12):
        factories.make_ready_photo(draft, by=ana)
    answer = send(phone, draft, ("a.jpg", corpus.jpeg()))
    assert "A case has room for 12 photos. Remove one that is not needed first." in answer.content.decode()


def test_strangers_send_nothing(sign_in, draft, max_stranger, kay, ada, dana):
    for user in (max_stranger, kay, ada, dana):
        url = reverse("intake:upload_photo", args=[draft.pk])
        data = {"slot": "close_up", "photo": SimpleUploadedFile("a.jpg", corpus.jpeg())}
        assert sign_in(user).post(url, data).status_code == 404
    assert not Photo.objects.exists()


def test_keep_remove_and_move(phone, draft, ana):
    one, two = factories.make_ready_photo(draft, by=ana), factories.make_ready_photo(draft, by=ana)
    Photo.objects.update(quality_verdict="retake_suggested", quality_reasons=["blurred"])

    def act(photo, action):
        return phone.post(reverse("intake:photo_action", args=[photo.pk, action]), follow=True).content.decode()

    assert "You kept this one." in act(one, "keep")
    assert "photo 1 of 2" in act(two, "earlier")
    assert [photo.pk for photo in draft.photos.live()] == [two.pk, one.pk]
    act(one, "remove")
    assert [photo.pk for photo in draft.photos.live()] == [two.pk]
    assert phone.post(reverse("intake:photo_action", args=[two.pk, "nonsense"])).status_code == 404


def test_a_refusal_speaks_the_patients_language(phone, draft, patient):
    patient.preferred_language = "es"
    patient.save()
    page = send(phone, draft, ("letter.jpg", b"%PDF-1.4 ...")).content.decode()
    assert "This is a PDF document" not in page
    assert '<html lang="es"' in page


def test_the_quality_hint_is_the_pipelines(phone, draft, ana):
    blurred = Image.new("RGB", (900, 900), (180, 140, 120))
    photo = services.attach_photo(case=draft, by=ana, data=corpus.jpeg(blurred), name="a.jpg", slot="close_up")
    process_photo(photo.pk)
    page = phone.get(reverse("intake:case_step", args=[draft.pk, "photos"])).content.decode()
    assert "Retake suggested" in page
    assert "This is the best I can do" in page


LIMIT = 25 * 1024 * 1024


@pytest.mark.parametrize(("extra", "taken"), [(0, True), (1, False)])
def test_the_limit_of_bytes_is_exact(phone, draft, extra, taken):
    data = corpus.jpeg()
    send(phone, draft, ("a.jpg", data + b"\0" * (LIMIT - len(data) + extra)))
    assert Photo.objects.exists() is taken


@pytest.mark.parametrize(
    ("width", "height", "taken"),
    [(10_000, 6_000, True), (10_000, 6_001, False), (100, 100, True), (99, 400, False), (400, 99, False)],
)
def test_the_limits_of_pixels_are_exact(phone, draft, width, height, taken):
    send(phone, draft, ("a.png", corpus.png_header(width, height)))
    assert Photo.objects.exists() is taken


def test_a_heic_is_known_by_its_content(phone, draft):
    """The container is AVIF's with another brand; nothing here can write a real one."""
    avif = corpus.encode(corpus.scene(), "AVIF")
    send(phone, draft, ("photo.png", avif.replace(b"ftypavif", b"ftypheic", 1)))
    assert Photo.objects.get().received_format == "heic"


@pytest.mark.parametrize("at", [0.3, 0.7, 0.95])
def test_a_photo_that_broke_off_is_not_taken_for_whole(phone, draft, at):
    """At the door or, where the header is fine, after the full look: it is said, and it does not count as a photo."""
    whole = corpus.jpeg(corpus.scene(900, 900))
    said = send(phone, draft, ("a.jpg", whole[: int(len(whole) * at)])).content.decode()
    for photo in Photo.objects.all():
        process_photo(photo.pk)
        said = phone.get(reverse("intake:case_step", args=[draft.pk, "photos"])).content.decode()
    assert "This photo is damaged: part of it is missing." in said
    check = phone.get(reverse("intake:case_step", args=[draft.pk, "check"])).content.decode()
    assert "Add at least one photo." in check


def test_sending_nothing_says_so(phone, draft):
    assert "No photo arrived. Choose it again." in send(phone, draft).content.decode()
    assert send(phone, draft, script=True).status_code == 422


def test_a_refusal_touches_nothing_that_was_typed(phone, draft):
    before = Case.objects.values().get()
    send(phone, draft, ("letter.jpg", b"%PDF-1.4 ..."))
    send(phone, draft, ("letter.jpg", b"%PDF-1.4 ..."), script=True)
    assert Case.objects.values().get() == before


def test_after_an_outage_of_the_storage_the_same_photo_is_taken(phone, draft, settings, tmp_path):
    url, blocked = settings.STORAGE_URL, tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    settings.STORAGE_URL = f"file://{blocked}"
    answer = send(phone, draft, ("a.jpg", corpus.jpeg()), script=True)
    assert answer.status_code == 422
    assert "could not be stored just now" in answer.content.decode()
    settings.STORAGE_URL = url
    assert send(phone, draft, ("a.jpg", corpus.jpeg()), script=True).status_code == 200
    photo = Photo.objects.get()
    assert storages.read(photo.original_key) == corpus.jpeg()


def test_a_long_name_is_cut_and_shown_nowhere(phone, draft):
    name = "holiday" * 60 + ".jpg"
    send(phone, draft, (name, corpus.jpeg()))
    assert len(Photo.objects.get().original_name) <= 255
    for step in ("photos", "check"):
        assert "holiday" not in phone.get(reverse("intake:case_step", args=[draft.pk, step])).content.decode()


def test_a_photo_for_an_unknown_slot_is_shown_with_the_others(phone, draft):
    answer = send(phone, draft, ("a.jpg", corpus.jpeg()), slot="nonsense", script=True)
    assert answer.status_code == 200
    assert 'id="slot-other"' in answer.content.decode()
    assert Photo.objects.get().slot == "other"


@pytest.mark.parametrize("status", ["submitted", "redirected", "withdrawn"])
def test_once_sent_there_is_no_door(phone, draft, status):
    factories.put_status(draft, status)
    assert send(phone, draft, ("a.jpg", corpus.jpeg()), script=True).status_code == 404
    assert not Photo.objects.exists()


def test_without_its_token_a_form_from_elsewhere_sends_nothing(draft, ana):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    assert send(client, draft, ("a.jpg", corpus.jpeg()), script=True).status_code == 403
    assert not Photo.objects.exists()


@pytest.fixture
def asked(draft, ana, ben):
    """Sent with one photo; the clinic asks for another."""
    old = factories.make_ready_photo(draft, by=ana)
    factories.put_status(draft, "submitted")
    triage.request_information(
        case=draft, by=ben, items=[triage.Asked("photo", slot="oblique", reason_code="missing", note="Missing.")],
        deadline=factories.in_days(1),
    )  # fmt: skip
    return old


def test_asked_for_a_photo_it_comes_back_to_the_answer(phone, draft, asked):
    page = send(phone, draft, ("a.jpg", corpus.jpeg()), slot="oblique")
    assert page.redirect_chain[-1][0] == reverse("intake:case_answer", args=[draft.pk])
    assert "It is here and safe." in page.content.decode()


def test_a_photo_that_was_sent_before_is_not_taken_back_while_answering(phone, draft, asked):
    url = reverse("intake:photo_action", args=[asked.pk, "remove"])
    assert "Its photos stay as they are." in phone.post(url, follow=True).content.decode()
    assert "Its photos stay as they are." in phone.post(url, headers={"HX-Request": "true"}).content.decode()
    assert Photo.objects.live().get() == asked


def test_staff_of_the_clinic_send_photos_for_the_patient(sign_in, ben, draft):
    send(sign_in(ben), draft, ("a.jpg", corpus.jpeg()))
    assert Photo.objects.get().uploaded_by == ben


@pytest.mark.parametrize("action", ["remove", "keep", "first"])
def test_nobody_touches_the_photos_of_others(sign_in, clinic, draft, ana, max_stranger, kay, ada, action):
    photo = factories.make_ready_photo(draft, by=ana)
    other = factories.make_user("Otto")
    factories.make_patient(clinic, user=other)
    url = reverse("intake:photo_action", args=[photo.pk, action])
    for user in (other, max_stranger, kay, ada):
        assert sign_in(user).post(url).status_code == 404
    assert sign_in(ana).get(url).status_code == 405
    photo.refresh_from_db()
    assert (photo.removed_at, photo.kept_by_patient_at) == (None, None)
