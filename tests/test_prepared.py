"""Statements that are compiled once: the same answers as the queryset itself, whatever the values are."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db.models import Value
from django.template import engines
from django.urls import reverse
from django.utils import timezone, translation

from config.accounts.models import Clinic, Membership, User
from config.accounts.sessions import SessionStore
from config.counting import count_all
from config.prepared import Prepared
from intake import queue
from intake.models import Patient, QueueEntry
from tests import factories

pytestmark = pytest.mark.django_db


def names(*, clinics):
    return Clinic.objects.filter(pk__in=clinics).order_by("name").values_list("pk", "name")


def joined(kind, *, until):
    return User.objects.filter(date_joined__lt=until).order_by("email").values_list("pk", "date_joined", "email")


def test_the_rows_are_those_of_the_queryset(clinic, group):
    prepared = Prepared(names)
    for clinics in [(clinic.pk,), (group.pk,), (clinic.pk, group.pk)]:
        assert prepared(clinics=clinics).rows() == list(names(clinics=clinics))


def test_times_and_keys_come_back_as_they_were(ben, dana):
    now = timezone.now()
    User.objects.filter(pk=ben.pk).update(date_joined=now - timedelta(days=5))
    User.objects.filter(pk=dana.pk).update(date_joined=now - timedelta(days=1))
    prepared = Prepared(joined)
    for days, found in ((9, []), (3, [ben.pk]), (0, sorted([ben, dana], key=lambda user: user.email))):
        until = now - timedelta(days=days)
        rows = prepared("any", until=until).rows()
        assert rows == list(joined("any", until=until))
        assert [row[0] for row in rows] == [getattr(one, "pk", one) for one in found]


def test_the_queryset_is_built_once_for_each_shape(clinic, group):
    built = []

    def build(*, clinics):
        built.append(clinics)
        return names(clinics=clinics)

    prepared = Prepared(build)
    for clinics in [(clinic.pk,), (group.pk,), (clinic.pk,), (clinic.pk, group.pk)]:
        prepared(clinics=clinics).rows()
    assert [len(clinics) for clinics in built] == [1, 2]


def test_counts_stop_one_above_the_limit(clinic, ben, olga, dana):
    def members(*, clinics):
        return Membership.objects.filter(clinic__in=clinics)

    prepared = Prepared(members)
    everybody = tuple(Clinic.objects.values_list("pk", flat=True))
    there = Membership.objects.count()
    assert there > 1
    counted = [prepared.counted(up_to=limit, clinics=everybody) for limit in (50, 1)]
    assert count_all([counted[0], Clinic.objects.all(), counted[1]], 100) == [there, Clinic.objects.count(), 2]


def test_where_nothing_can_be_found_nothing_is_asked(django_assert_num_queries):
    prepared = Prepared(names)
    with django_assert_num_queries(0):
        assert prepared(clinics=()).rows() == []
    assert count_all([prepared.counted(up_to=5, clinics=())], 5) == [0]


def test_a_clock_that_would_stand_still_is_refused(clinic):
    def build(*, clinics):
        return User.objects.filter(memberships__clinic__in=clinics, date_joined__lt=timezone.now()).values_list("pk")

    with pytest.raises(ValueError, match="stay what it is now"):
        Prepared(build)(clinics=(clinic.pk,))


def test_a_value_that_is_not_in_the_statement_is_refused(clinic):
    with pytest.raises(ValueError, match="not in the statement"):
        Prepared(lambda *, clinics, user: names(clinics=clinics))(clinics=(clinic.pk,), user=clinic.pk)


@pytest.mark.parametrize("value", ["Sample", True, None, 1.5])
def test_what_could_be_mistaken_for_a_constant_is_part_of_the_shape(value):
    with pytest.raises(TypeError, match="part of the shape"):
        Prepared(lambda *, name: Clinic.objects.filter(name=name).values_list("pk"))(name=value)


def test_a_key_as_text_is_refused_also_once_the_statement_is_known(clinic):
    prepared = Prepared(lambda *, clinic: Clinic.objects.filter(pk=clinic).values_list("name"))
    assert prepared(clinic=clinic.pk).rows() == [(clinic.name,)]
    with pytest.raises(TypeError, match="part of the shape"):
        prepared(clinic=str(clinic.pk))


def test_a_union_is_prepared_too(clinic, ben):
    def build(*, clinics):
        people = User.objects.filter(memberships__clinic__in=clinics).values_list("pk", "email", Value("person"))
        places = Clinic.objects.filter(pk__in=clinics).order_by()
        return places.values_list("pk", "name", Value("clinic")).union(people)

    rows = Prepared(build)(clinics=(clinic.pk,)).rows()
    assert {(pk, kind) for pk, _, kind in rows} == {(clinic.pk, "clinic"), (ben.pk, "person")}


@pytest.mark.parametrize("show", queue.CHIPS)
def test_each_filter_lists_what_its_queryset_lists_and_counts_as_many(show, clinic, ben, ana, patient):
    now = timezone.now()
    for number in range(6):
        draft = factories.make_draft(patient, by=ana, history="")
        case = factories.put_status(draft, "submitted", triage_due_at=factories.in_days(1))
        due = now + timedelta(hours=(number - 2) * 3 + 1)
        QueueEntry.objects.filter(pk=case.pk).update(
            rank=number % 2,
            due_at=due,
            warn_at=due - timedelta(hours=5),
            urgency=["urgent", "routine"][number % 2],
            is_eye=number == 1,
            is_back=number == 2,
            has_photo_problem=number > 3,
            owner=ben if number == 4 else None,
        )
    what = queue.Filter(clinics=(clinic.pk,), user=ben, show=show)
    found = list(what.entries(now).order_by(what.chip.order, "case_id").values_list("pk", flat=True))
    rows, has_more = queue.page(what, now=now)
    assert [row.case_id for row in rows] == found and not has_more
    if len(found) > 1:
        after, _ = queue.page(what, after=rows[0].cursor, now=now)
        assert [row.case_id for row in after] == found[1:]
    assert queue.counts(what.clinics, ben)[show] == len(found)


# what every request begins with


def test_a_session_is_read_while_it_lives(sign_in, ben):
    client = sign_in(ben)
    key = client.cookies["sessionid"].value
    assert SessionStore(key)["_auth_user_id"] == str(ben.pk)
    Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(seconds=1))
    ended = SessionStore(key)
    assert (ended.load(), ended.session_key) == ({}, None)
    assert SessionStore("a-key-that-nobody-has").load() == {}
    assert client.get(reverse("intake:triage_queue")).status_code == 302


def test_a_user_is_found_by_key_as_by_any_other_question(ben):
    found = User.objects.get(pk=ben.pk)
    assert found == User.objects.get(email=ben.email)
    assert {f.attname: getattr(found, f.attname) for f in User._meta.concrete_fields} == {
        f.attname: getattr(ben, f.attname) for f in User._meta.concrete_fields
    }
    assert User.objects.get(pk=str(ben.pk)) == ben
    for nobody, error in ((uuid4(), User.DoesNotExist), (None, User.DoesNotExist), ("no key", ValidationError)):
        for rows in (User.objects, User.objects.all()):
            with pytest.raises(error):
                rows.get(pk=nobody)


def test_a_day_changes_from_one_question_to_the_next(ben):
    @Prepared
    def born_by(*, day):
        return Patient.objects.filter(date_of_birth__lte=day).values_list("pk")

    old = factories.make_patient(ben.memberships.get().clinic, date_of_birth=date(1950, 1, 2))
    assert born_by(day=date(1950, 1, 1)).rows() == []
    assert born_by(day=date(1950, 1, 2)).rows() == [(old.pk,)]


def test_a_day_that_would_stand_still_is_found(ben):
    @Prepared
    def born_by(*, user):
        return Patient.objects.filter(user=user, date_of_birth__lte=date(2020, 1, 1)).values_list("pk")

    with pytest.raises(ValueError, match="would stay"):
        born_by(user=ben.pk)


# what is the same on each page


def test_what_is_fixed_is_made_once_in_each_language_and_names_nobody(rf, ben):
    page = engines["django"].from_string(
        "{% fixed %}{{ name }}{{ request.user }}{% translate 'Sign out' %}{% endfixed %}{{ name }}"
    )
    request = rf.get("/")
    request.user = ben
    assert page.render({"name": "Ana"}, request) == "Sign outAna"
    with translation.override("es"):
        assert page.render({"name": "Bea"}) == "Cerrar sesiónBea"
    assert page.render({"name": "Bea"}) == "Sign outBea"
