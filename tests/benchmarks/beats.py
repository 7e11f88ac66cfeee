"""What a beat costs beside a trivial view of somebody signed in, and 200 specialists who beat every 15 s.

The first is called in this process through all middlewares, on SQLite or on the PostgreSQL of DATABASE_URL. The second
runs the whole program; each specialist is a connection of its own, opened again where the server has closed it, as a browser
does.
"""

import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, reset_queries
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext, setup_databases, teardown_databases
from django.urls import include, path

from config.accounts.access import signed_in
from tests.benchmarks import benchmark
from tests.benchmarks.timing import interleaved

SPECIALISTS, EVERY, TEN_MINUTES, SHORT = 200, 15.0, 600, 120
MOST_CALLS = 2_000
MOST_OVER_TRIVIAL, MOST_P99_MS = 2.0, 250
BRIEF = {"brief": "1"}  # as config/static/js/clock.js asks: the account comes with one beat of four
REVIEW_MINUTES = 7  # of the demo's usual review: 28 beats


@signed_in
def trivial(request) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("trivial/", trivial), path("", include("config.urls"))]


def _requests(user, review) -> dict[str, Callable[[str], None]]:
    """A beat and the trivial view through one handler, with one session and its token."""
    client, factory = Client(), RequestFactory()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    token = client.get(f"/reading/{review.case_id}/").cookies["csrftoken"].value
    factory.cookies = client.cookies
    handler, address = WSGIHandler(), f"/reading/{review.case_id}/beats/"

    def beat_of(seq: int) -> dict:
        row = {"tab": "bench", "seq": seq, "mono_ms": 15_000 * seq, "last_input_ms": 15_000 * seq, "state": "counting",
               "shown": {"photos": [], "parts": ["form"]}}  # fmt: skip
        form = {"csrfmiddlewaretoken": token, "beats": json.dumps([row])} | (BRIEF if seq % 4 else {})
        return factory.post(
            address, urlencode(form), "application/x-www-form-urlencoded", HTTP_X_BACKGROUND="1"
        ).environ

    # what the browser does is not timed
    beats = iter([beat_of(seq) for seq in range(MOST_CALLS)])
    plains = iter([factory.get("/trivial/", HTTP_X_BACKGROUND="1").environ for _ in range(MOST_CALLS)])

    def beat(_: str) -> None:
        answer = handler.get_response(handler.request_class(next(beats)))
        if answer.status_code != 200 or not json.loads(answer.content)["held"]:
            raise AssertionError(answer.content)

    def plain(_: str) -> None:
        answer = handler.get_response(handler.request_class(next(plains)))
        if answer.content != b"ok":
            raise AssertionError(answer.status_code)

    return {"trivial": plain, "beat": beat}


@benchmark
def beat(quick: bool) -> Iterator[dict]:
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with override_settings(ROOT_URLCONF="tests.benchmarks.beats"):
            yield from _cost(quick)
    finally:
        teardown_databases(databases, verbosity=0)


def _mean_of_fours(times: list[float]) -> float:
    """The median of the means of four calls in a row."""
    return statistics.median(statistics.mean(times[n : n + 4]) for n in range(0, len(times) - 3, 4))


def _cost(quick: bool) -> Iterator[dict]:
    from review import services
    from tests import factories

    clinic, group = factories.make_clinic("clinic"), factories.make_clinic("group")
    ana, dana = factories.make_user("Ana"), factories.make_specialist("Dana", group)
    draft = factories.make_draft(factories.make_patient(clinic, user=ana), by=ana)
    review = services.claim_case(case=factories.put_status(draft, "ready", group=group, patient_state="OH"), by=dana)
    rows = _requests(dana, review)
    for beats in (0, 28, 240):
        while review.beats.count() < beats:
            rows["beat"]("")
        interleaved(rows, [""], 3)
        queries = {}
        for name, run in rows.items():
            with CaptureQueriesContext(connection):
                reset_queries()
                run("")
                queries[name] = len(connection.queries_log)
        spent = interleaved(rows, [""], 40 if quick else 120)
        # of four beats one is dearer: they are counted together
        means = {name: _mean_of_fours(times) for name, times in spent.items()}
        cpu = {name: statistics.mean(times.cpu) for name, times in spent.items()}
        yield {
            "database": connection.vendor,
            "beats_before": beats,
            "queries": queries,
            "mean_ms": {name: round(value, 2) for name, value in means.items()},
            "over_trivial": round(means["beat"] / means["trivial"], 2),
            "cpu_over_trivial": round(cpu["beat"] / cpu["trivial"], 2),
            "wanted": MOST_OVER_TRIVIAL,
        }


PEOPLE = """
import json
from django.contrib.auth import login
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from config.accounts import idle
from review import services
from tests import factories
clinic, group = factories.make_clinic("clinic"), factories.make_clinic("group")
ana = factories.make_user("Ana")
patient = factories.make_patient(clinic, user=ana)
rows = []
for number in range({count}):
    reader = factories.make_specialist("Dana", group)
    case = factories.put_status(factories.make_draft(patient, by=ana), "ready", group=group, patient_state="OH")
    review = services.claim_case(case=case, by=reader)
    request = HttpRequest()
    request.session = SessionStore()
    login(request, reader, backend="django.contrib.auth.backends.ModelBackend")
    idle.start_session(request)
    request.session.save()
    rows.append([str(case.pk), request.session.session_key])
print(json.dumps(rows))
"""

COUNTED = """
import json
from django.db import connection
from django.db.models import Count
from review.models import Beat, Review
from review.beats import review_time
with connection.cursor() as cursor:
    if connection.vendor == "postgresql":
        cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0]
    else:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        size = cursor.fetchone()[0]
rows = dict(Review.objects.annotate(n=Count("beats")).values_list("case_id", "n"))
first = Review.objects.first()
print(json.dumps(dict(size=size, beats=Beat.objects.count(), rows={str(k): n for k, n in rows.items()},
                      credited_ms=review_time(first).measured_ms)))
"""


@benchmark
def crowd(quick: bool) -> Iterator[dict]:
    """None lost, and how long the slowest hundredth waited."""
    from tests.journeys.running import Program

    seconds = SHORT if quick else TEN_MINUTES
    with tempfile.TemporaryDirectory() as folder, Program(Path(folder), DEMO="0") as program:
        shell = ("shell", "-v", "0", "-c")
        rows = json.loads(program.manage(*shell, PEOPLE.format(count=SPECIALISTS)).splitlines()[-1])
        before = json.loads(program.manage(*shell, COUNTED).splitlines()[-1])
        outcome, sent = _beating(program.port, rows, seconds)
        after = json.loads(program.manage(*shell, COUNTED).splitlines()[-1])
    lost = sum(max(0, count - after["rows"][case]) for case, count in sent.items())
    per_beat = (after["size"] - before["size"]) / max(1, after["beats"])
    yield outcome | {
        "specialists": SPECIALISTS,
        "seconds": seconds,
        "database": "sqlite" if not program.environment.get("DATABASE_URL") else "postgresql",
        "beats": after["beats"],
        "lost": lost,
        "credited_s_of_one": round(after["credited_ms"] / 1000, 1),
        "bytes_per_beat": round(per_beat),
        "kB_per_review": round(per_beat * (REVIEW_MINUTES * 60 / EVERY + 1) / 1000, 1),
        "wanted": {"lost": 0, "p99_ms": MOST_P99_MS},
    }


def _beating(port: int, rows: list[list[str]], seconds: float) -> tuple[dict, dict[str, int]]:
    """Each from a moment of its own within the 15 s, on a connection that stays open."""
    sent: dict[str, int] = {}
    spent: list[float] = []
    failed: list[str] = []
    begin = time.monotonic() + 2

    def reader(number: int, case: str, session: str) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        token = "b" * 32
        headers = {
            "Cookie": f"sessionid={session}; csrftoken={token}",
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Background": "1",
            "Referer": f"http://127.0.0.1:{port}/",
        }
        offset = EVERY * number / len(rows)
        for seq in range(int(seconds // EVERY)):
            at = offset + seq * EVERY
            time.sleep(max(0.0, begin + at - time.monotonic()))
            mono = round(seq * EVERY * 1000)
            beat = {"tab": "bench", "seq": seq, "mono_ms": mono, "last_input_ms": mono, "state": "counting",
                    "shown": {"photos": [case], "parts": ["form"]}}  # fmt: skip
            body = urlencode({"csrfmiddlewaretoken": token, "beats": json.dumps([beat])} | (BRIEF if seq % 4 else {}))
            sent[case] = sent.get(case, 0) + 1
            began = time.perf_counter()
            for again in (False, True):
                try:
                    line.request("POST", f"/reading/{case}/beats/", body, headers)
                    answer = line.getresponse()
                    told = answer.read()
                    break
                except (OSError, http.client.HTTPException) as error:
                    # the server closes what is idle for some seconds; a browser opens a new connection, and so do we
                    line.close()
                    if again:
                        failed.append(type(error).__name__)
            else:
                continue
            spent.append((time.perf_counter() - began) * 1000)
            if answer.status != 200:
                failed.append(f"{answer.status} {told[:80]!r}")

    threads = [threading.Thread(target=reader, args=(number, *row)) for number, row in enumerate(rows)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cut = statistics.quantiles(spent, n=100)
    return {
        "p50_ms": round(cut[49], 1),
        "p95_ms": round(cut[94], 1),
        "p99_ms": round(cut[98], 1),
        "worst_ms": round(max(spent), 1),
        "failed": len(failed),
        "failures": sorted(set(failed))[:3],
    }, sent
