"""A killable child: a decoder that aborts, eats memory or never returns costs one refused photo, not a worker.

fork + pipe, because multiprocessing is refused inside a Celery pool child. The answer crosses the pipe as JSON and bytes,
never as a pickle: the child has touched hostile data.
"""

import contextlib
import json
import os
import resource
import select
import signal
import struct
import time
from collections.abc import Callable
from datetime import datetime

from intake.imaging.refusals import refuse
from intake.imaging.types import Accepted, Quality, Refused, Rendition

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 20
WALL_SECONDS = 30
Outcome = Accepted | Refused


def run(work: Callable[[bytes], Outcome], data: bytes, *, wall_seconds: float = WALL_SECONDS) -> Outcome:
    """`work(data)` in a child with limits; whatever becomes of the child, an Outcome comes back."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _in_child(work, data, writing)
    os.close(writing)
    try:
        answer = _read_all(reading, time.monotonic() + wall_seconds)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return _unpack(answer) if answer else refuse("too_hard")


def _in_child(work: Callable[[bytes], Outcome], data: bytes, writing: int) -> None:
    try:
        _limit()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(_pack(work(data)))
    except BaseException:  # noqa: BLE001 nothing of the parent's program may run on in the child
        os._exit(1)
    os._exit(0)


def _limit() -> None:
    # the address space counts what the parent already had
    with open("/proc/self/statm") as statm:
        pages = int(statm.read().split()[0])
    allowed = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(name, signal.SIG_DFL)


def _read_all(reading: int, deadline: float) -> bytes:
    """Everything until the child closes its end; b"" when it takes too long."""
    parts: list[bytes] = []
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return b""
        part = os.read(reading, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _pack(outcome: Outcome) -> bytes:
    if isinstance(outcome, Refused):
        head: dict = {"reason": outcome.reason, "message": outcome.message, "facts": outcome.facts}
        blobs: list[bytes] = []
    else:
        blobs = [rendition.data for rendition in outcome.renditions]
        head = {
            "format": outcome.format,
            "width": outcome.width,
            "height": outcome.height,
            "sha256": outcome.sha256,
            "captured_at": outcome.captured_at.isoformat() if outcome.captured_at else None,
            "device_model": outcome.device_model,
            "fingerprint": outcome.fingerprint,
            "quality": [outcome.quality.verdict, list(outcome.quality.reasons), outcome.quality.scores],
            "renditions": [[r.kind, r.format, r.width, r.height, len(r.data)] for r in outcome.renditions],
        }
    text = json.dumps(head).encode()
    return struct.pack(">I", len(text)) + text + b"".join(blobs)


def _unpack(answer: bytes) -> Outcome:
    try:
        size = struct.unpack(">I", answer[:4])[0]
        head = json.loads(answer[4 : 4 + size])
        if "reason" in head:
            return Refused(str(head["reason"]), str(head["message"]), dict(head["facts"]))
        return _accepted(head, answer, 4 + size)
    except (ValueError, KeyError, TypeError, struct.error):
        return refuse("too_hard")


def _accepted(head: dict, answer: bytes, at: int) -> Accepted:
    renditions = []
    for kind, format, width, height, size in head["renditions"]:
        renditions.append(Rendition(kind, answer[at : at + size], format, width, height))
        at += size
    if at != len(answer):
        raise ValueError("the answer is cut off")
    verdict, reasons, scores = head["quality"]
    taken = head["captured_at"]
    return Accepted(
        head["format"],
        head["width"],
        head["height"],
        head["sha256"],
        datetime.fromisoformat(taken) if taken else None,
        Quality(verdict, tuple(reasons), scores),
        tuple(renditions),
        str(head["device_model"]),
        str(head["fingerprint"]),
    )
