"""The desk's list of 50 rows among a thousand, a hundred thousand and a million cases, beside a bare list of 50 rows.

On SQLite, or on the PostgreSQL of DATABASE_URL. As at a real clinic about a thousand cases are open at each size, all at
one clinic; the others are closed, some with a settled redirect and messages that were read. Both pages are called in this
process through their middlewares. `over_thousand` compares each size with the first after dividing both by the bare list
of the same minutes, because a machine is not equally busy all the time; the plain medians stand beside it.
"""

import gc
import statistics
import time
from collections.abc import Callable, Iterator

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, reset_queries
from django.http import HttpResponse
from django.template import engines
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext, setup_databases, teardown_databases

from tests.benchmarks import benchmark
from tests.benchmarks.multiply import CLOSED, ten_times
from tests.benchmarks.timing import interleaved

SIZES = (1_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 10_000)
OPEN, CLOSED_ONE_BY_ONE = 1_000, 10_000
MOST_QUERIES, MOST_OVER_BARE, MOST_OVER_THOUSAND = 12, 3.0, 1.3
_TABLE = (
    "<!doctype html><title>Patients</title><table>{% for row in rows %}<tr><td>{{ row.last_name }}</td>"
    "<td>{{ row.first_name }}</td><td>{{ row.date_of_birth }}</td><td>{{ row.mrn }}</td><td>{{ row.city }}</td></tr>"
    "{% endfor %}</table>"
)


def bare_list(clinic) -> Callable[[str], None]:
    """50 rows by an index, as objects, in a table of five columns; four middlewares, nobody signed in."""
    from django.middleware.clickjacking import XFrameOptionsMiddleware
    from django.middleware.common import CommonMiddleware
    from django.middleware.csrf import CsrfViewMiddleware
    from django.middleware.security import SecurityMiddleware

    from intake.models import Patient

    template = engines["django"].from_string(_TABLE)

    def view(request) -> HttpResponse:
        rows = Patient.objects.filter(home_clinic=clinic).order_by("last_name", "first_name")[:50]
        return HttpResponse(template.render({"rows": rows}, request))

    chain = view
    for middleware in (XFrameOptionsMiddleware, CsrfViewMiddleware, CommonMiddleware, SecurityMiddleware):
        chain = middleware(chain)
    request = RequestFactory().get("/")

    def run(_address: str) -> None:
        if b"</td>" not in chain(request).content:
            raise AssertionError("no rows")

    return run


def queue_page(user) -> Callable[[str], None]:
    """The whole page with all its middlewares, for somebody who is signed in."""
    client, factory = Client(), RequestFactory()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    factory.cookies = client.cookies
    handler = WSGIHandler()

    def run(address: str) -> None:
        answer = handler.get_response(factory.get(address))
        if answer.status_code != 200 or b'id="queue-rows"' not in answer.content:
            raise AssertionError(f"{address}: {answer.status_code}")

    return run


def addresses() -> dict[str, str]:
    """The first page, one deep in the list, a filter, and a search."""
    from intake.models import QueueEntry

    middle = QueueEntry.objects.filter(state="ready").order_by("rank").values_list("rank", "pk").first()
    return {
        "first_page": "/triage/",
        "deep_page": f"/triage/?after={middle[0]}~{middle[1]}&n=51",
        "over_target": "/triage/?show=late",
        "search": "/triage/?q=Hansen, Greta",
    }


@benchmark
def queue(quick: bool) -> Iterator[dict]:
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        yield from _measured(QUICK_SIZES if quick else SIZES, 5 if quick else 20)
    finally:
        teardown_databases(databases, verbosity=0)


def _cpu(run: Callable[[str], None], address: str) -> float:
    """Milliseconds of this process's own work, which other work on the machine does not lengthen."""
    spent = []
    for _ in range(15):
        began = time.process_time()
        run(address)
        spent.append((time.process_time() - began) * 1000)
    return round(statistics.median(spent), 1)


def _fill(cast, size: int) -> None:
    """The open ones and the first closed ones by the bulk path, then tenfold copies of the closed ones."""
    from billing.demo_bulk import add_bulk_cases
    from intake.models import Case, QueueEntry

    add_bulk_cases(cast, OPEN - QueueEntry.objects.count(), statuses=("submitted", "submitted", "ready"))
    missing = min(size - OPEN, CLOSED_ONE_BY_ONE) - Case.objects.filter(status__in=CLOSED).count()
    if missing > 0:
        add_bulk_cases(cast, missing, seed=8, statuses=CLOSED)
        _settled(cast)
    for level in range(2):
        closed = Case.objects.filter(status__in=CLOSED).count()
        if closed == CLOSED_ONE_BY_ONE * 10**level and closed * 10 <= size:
            ten_times(level)


def _settled(cast) -> None:
    """What the top bar counts when it is open: redirects here, and messages, both settled."""
    from intake.models import Case, Redirect, Thread

    cases = list(Case.objects.filter(status="redirected", redirection=None))
    times = {"at": cast.staff.date_joined, "call_by": cast.staff.date_joined, "reached_at": cast.staff.date_joined}
    who = {"by": cast.staff, "reached_by": cast.staff, "reached_whom": "patient"}
    what = {"kind": "in_person", "source": "clinic", "reason": "For a look in person"}
    Redirect.objects.bulk_create(Redirect(case=case, **what, **who, **times) for case in cases)
    Thread.objects.bulk_create(Thread(case=case) for case in cases)


def _measured(sizes: tuple[int, ...], rounds: int) -> Iterator[dict]:
    from config.accounts.demo import people
    from config.accounts.models import Installation
    from intake.models import Case, QueueEntry

    Installation.mark_demo()
    cast = people()
    first = {}
    for size in sizes:
        began = time.perf_counter()
        _fill(cast, size)
        with connection.cursor() as cursor:
            # what a server does by itself, now and then: PostgreSQL also marks the pages that an index alone can answer
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        filled = time.perf_counter() - began
        rows = {"bare": bare_list(cast.clinic), "ours": queue_page(cast.staff)}
        gc.collect()
        gc.freeze()  # as config/wsgi.py does
        for name, address in addresses().items():
            interleaved(rows, [address], 2)
            with CaptureQueriesContext(connection):
                reset_queries()
                rows["ours"](address)
                queries = len(connection.queries_log)
            spent = interleaved(rows, [address], rounds)
            bare, ours = statistics.median(spent["bare"]), statistics.median(spent["ours"])
            first.setdefault(name, (bare, ours))
            cpu = {key: _cpu(run, address) for key, run in rows.items()}
            yield {
                "page": name,
                "database": connection.vendor,
                "cases": Case.objects.count(),
                "open": QueueEntry.objects.count(),
                "queries": queries,
                "median_ms": {"bare": round(bare, 1), "ours": round(ours, 1)},
                "over_bare": round(ours / bare, 2),
                "cpu_ms": cpu,
                "over_thousand": round((ours / bare) / (first[name][1] / first[name][0]), 2),
                "over_thousand_plain": round(ours / first[name][1], 2),
                "filled_s": round(filled),
            }
