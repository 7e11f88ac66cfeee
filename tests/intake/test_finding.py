"""What staff type, and whom it finds: names from their beginning, record numbers, dates of birth as people write them,
case numbers."""

from datetime import date

import pytest

from intake.finding import find, wanted
from intake.names import folded
from tests import factories

TODAY = date(2026, 11, 25)
BORN = date(1959, 3, 1)


@pytest.mark.parametrize(
    "text",
    [
        "1959-03-01", "3/1/1959", "03/01/1959", "3-1-1959", "3.1.1959", "03011959", "19590301", "Mar 1 1959",
        "March 1, 1959", "1 Mar 1959", "march 1st, 1959", " 3/1/1959 ",
    ],
)  # fmt: skip
def test_a_date_of_birth_in_the_ways_people_write_it(text):
    assert wanted(text, TODAY).born == (BORN,)
    assert wanted(text, TODAY).name == ""


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("3/1/59", (BORN,)),
        ("3/1/15", (date(1915, 3, 1), date(2015, 3, 1))),  # a child or a very old person: both are looked at
        ("25/12/1959", (date(1959, 12, 25),)),  # no month 25: the day first
        ("13/13/1959", ()),
        ("2/30/1959", ()),
        ("3/1/2059", ()),  # nobody was born tomorrow
    ],
)
def test_years_of_two_digits_days_first_and_no_dates(text, born):
    assert wanted(text, TODAY).born == born


@pytest.mark.parametrize(
    ("text", "name", "born", "number"),
    [
        ("Ellison, Margaret 3/1/59", "ellison margaret", (BORN,), ""),
        ("margaret  ellison", "margaret ellison", (), ""),
        ("DF-4K7Q", "df-4k7q", (), "DF-4K7Q"),
        ("df4k7q2a", "df4k7q2a", (), "DF-4K7Q2A"),
        ("4K7Q2A", "4k7q2a", (), "DF-4K7Q2A"),
        ("Muñoz", "munoz", (), ""),
        ("", "", (), ""),
    ],
)
def test_names_numbers_and_both(text, name, born, number):
    found = wanted(text, TODAY)
    assert (found.name, found.born, found.case_number) == (name, born, number)


@pytest.fixture
def maria(clinic):
    return factories.make_patient(clinic, first_name="María José", last_name="Muñoz Ibáñez", mrn="HS-10023")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text", ["munoz", "MUÑOZ", "maria jose mu", "muñoz ibanez, mar", "hs-100", "HS-10023", "3/1/1959", "mun 3/1/1959"]
)
def test_the_patient_is_found(maria, clinic, text):
    assert find(text, [clinic.pk], TODAY).patients == [maria.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["unoz", "0023", "3/2/1959", "munoz 3/2/1959", "%", "_"])
def test_and_not_by_what_is_not_a_beginning(maria, clinic, text):
    assert find(text, [clinic.pk], TODAY).patients == []


@pytest.mark.django_db
def test_another_clinics_patient_is_not_found(maria):
    assert find("munoz", [factories.make_clinic().pk], TODAY).patients == []


@pytest.mark.django_db
def test_the_database_folds_as_the_search_does(maria):
    maria.refresh_from_db()
    assert maria.last_first == folded(f"{maria.last_name} {maria.first_name}")
    assert maria.first_last == folded(f"{maria.first_name} {maria.last_name}")
    maria.last_name = "Núñez"
    maria.save()
    maria.refresh_from_db()
    assert maria.last_first == "nunez maria jose"


@pytest.mark.django_db
def test_more_people_than_are_looked_at_are_said_to_be_more(clinic, monkeypatch):
    monkeypatch.setattr("intake.finding.LIMIT", 2)
    for _ in range(3):
        factories.make_patient(clinic, last_name="Same")
    found = find("same", [clinic.pk], TODAY)
    assert (len(found.patients), found.is_cut) == (2, True)


@pytest.mark.django_db
def test_a_case_is_found_by_its_number_and_not_that_of_another_clinic(submitted, clinic):
    assert find(submitted.number, [clinic.pk], TODAY).cases == [submitted.pk]
    assert find(submitted.number[3:].lower(), [clinic.pk], TODAY).cases in ([submitted.pk], [])
    assert find(submitted.number, [factories.make_clinic().pk], TODAY).cases == []
