"""What a tape of beats is worth. Pure: beats in, credited intervals out; no request, no query, no settings.

All times are whole milliseconds (int). `at` is the server's clock, `mono` and `last_input` the browser's monotonic one.
The four rules are numbered as in the published rule set, so that an auditor can follow them:

0. A beat is dropped when its `seq` is not above that of the last kept beat of its tab, when its tab has a kept `ended`,
   or when `last_input` > `mono`. The order is the order of receipt.
1. The span between two neighbouring kept beats of a tab counts when the earlier says counting, the later's `seq` is one
   more, and 0 < gap in `at` <= 45 s. Its length is the smaller of the gaps in `at` and `mono`; it ends at the later's `at`.
2. Within a run (counting until something else) a stretch of more than 90 s between neighbouring inputs counts nothing.
3. A review's time is the union over its tabs; a moment that two reviews of one clinician claim belongs to the tab whose
   run began later.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

COUNTING, HIDDEN, PAUSED, ENDED = "counting", "hidden", "paused", "ended"
STATES = (COUNTING, HIDDEN, PAUSED, ENDED)
IDLE_MS = 90_000
GAP_MS = 45_000
BEAT_MS = 15_000
# a beat's way to the server varies by less than this; an outage or a crash costs more
JITTER_MS = 2_000

Interval = tuple[int, int]


@dataclass(frozen=True)
class Beat:
    clinician: str
    review: str
    tab: str
    seq: int
    at: int
    mono: int
    last_input: int
    state: str


@dataclass(frozen=True)
class NotCounted:
    """A stretch of a tab that was not credited, and why: hidden, paused, idle, outage, crash, clock or other_review."""

    clinician: str
    review: str
    tab: str
    start: int
    end: int
    why: str


@dataclass(frozen=True)
class Credit:
    clinician: str
    review: str
    intervals: tuple[Interval, ...]

    @property
    def ms(self) -> int:
        return total(self.intervals)


@dataclass(frozen=True)
class Account:
    """`credits` in the order in which the reviews appear on the tape; `not_counted` by time."""

    credits: tuple[Credit, ...]
    not_counted: tuple[NotCounted, ...]
    tabs: tuple["_Tab", ...] = field(default=(), repr=False)
    idle_ms: int = IDLE_MS

    def of(self, clinician: str, review: str) -> Credit:
        found = (c for c in self.credits if (c.clinician, c.review) == (clinician, review))
        return next(found, Credit(clinician, review, ()))

    def lost_ms(self, clinician: str, review: str) -> int:
        """Time of a review lost to outages and crashes, ms: what would have counted had every beat come through."""
        got = self.of(clinician, review).intervals
        # asked for at the signature; the account of each beat is spared it
        mine = (tab for tab in self.tabs if tab.key[:2] == (clinician, review))
        whole = union(span for tab in mine for span in _undisturbed(tab, self.idle_ms))
        pieces = (piece for span in whole for piece in subtract(span, got))
        return total(piece for piece in pieces if piece[1] - piece[0] >= JITTER_MS)


@dataclass
class _Tab:
    """The kept beats of one tab, and its place in the order of first appearance."""

    key: tuple[str, str, str]
    order: int
    beats: list[Beat] = field(default_factory=list)

    def keep(self, beat: Beat) -> None:
        last = self.beats[-1] if self.beats else None
        if last is not None and (beat.seq <= last.seq or last.state == ENDED):
            return
        if beat.last_input <= beat.mono:
            self.beats.append(beat)


@dataclass(frozen=True)
class _Claim:
    """A stretch that one run of one tab claims for its review."""

    start: int
    end: int
    run_began: int
    tab: _Tab


def total(intervals: Iterable[Interval]) -> int:
    """Length in ms of disjoint intervals."""
    return sum(end - start for start, end in intervals)


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Sorted disjoint intervals covering the same moments; touching ones are joined."""
    merged: list[Interval] = []
    for start, end in sorted(i for i in intervals if i[1] > i[0]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def subtract(span: Interval, holes: Iterable[Interval]) -> list[Interval]:
    """The parts of `span` outside every hole."""
    parts = [span]
    for low, high in holes:
        parts = [
            piece
            for start, end in parts
            for piece in ((start, min(end, low)), (max(start, high), end))
            if piece[0] < piece[1]
        ]
    return parts


def credit(beats: Iterable[Beat], *, idle_ms: int = IDLE_MS, gap_ms: int = GAP_MS) -> Account:
    """Credited time of every (clinician, review) on the tape, from beats in the order of receipt."""
    tape = list(beats)
    tabs = _tabs(tape)
    not_counted: list[NotCounted] = []
    claims: dict[str, list[_Claim]] = defaultdict(list)
    for tab in tabs:
        for run in _runs(tab.beats):
            claims[run[0].clinician] += _run_claims(tab, run, idle_ms, gap_ms, not_counted)
        not_counted += _silence(tab)
    intervals: dict[tuple[str, str], list[Interval]] = defaultdict(list)
    for clinician, stretches in claims.items():
        for review, start, end in _settle(stretches, not_counted):
            intervals[clinician, review].append((start, end))
    seen = dict.fromkeys((beat.clinician, beat.review) for beat in tape)
    return Account(
        tuple(Credit(*key, tuple(union(intervals[key]))) for key in seen),
        tuple(_joined(not_counted)),
        tuple(tabs),
        idle_ms,
    )


def _joined(parts: list[NotCounted]) -> list[NotCounted]:
    """In the order of time; neighbours of one tab with one reason as one."""
    spans: dict[tuple[str, str, str, str], list[Interval]] = defaultdict(list)
    for part in parts:
        spans[part.clinician, part.review, part.tab, part.why].append((part.start, part.end))
    joined = [NotCounted(*key[:3], start, end, key[3]) for key, pieces in spans.items() for start, end in union(pieces)]
    return sorted(joined, key=lambda n: (n.start, n.end, n.review, n.tab, n.why))


def _tabs(tape: list[Beat]) -> list[_Tab]:
    """Rule 0; tabs in the order of their first kept beat."""
    tabs: dict[tuple[str, str, str], _Tab] = {}
    for beat in tape:
        key = (beat.clinician, beat.review, beat.tab)
        tab = tabs.get(key) or _Tab(key, len(tabs))
        tab.keep(beat)
        if tab.beats:
            tabs[key] = tab
    return list(tabs.values())


def _runs(beats: list[Beat]) -> list[list[Beat]]:
    """Each run with the beat that ends it, when there is one."""
    runs: list[list[Beat]] = []
    open_run: list[Beat] | None = None
    for beat in beats:
        if open_run is None:
            if beat.state == COUNTING:
                open_run = [beat]
                runs.append(open_run)
            continue
        open_run.append(beat)
        if beat.state != COUNTING:
            open_run = None
    return runs


def _inputs(tab: _Tab) -> list[int]:
    """Where the tab's distinct inputs lie on the server's clock, each placed by the first kept beat that tells it."""
    placed: dict[int, int] = {}
    for beat in tab.beats:
        placed.setdefault(beat.last_input, beat.at - (beat.mono - beat.last_input))
    return list(placed.values())


def _idle(tab: _Tab, run: list[Beat], idle_ms: int) -> list[Interval]:
    """Rule 2: the stretches of a run without input that are longer than `idle_ms`."""
    began, ended = sorted((run[0].at, run[-1].at))
    points = sorted([began, ended, *(at for at in _inputs(tab) if began < at < ended)])
    return [(low, high) for low, high in pairwise(points) if high - low > idle_ms]


def _run_claims(tab: _Tab, run: list[Beat], idle_ms: int, gap_ms: int, not_counted: list[NotCounted]) -> list[_Claim]:
    idle = _idle(tab, run, idle_ms)
    claims = []
    for earlier, later in pairwise(run):
        span, lost = _span(earlier, later, gap_ms)
        not_counted += [NotCounted(*tab.key, low, high, why) for (low, high), why in lost]
        pieces = [] if span is None else subtract(span, idle) if idle else [span]
        claims += [_Claim(*piece, run[0].at, tab) for piece in pieces]
    not_counted += [NotCounted(*tab.key, low, high, "idle") for low, high in idle]
    return claims


def _span(earlier: Beat, later: Beat, gap_ms: int) -> tuple[Interval | None, list[tuple[Interval, str]]]:
    """Rule 1 for two neighbours of a run: what counts, and what of the gap does not."""
    gap = later.at - earlier.at
    if gap <= 0:
        return None, []
    whole = (earlier.at, later.at)
    if later.seq != earlier.seq + 1 or gap > gap_ms:
        return None, [(whole, "outage")]
    length = min(gap, later.mono - earlier.mono)
    if length <= 0:
        return None, [(whole, "clock")]
    start = later.at - length
    return (start, later.at), ([((earlier.at, start), "clock")] if start > earlier.at else [])


def _undisturbed(tab: _Tab, idle_ms: int) -> list[Interval]:
    """What a tab would claim had each beat arrived when it was made: the runs without their idle stretches.

    A beat that waited for the line arrives late; the quickest of the beats that follow tells how late it cannot have
    been made. A computer that slept wakes with a new offset, so its sleep stays a stretch without input.
    """
    beats, quickest = [], None
    for beat in reversed(tab.beats):
        offset = beat.at - beat.mono
        quickest = offset if quickest is None else min(quickest, offset)
        beats.append(replace(beat, at=beat.mono + quickest))
    beats.reverse()
    level = _Tab(tab.key, tab.order, beats)
    spans: list[Interval] = []
    for run in _runs(beats):
        whole = (run[0].at, run[-1].at)
        if run[-1].state == COUNTING:
            # fell silent while counting: one more beat was due
            whole = (whole[0], whole[1] + BEAT_MS)
        spans += subtract(whole, _idle(level, run, idle_ms))
    return spans + _unproved(tab.beats)


def _unproved(beats: list[Beat]) -> list[Interval]:
    """After an outage the page lets a look prove itself before it counts, up to `GAP_MS`: that may have been work."""
    spans, told_late = [], None
    for earlier, later in pairwise(beats):
        if earlier.state == COUNTING and later.seq != earlier.seq + 1:
            told_late = later.at
        if later.at == told_late and later.state != COUNTING:
            spans.append((later.at, later.at + GAP_MS))
    return spans


def _silence(tab: _Tab) -> list[NotCounted]:
    """Between runs the tab says why it does not count; a tab that falls silent while counting has crashed."""
    silent = [
        NotCounted(*tab.key, earlier.at, later.at, earlier.state)
        for earlier, later in pairwise(tab.beats)
        if earlier.state != COUNTING and later.at > earlier.at
    ]
    last = tab.beats[-1]
    if last.state == COUNTING:
        # one beat was due at most this much later
        silent.append(NotCounted(*tab.key, last.at, last.at + BEAT_MS, "crash"))
    return silent


def _settle(claims: list[_Claim], not_counted: list[NotCounted]) -> list[tuple[str, int, int]]:
    """Rule 3 for one clinician: each moment goes to one review."""
    if len({claim.tab.key[1] for claim in claims}) == 1:
        return [(claim.tab.key[1], claim.start, claim.end) for claim in claims]
    edges = sorted({edge for claim in claims for edge in (claim.start, claim.end)})
    starting: dict[int, list[_Claim]] = defaultdict(list)
    for claim in claims:
        starting[claim.start].append(claim)
    settled: list[tuple[str, int, int]] = []
    active: list[_Claim] = []
    for low, high in pairwise(edges):
        active = [claim for claim in active if claim.end > low] + starting[low]
        if not active:
            continue
        winner = max(active, key=lambda claim: (claim.run_began, -claim.tab.order))
        settled.append((winner.tab.key[1], low, high))
        not_counted += [
            NotCounted(*claim.tab.key, low, high, "other_review")
            for claim in active
            if claim.tab.key[1] != winner.tab.key[1]
        ]
    return settled
