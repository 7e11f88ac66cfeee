"""Photos that arrive in pieces: what the service adds to writing and hashing the same bytes, and fifty phones at once."""

import base64
import http.client
import io
import json
import os
import resource
import secrets
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from django.test import Client
from django.test.utils import override_settings, setup_databases, teardown_databases

from config import storages
from tests.benchmarks import benchmark
from tests.benchmarks.timing import Spent, interleaved

PIECE = 1024 * 1024
MEGABYTES = (2, 10, 24)
PHONES = 50


def noise(megabytes: float) -> bytes:
    """A JPEG by its header, with bytes behind it that nothing compresses; fresh each time, so that none is known yet."""
    from tests.intake.imaging import corpus

    head = corpus.encode(corpus.scene(480, 640), "JPEG")[:-2]
    filler = secrets.token_bytes(int(megabytes * 1024 * 1024) - len(head) - 2).replace(b"\xff", b"\xfe")
    return head + filler + b"\xff\xd9"


def written_and_hashed(folder: Path):
    """The bare work: the pieces into a file, fsync of it and of its name, and SHA-256 of what is read back from it."""

    def run(data: bytes) -> None:
        path = folder / secrets.token_hex(8)
        with path.open("wb+") as file:
            for at in range(0, len(data), PIECE):
                file.write(data[at : at + PIECE])
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            digest = sha256()
            while block := file.read(256 * 1024):
                digest.update(block)
        storages._sync_folder(folder)  # without it the bytes are safe and nobody finds them
        path.unlink()

    return run


def with_a_row(folder: Path):
    """The same and one audited row in the database, committed: the least that a receipt can stand on."""
    from config.audit.services import record
    from tests import factories

    bare, somebody = written_and_hashed(folder), factories.make_user("Ben")

    def run(data: bytes) -> None:
        bare(data)
        record("benchmark.row", by=None, subject=somebody)

    return run


def _ana_with_a_draft():
    from tests import factories

    ana = factories.make_user("Ana")
    patient = factories.make_patient(factories.make_clinic("clinic"), user=ana)
    return ana, factories.make_draft(patient, by=ana)


def through_the_service():
    """Announced, written, made durable, read back, its rows committed. One case: twelve photos fill it."""
    from intake import uploads

    ana, case = _ana_with_a_draft()

    def run(data: bytes) -> None:
        upload = uploads.begin(case=case, by=ana, client_key=secrets.token_hex(8), byte_size=len(data), slot="other")
        for at in range(0, len(data), PIECE):
            uploads.append(upload, io.BytesIO(data[at : at + PIECE]), at)
        if upload.photo is None:
            raise RuntimeError("no receipt")

    return run


class Phone:
    """Asks the whole program, with a session, rights and the wording of answers, but without a network."""

    def __init__(self) -> None:
        ana, self.case = _ana_with_a_draft()
        client, self.token = Client(), secrets.token_hex(16)
        client.force_login(ana)
        client.cookies["csrftoken"] = self.token
        self.cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in client.cookies.values())

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> dict:
        from config.wsgi import application

        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "wsgi.input": io.BytesIO(body)}
        environ |= {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "CONTENT_LENGTH": str(len(body))}
        environ |= {"HTTP_COOKIE": self.cookies, "HTTP_X_CSRFTOKEN": self.token, "HTTP_TUS_RESUMABLE": "1.0.0"}
        environ |= {"wsgi.url_scheme": "http", "wsgi.errors": sys.stderr} | headers
        statuses: list[str] = []
        answer = application(environ, lambda status, headers: statuses.append(status))
        text = b"".join(answer)
        answer.close()
        if statuses[0][0] != "2":
            raise RuntimeError(f"{statuses[0]}: {text[:200]!r}")
        return json.loads(text) if text else {}

    def announce(self, data: bytes) -> str:
        facts = _metadata(key=secrets.token_hex(8), slot="other", sha256=sha256(data).hexdigest())
        headers = {"HTTP_UPLOAD_LENGTH": str(len(data)), "HTTP_UPLOAD_METADATA": facts}
        return self.ask("POST", f"/my/cases/{self.case.pk}/uploads/", **headers)["url"]

    def send(self, url: str, data: bytes, sizes: Iterable[int]) -> None:
        at, state = 0, {}
        for size in sizes:
            piece = data[at : at + size]
            headers = {"HTTP_UPLOAD_OFFSET": str(at), "CONTENT_TYPE": "application/offset+octet-stream"}
            state = self.ask("PATCH", url, piece, **headers)
            at += len(piece)
            if at == len(data):
                break
        if not state["receipt"]:
            raise RuntimeError("no receipt")


def in_one_request(photos: list[bytes]):
    """One request that carries all of the photo and answers with the receipt; it was announced before."""
    phone = Phone()
    announced = {id(data): phone.announce(data) for data in photos}
    return lambda data: phone.send(announced[id(data)], data, [len(data)])


def in_growing_pieces():
    """All requests of one photo, as upload-queue.js makes them on a quick line."""
    phone = Phone()
    sizes = [256 * 1024, 512 * 1024, PIECE, 2 * PIECE, *[4 * PIECE] * 8]
    return lambda data: phone.send(phone.announce(data), data, sizes)


def _metadata(**facts: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in facts.items())


@benchmark
def upload(quick: bool) -> Iterator[dict]:
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as folder, override_settings(VAR=Path(folder), STORAGE_URL=""):
            for megabytes in MEGABYTES:
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                photos = [noise(megabytes) for _ in range(2 if quick else 12)]  # so many fill a case
                rows = {
                    "written_and_hashed": written_and_hashed(Path(folder)),
                    "with_a_row": with_a_row(Path(folder)),
                    "request": in_one_request(photos),
                    "all_requests": in_growing_pieces(),
                    "service": through_the_service(),
                }
                held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                spent = interleaved(rows, photos, 1, lambda: _emptied(Path(folder) / "storage"))
                after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                yield {"megabytes": megabytes, "grown_by_kB": after - held, "inputs_kB": held - before} | {
                    "median_ms": {name: round(statistics.median(times), 1) for name, times in spent.items()},
                    "least_ms": {name: round(min(times), 1) for name, times in spent.items()},
                    "cpu_ms": {name: round(statistics.median(times.cpu), 1) for name, times in spent.items()},
                    "ratio": {name: _times_the_peer(spent, name) for name in ("request", "all_requests", "service")},
                }
    finally:
        teardown_databases(databases, verbosity=0)


def _emptied(storage: Path) -> None:
    """The bare rows remove their file: pages that were just given back cost the next file less than fresh ones."""
    for path in storage.rglob("*"):
        if path.is_file():
            path.unlink()


def _times_the_peer(spent: dict[str, Spent], name: str) -> dict[str, float]:
    """Medians of the quotients of neighbours in time: a busy moment hits both."""
    return {
        peer: round(statistics.median(ours / theirs for ours, theirs in zip(spent[name], spent[peer], strict=True)), 2)
        for peer in ("written_and_hashed", "with_a_row")
    }


@benchmark
def phones(quick: bool) -> Iterator[dict]:
    """Each phone sends 3 MB in pieces of 256 kB over loopback, all at once, to the program as it is started. What it then
    holds is read from its disk and compared with what the phones sent."""
    from tests.faults.visitor import Visitor
    from tests.journeys.running import Program

    count = 8 if quick else PHONES
    with tempfile.TemporaryDirectory() as folder:
        embedded = {"DATABASE_URL": "", "REDIS_URL": "", "STORAGE_URL": "", "DEMO": "0"}
        with Program(Path(folder), **embedded) as program:
            made = json.loads(program.manage("shell", "-v", "0", "-c", PEOPLE.format(count=count)).splitlines()[-1])
            visitor = Visitor(program.url)
            visitor.sign_in(made["login"], made["password"])
            cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor._jar)
            token = next(cookie.value for cookie in visitor._jar if cookie.name == "csrftoken")
            photos = [noise(3) for _ in made["drafts"]]
            outcome = _all_at_once(program.port, made["drafts"], photos, cookies, token)
            stored = _stored(Path(folder) / "storage" / "orig")
            sent = {(draft, sha256(data).hexdigest()) for draft, data in zip(made["drafts"], photos, strict=True)}
            outcome["stored_as_sent"], outcome["stored_otherwise"] = len(sent & stored), len(stored - sent)
    yield {"phones": count, "megabytes_each": 3} | outcome


PEOPLE = """
import json
from tests import factories
from intake.services import start_case
clinic = factories.make_clinic("clinic")
ben = factories.make_user("Ben", "staff", clinic)
drafts = [start_case(by=ben, patient=factories.make_patient(clinic), specialty="dermatology") for _ in range({count})]
print(json.dumps(dict(login=ben.email, password=factories.PASSWORD, drafts=[str(draft.pk) for draft in drafts])))
"""


def _stored(originals: Path) -> set[tuple[str, str]]:
    """(case, SHA-256 of the bytes on the disk) of every photo that was received."""
    return {
        (path.parent.name, sha256(path.read_bytes()).hexdigest()) for path in originals.rglob("*") if path.is_file()
    }


def _share(seconds: list[float], percent: int) -> float:
    """So many of a hundred took no longer, s."""
    ordered = sorted(seconds)
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 2) if ordered else 0.0


def _all_at_once(port: int, drafts: list[str], photos: list[bytes], cookies: str, token: str) -> dict:
    barrier, receipts = threading.Barrier(len(drafts)), []
    statuses: list[int] = []
    seconds: list[float] = []  # each phone's, from its first byte to its receipt
    waits: list[float] = []  # each request's

    def phone(draft: str, data: bytes) -> None:
        barrier.wait()
        began = time.perf_counter()
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        headers = {
            "Cookie": cookies,
            "X-CSRFToken": token,
            "Tus-Resumable": "1.0.0",
            "Referer": f"http://127.0.0.1:{port}/",
        }
        digest = sha256(data).hexdigest()
        facts = {"key": secrets.token_hex(8), "slot": "other", "sha256": digest}
        pairs = _metadata(**facts)

        def ask(method: str, path: str, body: bytes = b"", **more: str) -> tuple[int, dict]:
            asked = time.perf_counter()
            line.request(method, path, body, headers | {name.replace("_", "-"): value for name, value in more.items()})
            answer = line.getresponse()
            text = answer.read()
            waits.append(time.perf_counter() - asked)
            statuses.append(answer.status)
            return answer.status, json.loads(text) if text else {}

        _, state = ask("POST", f"/my/cases/{draft}/uploads/", Upload_Length=str(len(data)), Upload_Metadata=pairs)
        at = 0
        while at < len(data):
            piece = data[at : at + 256 * 1024]
            _, answered = ask(
                "PATCH", state["url"], piece, Upload_Offset=str(at), Content_Type="application/offset+octet-stream"
            )
            at += len(piece)
        receipts.append(answered["receipt"]["sha256"] == digest)
        seconds.append(time.perf_counter() - began)

    threads = [threading.Thread(target=phone, args=pair) for pair in zip(drafts, photos, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "receipts": sum(receipts),
        "requests": len(statuses),
        "server_errors": sum(status >= 500 for status in statuses),
        "request_s": {f"p{percent}": _share(waits, percent) for percent in (50, 99, 100)},
        "phone_s": {f"p{percent}": _share(seconds, percent) for percent in (50, 99, 100)},
    }
