"""Whole sessions of a made-up person at a page that follows clock.js (page.py), over a bad line, held against what that
person really did. `Page.truth` is the short oracle: it knows the person, not the tape. Whole seconds, with the real limits.

Never above it, whatever the line does: no lost, held up or doubled request, no sleep, no second tab adds a second. Below it
by no more than 15 s a crash, and for each outage the time in which nothing came through and 45 s.
"""

from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from review import timekeeping
from review.timekeeping import Beat, credit, subtract, total, union
from tests.review import oracle
from tests.review.page import BEAT, GAP, IDLE, LATE, RETRY, Outage, Page

steps = st.lists(
    st.tuples(
        st.integers(1, 130),
        st.sampled_from(["input"] * 9 + ["hide", "show", "show", "pause", "go_on", "go_on"]),
    ),
    min_size=4,
    max_size=40,
)
asleep = st.lists(st.tuples(st.integers(20, 900), st.integers(46, 400)), max_size=1)


restless_steps = st.lists(
    st.tuples(st.integers(20, 88), st.sampled_from(["input", "hide", "show", "show", "pause", "go_on"])),
    min_size=4,
    max_size=30,
)
busy_steps = st.lists(st.tuples(st.integers(1, 14), st.just("input")), min_size=20, max_size=60)


@st.composite
def sessions(draw, sleeps=False, of=steps, breaks=None, **names):
    now, events = names.get("start", 0), []
    for gap, what in draw(of):
        now += gap
        events.append((now, what))
    if sleeps:
        for began, length in draw(asleep):
            events = [(at, what) for at, what in events if not began <= at <= began + length]
            events += [(began, "sleep"), (began + length, "wake")]
            now = max(now, began + length + 1)
    events.append((now + 1, "end"))
    outages, free = [], 0
    for after, length, kind in draw(breaks) if breaks is not None else ():
        outages.append(Outage(free + after, free + after + length, kind))
        free += after + length + 1
    # the line is back before the end, or the page is open long enough to tell that it ended
    until = max(now + 1, free + 2 * RETRY)
    return Page(sorted(events, key=lambda event: event[0]), until, outages=tuple(outages), **names)


# Shorter than LATE a request may be held up on its way, and is kept: that is another test's.
breaks = st.lists(
    st.tuples(
        st.integers(0, 700), st.integers(LATE + 1, 250), st.sampled_from(["down", "down", "deaf", "torn", "stalled"])
    ),
    min_size=1,
    max_size=3,
)
short_breaks = st.lists(
    st.tuples(st.integers(0, 700), st.integers(1, LATE), st.sampled_from(["down", "deaf", "torn", "stalled"])),
    min_size=1,
    max_size=4,
)


def credited(tape, review="r1"):
    return list(credit(tape, idle_ms=IDLE, gap_ms=GAP).of("c1", review).intervals)


def beyond(spans, truth):
    return [piece for span in spans for piece in subtract(span, truth)]


def lengths(browser):
    return total(browser.truth())


@settings(max_examples=150, deadline=None)
@given(sessions())
def test_a_good_line_credits_exactly_what_was_done(browser):
    assert union(credited(browser.beats)) == browser.truth()


@settings(max_examples=100, deadline=None)
@given(sessions(sleeps=True))
def test_sleep_adds_nothing_and_costs_no_more_than_an_outage(browser):
    got = credited(browser.beats)
    assert beyond(got, browser.truth()) == []
    assert total(got) >= lengths(browser) - GAP


@settings(max_examples=150, deadline=None)
@given(sessions(), st.integers(0, 2000))
def test_a_crash_costs_at_most_one_beat(browser, at):
    """The browser dies: nothing after that second is sent, and the tape ends at its last beat."""
    before = [beat for beat in browser.beats if beat.at <= at]
    last = before[-1].at
    assert credited(before) == browser.truth(until=last)
    assert total(credited(before)) >= total(browser.truth(until=at)) - BEAT


def silences(page):
    """For each outage the time from the last beat before it to the first one after it, which tries every 5 s."""
    for fault in page.outages:
        before = [beat.at for beat in page.beats if beat.at <= fault.began]
        after = [beat.at for beat in page.beats if beat.at >= fault.ended]
        yield max(before, default=page.start), min([*after, fault.ended + RETRY])


@settings(max_examples=400, deadline=None)
@given(st.one_of(*[sessions(breaks=breaks, of=kind) for kind in (steps, busy_steps, restless_steps)]))
@example(
    Page(
        [(10, "input"), (80, "hide"), (100, "show"), (130, "input"), (140, "end")],
        150,
        outages=(Outage(75, 121, "down"),),
    )
)
@example(Page([(1, "hide"), (20, "show"), (112, "input"), (120, "end")], 130, outages=(Outage(18, 50, "down"),)))
@example(Page([(30, "input"), (100, "input"), (200, "end")], 200, outages=(Outage(95, 140, "stalled"),)))
def test_outages_add_nothing_and_cost_their_own_time_and_at_most_45_s_each(page):
    got = credited(page.beats)
    assert total(got) == len(oracle.credited(page.beats, IDLE, GAP).get(("c1", "r1"), ()))
    assert beyond(got, page.truth()) == []
    outside = [piece for span in page.truth() for piece in subtract(span, silences(page))]
    assert total(got) >= total(outside) - GAP * len(page.outages)


@settings(max_examples=200, deadline=None)
@given(st.one_of(*[sessions(breaks=breaks, of=kind) for kind in (steps, busy_steps, restless_steps)]))
def test_what_outages_cost_is_known_as_lost(page):
    """So that time that might have reached the next band is looked at by a person (TIME_UNCERTAIN)."""
    account = credit(page.beats, idle_ms=IDLE, gap_ms=GAP)
    missing = total(page.truth()) - account.of("c1", "r1").ms
    with mock.patch.multiple(timekeeping, JITTER_MS=2, GAP_MS=GAP, BEAT_MS=BEAT):  # whole seconds here
        assert account.lost_ms("c1", "r1") >= missing - GAP * len(page.outages)


@settings(max_examples=200, deadline=None)
@given(sessions(breaks=breaks), st.integers(0, 2000))
def test_an_outage_and_then_a_crash_cost_what_each_costs(page, at):
    """The page dies at that second: nothing it had still to tell is ever told. In a look that began while the line was
    down, before its first touch, beats are 45 s apart, and so is what a crash costs."""
    dead = Page(page.events, min(at, page.now), outages=page.outages)
    # the tape ends at the last beat that is kept, and so does what can be known of the look that it falls into
    last = max((beat.at for beats in oracle.kept(dead.beats).values() for beat in beats), default=0)
    got = credited(dead.beats)
    assert beyond(got, dead.truth(until=last)) == []
    outside = [piece for span in dead.truth(until=at) for piece in subtract(span, silences(dead))]
    # up to the very second in which such a look would be 90 s long
    unproved = dead.proof or dead.now == dead.look_began() + IDLE
    assert total(got) >= total(outside) - (GAP if unproved else BEAT) - GAP * len(page.outages)


@settings(max_examples=200, deadline=None)
@given(sessions(breaks=short_breaks))
def test_what_is_held_up_for_seconds_shifts_a_touch_by_no_more(page):
    got = credited(page.beats)
    assert total(got) <= total(page.truth(longest=IDLE + LATE)) + LATE * len(page.outages)
    # a request may have come through behind an error: the page knows that the line is back when it tries again
    unknown = [(fault.ended, fault.ended + RETRY) for fault in page.outages]
    outside = [
        piece for span in page.truth(longest=IDLE - LATE) for piece in subtract(span, [*silences(page), *unknown])
    ]
    assert total(got) >= total(outside) - GAP * len(page.outages)


@settings(max_examples=150, deadline=None)
@given(sessions(), st.data())
def test_doubled_and_replayed_beats_change_nothing(browser, data):
    tape = list(browser.beats)
    for place in sorted(data.draw(st.lists(st.integers(0, len(tape) - 1), max_size=6)), reverse=True):
        tape.insert(place + 1, tape[place])
    end = tape[-1].at
    replayed = [replace(beat, at=end + BEAT * n) for n, beat in enumerate(browser.beats, 1)]
    assert credited(tape + replayed) == credited(browser.beats)


@settings(max_examples=150, deadline=None)
@given(sessions(), st.data())
def test_beats_swapped_behind_the_pages_back_are_read_by_the_rules(browser, data):
    """The page sends one request at a time, so this needs another hand. The later of two swapped beats is kept, the earlier
    is not: what it told is unknown, as if it had been lost."""
    tape = list(browser.beats)
    place = data.draw(st.integers(0, len(tape) - 2))
    one, two = tape[place], tape[place + 1]
    # nothing arrives before it is made: the earlier one is held up until the later one is there
    tape[place], tape[place + 1] = two, replace(one, at=two.at)
    got = credited(tape)
    assert total(got) == len(oracle.credited(tape, IDLE, GAP)["c1", "r1"])
    assert beyond(got, browser.in_front()) == []
    assert total(got) <= lengths(browser) + IDLE


@settings(max_examples=100, deadline=None)
@given(sessions(), st.data(), st.sampled_from(["at", "mono"]))
def test_a_clock_that_steps_is_read_by_the_rules_and_within_the_other_clock(browser, data, which):
    """The server's clock steps, or the browser's: what counts is the smaller gap of the two, so neither alone adds time."""
    tape, step = [], 0
    jumps = data.draw(st.dictionaries(st.integers(0, len(browser.beats) - 1), st.integers(-120, 600), max_size=3))
    for number, beat in enumerate(browser.beats):
        step += jumps.get(number, 0)
        if which == "at":
            tape.append(replace(beat, at=beat.at + step + 1000))
        else:
            mono = max(0, beat.mono + step)
            tape.append(replace(beat, mono=mono, last_input=max(0, mono - (beat.mono - beat.last_input))))
    got = total(credited(tape))
    assert got == len(oracle.credited(tape, IDLE, GAP)["c1", "r1"])
    assert got <= browser.beats[-1].at - browser.beats[0].at


forged = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 400), st.integers(0, 400),
              st.sampled_from(["counting"] * 4 + ["hidden", "ended"]), st.sampled_from(["t1", "x", "y"])),
    max_size=25,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(sessions(), forged)
def test_forged_beats_are_bounded_by_the_wall(browser, rows):
    """Whoever writes beats by hand can at most claim time that passes while writing them: the server stamps each one."""
    tape, now = list(browser.beats), browser.beats[-1].at
    for seq_step, gap, mono, last_input, state, tab in rows:
        now += gap
        seq = max((beat.seq for beat in tape if beat.tab == tab), default=-1) + seq_step
        tape.append(Beat("c1", "r1", tab, seq, now, mono, last_input, state))
    got = credited(tape)
    assert total(got) == len(oracle.credited(tape, IDLE, GAP)["c1", "r1"])
    assert total(got) <= lengths(browser) + (now - browser.beats[-1].at)


@settings(max_examples=100, deadline=None)
@given(sessions(), sessions(tab="t2", start=7), sessions(review="r2", tab="t3", start=40))
def test_two_tabs_and_two_cases_never_exceed_the_wall(one, two, other):
    tape = sorted([*one.beats, *two.beats, *other.beats], key=lambda beat: beat.at)
    account = credit(tape, idle_ms=IDLE, gap_ms=GAP)
    first, second = (list(account.of("c1", review).intervals) for review in ("r1", "r2"))
    assert beyond(first, union([*one.truth(), *two.truth()])) == []
    assert beyond(second, other.truth()) == []
    both = first + second
    assert total(both) == total(union(both)), "no moment is credited twice"
    assert total(both) <= max(beat.at for beat in tape) - min(beat.at for beat in tape)


@pytest.mark.parametrize("silence", [89, 90, 91])
def test_a_long_look_counts_up_to_90_s(silence):
    browser = Page([(10, "input"), (10 + silence, "input"), (20 + silence, "end")], 20 + silence)
    assert total(credited(browser.beats)) == (20 + silence if silence <= 90 else 20)
