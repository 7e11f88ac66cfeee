"""Receiving beats, and what they are worth: the server's side of the clock."""

import gzip
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from config.accounts.models import User
from config.audit.services import record
from config.prepared import Prepared
from intake.models import Case, CaseStatus
from review import opinions, tape, timekeeping
from review.claims import renew_hold
from review.errors import BeatsRefused, ReviewRefused
from review.models import AddedTime, AssistantTime, Beat, Review
from review.onscreen import shown_of

MAX_BEATS = 240  # an hour offline, sent at once
_TAB = re.compile(r"[0-9A-Za-z-]{1,36}")
_LIMIT_MS = 7 * 24 * 3600 * 1000
MINIMUM_NOTE = 10
HOLD_RENEWED_EVERY = timedelta(minutes=1)
# An input is placed by when its beat arrives: later than this on its way, it would lie too late.
LATE_MS = 5_000


@dataclass(frozen=True)
class ReviewTime:
    """What a review's clock is worth up to a beat. Times are whole ms since the epoch, on the server's clock.

    `tape_ms` is what the tape alone credits; `measured_ms` leaves out moments signed with another review before.
    """

    measured_ms: int
    tape_ms: int
    added_ms: int
    lost_ms: int
    intervals: tuple[timekeeping.Interval, ...]
    not_counted: tuple[timekeeping.NotCounted, ...]
    last_beat_id: int

    @property
    def total_ms(self) -> int:
        return self.measured_ms + self.added_ms

    @property
    def not_counted_ms(self) -> int:
        spans = timekeeping.union((part.start, part.end) for part in self.not_counted)
        outside = (piece for span in spans for piece in timekeeping.subtract(span, self.intervals))
        return timekeeping.total(outside)


def server_ms() -> int:
    return time.time_ns() // 1_000_000


class Received(NamedTuple):
    """What became of beats: the review, whether its author holds the case, when they came, and whether that was too late."""

    review_id: UUID
    is_held: bool
    now_ms: int
    is_late: bool = False


@Prepared
def _at_hand(*, case: Any, by: Any, soon: Any) -> QuerySet:
    """The review of this person and case, locked: one writer a review, so the order of the keys is the order of receipt."""
    held = Case.objects.filter(pk=OuterRef("case"), holder=by, status=CaseStatus.IN_REVIEW)
    return (
        Review.objects.select_for_update()
        .filter(case=case, specialist=by)
        .annotate(held=Exists(held), fresh=Exists(held.filter(hold_expires_at__gt=soon)))
        .values_list("pk", "status", "second_opinion", "held", "fresh")
    )


def record_beats(*, review: Review, by: User, beats: Iterable[dict]) -> bool:
    """Append what a tab of this review sent; True while its author holds the case."""
    if review.specialist_id != by.pk:
        raise ReviewRefused("This review is another person's.")
    received = receive_beats(case_id=review.case_id, by=by, beats=beats)
    return received is not None and received.is_held


def receive_beats(*, case_id: UUID, by: User, beats: Iterable[dict], sent_ms: str = "") -> Received | None:
    """Append what a tab sent, stamped with our clock. None: no such review.

    `sent_ms` is when its page says, on our clock, that it was sent. What was held up on its way, the wait for another
    writer of this review included, is not kept: the page tells it again, as of then.
    A counting beat renews the hold, unless nobody has touched the page for the idle setting. Without the hold only
    beats that stop the clock are taken: they end the last span honestly and cannot start another. This runs every 15 s
    for each reader, so it asks the database once and writes once; the hold is written once a minute.
    """
    rows = [_row(beat) for beat in beats]
    if len(rows) > MAX_BEATS:
        raise BeatsRefused("Too many beats at once.")
    with transaction.atomic():
        soon = timezone.now() + timedelta(minutes=settings.HOLD_MINUTES) - HOLD_RENEWED_EVERY
        found = _at_hand(case=case_id, by=by.pk, soon=soon).rows()
        if not found:
            return None
        if not rows:
            raise BeatsRefused("There is no beat in this.")
        review_id, status, second_opinion, held, is_fresh = found[0]
        if status == Review.Status.SIGNED:
            return Received(review_id, False, server_ms())
        held = bool(held) or (second_opinion and opinions.is_open(Review.objects.get(pk=review_id)))
        now = server_ms()
        if sent_ms.isdecimal() and now - int(sent_ms[:15]) > LATE_MS:
            return Received(review_id, held, now, is_late=True)
        for row in rows:
            row.review_id, row.server_ms = review_id, now
        _append([row for row in rows if held or row.state != Beat.State.COUNTING])
        idle_ms = settings.CLOCK_IDLE_SECONDS * 1000
        last = rows[-1]  # what it says of before is past: an outage ended may tell of long ago
        alive = last.state == Beat.State.COUNTING and 0 <= last.mono_ms - last.last_input_ms <= idle_ms
        if held and alive and not is_fresh:
            renew_hold(case_id=case_id, by=by)
    return Received(review_id, held, now)


def _append(rows: list[Beat]) -> None:
    """In their order. Plain SQL: the ORM would compile the same INSERT anew for each beat of each reader."""
    fields = [field for field in Beat._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        for row in rows:
            values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
            cursor.execute(f"INSERT INTO {Beat._meta.db_table} ({columns}) VALUES ({marks})", values)  # noqa: S608


def _row(beat: dict) -> Beat:
    if not isinstance(beat, dict):
        raise BeatsRefused("A beat is an object.")
    tab, state = beat.get("tab"), beat.get("state")
    if not isinstance(tab, str) or not _TAB.fullmatch(tab) or state not in timekeeping.STATES:
        raise BeatsRefused("A beat names its tab and its state.")
    numbers = [beat.get(name) for name in ("seq", "mono_ms", "last_input_ms")]
    if any(isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= _LIMIT_MS for n in numbers):
        raise BeatsRefused("A beat's numbers are whole and not negative.")
    seq, mono_ms, last_input_ms = numbers
    shown = shown_of(beat.get("shown"))
    return Beat(tab=tab, seq=seq, mono_ms=mono_ms, last_input_ms=last_input_ms, state=state, shown=shown)


_TAPE = ("tab", "seq", "server_ms", "mono_ms", "last_input_ms", "state")


@Prepared
def _own_beats(*, review: Any) -> QuerySet:
    return Beat.objects.filter(review=review).order_by("pk").values_list("pk", *_TAPE)


@Prepared
def _open_meanwhile(*, by: Any, review: Any, low: Any, high: Any, since: Any) -> QuerySet:
    """Other reviews of this person with a beat in that stretch; what was signed before it has none there."""
    not_over = Q(signed_at__isnull=True) | Q(signed_at__gte=since)
    beats = Beat.objects.filter(review=OuterRef("pk"), server_ms__gte=low, server_ms__lte=high)
    return Review.objects.filter(not_over, Exists(beats), specialist=by).exclude(pk=review).values_list("pk")


@Prepared
def _signed_since(*, by: Any, review: Any, since: Any) -> QuerySet:
    signed = Review.objects.signed().filter(specialist=by, signed_at__gte=since)
    return signed.exclude(pk=review).values_list("signed_record")


def tape_of(review: Review, upto: int | None = None) -> list[timekeeping.Beat]:
    """All that decides this review's time, in the order of receipt: its beats, and those of the same clinician's
    other reviews that were open in the same stretch of time (a moment belongs to one review only)."""
    return _tape(review, upto)[0]


def _tape(review: Review, upto: int | None) -> tuple[list[timekeeping.Beat], int]:
    """And the key of the review's last beat on it."""
    rows = _own_beats(review=review.pk).rows()
    if upto is not None:
        rows = [row for row in rows if row[0] <= upto]
    if not rows:
        return [], 0
    by, own = str(review.specialist_id), str(review.pk)
    low, high = (pick(row[3] for row in rows) for pick in (min, max))
    others = _open_meanwhile(
        by=review.specialist_id, review=review.pk, low=low - timekeeping.GAP_MS, high=high + timekeeping.GAP_MS,
        since=datetime.fromtimestamp(low / 1000, UTC),
    ).rows()  # fmt: skip
    beats = [timekeeping.Beat(by, own, *row[1:]) for row in rows]
    if others:
        found = Beat.objects.filter(review__in=[review.pk, *(pk for (pk,) in others)]).order_by("pk")
        found = found if upto is None else found.filter(pk__lte=upto)
        beats = [timekeeping.Beat(by, str(pk), *row) for pk, *row in found.values_list("review", *_TAPE)]
    return beats, rows[-1][0]


def review_time(review: Review, upto: int | None = None, *, with_added: bool = True) -> ReviewTime:
    """The account of a review's time: a pure function of its tape up to that beat, and of what was added and lost (unless
    only the measured time is shown, and both are spared).

    A moment that another review of the same clinician was already signed with stays there, whatever arrives later.
    """
    beats, last = _tape(review, upto)
    account = timekeeping.credit(
        beats, idle_ms=settings.CLOCK_IDLE_SECONDS * 1000, gap_ms=settings.CLOCK_GAP_SECONDS * 1000
    )
    own = account.of(str(review.specialist_id), str(review.pk))
    taken = _signed_elsewhere(review, own.intervals)
    intervals = tuple(piece for interval in own.intervals for piece in timekeeping.subtract(interval, taken))
    not_counted = [part for part in account.not_counted if part.review == str(review.pk)]
    not_counted += [timekeeping.NotCounted(own.clinician, own.review, "", *span, "other_review") for span in taken]
    return ReviewTime(
        measured_ms=timekeeping.total(intervals),
        tape_ms=own.ms,
        added_ms=sum(added.ms for added in review.added_times.all()) if with_added else 0,
        lost_ms=account.lost_ms(str(review.specialist_id), str(review.pk)) if with_added else 0,
        intervals=intervals,
        not_counted=tuple(sorted(not_counted, key=lambda part: (part.start, part.end))),
        last_beat_id=last if upto is None else upto,
    )


def _signed_elsewhere(review: Review, intervals: tuple[timekeeping.Interval, ...]) -> list[timekeeping.Interval]:
    """The parts of these intervals that are frozen in a signed review of the same clinician."""
    if not intervals:
        return []
    began = datetime.fromtimestamp(intervals[0][0] / 1000, UTC)
    others = _signed_since(by=review.specialist_id, review=review.pk, since=began).rows()
    frozen = timekeeping.union((start, end) for (content,) in others for start, end in content["time"]["intervals_ms"])
    return [
        (max(start, low), min(end, high))
        for start, end in intervals
        for low, high in frozen
        if max(start, low) < min(end, high)
    ]


def last_beat_id(review: Review) -> int:
    return Beat.objects.filter(review=review).aggregate(last=Max("pk"))["last"] or 0


def frozen_tape(review: Review, upto: int) -> tuple[str, str, bytes]:
    """(key, SHA-256, bytes) of the tape as one compressed file; the same beats give the same bytes."""
    data = gzip.compress(tape.write_tape(tape_of(review, upto)), mtime=0)
    digest = sha256(data).hexdigest()
    return f"tape/{review.pk}/{digest}.jsonl.gz", digest, data


def add_time(
    *, review: Review, by: User, started_at: datetime, stopped_at: datetime, reason_code: str, note: str
) -> AddedTime:
    """Work away from the screen. The measured time stays as it is; both are shown side by side."""
    if review.specialist_id != by.pk or review.is_signed:
        raise ReviewRefused("Time is added by the reviewer, before signing.")
    if stopped_at <= started_at:
        raise ReviewRefused("The stop is not after the start.")
    if stopped_at > timezone.now():
        raise ReviewRefused("The stop is still to come.")
    if started_at < review.case.submitted_at:
        raise ReviewRefused("The case was not here yet at that time.")
    if (stopped_at - started_at).total_seconds() > 4 * 3600:
        raise ReviewRefused("That is more than 4 hours. Check the start and the stop.")
    if reason_code not in AddedTime.Reason.values or len(note.strip()) < MINIMUM_NOTE:
        raise ReviewRefused(f"Choose a reason and write at least {MINIMUM_NOTE} letters about it.")
    _refuse_overlap(review, started_at, stopped_at)
    with transaction.atomic():
        added = AddedTime.objects.create(
            review=review,
            by=by,
            started_at=started_at,
            stopped_at=stopped_at,
            reason_code=reason_code,
            note=note.strip(),
        )
        record(
            "review.time_added",
            by=by,
            subject=review,
            clinic=review.case.group,
            data={"ms": added.ms, "reason": reason_code},
        )
    return added


def add_assistant_time(*, review: Review, by: User, who: str, minutes: int, note: str) -> AssistantTime:
    """Shown and kept, never attested and never charged."""
    if review.specialist_id != by.pk or review.is_signed:
        raise ReviewRefused("An assistant's time is written down by the reviewer, before signing.")
    if not who.strip() or not note.strip() or not 1 <= minutes <= 240:
        raise ReviewRefused("Write who it was, what they did, and 1 to 240 minutes.")
    with transaction.atomic():
        told = AssistantTime.objects.create(
            review=review, by=by, who=who.strip()[:100], minutes=minutes, note=note.strip()[:300]
        )
        record("review.assistant_time", by=by, subject=review, clinic=review.case.group, data={"minutes": minutes})
    return told


def _refuse_overlap(review: Review, started_at: datetime, stopped_at: datetime) -> None:
    """No moment is counted twice, neither within this review nor across the clinician's reviews."""
    added = AddedTime.objects.filter(
        review__specialist=review.specialist_id, started_at__lt=stopped_at, stopped_at__gt=started_at
    )
    if added.exists():
        raise ReviewRefused("Some of this time is already added.")
    low, high = (round(at.timestamp() * 1000) for at in (started_at, stopped_at))
    others = Review.objects.filter(
        specialist=review.specialist_id, beats__server_ms__gte=low, beats__server_ms__lte=high + timekeeping.GAP_MS
    ).distinct()
    for other in others:
        if any(start < high and end > low for start, end in review_time(other).intervals):
            raise ReviewRefused("Some of this time was counted by the clock already.")


def dispute_time(*, review: Review, by: User, why: str) -> None:
    """The measured time is never changed; who disagrees with it writes why, and a biller looks at it."""
    changed = Review.objects.filter(pk=review.pk, specialist=by, status=Review.Status.DRAFT).update(
        time_dispute=why.strip()
    )
    if not changed:
        raise ReviewRefused("This review is signed. Write an addendum.")
    review.time_dispute = why.strip()
