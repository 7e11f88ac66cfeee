"""Ten thousand notices of results through a real SMTP server on loopback, two workers: one message in twenty is refused for
the moment and a hundred senders are killed between sending and marking; then the same after an outage. Beside them the
same mails by Django alone, with and without a connection for each, and without a database. `BENCH_NOTICES` sets how many."""

import contextlib
import itertools
import logging
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings
from django.core import mail
from django.db import connection, connections
from django.test.utils import override_settings, setup_databases, teardown_databases
from django.utils import timezone

from tests import kept_database
from tests.benchmarks import benchmark
from tests.mail_server import mail_server

WORKERS = 2
REFUSED_EVERY = 20


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


def _deliveries(count: int) -> list:
    """`count` deliveries to patients, each due, made in bulk: what is measured is the sending."""
    from config.work.services import due_fields
    from intake.models import Case
    from review.models import Delivery, Review
    from tests import factories

    group, clinic = factories.make_clinic("group"), factories.make_clinic("clinic")
    dana = factories.make_specialist("Dana", group)
    users = [factories.make_user("Ana", email=f"ana{n}@example.test") for n in range(50)]
    patients = [factories.make_patient(clinic, user=user, medicare=False) for user in users]
    now = timezone.now()
    cases = Case.objects.bulk_create(
        Case(patient=patient, clinic=clinic, group=group, specialty="dermatology", status="signed", signed_at=now,
             submitted_at=now, started_by=dana, patient_state="OH")
        for patient, _ in zip(itertools.cycle(patients), range(count), strict=False)
    )  # fmt: skip
    reviews = Review.objects.bulk_create(
        Review(case=case, specialist=dana, status="signed", signed_at=now, date_of_service=now.date(), time_zone="UTC",
               measured_ms=1, added_ms=0, lost_ms=0, attestation="x", signed_record={}, content_sha256="ab" * 32)
        for case in cases
    )  # fmt: skip
    rows = Delivery.objects.bulk_create(
        Delivery(review=review, case=case, recipient_kind="patient", recipient=case.patient.user, visible_at=now,
                 **due_fields(now))
        for review, case in zip(reviews, cases, strict=True)
    )  # fmt: skip
    return [row.pk for row in rows]


def _waiting() -> list:
    from review.models import Delivery

    return list(Delivery.objects.filter(work_status__in=["waiting", "working"]).values_list("pk", flat=True))


def _send_all(keys: list, kill_every: int = 0) -> int:
    """Rounds until nothing waits; a row that was put off is due at once, because the half minute is not what is measured."""
    from config.work import services as work
    from review import delivery
    from review.models import Delivery

    killed = set(keys[:: kill_every or len(keys) + 1][:100]) if kill_every else set()
    real = work.settle

    def settle(lease, **columns):
        if lease.pk in killed:
            killed.discard(lease.pk)
            raise Killed
        return real(lease, **columns)

    def one(key) -> None:
        with contextlib.suppress(Killed):
            delivery.send_notice(key)

    rounds = 0
    work.settle = settle
    try:
        while waiting := _waiting():
            Delivery.objects.filter(work_status__in=["waiting", "working"]).update(due_at=timezone.now())
            rounds += 1
            with ThreadPoolExecutor(WORKERS, initializer=connections.close_all) as workers:
                list(workers.map(one, waiting, chunksize=50))
    finally:
        work.settle = real
    return rounds


def _bare(count: int, *, kept: bool) -> dict:
    """What the wire alone costs."""
    line = mail.get_connection("django.core.mail.backends.smtp.EmailBackend")
    began, used = time.perf_counter(), time.process_time()
    if kept:
        line.open()
    for n in range(count):
        headers = {"Message-ID": f"<bare-{n}@derm.test>"}
        mail.EmailMessage(
            "You have a message", "Sign in.\n", to=["a@example.test"], headers=headers, connection=line
        ).send()
    line.close()
    row = "Django alone, one connection" if kept else "Django alone, a connection for each"
    return {"row": row, "notices": count} | _speed(count, began, used)


def _speed(count: int, began: float, used: float) -> dict:
    """CPU time of this process: ours and the mail server's, which is a thread of it."""
    spent = time.perf_counter() - began
    return {
        "seconds": round(spent, 1),
        "per_second": round(count / spent),
        "cpu_ms_each": round((time.process_time() - used) / count * 1000, 2),
    }


@contextlib.contextmanager
def _database():
    """A copy of the migrated one that the tests keep, where there is one."""
    if connection.vendor == "sqlite":
        kept_database.copy_to(connection.settings_dict["TEST"]["NAME"])
    made = setup_databases(verbosity=0, interactive=False, keepdb=connection.vendor == "sqlite")
    try:
        yield
    finally:
        teardown_databases(made, verbosity=0)


@benchmark
def notices(quick: bool) -> Iterator[dict]:
    from review import delivery
    from review.models import Delivery

    count = int(os.environ.get("BENCH_NOTICES", "200" if quick else "10000"))
    # the server of the test writes a dozen lines a message
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    with (
        _database(),
        tempfile.TemporaryDirectory() as folder,
        override_settings(VAR=Path(folder), STORAGE_URL=""),
        mail_server(settings) as received,
    ):
        for kept in (False, True):
            yield _bare(min(count, 2000), kept=kept)
        received.raw.clear()
        keys = _deliveries(count)
        received.answers = _Sometimes(itertools.count(1))
        began, used = time.perf_counter(), time.process_time()
        rounds = _send_all(keys, kill_every=max(1, count // 100))
        speed = _speed(count, began, used)
        seen = Counter(received.identities)
        yield {
            "row": "five in a hundred refused for the moment, 100 senders killed",
            "notices": count,
            "arrived": len(seen),
            "killed": min(100, count),
            "sent_twice": sum(many > 1 for many in seen.values()),
            "not_marked": Delivery.objects.exclude(work_status="done").count(),
            "rounds": rounds,
        } | speed
        address = settings.EMAIL_PORT
        received.answers, received.raw = [], []
        waiting = _deliveries_again()
        settings.EMAIL_PORT = 1
        began, used = time.perf_counter(), time.process_time()
        for key in waiting:
            delivery.send_notice(key)
        tried = _speed(count, began, used)
        still = Delivery.objects.filter(work_status="waiting", attempts=0).count()
        settings.EMAIL_PORT = address
        began, used = time.perf_counter(), time.process_time()
        _send_all(waiting)
        speed = _speed(count, began, used)
        seen = Counter(received.identities)
        yield {
            "row": "after an outage",
            "notices": count,
            "waited_with_all_attempts": still,
            "tries_per_second_while_away": tried["per_second"],
            "arrived": len(seen),
            "sent_twice": sum(many > 1 for many in seen.values()),
        } | speed


class _Sometimes(list):
    """Every twentieth message is answered with 451."""

    def __init__(self, numbers) -> None:
        super().__init__()
        self.numbers = numbers

    def __bool__(self) -> bool:
        return True

    def pop(self, _at: int = 0) -> str:
        return "451 try again later" if next(self.numbers) % REFUSED_EVERY == 0 else "250 OK"


def _deliveries_again() -> list:
    """The same rows, due as after their signature."""
    from config.work.services import due_fields
    from review.models import Delivery

    Delivery.objects.update(notice_sent_at=None, notice_id="", **due_fields(timezone.now()))
    return list(Delivery.objects.values_list("pk", flat=True))
