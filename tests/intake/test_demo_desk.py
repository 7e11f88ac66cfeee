"""What the demo sets up at the desk, and that a second load adds nothing."""

import pytest

from config.accounts.demo import people
from intake import demo, demo_desk, invariants, routing
from intake.beside import beside
from intake.models import Absence, Patient, PatientMerge, ShiftNote

pytestmark = pytest.mark.django_db


def test_the_desk_of_a_demo_has_an_absence_a_merged_pair_and_a_note_once():
    cast = people()
    who = demo.patient(cast, demo.Person("Linh", "Tran", 33), 4)
    for _ in range(2):
        demo_desk.stage(cast)
    assert [row.user for row in Absence.objects.all()] == [cast.second_dermatologist]
    merge = PatientMerge.objects.get()
    assert (merge.kept, merge.merged.merged_into, Patient.objects.count()) == (who, who, 2)
    assert list(invariants.merged_records_are_empty_and_say_why()) == []
    assert ShiftNote.objects.count() == 1
    assert beside(cast.staff).unread.written_by == "Ben Ortiz"


def test_whom_nobody_may_answer_lives_where_nobody_is_licensed():
    from billing.demo_stories import WAYS

    cast = people()
    [way] = [way for way in WAYS if way.story.person.state != "OH"]
    assert way.status == "submitted"
    who = demo.patient(cast, way.story.person, 3)
    assert (who.state, who.city) == ("TX", "Houston")
    assert not routing.answerers(way.story.specialty, who.state, who.created_at.date()).exists()
