"""Parents and carers, photo request links, follow-ups: who may do what, and until when."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.accounts.models import Membership, User
from config.accounts.services import accept_invitation
from config.accounts.signin_models import OutgoingMail
from intake import related, services
from intake.models import Case, PhotoLink, RelatedPerson
from intake.models.case import may_see
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "a long word and another one"


@pytest.fixture
def child(clinic):
    born = timezone.localdate() - timedelta(days=8 * 365)
    return factories.make_patient(clinic, first_name="Mia", date_of_birth=born, email="")


@pytest.fixture
def parent(child, ben):
    _, _, code = related.invite_related(
        by=ben, patient=child, name="Pia Sample", email="pia@example.test", relationship="parent"
    )
    return accept_invitation(code=code, date_of_birth=child.date_of_birth, password=PASSWORD)


def test_a_parent_starts_and_sees_the_childs_case(sign_in, child, parent):
    client = sign_in(parent)
    client.post(reverse("intake:case_new"), {"specialty": "dermatology"})
    case = Case.objects.get()
    assert (case.patient, case.started_by) == (child, parent)
    assert "Mia" in client.get(reverse("intake:patient_home")).content.decode()
    assert client.get(reverse("intake:case_step", args=[case.pk, "danger"])).status_code == 200
    assert case.events.get(verb="start").role == "patient"


def test_a_parent_reads_on_each_screen_whom_it_is_about(sign_in, child, parent, ben):
    client = sign_in(parent)
    case = services.start_case(by=parent, patient=child, specialty="dermatology")
    danger, consent = (
        client.get(reverse("intake:case_step", args=[case.pk, name])).content.decode() for name in ("danger", "consent")
    )
    assert "Does Mia have any of these now?" in danger and "Do you have any" not in danger
    assert "This is about Mia." in danger
    assert "You agree for Mia." in consent
    staff = sign_in(ben).get(reverse("intake:case_step", args=[case.pk, "danger"])).content.decode()
    assert "Does the patient have" in staff and "This is about Mia" not in staff


def test_a_patient_and_who_opened_a_link_are_asked_themselves(sign_in, draft, ana, walk_in, ben):
    page = sign_in(ana).get(reverse("intake:case_step", args=[draft.pk, "danger"])).content.decode()
    assert "Do you have any of these now?" in page and "This is about" not in page
    link, path = make_link(walk_in, ben)
    client = Client()
    client.post(path, {"date_of_birth": walk_in.date_of_birth.isoformat()})
    page = client.get(reverse("intake:case_step", args=[link.case_id, "danger"])).content.decode()
    assert "Do you have any of these now?" in page and "This is about" not in page


def test_a_parents_right_ends_with_the_eighteenth_birthday(child, parent):
    row = RelatedPerson.objects.get()
    assert row.valid_until.astimezone(child.home_clinic.zone).date() == related.eighteenth_birthday(child.date_of_birth)
    case = services.start_case(by=parent, patient=child, specialty="dermatology")
    RelatedPerson.objects.update(valid_until=timezone.now() - timedelta(seconds=1))
    assert not Case.objects.visible_to(parent).filter(pk=case.pk).exists()
    parent = type(parent).objects.get(pk=parent.pk)
    assert parent.roles == frozenset()


@pytest.mark.parametrize(
    ("born", "birthday"),
    [
        (date(2010, 5, 1), date(2028, 5, 1)),
        (date(2008, 2, 29), date(2026, 3, 1)),
        (date(2006, 2, 28), date(2024, 2, 28)),
    ],
)
def test_the_eighteenth_birthday(born, birthday):
    assert related.eighteenth_birthday(born) == birthday


def test_nobody_is_the_parent_of_an_adult_but_may_be_a_carer(patient, ben):
    facts = {"by": ben, "patient": patient, "name": "Cara", "email": "cara@example.test"}
    with pytest.raises(related.RelatedRefused, match="is an adult"):
        related.invite_related(relationship="parent", **facts)
    row, _, _ = related.invite_related(relationship="carer", **facts)
    assert row.valid_until is None


def test_ended_by_staff_it_ends_at_once(sign_in, child, parent, ben):
    row = RelatedPerson.objects.get()
    case = services.start_case(by=parent, patient=child, specialty="dermatology")
    answer = sign_in(ben).post(reverse("intake:related_end", args=[row.pk]), follow=True)
    assert "no longer acts for" in answer.content.decode()
    assert sign_in(parent).get(reverse("intake:patient_case", args=[case.pk])).status_code == 404


def test_an_invitation_taken_back_links_nobody(child, ben):
    row, _, code = related.invite_related(
        by=ben, patient=child, name="Pia", email="pia@example.test", relationship="parent"
    )
    related.end_related(related=row, by=ben)
    with pytest.raises(Exception, match="code"):
        accept_invitation(code=code, date_of_birth=child.date_of_birth, password=PASSWORD)
    assert not RelatedPerson.objects.active().exists()


def test_staff_of_another_clinic_invite_nobody(sign_in, max_stranger, child):
    data = {"name": "Max", "email": "max@example.test", "relationship": "carer"}
    assert sign_in(max_stranger).post(reverse("intake:related_invite", args=[child.pk]), data).status_code == 404


def test_who_acts_for_several_chooses_for_whom(sign_in, clinic, parent, ben, child):
    second = factories.make_patient(clinic, first_name="Leo", date_of_birth=child.date_of_birth)
    RelatedPerson.objects.create(
        patient=second, user=parent, relationship="guardian", valid_until="2100-01-01T00:00Z", created_by=ben
    )
    client = sign_in(parent)
    page = client.post(reverse("intake:case_new"), {"specialty": "dermatology"})
    assert "Choose who it is for." in page.content.decode()
    client.post(reverse("intake:case_new"), {"specialty": "dermatology", "patient": str(second.pk)})
    assert Case.objects.get().patient == second


# the one queryset, and the same question about one case


@pytest.mark.parametrize("status", ["draft", "submitted", "ready", "in_review", "signed", "withdrawn"])
def test_one_case_is_open_to_exactly_those_who_find_it_in_the_queryset(
    patient, draft, status, group, ana, ben, ruth, dana, eli, kay, ada, max_stranger, clinic
):
    columns = {"group": group, "patient_state": "OH", "referring_clinic": clinic} if status != "draft" else {}
    if status == "in_review":
        columns |= {"holder": dana, "hold_expires_at": timezone.now() + timedelta(minutes=30)}
    case = factories.put_status(draft, status, **columns)
    carer, former, opener, helper = (factories.make_user(name) for name in ("Cam", "Fay", "Una", "Hal"))
    rows = {"patient": patient, "relationship": "carer", "created_by": ben}
    RelatedPerson.objects.create(user=carer, **rows)
    RelatedPerson.objects.create(user=former, ended_at=timezone.now(), **rows)
    soon = {"relationship": "link", "valid_until": timezone.now() + timedelta(days=1)}
    RelatedPerson.objects.create(user=opener, case=case, **rows | soon)
    factories.make_patient(clinic, user=helper)
    gone = factories.make_user("Gus", "staff", clinic)
    Membership.objects.filter(user=gone).update(is_active=False)
    everybody = (ana, ben, ruth, dana, eli, kay, ada, max_stranger, carer, former, opener, helper, gone)
    for round in range(2):  # the second asks what the first has compiled
        for user in map(lambda user: User.objects.get(pk=user.pk), everybody):
            found = Case.objects.visible_to(user).filter(pk=case.pk).exists()
            assert may_see(user, case.pk) == found, (round, user.first_name, status)
    assert may_see(ana, case.pk)
    assert not may_see(former, case.pk)
    assert not may_see(AnonymousUser(), case.pk)
    ana.is_active = False
    assert not may_see(ana, case.pk)


# photo request links


def make_link(patient, ben, **fields) -> tuple[PhotoLink, str]:
    case = services.start_case(by=ben, patient=patient, specialty="dermatology")
    link, url = related.make_link(by=ben, case=case)
    if fields:
        PhotoLink.objects.filter(pk=link.pk).update(**fields)
    return link, url.partition("/link/")[2].join(["/link/", ""])


@pytest.fixture
def walk_in(clinic):
    return factories.make_patient(clinic, first_name="Wim", email="wim@example.test")


def test_the_date_of_birth_opens_the_case_and_nothing_else(walk_in, ben):
    link, path = make_link(walk_in, ben)
    phone = Client()
    assert "asks you for photos" in phone.get(path).content.decode()
    answer = phone.post(path, {"date_of_birth": walk_in.date_of_birth.isoformat()}, follow=True)
    assert f"/my/cases/{link.case_id}/" in answer.redirect_chain[-1][0]
    other = services.start_case(by=ben, patient=walk_in, specialty="dermatology")
    assert phone.get(reverse("intake:case_draft", args=[other.pk])).status_code == 404
    assert phone.get(reverse("intake:case_new")).status_code == 404
    assert phone.get(reverse("intake:triage_queue")).status_code == 404


def test_a_wrong_date_is_counted_and_the_fifth_closes_the_link(walk_in, ben):
    link, path = make_link(walk_in, ben)
    for _ in range(5):
        page = Client().post(path, {"date_of_birth": "1990-01-01"})
        assert "not the date of birth" in page.content.decode()
    answer = Client().post(path, {"date_of_birth": walk_in.date_of_birth.isoformat()})
    assert answer.status_code == 404
    assert "Nothing is lost: call your clinic" in answer.content.decode()


@pytest.mark.parametrize(
    "spoiled",
    [{"expires_at": "2020-01-01T00:00Z"}, {"revoked_at": "2020-01-01T00:00Z"}],
)
def test_an_old_or_replaced_link_opens_nothing(walk_in, ben, spoiled):
    _, path = make_link(walk_in, ben, **spoiled)
    assert Client().get(path).status_code == 404


def test_a_new_link_stops_the_older_of_the_case(walk_in, ben):
    link, path = make_link(walk_in, ben)
    related.make_link(by=ben, case=link.case)
    assert Client().get(path).status_code == 404


def test_once_the_case_is_sent_the_link_is_used_up_and_shows_no_answer(walk_in, ben, group):
    link, path = make_link(walk_in, ben)
    phone = Client()
    phone.post(path, {"date_of_birth": walk_in.date_of_birth.isoformat()})
    factories.put_status(link.case, "submitted")
    assert Client().get(path).status_code == 404
    assert phone.get(reverse("intake:patient_case", args=[link.case_id])).status_code == 200
    factories.put_status(link.case, "signed", group=group, patient_state="OH")
    assert phone.get(reverse("intake:patient_case", args=[link.case_id])).status_code == 404


def test_opened_again_after_the_browser_was_killed_it_is_the_same_person(walk_in, ben):
    _, path = make_link(walk_in, ben)
    for _ in range(2):
        assert Client().post(path, {"date_of_birth": walk_in.date_of_birth.isoformat()}).status_code == 302
    assert RelatedPerson.objects.filter(relationship="link").count() == 1


def test_only_a_keyed_hash_of_the_code_is_kept_and_mail_says_nothing_clinical(walk_in, ben):
    link, path = make_link(walk_in, ben)
    code = path.strip("/").rpartition("/")[2]
    assert code not in str(PhotoLink.objects.values().get())
    mail = OutgoingMail.objects.get()
    assert mail.to == "wim@example.test"
    assert code in mail.context["link"]
    assert set(mail.context) == {"link", "days"}


def test_staff_make_a_link_and_see_it_once(sign_in, ben, walk_in, max_stranger):
    url = reverse("intake:link_new", args=[walk_in.pk])
    assert sign_in(max_stranger).post(url, {"specialty": "dermatology"}).status_code == 404
    page = sign_in(ben).post(url, {"specialty": "dermatology"}).content.decode()
    assert "The link, shown only now" in page
    assert "/link/" in page
    assert Case.objects.get().specialty == "dermatology"


def test_a_question_to_somebody_without_an_account_is_answered_by_link(sign_in, ben, walk_in):
    case = services.start_case(by=ben, patient=walk_in, specialty="dermatology")
    factories.put_status(case, "needs_information")
    page = sign_in(ben).post(reverse("intake:link_for_case", args=[case.pk])).content.decode()
    path = "/link/" + page.partition("/link/")[2].partition("/")[0] + "/"
    answer = Client().post(path, {"date_of_birth": walk_in.date_of_birth.isoformat()})
    assert answer.url == reverse("intake:case_answer", args=[case.pk])


# follow-ups


def test_a_follow_up_keeps_the_place_and_points_back(sign_in, draft, ana):
    Case.objects.filter(pk=draft.pk).update(point_view="back", point_x=0.8, point_y=0.4, problem_kind="lesion")
    factories.put_status(draft, "closed")
    draft.refresh_from_db()
    answer = sign_in(ana).post(reverse("intake:case_follow_up", args=[draft.pk]))
    again = Case.objects.get(follows=draft)
    assert answer.url == reverse("intake:case_draft", args=[again.pk])
    assert (again.site, again.side, again.point_view, again.point_x) == (draft.site, draft.side, "back", 0.8)
    assert again.medicines == draft.medicines
    assert (again.reason, again.danger_signs) == ("", "")


def test_a_follow_up_asked_for_twice_is_one_draft(draft, ana):
    factories.put_status(draft, "closed")
    first = services.start_follow_up(by=ana, earlier=draft)
    assert services.start_follow_up(by=ana, earlier=draft) == first


def test_nothing_follows_a_case_without_an_answer(submitted, ana):
    with pytest.raises(services.IntakeRefused, match="not answered"):
        services.start_follow_up(by=ana, earlier=submitted)


def test_the_slot_shows_the_earlier_photo_to_lay_the_new_one_over(sign_in, draft, ana):
    photo = factories.make_ready_photo(draft, by=ana, slot="close_up")
    factories.put_status(draft, "closed")
    again = services.start_follow_up(by=ana, earlier=draft)
    page = sign_in(ana).get(reverse("intake:case_step", args=[again.pk, "photos"])).content.decode()
    assert "Your photo from before" in page
    assert reverse("intake:picture", args=[photo.pk, "screen"]) in page
