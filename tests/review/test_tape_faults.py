"""Whole sessions of a made-up person, sent through a made-up browser and a bad line, held against what that person really
did. `truth` is the short oracle: it knows the person, not the tape. Whole seconds, with the real limits.

Never above it: no beat that is doubled, replayed or forged, no sleep, no second tab adds a second; a lost or held up beat
adds no moment away from the screen. Below it by no more than is stated: 15 s a crash; for each outage what was done while
the line was down, and 45 s.
"""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.timekeeping import Beat, credit, subtract, total, union
from tests.review import oracle

IDLE, GAP, BEAT, ASK = 90, 45, 15, 75


class Browser:
    """What config/static/js/clock.js does, second by second. `events` are (second, what); what: input, hide, show, pause,
    go_on, sleep, wake, end."""

    def __repr__(self):
        return f"Browser({self.events})"

    def __init__(self, events, until, review="r1", tab="t1", start=0):
        self.beats, self.runs, self.inputs, self.slept = [], [], [start], []
        self.review, self.tab, self.seq = review, tab, 0
        self.events = events
        state, asleep, idle, last_beat = "counting", False, False, None
        by_second = {}
        for second, what in events:
            by_second.setdefault(second, []).append(what)

        def beat(now):
            nonlocal last_beat
            self.beats.append(Beat("c1", review, tab, self.seq, now, now - start, self.inputs[-1] - start, state))
            self.seq, last_beat = self.seq + 1, now

        beat(start)
        opened = start
        for now in range(start + 1, until + 1):
            for what in by_second.get(now, ()):
                if what in ("sleep", "wake"):
                    if what == "sleep" and state == "counting":
                        # the computer stops without a word: nothing is known of it before it wakes
                        asleep = True
                        self.slept.append(now)
                    elif what == "wake" and asleep:
                        asleep = False
                        self.slept.append(now)
                        if not idle:
                            beat(now)
                    continue
                if asleep or state == "ended":
                    continue
                if what in ("input", "pause", "go_on", "end") and state != "hidden":
                    long_look = now - max(self.inputs[-1], opened) >= ASK
                    self.inputs.append(now)
                    if state == "counting" and (idle or long_look):
                        idle = False
                        beat(now)
                if what == "input":
                    continue
                after = {"hide": "hidden", "show": "counting", "pause": "paused", "go_on": "counting", "end": "ended"}[
                    what
                ]
                if after == state:
                    continue
                if state == "counting":
                    self.runs.append((opened, now))
                if after == "counting":
                    opened = now
                state, idle = after, False
                beat(now)
            if asleep or state != "counting":
                continue
            if not idle and now - max(self.inputs[-1], opened) >= IDLE:
                idle = True
                beat(now)
            elif not idle and now - last_beat >= BEAT:
                beat(now)
        if state == "counting":
            self.runs.append((opened, until))

    def truth(self, until=10**9):
        """In front, awake and not paused, without the stretches of more than 90 s in which nobody touched anything; up to
        a moment."""
        return union(piece for span in self.looks(until) for piece in subtract(span, self.asleep()))

    def looks(self, until=10**9, unknown=(0, 0)):
        """The stretches of 90 s at most between two touches (or the ends of a run); some touches may be unknown."""
        found = []
        for low, high in self.runs:
            high = min(high, until)
            inner = (at for at in self.inputs if low < at < high and not unknown[0] <= at <= unknown[1])
            found += [(a, b) for a, b in pairwise(sorted({low, high, *inner})) if low < high and b - a <= IDLE]
        return found

    def asleep(self):
        return [*zip(self.slept[::2], self.slept[1::2], strict=False)]

    def in_front(self):
        return union(piece for run in self.runs for piece in subtract(run, self.asleep()))


steps = st.lists(
    st.tuples(
        st.integers(1, 130),
        st.sampled_from(["input"] * 9 + ["hide", "show", "show", "pause", "go_on", "go_on"]),
    ),
    min_size=4,
    max_size=40,
)
asleep = st.lists(st.tuples(st.integers(20, 900), st.integers(46, 400)), max_size=1)


busy_steps = st.lists(st.tuples(st.integers(1, 14), st.just("input")), min_size=20, max_size=60)


@st.composite
def sessions(draw, sleeps=False, busy=False, **names):
    now, events = names.get("start", 0), []
    for gap, what in draw(busy_steps if busy else steps):
        now += gap
        events.append((now, what))
    if sleeps:
        for began, length in draw(asleep):
            events = [(at, what) for at, what in events if not began <= at <= began + length]
            events += [(began, "sleep"), (began + length, "wake")]
            now = max(now, began + length + 1)
    events.append((now + 1, "end"))
    return Browser(sorted(events, key=lambda event: event[0]), now + 1, **names)


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


@st.composite
def outages(draw, events):
    """(browser, tape, began, ended): beats made while the line is down are lost, or wait and arrive at once afterwards."""
    browser = draw(events)
    began, length, are_kept = draw(st.integers(1, 1500)), draw(st.integers(1, 200)), draw(st.booleans())
    ended = began + length
    tape = [
        replace(beat, at=ended) if began <= beat.at < ended else beat
        for beat in browser.beats
        if are_kept or not began <= beat.at < ended
    ]
    return browser, tape, began, ended


@settings(max_examples=200, deadline=None)
@given(outages(sessions()))
def test_an_outage_credits_no_moment_away_from_the_screen(outage):
    browser, tape, began, ended = outage
    got = credited(tape)
    assert total(got) <= total(browser.in_front())
    # it can hide where a look began, so that this one look of more than 90 s counts
    assert total(got) <= lengths(browser) + IDLE
    assert total(got) == len(oracle.credited(tape, IDLE, GAP)["c1", "r1"])


@settings(max_examples=200, deadline=None)
@given(outages(sessions()))
def test_an_outage_costs_its_own_time_45_s_and_the_look_that_it_breaks_into(outage):
    """An input that nobody was told of bridges no silence: the oracle is not told of it either, and a stretch without
    touch that reaches into the outage has no end that is known. Where nobody was told that the page was left, the look
    with which it is opened again is one with the look before."""
    browser, tape, began, ended = outage
    window = (began - BEAT, ended + BEAT)
    joined = {after[0] for before, after in pairwise(browser.runs) if began <= before[1] < ended}
    known = [
        span
        for span in browser.looks(unknown=window)
        if not (span[0] < window[1] and window[0] < span[1]) and span[0] not in joined
    ]
    assert total(credited(tape)) >= total(known) - GAP


@settings(max_examples=100, deadline=None)
@given(outages(sessions(busy=True)))
def test_an_outage_costs_whoever_works_on_its_own_time_and_at_most_45_s(outage):
    browser, tape, began, ended = outage
    outside = [piece for span in browser.truth() for piece in subtract(span, [(began, ended)])]
    assert total(credited(tape)) >= total(outside) - GAP


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
def test_swapped_beats_are_read_by_the_rules_and_add_no_more_than_a_look(browser, data):
    """The later of two swapped beats is kept, the earlier is not: what it told is unknown, as if it had been lost."""
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
    browser = Browser([(10, "input"), (10 + silence, "input"), (20 + silence, "end")], 20 + silence)
    assert total(credited(browser.beats)) == (20 + silence if silence <= 90 else 20)
