"""A thousand letters in one run, each composed, compared, set, hashed and stored, beside a bare typst call on the same
pages. Each row in a process of its own, so that the peak of memory is its own. `BENCH_LETTERS` sets how many."""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import benchmark

KINDS = ("ours", "bare_typst")


def _ours(count: int, folder: Path) -> list[float]:
    from hashlib import sha256

    from django.test.utils import override_settings

    from config import storages, typesetting
    from review.letters import agreement, compose
    from tests.review.letter_facts import URL, facts

    spent = []
    with override_settings(VAR=folder, STORAGE_URL=""):
        for n in range(count // 2):
            began = time.perf_counter()
            these = facts(patient_name=f"Margaret Ellison {n}", number=f"DF-{n:06d}")
            plain, clinical = (
                compose.patient_letter(these, check_url=URL),
                compose.clinical_letter(these, check_url=URL),
            )
            if agreement.disagreements(plain, clinical):
                raise ValueError("the letters differ")
            for template, content in (("patient_letter", plain), ("clinical_letter", clinical)):
                data = typesetting.pdf(template, content, at=these.at)
                storages.put_once(f"letters/{n}/{template}-{sha256(data).hexdigest()[:16]}.pdf", data)
            spent += [(time.perf_counter() - began) / 2] * 2
    return spent


def _bare_typst(count: int, folder: Path) -> list[float]:
    """The pages lie there already: what is timed is the call alone."""
    import typst

    from config import typesetting
    from review.letters import compose
    from tests.review.letter_facts import URL, facts

    fonts, spent = typesetting._fonts(False), []
    for n in range(count):
        these = facts(patient_name=f"Margaret Ellison {n // 2}", number=f"DF-{n // 2:06d}")
        template, made = (("patient_letter", compose.patient_letter), ("clinical_letter", compose.clinical_letter))[
            n % 2
        ]
        source = typesetting._lay_out(folder, template, made(these, check_url=URL), "us-letter", {})
        began = time.perf_counter()
        typst.compile(
            str(source), root=str(folder), font_paths=fonts, ignore_system_fonts=True, format="pdf",
            pdf_standards=typesetting.STANDARDS, timestamp=these.at,
        )  # fmt: skip
        spent.append(time.perf_counter() - began)
    return spent


def run(kind: str, count: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        spent = {"ours": _ours, "bare_typst": _bare_typst}[kind](count, Path(folder))
    return {
        "letters": len(spent),
        "seconds_each_median": round(statistics.median(spent), 4),
        "seconds_each_mean": round(statistics.mean(spent), 4),
        "seconds_in_all": round(sum(spent), 1),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


@benchmark
def letters(quick: bool) -> Iterator[dict]:
    count = int(os.environ.get("BENCH_LETTERS", "40" if quick else "1000"))
    found = {}
    for kind in KINDS:
        code = f"import django; django.setup(); from tests.benchmarks.letters import run; import json; print(json.dumps(run({kind!r}, {count})))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        found[kind] = json.loads(done.stdout.strip().splitlines()[-1])
        yield {"row": kind} | found[kind]
    ours, bare = found["ours"], found["bare_typst"]
    yield {
        "row": "ratio",
        "seconds_each": round(ours["seconds_each_median"] / bare["seconds_each_median"], 2),
        "peak_memory": round(ours["peak_megabytes"] / bare["peak_megabytes"], 2),
    }
