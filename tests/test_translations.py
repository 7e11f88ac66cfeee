"""Patients read everything in English or Spanish: nothing untranslated, nothing stale, each in their own language."""

import gettext
import re
import shutil
import subprocess
import sys

import pytest
from django.urls import reverse
from django.utils import translation

from config import mail
from config.accounts import outbox
from config.accounts.services import ask_for_email_change, queue_mail
from config.accounts.signin_models import OutgoingMail
from intake import people, related, services
from tests import factories
from tests.catalogue import PO, ROOT, entries

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{[\w.:]*\}|%%|</?\w+>")
MESSAGES = [entry for entry in entries() if entry["msgid"]]


def forms(entry) -> list[str]:
    return [text for key, text in entry.items() if key.startswith("msgstr")]


def test_every_message_has_its_spanish():
    missing = [entry["msgid"] for entry in MESSAGES if not all(forms(entry)) or "fuzzy" in entry]
    assert missing == []
    # Spanish has a form of its own for whole millions: "2 days" is the third
    assert [entry["msgid"] for entry in MESSAGES if "msgid_plural" in entry and "msgstr[2]" not in entry] == []
    assert len(MESSAGES) > 600
    assert "fuzzy" not in entries()[0], "msgfmt would leave out the header and its plural forms"


def test_what_is_filled_in_stays_in_place():
    wrong = []
    for entry in MESSAGES:
        expected = sorted(PLACEHOLDER.findall(entry.get("msgid_plural", entry["msgid"])))
        wrong += [entry["msgid"] for text in forms(entry) if sorted(PLACEHOLDER.findall(text)) != expected]
    assert wrong == []


def test_the_compiled_catalogue_is_exactly_the_written_one():
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog
    written = {}
    for entry in entries():
        if "msgid_plural" in entry:
            written |= {(entry["msgid"], n): text for n, text in enumerate(forms(entry))}
        else:
            written[entry["msgid"]] = entry["msgstr"]
    # msgfmt leaves this line out, so that the same texts compile to the same bytes
    written[""] = re.sub(r"POT-Creation-Date:.*\n", "", written[""])
    assert compiled == written


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext, the program that finds the messages")
def test_no_message_of_the_source_is_missing(tmp_path):
    copy = tmp_path / "source"
    left_out = shutil.ignore_patterns(".venv", ".git", "var", "tests", "__pycache__", "docs", "*.mo")
    shutil.copytree(ROOT, copy, ignore=left_out)
    command = [
        sys.executable,
        "manage.py",
        "makemessages",
        "-l",
        "es",
        "--no-location",
        "--settings",
        "config.settings.test",
    ]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    fresh = {entry["msgid"] for entry in entries(copy / PO.relative_to(ROOT))}
    assert fresh - {entry["msgid"] for entry in entries()} == set()


# pages


@pytest.fixture
def spanish(patient):
    patient.preferred_language = "es"
    patient.save()
    return patient


@pytest.mark.django_db
def test_a_patients_pages_are_in_the_patients_language(sign_in, spanish, draft, ana):
    client = sign_in(ana)
    services.answer_question(case=draft, by=ana, key="changes", value=["size"])
    for url, words in {
        reverse("intake:patient_home"): "Hola, Ana",
        reverse("intake:case_new"): "Empezar un caso nuevo",
        reverse("intake:case_step", args=[draft.pk, "danger"]): "¿Tiene ahora algo de esto?",
        reverse("intake:case_step", args=[draft.pk, "reason"]): "¿Cuál es el problema?",
        reverse("intake:case_step", args=[draft.pk, "place"]): "Antebrazo, lado externo",
        reverse("intake:case_step", args=[draft.pk, "q-changes"]): "¿Ha cambiado?",
        reverse("intake:case_step", args=[draft.pk, "photos"]): "Desde más lejos",
        reverse("intake:case_step", args=[draft.pk, "consent"]): "Atención por fotos",
        reverse("intake:case_step", args=[draft.pk, "check"]): "Creció",
    }.items():
        page = client.get(url).content.decode()
        assert '<html lang="es"' in page, url
        assert words in page, url


@pytest.mark.django_db
def test_the_side_follows_the_place_and_fits_each_gender(spanish, draft):
    with translation.override("es"):
        assert draft.site_plain == "Antebrazo, lado externo, lado derecho"
    with translation.override("en"):
        assert draft.site_plain == "Right forearm, outer side"


@pytest.mark.django_db
def test_staff_read_english_whatever_the_patient_reads(sign_in, spanish, draft, ana, ben):
    services.answer_question(case=draft, by=ana, key="changes", value=["size"])
    case = factories.put_status(draft, "submitted")
    page = sign_in(ben).get(reverse("intake:triage_case", args=[case.pk]), headers={"Accept-Language": "es"})
    assert '<html lang="en"' in page.content.decode()
    assert "change in size" in page.content.decode()


@pytest.mark.django_db
def test_what_the_patient_ticked_in_spanish_is_recorded_in_english(sign_in, spanish, draft, ana):
    url = reverse("intake:case_step", args=[draft.pk, "danger"])
    sign_in(ana).post(url, {"signs": ["swelling"]})
    assert "Swelling of the face" in draft.events.get(verb="redirect").reason


@pytest.mark.django_db
def test_the_button_changes_the_language_and_it_stays(sign_in, patient, ana):
    client = sign_in(ana)
    home = reverse("intake:patient_home")
    answer = client.post(reverse("accounts:language"), {"language": "es", "next": home})
    assert answer.url == home
    assert "Hola, Ana" in client.get(home).content.decode()
    patient.refresh_from_db()
    assert patient.preferred_language == "es"
    client.post(reverse("accounts:language"), {"language": "xx", "next": home})
    assert "Hola, Ana" in client.get(home).content.decode()


@pytest.mark.django_db
def test_before_signing_in_the_browser_decides_and_the_button_wins(client):
    def sign_in_page():
        return client.get("/accounts/login/", headers={"Accept-Language": "es-MX,es;q=0.9"}).content.decode()

    assert "Iniciar sesión" in sign_in_page()
    client.post(reverse("accounts:language"), {"language": "en", "next": "https://evil.example/"})
    assert "Iniciar sesión" not in sign_in_page()


@pytest.mark.django_db
def test_the_language_button_leads_nowhere_else(client):
    answer = client.post(reverse("accounts:language"), {"language": "es", "next": "https://evil.example/"})
    assert answer.url == "/"


# mail


MAILS = sorted(path.stem for path in (ROOT / "templates/emails").glob("*.txt"))
FACTS = {"link": "https://example.test/x", "code": "AAAAA-BBBBB", "days": 14}
CLINICAL = (
    "piel sarpullido lunar mancha lesión ojo párpado cáncer melanoma diagnóstico dermat oftalm especialista foto imagen "
    "resultado tratamiento biopsia doctor médic urgente caso revisión"
).split()


@pytest.mark.parametrize("template", MAILS)
def test_every_mail_speaks_spanish_and_stays_discreet(mailoutbox, template):
    for language in "en", "es":
        mail.send_notice(to="m@example.test", template=template, context=FACTS, dedupe_key=language, language=language)
    english, spanish = mailoutbox
    assert english.subject != spanish.subject
    shared = set(english.body.splitlines()) & set(spanish.body.splitlines())
    assert shared <= {"", FACTS["link"], mail.public_url("/accounts/login/")}
    words = f"{spanish.subject} {spanish.body}".lower()
    assert not [word for word in CLINICAL if word in words]
    assert "&" not in words


def sent(mailoutbox, row) -> str:
    outbox.deliver(row)
    return mailoutbox[-1].subject


@pytest.mark.django_db
def test_mail_about_an_account_is_in_its_persons_language(mailoutbox, spanish, ana, ben):
    assert sent(mailoutbox, queue_mail("password_changed", to=ana.email)) == "Su contraseña se cambió"
    assert sent(mailoutbox, queue_mail("password_changed", to=ben.email)) == "Your password was changed"
    ask_for_email_change(user=ana, email="new@example.test")
    row = OutgoingMail.objects.get(template="email_change")
    assert (row.to, sent(mailoutbox, row)) == ("new@example.test", "Confirme su correo nuevo")


@pytest.mark.django_db
def test_who_has_no_account_yet_is_invited_in_the_language_of_the_record(mailoutbox, clinic, ben):
    patient = factories.make_patient(clinic, email="Luz@example.test", preferred_language="es")
    people.invite_patient(by=ben, patient=patient)
    row = OutgoingMail.objects.get(template="invitation")
    assert sent(mailoutbox, row) == "Su invitación de la clínica"
    assert "en los próximos 14 días" in mailoutbox[-1].body


@pytest.mark.django_db
def test_a_carer_reads_the_language_of_the_patient(mailoutbox, spanish, ben):
    related.invite_related(by=ben, patient=spanish, name="Rosa", email="rosa@example.test", relationship="carer")
    row = OutgoingMail.objects.get(template="invitation")
    assert sent(mailoutbox, row) == "Su invitación de la clínica"


@pytest.mark.django_db
def test_a_colleague_who_is_also_a_patient_elsewhere_reads_english(mailoutbox, clinic, ben):
    factories.make_patient(clinic, user=ben, preferred_language="es")
    assert sent(mailoutbox, queue_mail("message_waiting", to=ben.email)) == "You have a message"


# what stands in a template outside of any translation


TEMPLATES = ROOT / "templates"
READ_BY_PATIENTS = [
    *sorted(TEMPLATES.glob("[45]*.html")),
    *sorted((TEMPLATES / "intake").glob("case_*.html")),
    *(TEMPLATES / "intake" / name for name in ("patient_home.html", "patient_case.html", "messages.html")),
    *(TEMPLATES / "intake" / name for name in ("link_open.html", "link_gone.html")),
    *(TEMPLATES / "intake/partials" / f"{name}.html" for name in ("slot", "steps", "timeline", "on_its_way", "camera")),
    *(
        TEMPLATES / "accounts" / f"{name}.html"
        for name in ("me", "sign_in", "email_change", "email_confirm", "no_role")
    ),
    *(TEMPLATES / "accounts" / f"{name}.html" for name in ("password_change", "password_reset", "password_set")),
    *(TEMPLATES / "accounts" / f"{name}.html" for name in ("password_reset_sent", "link_refused", "invitation")),
    TEMPLATES / "review/result_patient.html",
    TEMPLATES / "base_patient.html",
]
STAFF_ONLY = re.compile(
    r"{% if is_patient[^%]*%}(?:(?!{% if).)*?(?P<no>{% else %}(?:(?!{% if).)*?){% endif %}"
    r"|(?P<not>{% if not is_patient %}(?:(?!{% if).)*?{% endif %})"
    r"|(?P<elif>{% elif not is_patient %}(?:{% if [^%]*%}[^{]*{% else %}[^{]*{% endif %}|(?!{% e).)*)"
    r"|(?P<and>{% elif [^%]*and not is_patient %}(?:(?!{% e).)*)",
    re.DOTALL,
)
# names, and the heading of the one step that only staff have
NAMES = {"Dermforward", "English", "Español", "Note from the clinic"}


def bare_words(source: str) -> list[str]:
    source = re.sub(r"{% blocktranslate.*?endblocktranslate %}", "", source, flags=re.DOTALL)
    source = STAFF_ONLY.sub(lambda found: found[0].replace(next(g for g in found.groups() if g), ""), source)
    told = re.findall(r'{% (?:mark|badge|icon) "[^"]*" "[^"]*" "([^"]+)"', source)
    plain = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "\n", source, flags=re.DOTALL)
    told += re.findall(r'(?:alt|aria-label|placeholder)="([^"]+)"', plain)
    told += re.findall(r">([^<]+)<", plain)
    words = (line.strip(" -.,:“”()") for text in told for line in text.splitlines())
    return [word for word in words if re.search(r"[A-Za-z]{2}", word) and word not in NAMES]


@pytest.mark.parametrize("path", READ_BY_PATIENTS, ids=lambda path: path.stem)
def test_nothing_that_a_patient_reads_stands_outside_of_a_translation(path):
    assert bare_words(path.read_text()) == []


def test_bare_words_are_found():
    assert bare_words('<p>{% translate "Yes" %}</p><img alt="A dog"> {% mark "a" "b" "No" %}') == ["No", "A dog"]
    assert bare_words("{% if is_patient %}{% translate 'a' %}{% else %}<b>Staff</b>{% endif %}<i>x</i>") == []


@pytest.mark.django_db
def test_the_account_and_what_goes_wrong_there_are_in_spanish(sign_in, spanish, ana):
    client = sign_in(ana)
    page = client.get(reverse("accounts:me")).content.decode()
    for words in ("Nombre y teléfono", "Apellido", "Dirección postal", "Calle y número", "Cambiar la contraseña"):
        assert words in page
    wrong = {"old_password": "x", "new_password": "short", "again": "other"}
    page = client.post(reverse("accounts:password_change"), wrong).content.decode()
    assert "Esta no es su contraseña" in page
    assert "Aquí no hay nada para usted" in client.get("/my/nothing/").content.decode()


@pytest.mark.django_db
def test_a_picture_is_named_in_the_patients_words_and_language(spanish, draft, ana):
    photo = factories.make_ready_photo(draft, by=ana, slot="close_up")
    with translation.override("es"):
        words = photo.alt_plain
    assert "lado externo" in words
    assert photo.slot_info.label not in words
