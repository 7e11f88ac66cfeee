"""The desk's lists: holds by code and age, missing charges, filing deadlines, totals; and many lines at once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing import reports, totals
from billing.models import ChargeLine, ChargeReversal, HoldRelease
from billing.rules import filing_deadline
from config.audit.models import AuditEvent
from review.models import Review
from tests import factories
from tests.billing.test_decisions import charge


def days_ago(days):
    """Another day of service: two lines of one day would be held as duplicates."""
    return factories.practice_today() - timedelta(days=days)


def older(line, days):
    ChargeLine.objects.filter(pk=line.pk).update(created_at=timezone.now() - timedelta(days=days))
    return line


def bulk(client, lines, **form):
    name = "line" if form.get("scope") == "ready" else "held"
    return client.post(reverse("billing:bulk"), {name: [str(line.uid) for line in lines], **form})


# --- worklists


def test_holds_are_counted_by_code_and_age(signed, sign_in, kay):
    short = older(charge(signed(ms=12_000)), 3)
    long_ago = older(charge(signed(ms=12_000, delivered=False)), 45)
    client = sign_in(kay)
    found = {one.check.code: one for one in client.get(reverse("billing:worklists")).context["worklists"]}
    assert [count for _, _, count in found["TIME_TOO_SHORT"].ages] == [1, 0, 1, 0]
    assert (found["NOT_DELIVERED"].count, found["TIME_TOO_SHORT"].count) == (1, 2)
    desk = reverse("billing:desk")
    assert client.get(desk, {"hold": "NOT_DELIVERED"}).context["lines"] == [long_ago]
    assert client.get(desk, {"hold": "TIME_TOO_SHORT", "age": "week"}).context["lines"] == [short]
    assert client.get(desk, {"hold": "TIME_TOO_SHORT", "age": "older"}).context["lines"] == []
    assert client.get(desk, {"hold": "nothing", "age": "x"}).status_code == 200
    assert client.get(desk).context["standing"].oldest_held == ChargeLine.objects.get(pk=long_ago.pk).created_at


def test_nothing_held_is_said(billable, sign_in, kay):
    assert b"Nothing is held" in sign_in(kay).get(reverse("billing:worklists")).content


def test_each_hold_on_the_desk_links_to_where_it_is_resolved(signed, sign_in, kay):
    from billing.models import Alignment, Fee

    Alignment.objects.all().delete()
    Fee.objects.all().delete()
    charge(signed())
    page = sign_in(kay).get(reverse("billing:desk")).content.decode()
    for kind in ("alignment", "fee"):
        assert f'href="{reverse("billing:reference_kind", args=[kind])}"' in page


# --- many at once


def test_many_holds_are_released_each_by_its_own_guard(signed, sign_in, kay):
    free = charge(signed(ms=12_000))
    still = charge(signed(ms=12_000, delivered=False, date_of_service=days_ago(1)))
    other = charge(signed(delivered=False, date_of_service=days_ago(2)))
    client = sign_in(kay)
    look = bulk(client, [free, still, other])
    assert [(check.code, count) for check, count in look.context["releasable"]] == [("TIME_TOO_SHORT", 2)]
    assert not HoldRelease.objects.exists()
    done = bulk(client, [free, still, other], verb="TIME_TOO_SHORT", reason="Asked the specialist.")
    said = [(outcome.line.pk, outcome.done, outcome.words) for outcome in done.context["outcomes"]]
    assert said == [
        (free.pk, True, "Released. It is ready now."),
        (still.pk, True, "Released. Still held: NOT_DELIVERED."),
        (other.pk, False, "This hold cannot be released. It goes when its fact is there."),
    ]
    assert "2 of 3 lines done" in done.content.decode()
    free.refresh_from_db()
    assert free.status == "ready"


def test_many_lines_are_void_with_their_reversals(signed, sign_in, kay):
    lines = [charge(signed(delivered=False)), charge(signed(delivered=False))]
    sent = charge(signed(date_of_service=days_ago(1)))
    ChargeLine.objects.filter(pk=sent.pk).update(status="exported")
    done = bulk(sign_in(kay), [*lines, sent], verb="void", reason="Entered twice.")
    assert [outcome.done for outcome in done.context["outcomes"]] == [True, True, False]
    assert ChargeReversal.objects.count() == 2 and ChargeLine.objects.filter(status="void").count() == 2
    assert AuditEvent.objects.filter(verb="charge.voided").count() == 2


def test_ready_lines_are_void_only_on_purpose(signed, sign_in, kay):
    line = charge(signed())
    client = sign_in(kay)
    # the desk ticks ready lines for the batch: the other button does not take them
    client.post(reverse("billing:bulk"), {"line": [str(line.uid)], "verb": "void", "reason": "By mistake."})
    line.refresh_from_db()
    assert line.status == "ready"
    bulk(client, [line], scope="ready", verb="void", reason="By mistake.")
    line.refresh_from_db()
    assert line.status == "void"


@pytest.mark.parametrize(
    ("form", "status"),
    [({"verb": "void", "reason": ""}, 422), ({"verb": "", "reason": "Long enough"}, 422), ({}, 200)],
)
def test_nothing_happens_without_a_verb_and_a_reason(signed, sign_in, kay, form, status):
    line = charge(signed(delivered=False))
    assert bulk(sign_in(kay), [line], **form).status_code == status
    line.refresh_from_db()
    assert line.status == "held"


def test_lines_of_others_are_not_chosen(signed, sign_in):
    line = charge(signed(delivered=False))
    other = factories.make_user("Kim", "biller", factories.make_clinic("group"))
    answer = bulk(sign_in(other), [line], verb="void", reason="Not mine at all.")
    line.refresh_from_db()
    assert answer.status_code == 302 and line.status == "held"
    for name in ("worklists", "missing", "deadlines", "totals"):
        assert line.number not in sign_in(other).get(reverse(f"billing:{name}")).content.decode()


@pytest.mark.parametrize("who", ["dana", "ben", "ana", "ada"])
def test_the_desks_pages_are_for_billers(sign_in, request, who):
    client = sign_in(request.getfixturevalue(who))
    for name in ("worklists", "missing", "deadlines", "totals"):
        assert client.get(reverse(f"billing:{name}")).status_code == 404
    assert client.post(reverse("billing:bulk")).status_code == 404


# --- missing charges


def test_a_signed_review_without_a_decision_is_missing_until_it_has_one(signed, sign_in, kay):
    client = sign_in(kay)
    assert b"No charge is missing" in client.get(reverse("billing:missing")).content
    review = signed(signed_at=timezone.now() - timedelta(minutes=5), work_status="dead", last_error="KeyError")
    page = client.get(reverse("billing:missing"))
    assert page.context["reviews"] == [review] and b"It gave up" in page.content
    assert client.get(reverse("billing:desk")).context["standing"].missing == 1
    client.post(reverse("billing:decide_missing", args=[review.pk]))
    review.refresh_from_db()
    assert (review.work_status, review.attempts) == ("waiting", 0)
    charge(review)
    assert client.get(reverse("billing:missing")).context["reviews"] == []
    assert client.post(reverse("billing:decide_missing", args=[review.pk])).status_code == 404


def test_what_was_signed_this_minute_is_not_missing_yet(signed, kay):
    signed()
    assert not reports.missing(kay).exists()
    assert Review.objects.signed().count() == 1


# --- filing deadlines


@pytest.mark.parametrize(("days", "listed", "over"), [(299, False, False), (300, True, False), (367, True, True)])
def test_a_line_is_warned_of_from_300_days_on(signed, sign_in, kay, days, listed, over):
    day = days_ago(days)
    line = charge(signed(date_of_service=day))
    page = sign_in(kay).get(reverse("billing:deadlines"))
    rows = [*page.context["late"], *page.context["over"]]
    assert [row.line for row in rows] == ([line] if listed else [])
    assert bool(page.context["over"]) is over
    if listed:
        assert rows[0].last_day == filing_deadline(day)
    else:
        assert b"No line is near its last day" in page.content


def test_what_the_payer_has_taken_is_not_warned_of(signed, kay):
    line = charge(signed(date_of_service=days_ago(320)))
    assert reports.late_lines(kay).get() == line
    for status in ("exported", "accepted"):
        ChargeLine.objects.filter(pk=line.pk).update(status=status)
        assert reports.late_lines(kay).exists() is (status == "exported")


# --- totals


def test_totals_add_up_to_the_cent_each_way(signed, sign_in, kay, dana):
    charge(signed())
    charge(signed(delivered=False))
    void = charge(signed())
    ChargeLine.objects.filter(pk=void.pk).update(status="void", voided_at=timezone.now(), void_reason="Twice")
    charge(signed(date_of_service=days_ago(500)))
    mine = ChargeLine.objects.visible_to(kay)
    names = {"clinician": dana.get_full_name(), "programme": "Test model", "payer": "Medicare Part B"}
    for key in totals.BY:
        [row] = totals.of(mine, key, 12).rows
        assert row[1:] == (2, Decimal("42.00"), Decimal("0.00"), Decimal("0.00"), Decimal("42.00"))
        assert row[0] == names.get(key, f"{factories.practice_today():%Y-%m}")
    assert sum(row[1] for row in totals.of(mine, "month", 36).rows) == 3
    client = sign_in(kay)
    page = client.get(reverse("billing:totals"), {"months": "36"})
    assert page.context["months"] == 36 and page.content.decode().count("<figure") == 4
    text = client.get(reverse("billing:totals_csv", args=["payer"]), {"months": "12"}).content.decode()
    assert text.splitlines() == [
        'Payer,Lines,"Charged, $","Sent, $","Paid, $","Held, $"',
        "Medicare Part B,2,42.00,0.00,0.00,42.00",
    ]
    assert client.get(reverse("billing:totals_csv", args=["nothing"])).status_code == 404


def test_no_totals_are_said(billable, sign_in, kay):
    page = sign_in(kay).get(reverse("billing:totals"), {"months": "x"})
    assert page.context["months"] == 12 and b"No line has its service in this time." in page.content
