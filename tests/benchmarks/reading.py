"""To the first photograph on screen: a case with 12 photos and 10 earlier cases, beside the same bytes as static files; and
from the signature to the next case. A real browser, the whole program; the copy is served by Python's own file server.

Each opening is a browser context of its own, so that nothing is in the cache. Both pages carry the same probe: the moment at
which the photograph is decoded and a frame was drawn after it, counted from the start of the navigation.
"""

import json
import statistics
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks import benchmark

MOST_OVER_STATIC, MOST_NEXT_MS, MOST_QUERIES = 1.5, 1_000, 15

PROBE = """
document.addEventListener("load", (event) => {
  if (!event.target.matches || !event.target.matches("[data-image]") || window.firstPhoto) return;
  event.target.decode().catch(() => null).then(() => requestAnimationFrame(() => requestAnimationFrame(() => {
    window.firstPhoto = window.firstPhoto || performance.now();
    window.firstPhotoAt = window.firstPhotoAt || Date.now();
  })));
}, true);
"""

CASES = """
import json
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import F
from django.http import HttpRequest
from config.accounts import idle
from intake.demo_pictures import picture
from intake.models import Case, Photo, Rendition
from intake.renditions import process_photo
from intake.services import attach_photo
from review import services
from review.models import Icd10Code
from tests import factories
clinic, group = factories.make_clinic("clinic"), factories.make_clinic("group")
ana, dana = factories.make_user("Ana"), factories.make_specialist("Dana", group)
patient = factories.make_patient(clinic, user=ana)
pictures = [picture("changing_mole", view=view, seed=seed) for seed in range({drawn}) for view in ("close_up",)]

def photographed(case, count):
    for number in range(count):
        # each its own bytes: what follows the picture's end is received, and shown to nobody
        data = pictures[number % len(pictures)] + str(case.pk).encode() + bytes([number])
        photo = attach_photo(case=case, by=ana, data=data, name="photo.jpg", slot="close_up" if not number else "other")
        process_photo(photo.pk)

def ready(count, hours):
    case = factories.make_draft(patient, by=ana)
    photographed(case, count)
    return factories.put_status(case, "ready", group=group, patient_state="OH", answer_due_at=factories.in_days(hours / 24))

for number in range(10):
    earlier = factories.make_draft(patient, by=ana, site="hand" if number else "forearm_posterior")
    photographed(earlier, 1)
    factories.put_status(earlier, "delivered", group=group)
    Case.objects.filter(pk=earlier.pk).update(created_at=factories.in_days(-400 + number))
opened = ready(12, 1)
services.claim_case(case=opened, by=dana)
code = Icd10Code.objects.filter(billable=True, code="D22.61").first() or Icd10Code.objects.filter(billable=True).first()
pairs = []
for number in range({pairs}):
    signed = ready(1, 2 + number)
    review = services.claim_case(case=signed, by=dana)
    services.save_draft(
        review=review, by=dana, version=0, codes=[code.code], photos_adequate="yes", findings="Even brown macule.",
        assessment="Nevus", confidence="high", plan="Sunscreen", follow_up="In a year", disposition="home",
        patient_text="The spot looks harmless.", photos={{str(p.pk): "yes" for p in signed.photos.live()}},
    )
    pairs.append(str(signed.pk))
following = [ready(3, 100 + number) for number in range({pairs} + 1)]
request = HttpRequest()
request.session = SessionStore()
login(request, dana, backend="django.contrib.auth.backends.ModelBackend")
idle.start_session(request)
request.session.save()
print(json.dumps(dict(opened=str(opened.pk), pairs=pairs, session=request.session.session_key, password=factories.PASSWORD)))
"""


class Copy(BaseHTTPRequestHandler):
    """What the program answered, by its address, once more."""

    protocol_version = "HTTP/1.1"
    files: dict[str, tuple[str, bytes]] = {}

    def do_GET(self) -> None:  # noqa: N802 the base class's name
        kind, body = self.files.get(self.path, ("text/plain", b""))
        self.send_response(200 if self.path in self.files else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 a beat is answered with nothing

    def log_message(self, *_) -> None:
        pass


@benchmark
def reading(quick: bool) -> Iterator[dict]:
    from tests.journeys.running import Program

    with tempfile.TemporaryDirectory() as folder, Program(Path(folder), DEMO="0") as program:
        many = 2 if quick else 5
        script = CASES.format(drawn=2 if quick else 12, pairs=many)
        made = json.loads(program.manage("shell", "-v", "0", "-c", script).splitlines()[-1])
        yield from _in_a_browser(program.url, made, rounds=3 if quick else 12)


def _in_a_browser(url: str, made: dict, rounds: int) -> Iterator[dict]:
    from playwright.sync_api import sync_playwright

    from tests.browsing import ARGS, CHROMIUM

    server = ThreadingHTTPServer(("127.0.0.1", 0), Copy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    copy = f"http://127.0.0.1:{server.server_port}"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)

        def opened(base: str, keep: bool = False):
            context = chromium.new_context(bypass_csp=True, viewport={"width": 1440, "height": 900})
            context.add_init_script(PROBE)
            context.add_cookies([{"name": "sessionid", "value": made["session"], "url": url}])
            page = context.new_page()
            if keep:
                page.on("response", _kept)
            page.goto(f"{base}/reading/{made['opened']}/", wait_until="load")
            page.wait_for_function("window.firstPhoto")
            if keep:
                page.wait_for_load_state("networkidle")
            return context, page

        for _ in range(2):  # warm, and the copy is complete
            opened(url, keep=True)[0].close()
        times: dict[str, list[float]] = {"static": [], "ours": []}
        for turn in range(rounds):
            for name, base in (("static", copy), ("ours", url)) if turn % 2 else (("ours", url), ("static", copy)):
                context, page = opened(base)
                times[name].append(page.evaluate("window.firstPhoto"))
                context.close()
        medians = {name: round(statistics.median(values)) for name, values in times.items()}
        yield {
            "what": "first photograph",
            "photos": 12,
            "earlier_cases": 10,
            "median_ms": medians,
            "over_static": round(medians["ours"] / medians["static"], 2),
            "kB": round(sum(len(body) for _, body in Copy.files.values()) / 1000),
            "wanted": MOST_OVER_STATIC,
        }
        yield _next(chromium, url, made)
        chromium.close()
    server.shutdown()


def _kept(response) -> None:
    if response.request.method == "GET" and response.status == 200:
        parts = urlsplit(response.url)
        address = parts.path + (f"?{parts.query}" if parts.query else "")
        Copy.files[address] = (response.headers.get("content-type", ""), response.body())


def _next(chromium, url: str, made: dict) -> dict:
    """From the click that signs to the first photograph of the next case, and from the key on the signed page."""
    context = chromium.new_context(bypass_csp=True, viewport={"width": 1440, "height": 900})
    context.add_init_script(PROBE)
    context.add_cookies([{"name": "sessionid", "value": made["session"], "url": url}])
    page = context.new_page()
    signing, key = [], []
    for number, case in enumerate(made["pairs"]):
        page.goto(f"{url}/reading/{case}/", wait_until="load")
        page.wait_for_function("window.firstPhoto")
        page.wait_for_load_state("networkidle")
        page.get_by_role("button", name="Check and sign").click()
        page.wait_for_url("**/sign/")
        page.wait_for_load_state("networkidle")
        page.locator("[name=attested]").check()
        if page.locator("#password").count():
            page.fill("#password", made["password"])
        if number % 2:
            page.get_by_role("button", name="Sign and send").click()
            page.wait_for_url("**/signed/")
            page.wait_for_load_state("networkidle")
            began = page.evaluate("Date.now()")
            page.keyboard.press("n")
        else:
            began = page.evaluate("Date.now()")
            page.get_by_role("button", name="Sign, then the next case").click()
        page.wait_for_url(lambda address: address.endswith("/") and "sign" not in address)
        page.wait_for_function("window.firstPhotoAt")
        (key if number % 2 else signing).append(page.evaluate("window.firstPhotoAt") - began)
    context.close()
    return {
        "what": "next case",
        "from_the_signature_ms": round(statistics.median(signing)),
        "from_the_key_ms": round(statistics.median(key)) if key else None,
        "each_ms": {"signature": signing, "key": key},
        "wanted": MOST_NEXT_MS,
    }
