"""The clock's rules: each sentence by a table, all of them together against an independent oracle."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review import tape, timekeeping
from review.timekeeping import Beat, credit, subtract, total, union
from tests.review import oracle

ROOT = Path(__file__).resolve().parents[2]


def beats(*rows, clinician="c1", review="r1", tab="t1"):
    """Rows of (seq, at, mono, last_input, state) in seconds; a shorter row repeats: mono = at, last_input = mono."""
    made = []
    for row in rows:
        seq, at, mono, last_input, state = (*row[:2], *(row[2:] or (row[1], row[1], "counting")))
        made.append(Beat(clinician, review, tab, seq, *(round(x * 1000) for x in (at, mono, last_input)), state))
    return made


def c(seq, at, last_input=None, state="counting"):
    return (seq, at, at, at if last_input is None else last_input, state)


def seconds(tape_, review="r1", clinician="c1"):
    return credit(tape_).of(clinician, review).ms / 1000


TABLE = {
    "nothing": ([], 0),
    "one beat is no span": ([c(0, 0)], 0),
    "three beats, two spans": ([c(0, 0), c(1, 15), c(2, 30)], 30),
    # rule 0
    "seq not above the last kept is dropped": ([c(0, 0), c(1, 15), c(1, 20), c(2, 30)], 30),
    "a replayed start is dropped": ([c(0, 0), c(1, 15), c(0, 20), c(2, 30)], 30),
    "nothing after a kept ended": ([c(0, 0), c(1, 15, state="ended"), c(2, 30), c(3, 45)], 15),
    "input from the future is dropped": ([c(0, 0), (1, 15, 15, 16, "counting"), c(2, 30)], 0),
    "a dropped ended ends nothing": ([c(0, 0), (1, 10, 10, 11, "ended"), c(2, 20), c(3, 30)], 10),
    "input at the very beat is kept": ([c(0, 0), (1, 15, 15, 15, "counting")], 15),
    # rule 1
    "the earlier must count": ([c(0, 0, state="hidden"), c(1, 15), c(2, 30)], 15),
    "the later's state does not matter": ([c(0, 0), c(1, 15, state="hidden")], 15),
    "a lost beat costs its span": ([c(0, 0), c(1, 15), c(3, 45), c(4, 60)], 30),
    "45 s is a span": ([c(0, 0), c(1, 45)], 45),
    "45.001 s is none": ([c(0, 0), c(1, 45.001)], 0),
    "no time passed at the server": ([(0, 10, 0, 0, "counting"), (1, 10, 15, 15, "counting")], 0),
    "the server's clock went back": ([(0, 10, 0, 0, "counting"), (1, 5, 15, 15, "counting")], 0),
    "the browser's clock ran slower": ([(0, 0, 0, 0, "counting"), (1, 15, 9, 9, "counting")], 9),
    "the browser's clock ran faster": ([(0, 0, 0, 0, "counting"), (1, 15, 40, 40, "counting")], 15),
    "the browser's clock stood still": ([(0, 0, 5, 5, "counting"), (1, 15, 5, 5, "counting")], 0),
    "the browser's clock went back": ([(0, 0, 9, 5, "counting"), (1, 15, 5, 5, "counting")], 0),
    # rule 2
    "90 s without input count": ([c(i, 15 * i, 0) for i in range(7)], 90),
    "90.001 s do not": ([c(0, 0, 0), *[c(i, 15 * i, 0) for i in range(1, 6)], c(6, 90.001, 0)], 0),
    "looking long, then a key": ([c(i, 15 * i, 0) for i in range(6)] + [c(6, 90, 89), c(7, 100, 95)], 100),
    "lunch costs nobody the minute before": (
        [c(0, 0), c(1, 15), c(2, 30, 20), *[c(i, 15 * i, 20) for i in range(3, 20)], c(20, 300, 299), c(21, 315, 315)],
        20 + 1 + 15,
    ),
    "an idle stretch does not end the run": (
        [c(0, 0), *[c(i, 15 * i, 0) for i in range(1, 10)], c(10, 150, 150), c(11, 165, 160)],
        15,
    ),
    "a pause ends the run, so the next starts afresh": (
        [
            c(0, 0, 0),
            *[c(i, 15 * i, 0) for i in range(1, 5)],
            c(5, 75, 0, "paused"),
            c(6, 80, 0),
            c(7, 95, 0),
            c(8, 110, 0),
        ],
        75 + 30,
    ),
    "input before the run is no point of it": (
        [c(0, 0, 0, "hidden"), c(1, 60, 0), *[c(i, 60 + 15 * (i - 1), 0) for i in range(2, 8)]],
        90,
    ),
    "input told first while hidden is placed there": (
        [c(0, 0, 0), c(1, 15, 15), c(2, 20, 18, "hidden"), c(3, 30, 18), c(4, 45, 18)],
        20 + 15,
    ),
    "a run that never ends closes at its last kept beat": ([c(0, 0, 0), c(1, 30, 0), c(2, 60, 0), c(3, 91, 0)], 0),
}


@pytest.mark.parametrize(("rows", "expected"), TABLE.values(), ids=TABLE.keys())
def test_each_sentence_of_the_rules(rows, expected):
    assert seconds(beats(*rows)) == expected


def test_an_input_told_again_stays_where_the_first_kept_beat_placed_it():
    """The first beat places input 10 at 10 s. Told later over a slow line it would lie at 40 s and bridge 100 s."""
    tape_ = beats((0, 0, 0, 0, "counting"), (1, 15, 15, 10, "counting"), (2, 55, 25, 10, "counting"),
                  (3, 95, 65, 10, "counting"), (4, 111, 81, 81, "counting"))  # fmt: skip
    assert seconds(tape_) == 10


def test_tabs_of_one_review_are_united():
    one = beats(c(0, 0), c(1, 15), c(2, 30))
    two = beats(c(0, 10), c(1, 25), c(2, 40), tab="t2")
    assert seconds(one + two) == 40


def test_a_moment_of_two_reviews_is_the_later_runs():
    one = beats(c(0, 0), c(1, 15), c(2, 30))
    two = beats(c(0, 10), c(1, 25), review="r2")
    account = credit(one + two)
    assert account.of("c1", "r1").intervals == ((0, 10_000), (25_000, 30_000))
    assert account.of("c1", "r2").intervals == ((10_000, 25_000),)
    assert [n.why for n in account.not_counted if n.why == "other_review"] == ["other_review"]


@pytest.mark.parametrize("first", ["r1", "r2"])
def test_runs_that_began_together_are_the_first_tabs(first):
    second = {"r1": "r2", "r2": "r1"}[first]
    tape_ = beats(c(0, 0), review=first) + beats(c(0, 0), review=second)
    tape_ += beats(c(1, 15), review=second) + beats(c(1, 15), review=first)
    assert (seconds(tape_, first), seconds(tape_, second)) == (15, 0)


def test_two_clinicians_do_not_share_their_time():
    tape_ = beats(c(0, 0), c(1, 15)) + beats(c(0, 0), c(1, 15), clinician="c2")
    assert seconds(tape_) == seconds(tape_, clinician="c2") == 15


def test_order_is_that_of_receipt_not_of_the_clock():
    late = beats(c(0, 0), c(2, 30), c(1, 15))
    assert seconds(late) == 0


def test_ten_minutes_to_the_millisecond():
    rows = [c(i, 15 * i) for i in range(40)]
    assert seconds(beats(*rows, c(40, 599.999))) == 599.999
    assert seconds(beats(*rows, c(40, 600))) == 600


def lost(rows):
    return credit(beats(*rows)).lost_ms("c1", "r1") / 1000


def test_what_an_outage_cost_is_known_without_being_credited():
    queued = [(i, 200, 15 * i, 15 * i, "counting") for i in range(2, 13)]
    after = [(13, 200 + 5, 200, 200, "counting"), (14, 220, 215, 215, "ended")]
    rows = [c(0, 0), c(1, 15), *queued, *after]
    assert seconds(beats(*rows)) == 15 + 5 + 15
    assert lost(rows) == pytest.approx(180, abs=6)


def test_a_crash_costs_at_most_one_beat_and_an_end_nothing():
    assert lost([c(0, 0), c(1, 15)]) == 15
    assert lost([c(0, 0), c(1, 15, state="ended")]) == 0


@pytest.mark.parametrize("mono_stops", [True, False])
def test_a_computer_asleep_lost_nothing(mono_stops):
    slept = 7200
    gone = 0 if mono_stops else slept
    rows = [c(0, 0), c(1, 15), *[(i, slept + 15 * i, gone + 15 * i, gone + 15 * i, "counting") for i in (2, 3)],
            (4, slept + 60, gone + 60, gone + 60, "ended")]  # fmt: skip
    assert lost(rows) <= 15


def test_an_idle_stop_lost_nothing():
    rows = [*[c(i, 15 * i, 0) for i in range(7)], (7, 300, 300, 300, "counting"), (8, 315, 315, 315, "ended")]
    assert lost(rows) == 0


# --- together ---------------------------------------------------------------------------------------------------------

IDLE, GAP = 9, 5  # small numbers, so that edges meet often


@st.composite
def tapes(draw):
    keys = draw(
        st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("rs"), st.sampled_from("tu")), min_size=1, max_size=4)
    )
    state = st.sampled_from(["counting"] * 6 + ["hidden", "paused", "ended"])
    rows, at, seqs, monos = [], 20, {}, {}
    for key in draw(st.lists(st.sampled_from(keys), max_size=40)):
        at += draw(st.sampled_from([0, 1, 1, 2, 3, 4, 5, 5, 6, 12, -2]))
        seq = seqs.get(key, -1) + draw(st.sampled_from([1, 1, 1, 1, 2, 0]))
        mono = max(0, monos.get(key, at - 20) + draw(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9, -1])))
        last_input = mono + draw(st.sampled_from([0, 0, -1, -3, -8, -10, 1]))
        seqs[key], monos[key] = max(seq, 0), mono
        rows.append(Beat(*key, max(seq, 0), at, mono, last_input, draw(state)))
    return rows


def as_moments(intervals):
    return {moment for start, end in intervals for moment in range(start, end)}


@settings(max_examples=400, deadline=None)
@given(tapes())
def test_the_account_is_the_oracles(rows):
    account = credit(rows, idle_ms=IDLE, gap_ms=GAP)
    expected = oracle.credited(rows, IDLE, GAP)
    assert {(one.clinician, one.review): as_moments(one.intervals) for one in account.credits} == expected


@settings(max_examples=150, deadline=None)
@given(tapes())
def test_nobody_works_longer_than_the_clock_on_the_wall(rows):
    account = credit(rows, idle_ms=IDLE, gap_ms=GAP)
    for clinician in {one.clinician for one in account.credits}:
        spans = [span for one in account.credits if one.clinician == clinician for span in one.intervals]
        assert total(spans) == total(union(spans)), "a moment is credited twice"
        ats = [beat.at for beat in rows if beat.clinician == clinician]
        assert all(min(ats) <= start and end <= max(ats) for start, end in spans)


@settings(max_examples=150, deadline=None)
@given(tapes(), st.sampled_from("rs"))
def test_one_more_tab_of_a_review_adds_no_more_than_its_own_wall_time(rows, review):
    extra = [Beat("a", review, "x", i, 20 + 3 * i, 3 * i, 3 * i, "counting") for i in range(6)]
    before = credit(rows, idle_ms=IDLE, gap_ms=GAP)
    after = credit(rows + extra, idle_ms=IDLE, gap_ms=GAP)
    assert sum(one.ms for one in after.credits) - sum(one.ms for one in before.credits) <= 15


@settings(max_examples=100, deadline=None)
@given(tapes())
def test_writing_and_reading_a_tape_changes_nothing(rows):
    kept = [row for row in rows if row.last_input >= 0]
    data = tape.write_tape(kept)
    assert tape.read_tape(data.decode().splitlines()) == kept
    assert tape.write_tape(tape.read_tape(data.decode().splitlines())) == data


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8))
def test_union_and_subtract_are_those_of_sets(spans):
    forward = [tuple(sorted(span)) for span in spans]
    assert as_moments(union(forward)) == as_moments(forward)
    assert union(union(forward)) == union(forward)
    assert as_moments(subtract((10, 40), forward)) == set(range(10, 40)) - as_moments(forward)


# --- the command ------------------------------------------------------------------------------------------------------


def line(**changes):
    row = {"at": 1012.4, "clinician": "c1", "review": "r7", "tab": "t1", "seq": 0, "mono": 45.1, "last_input": 41.0,
           "state": "counting"}  # fmt: skip
    return json.dumps({key: value for key, value in (row | changes).items() if value is not ...})


def run(text, *options):
    return subprocess.run(
        [sys.executable, "manage.py", "credit_time", "-", "--json", *options],
        input=text, capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip


def test_the_command_prints_one_object_and_nothing_else():
    text = "\n".join([line(), line(seq=1, at=1027.4, mono=60.1, last_input=60.0)])
    done = run(text)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "setting": {"idle_seconds": 90, "gap_seconds": 45},
        "credits": [{"clinician": "c1", "review": "r7", "seconds": 15.0, "intervals": [[1012.4, 1027.4]]}],
    }


def test_explain_names_what_was_not_counted():
    text = "\n".join([line(state="paused"), line(seq=1, at=1027.4, mono=60.1, last_input=60.0, state="ended")])
    body = json.loads(run(text, "--explain").stdout)
    assert body["credits"] == [{"clinician": "c1", "review": "r7", "seconds": 0.0, "intervals": []}]
    assert body["not_counted"] == [
        {"clinician": "c1", "review": "r7", "tab": "t1", "from": 1012.4, "to": 1027.4, "why": "paused"}
    ]


def test_the_command_says_which_line_it_cannot_read():
    done = run(line() + "\nnot json\n")
    assert done.returncode == 1 and done.stdout == ""
    assert "Line 2 cannot be read" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "changes",
    [{"at": "12"}, {"at": True}, {"seq": 1.5}, {"seq": -1}, {"seq": True}, {"state": "busy"}, {"tab": ""}, {"review": 7},
     {"mono": None}, {"mono": ...}, {"clinician": ...}],
)  # fmt: skip
def test_every_unreadable_field_is_refused(changes):
    with pytest.raises(tape.TapeUnreadable, match="Line 1"):
        tape.read_tape([line(**changes)])


@pytest.mark.parametrize(
    "text",
    ["[]", "1", "{", '{"at": NaN}', line().replace("45.1", "NaN"), line().replace("45.1", "1e999999"), "[" * 100_000],
)
def test_every_unreadable_line_is_refused(text):
    with pytest.raises(tape.TapeUnreadable, match="Line 1"):
        tape.read_tape([text])


@pytest.mark.parametrize(
    ("written", "ms"),
    [("0.0004", 0), ("0.0006", 1), ("1.2345678", 1235), ("7", 7000), ("1e3", 1_000_000), ("0.1", 100)],
)
def test_decimals_are_rounded_to_a_millisecond_once(written, ms):
    assert tape.read_tape([line().replace("1012.4", written)])[0].at == ms


def test_a_number_too_fine_for_a_float_is_read_as_written():
    assert tape.read_tape([line().replace("1012.4", "1764000000.1234999999999")])[0].at == 1_764_000_000_123


def test_empty_lines_are_no_beats():
    assert tape.read_tape(["", "  ", line()])[0].seq == 0 and timekeeping.credit([]).credits == ()
