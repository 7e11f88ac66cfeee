"""Workers and Redis of the real program are killed or frozen in the middle: work is late, never lost, never doubled."""

import io
import json
import os
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.db.models import Count
from django.utils import timezone
from PIL import Image

from billing.models import ChargeDecision, ChargeLine
from config.audit.models import AuditEvent
from config.work.services import DISPATCH_SECONDS, LEASE_SECONDS
from intake.models import Photo, Rendition
from review.models import Review
from tests.factories import PASSWORD
from tests.faults.database import PROGRAM, nobody_writes, own_database, reading
from tests.faults.visitor import Visitor
from tests.journeys.running import Program
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
PHOTOS, REVIEWS = 10, 40
FINISHED_WITHIN = 120


@pytest.fixture(scope="module")
def program(tmp_path_factory, django_db_setup, django_db_blocker):
    """Redis is always the program's own, because it is killed; database and storage are those of the environment."""
    folder = tmp_path_factory.mktemp("var")
    with own_database(folder) as url:
        with Program(folder, DATABASE_URL=url, REDIS_URL="", DEMO="0") as running:
            with reading(url, folder, django_db_blocker):
                yield running


@pytest.fixture(scope="module")
def scene(program) -> dict:
    return run(program, "people()")


@pytest.fixture(scope="module")
def ana(program, scene) -> Visitor:
    visitor = Visitor(program.url)
    visitor.sign_in(scene["login"], PASSWORD)
    return visitor


def run(program, call: str) -> dict:
    shell = program.manage("shell", "-v", "0", "-c", f"from tests.faults import scene; scene.{call}")
    return json.loads(shell.strip().splitlines()[-1])


def photograph(number: int, size: tuple[int, int] = (8000, 6000)) -> bytes:
    """48 megapixels, so that its work takes a while; the comment makes each a photograph of its own."""
    plane = Image.effect_noise((size[0] // 16, size[1] // 16), 90).resize(size, Image.Resampling.BILINEAR)
    file = io.BytesIO()
    Image.merge("RGB", (plane, plane, plane)).save(file, "JPEG", quality=80, comment=f"photograph {number}".encode())
    return file.getvalue()


def working(model) -> list:
    return list(model.objects.using(PROGRAM).filter(work_status="working").values_list("pk", flat=True))


def signal_group(pid: int, what: signal.Signals) -> None:
    os.killpg(pid, what)


def freeze(pid: int) -> None:
    """Put a worker to sleep between its transactions, so that it holds no lock that others need."""

    def asleep() -> bool:
        signal_group(pid, signal.SIGSTOP)
        if nobody_writes():
            return True
        signal_group(pid, signal.SIGCONT)
        return False

    wait_until(asleep, 20, what="the worker frozen between two transactions")


def kill_in_the_middle(program, name: str, model) -> tuple[set, float]:
    """SIGKILL the worker and all its children at a moment at which it holds rows of that model; returns those rows."""
    pid = program.pids(name)[-1]

    def caught() -> list:
        if not working(model):
            return []
        # frozen first: what is still at work now is at work when the kill comes
        signal_group(pid, signal.SIGSTOP)
        held = working(model)
        if not held:
            signal_group(pid, signal.SIGCONT)
        return held

    held = wait_until(caught, 60, what=f"{name} at work", every=0.002)
    signal_group(pid, signal.SIGKILL)
    return set(held), time.monotonic()


@pytest.fixture(scope="module")
def cut_photos(program, scene, ana) -> tuple[set, float]:
    data = photograph(0)
    for number in range(PHOTOS):
        assert ana.upload(scene["drafts"][0], data + b"%d" % number).status == 200
    return kill_in_the_middle(program, "bulk", Photo)


@pytest.fixture(scope="module")
def cut_charges(program) -> tuple[set, float]:
    """The worker sleeps while the reviews are signed, so that all of them are due when it wakes."""
    pid = program.pids("worker")[-1]
    freeze(pid)
    try:
        reviews = run(program, f"signed_reviews({REVIEWS})")["reviews"]
        assert Review.objects.using(PROGRAM).filter(pk__in=reviews, work_status="waiting").count() == REVIEWS
    finally:
        signal_group(pid, signal.SIGCONT)
    return kill_in_the_middle(program, "worker", Review)


@pytest.fixture(scope="module", autouse=True)
def both_workers_killed(cut_photos, cut_charges):
    """First of all, so that the leases of the dead run out while other tests do their work."""


def is_done(photo) -> bool:
    return Photo.objects.using(PROGRAM).filter(pk=photo, work_status="done").exists()


def new_photo(known: set):
    return Photo.objects.using(PROGRAM).exclude(pk__in=known).latest("received_at").pk


def upload(ana, case: str, number: int):
    """The row of one more small photograph."""
    known = set(Photo.objects.using(PROGRAM).values_list("pk", flat=True))
    began = time.monotonic()
    assert ana.upload(case, photograph(number, (1600, 1200))).status == 200
    assert time.monotonic() - began < 5
    return new_photo(known)


def test_pages_and_uploads_go_on_while_redis_is_frozen(program, scene, ana):
    server = program.pids("redis")[-1]
    os.kill(server, signal.SIGSTOP)
    try:
        began = time.monotonic()
        ready = ana.get("/readyz")
        assert time.monotonic() - began < 3
        assert (ready.status, ready.json["status"], ready.json["database"]) == (200, "degraded", "ok")
        assert ready.json["broker"].startswith("broker does not answer")
        case = scene["drafts"][1]
        began = time.monotonic()
        for path in ("/accounts/login/", "/", f"/my/cases/{case}/step/photos/"):
            assert ana.get(path).status == 200, path
        assert time.monotonic() - began < 5
        photos = [upload(ana, case, number) for number in (101, 102)]
        assert not any(is_done(photo) for photo in photos)
    finally:
        os.kill(server, signal.SIGCONT)
    wait_until(lambda: all(is_done(photo) for photo in photos), 60, what="photos of the outage done")
    wait_until(lambda: ana.get("/readyz").json["broker"] == "ok", 10)


def test_pages_and_uploads_go_on_while_redis_is_dead_and_it_is_started_again(program, scene, ana):
    server = program.pids("redis")[-1]
    # nobody starts Redis again while the launcher sleeps
    os.kill(program.process.pid, signal.SIGSTOP)
    try:
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: ana.get("/readyz").json["broker"] == "broker does not answer (ConnectionError)", 10)
        assert ana.get("/readyz").status == 200
        case = scene["drafts"][2]
        assert ana.get(f"/my/cases/{case}/step/photos/").status == 200
        photos = [upload(ana, case, number) for number in (201, 202)]
        assert not any(is_done(photo) for photo in photos)
    finally:
        os.kill(program.process.pid, signal.SIGCONT)
    wait_until(lambda: program.pids("redis")[-1] != server, 20, what="a new Redis")
    wait_until(lambda: all(is_done(photo) for photo in photos), 60, what="photos of the outage done")


def test_messages_that_redis_forgot_are_sent_again(program, scene, ana):
    queue = broker(program)
    bulk = program.pids("bulk")[-1]
    freeze(bulk)
    try:
        photos = [upload(ana, scene["drafts"][1], number) for number in (301, 302, 303)]
        later = Photo.objects.using(PROGRAM).filter(pk__in=photos, due_at__gt=timezone.now() + timedelta(seconds=5))
        wait_until(lambda: later.count() == len(photos), 20, what="all three offered")
        wait_until(lambda: queue.llen("images") >= 2, 10, what="messages in Redis")
        queue.flushall()
    finally:
        signal_group(bulk, signal.SIGCONT)
        queue.close()
    wait_until(lambda: all(is_done(photo) for photo in photos), DISPATCH_SECONDS + 30, what="forgotten photos done")
    assert set(Photo.objects.using(PROGRAM).filter(pk__in=photos).values_list("attempts", flat=True)) == {1}


def broker(program) -> redis.Redis:
    kept = Path(program.environment["DERMFORWARD_VAR"]) / "redis"
    return redis.Redis(port=int((kept / "port").read_text()), password=(kept / "password").read_text())


def test_a_photo_whose_worker_was_killed_is_finished_exactly_once(cut_photos):
    held, killed_at = cut_photos
    photos = Photo.objects.using(PROGRAM)
    assert held
    left = FINISHED_WITHIN - (time.monotonic() - killed_at)
    wait_until(lambda: not photos.exclude(work_status="done").exists(), left, what="all photos done", every=0.2)
    attempts = dict(photos.values_list("pk", "attempts"))
    assert {attempts[pk] for pk in held} == {2}
    assert {attempts[pk] for pk in attempts if pk not in held} == {1}
    assert not photos.exclude(refusal_reason="").exists()
    assert set(photos.annotate(made=Count("renditions")).values_list("made", flat=True)) == {3}


def test_each_killed_photo_has_one_set_of_files(program, cut_photos):
    from config.storages import _storage

    storage = _storage(program.environment.get("STORAGE_URL", ""), program.environment["DERMFORWARD_VAR"])
    for photo in Photo.objects.using(PROGRAM).filter(pk__in=cut_photos[0]):
        rows = Rendition.objects.using(PROGRAM).filter(photo=photo)
        _, names = storage.listdir(f"rend/{photo.case_id}/{photo.pk}")
        assert sorted(names) == sorted(row.key.rpartition("/")[2] for row in rows)
        assert len(names) == 3


def test_a_charge_whose_worker_was_killed_is_made_exactly_once(cut_charges):
    held, killed_at = cut_charges
    reviews = Review.objects.using(PROGRAM)
    assert held
    left = FINISHED_WITHIN - (time.monotonic() - killed_at)
    wait_until(lambda: not reviews.exclude(work_status="done").exists(), left, what="all charges done", every=0.2)
    signed = set(reviews.values_list("pk", flat=True))
    assert len(signed) == REVIEWS
    once = dict.fromkeys(signed, 1)
    assert Counter(ChargeLine.objects.using(PROGRAM).values_list("review_id", flat=True)) == once
    first = ChargeDecision.objects.using(PROGRAM)
    assert set(first.values_list("review_id", flat=True)) == signed
    lines = ChargeLine.objects.using(PROGRAM).values_list("pk", flat=True)
    told = AuditEvent.objects.using(PROGRAM).filter(verb="charge.decided")
    assert told.count() == first.count()
    assert set(told.values_list("subject_id", flat=True)) == {str(pk) for pk in lines}
    assert min(dict(reviews.filter(pk__in=held).values_list("pk", "attempts")).values()) >= 2


def test_the_lease_is_what_was_waited_for_and_nothing_gave_up(program, ana, cut_photos, cut_charges):
    for model in (Photo, Review, ChargeLine):
        assert not model.objects.using(PROGRAM).filter(work_status="dead").exists()
    assert time.monotonic() - cut_photos[1] > LEASE_SECONDS - 5
    for name in ("bulk", "worker"):
        assert len(program.pids(name)) >= 2, f"{name} was started again"
    wait_until(lambda: ana.get("/readyz").json["status"] == "ready", 10, what="ready again")


def test_a_line_is_there_within_five_seconds_of_the_signature(program):
    """Beat, queue and worker as they run: nobody waits for a page."""
    (review,) = run(program, "signed_reviews(1, number=10_000)")["reviews"]
    lines = ChargeLine.objects.using(PROGRAM).filter(review=review)
    line = wait_until(lines.first, 60, what="the line", every=0.05)
    assert line.created_at - Review.objects.using(PROGRAM).get(pk=review).signed_at < timedelta(seconds=5)


def test_all_promises_hold_afterwards(program):
    summary = json.loads(program.manage("check_invariants", "--json").strip().splitlines()[-1])
    assert summary["status"] == "ok"
    assert "sealed to" in program.manage("verify_audit")
