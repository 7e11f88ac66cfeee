"""What must be true of review's rows, checked by `manage.py check_invariants`."""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256

from config import storages
from review import tape, timekeeping
from review.models import CriticalResult, Letter, PathologyReport, Review
from review.signing import digest


def _signed():
    return Review.objects.filter(status=Review.Status.SIGNED, case__seeded=False)


def _kept(key: str, digest_wanted: str) -> tuple[bytes, str]:
    """(what is stored there, what is wrong with it, "" for nothing): the words go on with what was done to it."""
    try:
        data = storages.read(key)
    except Exception as error:  # noqa: BLE001 whatever keeps it away is a breach to report, not a crash
        return b"", f"cannot be read ({type(error).__name__}); it was"
    return data, "" if sha256(data).hexdigest() == digest_wanted else "is not the one that was"


def signed_reviews_are_what_was_signed() -> Iterator[str]:
    for review in _signed().iterator():
        if digest(review.signed_record) != review.content_sha256:
            yield f"review {review.pk}: the record is not the one that was signed"


def measured_time_is_what_the_tape_says() -> Iterator[str]:
    """Promise 3: every credited second can be recomputed from the frozen tape."""
    for review in _signed().exclude(tape_key="").iterator():
        data, breach = _kept(review.tape_key, review.tape_sha256)
        if breach:
            yield f"review {review.pk}: its tape {breach} signed"
            continue
        beats = tape.read_tape(gzip.decompress(data).decode().splitlines())
        time = review.signed_record["time"]
        account = timekeeping.credit(beats, idle_ms=time["idle_ms"], gap_ms=time["gap_ms"])
        ms = account.of(str(review.specialist_id), str(review.pk)).ms
        if ms != time["tape_ms"] or review.measured_ms != timekeeping.total(time["intervals_ms"]):
            yield f"review {review.pk}: {review.measured_ms} ms signed, {ms} ms on its tape"


def no_clinician_is_credited_twice_for_a_moment() -> Iterator[str]:
    spans: dict = defaultdict(list)
    for review in _signed().iterator():
        time = review.signed_record["time"]
        for start, end in time["intervals_ms"]:
            spans[review.specialist_id].append((start, end, review.pk))
        for added in time["added"]:
            spans[review.specialist_id].append((added["start_ms"], added["stop_ms"], review.pk))
    for clinician, rows in spans.items():
        rows.sort()
        for (_, end, one), (start, _, other) in zip(rows, rows[1:], strict=False):
            if start < end:
                yield f"clinician {clinician}: reviews {one} and {other} are credited for the same moment"


def no_case_is_closed_with_a_critical_result_open() -> Iterator[str]:
    open_ones = CriticalResult.objects.filter(acknowledged_at=None, case__status="closed")
    for number in open_ones.values_list("case__number", flat=True):
        yield f"case {number}: closed, and nobody has acknowledged its critical result"


def pathology_files_are_what_was_attached() -> Iterator[str]:
    for report in PathologyReport.objects.exclude(file_sha256="").select_related("review").iterator():
        _, breach = _kept(report.file_key, report.file_sha256)
        if breach:
            yield f"pathology {report.pk}: its file {breach} attached"


def letters_are_what_was_made() -> Iterator[str]:
    for letter in Letter.objects.iterator():
        _, breach = _kept(letter.key, letter.sha256)
        if breach:
            yield f"letter {letter.pk}: its file {breach} made"
