"""What config/static/js/clock.js does, second by second, over a line that breaks; and what the server keeps of it."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

from review.timekeeping import Beat, subtract, union

IDLE, GAP, BEAT, ASK, LATE, RETRY = 90, 45, 15, 75, 5, 5
AFTER = {"hide": "hidden", "show": "counting", "pause": "paused", "go_on": "counting", "end": "ended"}


@dataclass(frozen=True)
class Outage:
    """From `began` up to `ended`, s. down: nothing leaves. deaf: it arrives, the answer does not. torn: the page sees an
    error at once, the server the request when the line is back. stalled: both wait until then."""

    began: int
    ended: int
    kind: str

    def through(self, sent):
        """When a request that is held up comes through: later than LATE, unless the whole outage is shorter."""
        return self.ended if self.ended - self.began <= LATE else max(self.ended, sent + LATE + 1)


@dataclass
class Server:
    """Keeps what was not held up on its way (review.beats.receive_beats), stamped with its own clock."""

    tape: list[Beat] = field(default_factory=list)
    waiting: list[tuple[int, int, list[Beat]]] = field(default_factory=list)

    def receive(self, now, sent, beats):
        if now - sent > LATE:
            return "late"
        self.tape += [replace(beat, at=now) for beat in beats]
        return "kept"

    def arrive(self, now):
        for when, sent, beats in self.waiting:
            if when == now:
                self.receive(now, sent, beats)


class Page:
    """`events` are (second, what); what: input, hide, show, pause, go_on, sleep, wake, end. It dies after `until`."""

    def __repr__(self):
        return f"Page({self.events}, {self.outages})"

    def __init__(self, events, until, review="r1", tab="t1", start=0, outages=()):
        self.events, self.outages, self.review, self.tab, self.start = events, outages, review, tab, start
        self.inputs, self.runs, self.slept = [start], [], []
        self.server = Server()
        self.now, self.seq, self.state, self.sent_state, self.idle = start, 0, "counting", "", False
        self.run_began = self.opened = start
        self.queue, self.heard, self.offline, self.sending = [], "", False, None
        self.again = self.proof = self.last_beat = 0
        self.asides = 0
        asleep, by_second = False, {}
        for second, what in events:
            by_second.setdefault(second, []).append(what)
        self.beat()
        for self.now in range(start + 1, until + 1):
            self.server.arrive(self.now)
            if self.sending and self.sending[0] == self.now and not asleep:
                self.answered()
            for what in by_second.get(self.now, ()):
                if what == "sleep" and self.state == "counting" and not asleep:
                    # the computer stops without a word: nothing is known of it before it wakes
                    asleep = True
                    self.slept.append(self.now)
                elif what == "wake" and asleep:
                    asleep = False
                    self.slept.append(self.now)
                    if not self.idle:
                        self.beat()
                elif what in ("sleep", "wake") or asleep or self.state == "ended":
                    continue
                else:
                    self.happens(what)
            if not asleep:
                self.tick()
        if self.state == "counting":
            self.runs.append((self.opened, until))

    # --- the script -------------------------------------------------------------------------------------------------

    def look_began(self):
        return max(self.inputs[-1], self.run_began)

    def happens(self, what):
        if what in ("input", "pause", "go_on", "end") and self.state != "hidden":
            long_look = self.now - self.look_began() >= ASK
            self.inputs.append(self.now)
            if self.state == "counting" and (self.idle or long_look or self.proof):
                self.idle = False
                self.beat()
        if what == "input" or AFTER[what] == self.state:
            return
        if self.state == "counting":
            self.runs.append((self.opened, self.now))
        self.state = AFTER[what]
        if self.state == "counting":
            self.opened = self.now
        self.beat()
        if what == "hide" and self.sending:
            self.beacon()

    def tick(self):
        quiet = self.now - self.look_began()
        if self.state == "counting":
            if self.idle and self.again and not self.offline and self.now >= self.again:
                self.again = 0
                if quiet < IDLE:
                    self.idle = False
                    self.beat()
                    self.proof = self.look_began() + IDLE
            if not self.idle and quiet >= IDLE:
                unproved = bool(self.proof)
                self.seq += unproved
                self.idle = True
                self.beat("hidden" if unproved else "")
            if not self.idle and not self.proof and self.now - self.last_beat >= BEAT:
                self.beat()
        if self.offline and self.now % RETRY == 0:
            self.flush()

    def made(self, last_input, state):
        beat = Beat(
            "c1", self.review, self.tab, self.seq, self.now, self.now - self.start, last_input - self.start, state
        )
        self.seq += 1
        return beat

    def beat(self, told_as=""):
        if self.state == "counting" and self.sent_state != "counting":
            self.run_began, self.idle = self.now, False
        self.queue.append(self.made(self.inputs[-1], told_as or self.state))
        self.sent_state, self.last_beat = self.state, self.now
        self.again = self.proof = 0
        self.flush()

    def retold(self):
        end = next((n for n, beat in enumerate(self.queue) if beat.state != "counting"), None)
        if self.heard == "counting" and end is None:
            return [replace(beat, at=self.now, mono=self.now - self.start) for beat in self.queue], False
        self.asides += 1
        aside = [replace(beat, tab=f"{self.tab}-{self.asides}", seq=n) for n, beat in enumerate(self.queue)]
        mono, last_input = self.now - self.start, self.inputs[-1] - self.start
        aside.append(replace(aside[-1], seq=len(aside), mono=mono, last_input=last_input, state="ended"))
        told = []
        self.seq += 1
        if self.heard == "counting":
            told += [self.made(beat.last_input + self.start, "counting") for beat in self.queue[: end + 1]]
            told.append(self.made(self.queue[end].mono + self.start, self.queue[end].state))
        if self.state == "counting":
            if not told:
                told.append(self.made(self.inputs[-1], self.heard or "hidden"))
        elif not told or told[-1].state != self.state:
            told.append(self.made(self.inputs[-1], self.state))
        return aside + told, self.state == "counting"

    def waited(self):
        return self.offline or self.now - (self.queue[0].mono + self.start) > LATE

    def line(self):
        fault = next((one for one in self.outages if one.began <= self.now < one.ended), None)
        return fault, fault.kind if fault else ""

    def beacon(self):
        """Beside the request under way; held up together, it overtakes it."""
        batch = self.retold()[0] if self.waited() else list(self.queue)
        fault, kind = self.line()
        if kind in ("torn", "stalled"):
            self.server.waiting.append((fault.through(self.now), self.now, batch))
        elif kind != "down":
            self.server.receive(self.now, self.now, batch)

    def flush(self):
        if self.sending:
            return
        while self.queue:
            if self.waited():
                batch, unproved = self.retold()
            else:
                batch, unproved = list(self.queue), False
            taken = len(self.queue)
            fault, kind = self.line()
            if kind == "stalled":
                self.sending = (fault.through(self.now), self.now, batch, taken, unproved)
                return
            if kind == "torn":
                self.server.waiting.append((fault.through(self.now), self.now, batch))
            if kind in ("", "deaf"):
                self.server.receive(self.now, self.now, batch)
            if kind:
                self.offline = True
                return
            self.kept(batch, taken, unproved, self.now)

    def kept(self, batch, taken, unproved, since):
        self.queue = self.queue[taken:]
        if unproved and self.state == "counting":
            self.queue = [b for b in self.queue if b.state != "counting" or b.last_input + self.start > since]
            self.idle, self.again = True, self.look_began() + IDLE - GAP
        self.heard, self.offline = batch[-1].state, False

    def answered(self):
        _, sent, batch, taken, unproved = self.sending
        self.sending = None
        if self.server.receive(self.now, sent, batch) == "kept":
            self.kept(batch, taken, unproved, sent)
        self.flush()

    # --- the person ---------------------------------------------------------------------------------------------------

    @property
    def beats(self):
        return self.server.tape

    def truth(self, until=10**9, longest=IDLE):
        """In front, awake and not paused, without the stretches of more than 90 s in which nobody touched anything; up to
        a moment."""
        return union(piece for span in self.looks(until, longest) for piece in subtract(span, self.asleep()))

    def looks(self, until=10**9, longest=IDLE):
        """The stretches of 90 s at most between two touches (or the ends of a run)."""
        found = []
        for low, high in self.runs:
            high = min(high, until)
            inner = (at for at in self.inputs if low < at < high)
            found += [(a, b) for a, b in pairwise(sorted({low, high, *inner})) if low < high and b - a <= longest]
        return found

    def asleep(self):
        return [*zip(self.slept[::2], self.slept[1::2], strict=False)]

    def in_front(self):
        return union(piece for run in self.runs for piece in subtract(run, self.asleep()))
