"""Bytes of the patient's photo page on a first visit, as the program sends them: the page, styles, fonts, scripts, drawings."""

import gzip
import http.client
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import benchmark
from tests.weight import first_load as weigh


@benchmark
def first_load(quick: bool) -> Iterator[dict]:
    from tests.benchmarks.upload import PEOPLE
    from tests.faults.visitor import Visitor
    from tests.journeys.running import Program

    with tempfile.TemporaryDirectory() as folder:
        embedded = {"DATABASE_URL": "", "REDIS_URL": "", "STORAGE_URL": "", "DEMO": "0"}
        with Program(Path(folder), **embedded) as program:
            made = json.loads(program.manage("shell", "-v", "0", "-c", PEOPLE.format(count=1)).splitlines()[-1])
            visitor = Visitor(program.url)
            visitor.sign_in(made["login"], made["password"])
            cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor._jar)

            def fetch(address: str) -> tuple[str, int]:
                line = http.client.HTTPConnection("127.0.0.1", program.port, timeout=60)
                line.request("GET", address, headers={"Cookie": cookies, "Accept-Encoding": "gzip"})
                answer = line.getresponse()
                data = answer.read()
                packed = answer.headers.get("Content-Encoding") == "gzip"
                head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
                return (gzip.decompress(data) if packed else data).decode(errors="replace"), head + len(data)

            weights = weigh(f"/my/cases/{made['drafts'][0]}/step/photos/", fetch)
    yield {
        "bytes": sum(weights.values()),
        "requests": len(weights),
        "largest": sorted(((size, name) for name, size in weights.items()), reverse=True)[:4],
        "limit": 120_000,
    }
