"""Advice until it is done: whose it is, who settles it and how, what brings it up again, and when the case closes."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from config import storages
from config.accounts.signin_models import OutgoingMail
from config.audit.models import AuditEvent
from intake import calls, recalls
from intake.models import CallTask, Case
from review import delivery, followup, invariants, items, nudges
from review.models import ActionItem, Delivery, PathologyReport
from review.plan import PlanLine
from tests import factories
from tests.racing import race
from tests.review.signed import BIOPSY, CALM, CREAM, PHOTO, answer, day, line, status, tell

pytestmark = pytest.mark.django_db
OHIO = ZoneInfo("America/New_York")
SIGNED = datetime(2026, 10, 12, 11, 0, tzinfo=OHIO)  # a Monday; the clocks go back on November 1


@pytest.fixture
def signed(draft, dana, group, ruth):
    return answer(draft, dana, group, BIOPSY, CREAM, referrer=ruth)


def read(review, ana, ruth):
    tell(review)
    delivery.acknowledge(case=review.case, kind="patient", by=ana)
    delivery.acknowledge(case=review.case, kind="referrer", by=ruth)


# whose it is


def test_each_line_has_an_owner_a_day_and_a_list(signed, ana, ruth, ben, dana, max_stranger):
    assert [row.kind for row in items.of_patient(ana)] == ["medicine"]
    assert [row.kind for row in items.of_referrer(ruth)] == ["biopsy"]
    assert {row.kind for row in items.of_clinic(ben)} == {"biopsy", "medicine"}
    assert [len(rows(max_stranger)) for rows in items.LISTS.values()] == [0, 0, 0]
    assert not items.of_user(max_stranger) and not items.of_user(dana)
    assert all(row.due_on == day(14) for row in items.of_clinic(ben))


def test_a_line_for_the_group_is_on_its_list_alone(draft, dana, group, ben):
    review = answer(draft, dana, group, PlanLine("other", "Look at the panel", "specialist_group"))
    assert [row.text for row in items.of_group(dana)] == ["Look at the panel"] and not items.of_user(ben)
    with pytest.raises(items.ItemRefused, match="another person"):
        items.settle(item=line(review, "other"), by=ben, state="done", words="Looked.")
    assert items.settle(item=line(review, "other"), by=dana, state="done", words="Looked.").state == "done"


def test_a_line_without_a_day_is_asked_about_after_the_usual_weeks(draft, dana, group):
    review = answer(draft, dana, group, CALM, PlanLine("other", "Wear a hat", "patient"))
    assert [row.due_on for row in review.action_items.all()] == [day(14), day(28)]


def test_a_wrong_persons_case_and_a_second_opinion_are_nobodys_work(signed, ana):
    Case.objects.filter(pk=signed.case_id).update(filed_in_error_at=timezone.now())
    assert not items.of_patient(ana)


# settling


def test_the_patient_says_done_and_it_stays_said(signed, ana):
    row = items.settle(item=line(signed, "medicine"), by=ana, state="done")
    assert (row.state, row.proof, row.settled_by) == ("done", "Done, the patient says.", ana)
    with pytest.raises(items.ItemRefused, match="settled already"):
        items.settle(item=row, by=ana, state="declined", words="No")
    assert AuditEvent.objects.get(verb="item.settled").role == "patient"


@pytest.mark.parametrize(
    ("who", "kind", "state", "words", "refused"),
    [
        ("ana", "biopsy", "done", "x", "another person"),
        ("ruth", "medicine", "done", "x", "another person"),
        ("max_stranger", "biopsy", "done", "x", "another person"),
        ("dana", "biopsy", "done", "x", "another person"),
        ("ruth", "biopsy", "done", " ", "what shows"),
        ("ruth", "biopsy", "declined", "", "Write why"),
        ("ana", "medicine", "impossible", "\x00", "Write why"),
        ("ben", "medicine", "open", "x", "Choose one"),
        ("ben", "medicine", "lost", "x", "Choose one"),
    ],
)
def test_what_is_refused_changes_nothing(signed, request, who, kind, state, words, refused):
    with pytest.raises(items.ItemRefused, match=refused):
        items.settle(item=line(signed, kind), by=request.getfixturevalue(who), state=state, words=words)
    assert signed.action_items.filter(state="open").count() == 2


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "done", "settled_at": SIGNED, "proof": ""},
        {"state": "declined", "settled_at": SIGNED, "reason": ""},
        {"state": "impossible", "settled_at": SIGNED, "settled_by": None, "reason": "x"},
        {"state": "open", "proof": "x"},
        {"state": "lost"},
    ],
)
def test_the_database_keeps_a_settlement_whole(signed, ben, columns):
    columns = {"settled_by": ben} | columns if columns["state"] != "open" else columns
    with pytest.raises(IntegrityError), transaction.atomic():
        ActionItem.objects.filter(review=signed).update(**columns)


def test_a_signed_line_without_a_day_is_impossible(review):
    with pytest.raises(IntegrityError), transaction.atomic():
        ActionItem.objects.create(
            review=review, kind="other", text="x", owner="patient", frozen_at=timezone.now(), due_on=None
        )


@pytest.mark.django_db(transaction=True)
def test_two_hands_at_once_settle_it_once(signed, ben, ruth):
    row = line(signed, "biopsy")

    def settle(by, state):
        try:
            items.settle(item=ActionItem.objects.get(pk=row.pk), by=by, state=state, words="Said so")
        except items.ItemRefused:
            return False
        return True

    done = race(2, lambda n: settle(*((ben, "done"), (ruth, "declined"))[n]))
    assert sorted(done) == [False, True]


def test_a_mistake_is_opened_again_while_the_case_is_open(signed, ana, ben, ruth):
    row = items.settle(item=line(signed, "biopsy"), by=ben, state="done", words="Mixed up")
    with pytest.raises(items.ItemRefused, match="why"):
        items.reopen(item=row, by=ben, why="")
    assert items.reopen(item=row, by=ben, why="Another patient's").state == "open"
    assert AuditEvent.objects.get(verb="item.reopened").data["words"] == "Mixed up"
    items.settle(item=row, by=ruth, state="done", words="Cut out Nov 20")
    items.settle(item=line(signed, "medicine"), by=ana, state="done")
    read(signed, ana, ruth)
    with pytest.raises(items.ItemRefused, match="closed"):
        items.reopen(item=row, by=ben, why="Again")


# closing


def test_the_case_closes_when_all_is_read_and_all_is_settled(signed, ana, ruth):
    read(signed, ana, ruth)
    assert status(signed) == "delivered"
    items.settle(item=line(signed, "biopsy"), by=ruth, state="declined", words="She does not want it")
    assert status(signed) == "delivered"
    items.settle(item=line(signed, "medicine"), by=ana, state="done")
    assert status(signed) == "closed"


def test_reassurance_is_done_by_reading(draft, dana, group, ana):
    review = answer(draft, dana, group, CALM)
    tell(review)
    delivery.acknowledge(case=review.case, kind="patient", by=ana)
    assert status(review) == "closed" and line(review, "reassurance").settled_by == ana


def test_staff_close_with_a_reason_and_nothing_stays_behind(signed, ben):
    tell(signed)
    followup.tick(timezone.now() + timedelta(days=60))
    delivery.close_case(case=Case.objects.get(pk=signed.case_id), by=ben, reason="Moved abroad")
    assert {(row.state, row.reason) for row in signed.action_items.all()} == {
        ("impossible", "Case closed by staff: Moved abroad")
    }
    assert followup.tick(timezone.now() + timedelta(days=90)) == {
        "follow_ups_sent": 0, "questions": 0, "handovers": 0, "items": 0, "addresses": 0, "deliveries": 0,
    }  # fmt: skip
    assert not CallTask.objects.filter(settled_at=None).exists()


# brought up again


def later(moment, days, hour=12):
    return (moment + timedelta(days=days)).replace(hour=hour)


def mails(to):
    return OutgoingMail.objects.filter(to=to.email).count()


def test_two_reminders_then_a_call_then_one_a_week(draft, dana, group, ana, ben):
    review = answer(draft, dana, group, CREAM, at=SIGNED)
    Delivery.objects.update(nudge_at=None)
    row = line(review, "medicine")  # due October 26
    assert row.nudge_at == datetime(2026, 10, 27, 9, tzinfo=OHIO)
    said = []
    for days in range(14, 40):
        now = later(SIGNED, days)
        followup.tick(now)
        followup.tick(now)
        said.append((mails(ana), CallTask.objects.count()))
    # from the 27th, the 30th and, over the change of the clocks, November 3
    assert said[0] == (0, 0) and said[1] == (1, 0) and said[3] == (1, 0) and said[4] == (2, 0)
    assert said[7] == (2, 0) and said[8] == (2, 1) and said[-1] == (2, 1)
    assert [call.title for call in calls.calls(ben)] == ["Advice not carried out"]
    call = calls.log_call(case=review.case, by=ben, outcome="reached", whom="patient", note="She buys it today")
    call.task.refresh_from_db()
    assert (call.task.settled_by, calls.count(ben)) == (ben, 0)
    followup.tick(later(SIGNED, 60))
    assert calls.count(ben) == 1
    items.settle(item=row, by=ana, state="done")
    assert calls.count(ben) == 0


def test_no_word_of_the_advice_is_in_a_reminder(signed, ana, ruth):
    followup.tick(timezone.now() + timedelta(days=20))
    assert set(OutgoingMail.objects.values_list("template", flat=True)) == {"message_waiting"}
    assert OutgoingMail.objects.filter(context={}).count() == OutgoingMail.objects.count() > 2


def test_who_has_no_address_is_called_at_once(draft, dana, group, clinic, ben):
    draft.patient = factories.make_patient(clinic)
    draft.save(update_fields=["patient"])
    answer(draft, dana, group, CREAM, at=SIGNED)
    followup.tick(later(SIGNED, 15))
    assert [task.kind for task in CallTask.objects.order_by("kind")] == ["step", "unread"]


def test_an_unread_result_is_brought_up_for_patient_and_referrer(signed, ana, ruth, ben):
    Delivery.objects.update(nudge_at=SIGNED)
    ActionItem.objects.update(nudge_at=None)
    for days in (0, 4, 9, 10):
        followup.tick(later(SIGNED, days))
    assert (mails(ana), mails(ruth)) == (2, 2)
    tasks = CallTask.objects.filter(kind="unread").order_by("whom")
    assert [(task.whom, bool(task.contact)) for task in tasks] == [("clinician", True), ("patient", False)]
    assert calls.calls(ben)[0].to_clinician or calls.calls(ben)[1].to_clinician
    delivery.acknowledge(case=signed.case, kind="patient", by=ben, how="phone")
    assert [task.whom for task in calls.open_tasks(ben)] == ["clinician"]


def test_a_beat_that_stopped_for_a_month_sends_one(draft, dana, group, ana):
    answer(draft, dana, group, CREAM, at=SIGNED)
    Delivery.objects.update(nudge_at=None)
    followup.tick(later(SIGNED, 60))
    assert mails(ana) == 1
    followup.tick(later(SIGNED, 61))
    assert mails(ana) == 1


def test_one_bad_row_holds_up_no_other(signed, ana, monkeypatch):
    real = followup.owners

    def broken(item):
        if item.kind == "biopsy":
            raise ObjectDoesNotExist("gone")
        return real(item)

    monkeypatch.setattr(followup, "owners", broken)
    followup.tick(timezone.now() + timedelta(days=20))
    assert line(signed, "medicine").nudges == 1 and line(signed, "biopsy").nudges == 0


@pytest.mark.parametrize(("done", "reachable", "expected"), [(0, True, "remind"), (1, True, "remind"), (2, True, "call"), (9, True, "call"), (0, False, "call")])  # fmt: skip
def test_the_order_of_nudges(done, reachable, expected):
    assert nudges.step(done, reachable=reachable) == expected


# recalls


@pytest.fixture
def recall(draft, dana, group):
    review = answer(draft, dana, group, PHOTO, at=SIGNED)
    Delivery.objects.update(nudge_at=None)
    return line(review, "watch_rephotograph")


def test_a_follow_up_begins_on_its_day_once(recall, ana):
    followup.tick(later(SIGNED, 27))
    assert not Case.objects.filter(follows=recall.review.case).exists()
    for _ in range(3):
        followup.tick(later(SIGNED, 28))
    found = Case.objects.get(follows=recall.review.case)
    assert (found.status, found.site, found.started_by) == ("draft", recall.review.case.site, ana)
    assert recalls.is_recall(found) and mails(ana) == 1
    recall.refresh_from_db()
    assert recall.follow_up == found and recall.is_open


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_begin_one(recall, ana):
    now = later(SIGNED, 28)
    race(2, lambda _: followup.tick(now))
    followup.tick(now)
    assert Case.objects.filter(follows=recall.review.case).count() == 1 and mails(ana) == 1


def test_the_patients_own_draft_is_taken(recall, ana):
    from intake.services import start_follow_up

    own = start_follow_up(by=ana, earlier=Case.objects.get(pk=recall.review.case_id))
    followup.tick(later(SIGNED, 28))
    recall.refresh_from_db()
    assert recall.follow_up == own


def test_sending_the_new_photos_settles_the_line_and_closes(recall, ana):
    followup.tick(later(SIGNED, 28))
    recall.refresh_from_db()
    tell(recall.review)
    delivery.acknowledge(case=recall.review.case, kind="patient", by=ana)
    case = factories.put_status(recall.follow_up, "submitted")
    case.events.create(verb="submit", to_status="submitted", by=ana, role="patient")
    assert followup.tick(later(SIGNED, 29))["follow_ups_sent"] == 1
    recall.refresh_from_db()
    assert (recall.state, recall.settled_by) == ("done", ana) and case.number in recall.proof
    assert status(recall.review) == "closed"


def test_without_an_address_somebody_calls(draft, dana, group, clinic, ben):
    draft.patient = factories.make_patient(clinic)
    draft.save(update_fields=["patient"])
    answer(draft, dana, group, PHOTO, at=SIGNED)
    Delivery.objects.update(nudge_at=None)
    followup.tick(later(SIGNED, 28))
    assert calls.open_tasks(ben).get().kind == "follow_up"


# pathology


REPORT = items.Report("malignant", "Melanoma, 0.4 mm", day(0), number="S26-1", agreement="in_differential")


def test_pathology_settles_its_line_and_its_reader_is_told(signed, ruth, dana):
    row = items.attach_pathology(review=signed, by=ruth, what=REPORT, item=line(signed, "biopsy"))
    assert line(signed, "biopsy").state == "done" and "Melanoma" in line(signed, "biopsy").proof
    truth = signed.truths.get()
    assert (truth.kind, truth.agreement, truth.malignant) == ("pathology", "in_differential", True)
    assert mails(dana) == 1 and items.unseen_pathology(dana).get() == row
    assert items.see_pathology(review=signed, by=ruth) == 0
    assert items.see_pathology(review=signed, by=dana) == 1
    assert not items.unseen_pathology(dana)


@pytest.mark.parametrize(
    ("who", "changes", "refused"),
    [
        ("ana", {}, "Only the clinic"),
        ("max_stranger", {}, "Only the clinic"),
        ("ben", {"diagnosis": " "}, "write the diagnosis"),
        ("ben", {"result": "lost"}, "Choose the result"),
        ("ben", {"reported_on": day(2)}, "not come yet"),
        ("ben", {"reported_on": day(-9)}, "before the case"),
        ("ben", {"agreement": "perhaps"}, "how it fits"),
    ],
)
def test_what_no_report_is(signed, request, who, changes, refused):
    facts = {"result": "benign", "diagnosis": "Nevus", "agreement": "same", "reported_on": day(0)} | changes
    with pytest.raises(items.ItemRefused, match=refused):
        items.attach_pathology(review=signed, by=request.getfixturevalue(who), what=items.Report(**facts))
    assert not PathologyReport.objects.exists()


def test_a_report_is_never_changed(signed, ben):
    row = items.attach_pathology(review=signed, by=ben, what=REPORT)
    for change in (lambda: PathologyReport.objects.update(diagnosis="Nevus"), row.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        PathologyReport.objects.update(seen_at=timezone.now())


PDF = b"%PDF-1.7 as the laboratory made it"


def test_the_laboratorys_own_paper_is_kept_with_it(
    signed, ruth, ana, dana, ben, max_stranger, sign_in, settings, tmp_path, monkeypatch
):
    settings.VAR = tmp_path
    url = reverse("review:item", args=[line(signed, "biopsy").pk])
    typed = {"pathology": "yes", "result": "benign", "diagnosis": "Nevus", "agreement": "same",
             "reported_on": day(0).isoformat()}  # fmt: skip
    file = SimpleUploadedFile("report.exe", b"MZ no PDF", content_type="application/pdf")
    refused = sign_in(ruth).post(url, typed | {"file": file})
    assert refused.status_code == 422 and "must be a PDF" in refused.content.decode()
    assert not PathologyReport.objects.exists()
    sign_in(ruth).post(url, typed | {"file": SimpleUploadedFile("report.pdf", PDF, content_type="text/html")})
    row = PathologyReport.objects.get()
    assert (row.file_size, storages.read(row.file_key)) == (len(PDF), PDF)
    assert list(invariants.pathology_files_are_what_was_attached()) == []
    paper = reverse("review:pathology_file", args=[row.pk])
    result = [reverse(f"review:{name}", args=[signed.case_id]) for name in ("referrer_result", "staff_result")]
    for person, page in ((ruth, result[0]), (ben, result[1]), (dana, "")):
        client = sign_in(person)
        assert not page or paper in client.get(page).content.decode(), page
        sent = client.get(paper)
        assert b"".join(sent.streaming_content) == PDF
        assert sent["Content-Disposition"].startswith("attachment") and "sandbox" in sent["Content-Security-Policy"]
    assert AuditEvent.objects.filter(verb="pathology.downloaded").count() == 3
    for stranger in (max_stranger, ana):
        assert sign_in(stranger).get(paper).status_code in {403, 404}
    with pytest.raises(DatabaseError), transaction.atomic():
        PathologyReport.objects.update(file_sha256="", file_size=0)
    for kept, said in ((lambda key: b"other", "not the one"), (lambda key: storages.read("gone"), "cannot be read")):
        with monkeypatch.context() as broken:
            broken.setattr(invariants, "storages", SimpleNamespace(read=kept))
            [breach] = invariants.pathology_files_are_what_was_attached()
        assert said in breach


def test_a_paper_that_is_too_large_or_cannot_be_kept_attaches_nothing(signed, ben, monkeypatch):
    for file, said in ((b"%PDF-" + bytes(items.MAX_FILE_BYTES), "larger than 10 MB"), (PDF, "cannot be kept just now")):
        monkeypatch.setattr(items.storages, "put_once", lambda key, data: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(items.ItemRefused, match=said):
            items.attach_pathology(review=signed, by=ben, what=replace(REPORT, file=file))
    assert not PathologyReport.objects.exists()


# pages


def test_the_patient_settles_on_the_own_page(signed, sign_in, ana):
    client = sign_in(ana)
    assert "See what to do" in client.get(reverse("intake:patient_home")).content.decode()
    assert "Use the cream twice a day" in client.get(reverse("review:own_steps")).content.decode()
    page = client.get(reverse("review:patient_result", args=[signed.case_id])).content.decode()
    links = [reverse("review:own_step", args=[line(signed, kind).pk]) for kind in ("medicine", "biopsy")]
    # the letter lists every step; only what is the patient's own can be answered there
    assert "What to do" in page and [link in page for link in links] == [True, False]
    url = reverse("review:own_step", args=[line(signed, "medicine").pk])
    refused = client.post(url, {"state": "declined", "words": ""})
    assert refused.status_code == 422 and "Write why." in refused.content.decode()
    client.post(url, {"state": "impossible", "words": "The shop has none"})
    assert line(signed, "medicine").reason == "The shop has none"
    assert "Not possible" in client.get(reverse("review:own_steps")).content.decode()
    assert client.get(reverse("review:own_step", args=[line(signed, "biopsy").pk])).status_code == 404


@pytest.mark.parametrize("who", ["ben", "ruth"])
def test_the_desks_settle_on_their_list(signed, sign_in, request, who):
    client, row = sign_in(request.getfixturevalue(who)), line(signed, "biopsy")
    for show in ("open", "overdue", "mine", "patient", "settled"):
        assert client.get(reverse("review:items"), {"show": show}).status_code == 200
    assert "Excision biopsy" in client.get(reverse("review:items")).content.decode()
    url = reverse("review:item", args=[row.pk])
    assert "Pathology report" in client.get(url).content.decode()
    assert client.post(url, {"state": "done", "words": ""}).status_code == 422
    client.post(url, {"state": "done", "words": "Cut out Nov 20, Dr. Gray"})
    assert line(signed, "biopsy").state == "done"
    client.post(reverse("review:item_reopen", args=[row.pk]), {"why": "Wrong one"})
    assert line(signed, "biopsy").is_open
    facts = {
        "pathology": "yes",
        "result": "benign",
        "diagnosis": "Nevus",
        "agreement": "same",
        "reported_on": day(0).isoformat(),
    }
    client.post(url, facts)
    assert "Nevus" in client.get(url).content.decode() and line(signed, "biopsy").state == "done"


def test_a_report_without_a_line_and_its_reader(signed, sign_in, ben, dana):
    url = reverse("review:pathology_new", args=[signed.case_id])
    client = sign_in(ben)
    assert (
        client.post(
            url, {"result": "benign", "diagnosis": "Nevus", "agreement": "same", "reported_on": day(3)}
        ).status_code
        == 422
    )
    client.post(url, {"result": "benign", "diagnosis": "Blue nevus", "agreement": "same", "reported_on": day(0)})
    assert "Blue nevus" in client.get(reverse("review:staff_result", args=[signed.case_id])).content.decode()
    assert "Pathology is there" in sign_in(dana).get(reverse("review:signed_list")).content.decode()


@pytest.mark.parametrize("who", ["max_stranger", "ana", "kay", "eli"])
def test_strangers_find_no_step(signed, sign_in, request, who):
    client = sign_in(request.getfixturevalue(who))
    for name, pk in (("item", line(signed, "biopsy").pk), ("pathology_new", signed.case_id)):
        assert client.post(reverse(f"review:{name}", args=[pk]), {"state": "done", "words": "x"}).status_code == 404
    assert line(signed, "biopsy").is_open


def test_staff_say_how_they_heard_that_it_was_read(signed, sign_in, ben):
    client, url = sign_in(ben), reverse("review:acknowledge", args=[signed.case_id, "patient"])
    tell(signed)
    assert b"Choose how" in client.post(url, follow=True).content
    client.post(url, {"how": "paper"})
    row = signed.deliveries.get(recipient_kind="patient")
    assert (row.acknowledged_how, row.acknowledged_by, row.opened_at) == ("paper", ben, None)
    page = client.get(reverse("review:staff_result", args=[signed.case_id])).content.decode()
    assert "signed the paper letter" in page
