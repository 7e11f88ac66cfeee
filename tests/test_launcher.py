"""`scripts/run` as people meet it: what it says, what it restarts, and that it leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from config.accounts.demo_logins import LOGINS, PASSWORD
from tests.journeys.running import ROOT, Program, free_port
from tests.processes import descendants, is_alive
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc"),
]
EMBEDDED = {"DATABASE_URL": "", "REDIS_URL": "", "STORAGE_URL": ""}
CHILDREN = ("redis", "web", "worker", "bulk", "beat")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def program(folder):
    with Program(folder, **EMBEDDED, DEMO_CASES="2") as running:
        yield running


def begin(folder: Path, **environment: str) -> subprocess.Popen:
    told = os.environ | {"DERMFORWARD_VAR": str(folder), "PORT": str(free_port()), "DEMO": "0"} | environment
    for name in ("REDIS_URL", "DATABASE_URL", "STORAGE_URL"):
        if name not in environment:
            told.pop(name, None)
    return subprocess.Popen(
        [sys.executable, "-m", "config.launcher"],
        cwd=ROOT, env=told, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def end(starting: subprocess.Popen) -> tuple[int, str, str]:
    """The code, and what it said on both channels, of a start that is expected to end by itself."""
    try:
        said, problem = starting.communicate(timeout=60)
    finally:
        starting.kill()
    return starting.returncode, said, problem.strip()


def start(folder: Path, **environment: str) -> tuple[int, str, str]:
    return end(begin(folder, **environment))


@pytest.fixture(scope="module", autouse=True)
def without_redis(tmp_path_factory):
    """Begins before all else, because it waits ten seconds for a Redis that does not come."""
    port = free_port()
    starting = begin(tmp_path_factory.mktemp("without-redis"), REDIS_URL=f"redis://127.0.0.1:{port}/0")
    yield starting, port
    starting.kill()
    starting.wait()


# --- what stops a start --------------------------------------------------------------------------------------


def test_a_file_in_place_of_the_folder_is_one_clear_sentence(tmp_path):
    in_the_way = tmp_path / "var"
    in_the_way.write_text("not a folder")
    assert start(in_the_way) == (1, "", f"The folder {in_the_way} cannot be written: File exists.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into any folder")
def test_a_folder_that_cannot_be_written_is_one_clear_sentence(tmp_path):
    closed = tmp_path / "var"
    closed.mkdir(mode=0o500)
    assert start(closed) == (1, "", f"The folder {closed} cannot be written: Permission denied.")


def test_a_busy_port_is_one_clear_sentence_that_names_another(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        sentence = f"Port {port} is in use. Choose another one: PORT={port + 1} scripts/run"
        assert start(tmp_path, PORT=str(port)) == (1, "", sentence)


@pytest.mark.parametrize("port", ["web", "0", "-1", "65536", "99999999999"])
def test_a_port_that_no_server_can_have_is_one_clear_sentence(tmp_path, port):
    assert start(tmp_path, PORT=port) == (1, "", f"PORT is '{port}'. Write a number from 1 to 65535, like 8000.")


def test_a_database_that_does_not_answer_ends_the_start_and_leaves_nothing(tmp_path):
    code, said, problem = start(tmp_path, DATABASE_URL=f"postgres://nobody@127.0.0.1:{free_port()}/nothing")
    assert (code, problem.splitlines()[-1]) == (1, "manage.py prepare failed. What it said stands above.")
    [redis] = [int(line.split()[-1]) for line in said.splitlines() if line.startswith("redis: started")]
    assert not is_alive(redis)


# --- while it runs -------------------------------------------------------------------------------------------


def test_a_second_start_in_the_same_folder_is_one_clear_sentence_and_harms_nothing(program, folder):
    before = descendants(program.process.pid)
    assert start(folder) == (1, "", f"Dermforward already runs from this folder ({folder}). Stop it first.")
    assert before <= descendants(program.process.pid)


def test_a_redis_that_does_not_answer_is_one_clear_sentence(program, without_redis):
    starting, port = without_redis
    assert end(starting) == (1, "", f"Redis does not answer at 127.0.0.1:{port}.")


def test_it_says_where_it_is_and_which_process_is_which(program):
    assert f"ready: {program.url}" in program.lines
    for name in CHILDREN:
        started = [line for line in program.lines if line.startswith(f"{name}: started, process ")]
        assert len(started) == len(program.pids(name)) == 1
        assert is_alive(program.pids(name)[0])


def test_it_prints_the_demo_logins(program):
    wait_until(lambda: LOGINS[-1][0] in "\n".join(program.lines), 10)
    said = "\n".join(program.lines)
    assert f"demo logins, all with the password {PASSWORD}:" in said
    assert [line.split()[0] for line in program.lines if "@demo.example" in line] == [email for email, _ in LOGINS]


def test_the_folder_and_its_secrets_are_for_the_own_user_only(program, folder):
    for path in (folder / "redis" / "password", folder / "redis" / "redis.conf", *(folder / "secrets").iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    for path in (folder / "redis", folder / "secrets"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_killed_child_is_started_again_with_all_of_its_own(program):
    [web] = program.pids("web")
    workers = descendants(web)
    assert workers
    # one that hangs does not notice that its parent has gone
    os.kill(min(workers), signal.SIGSTOP)
    os.kill(web, signal.SIGKILL)
    wait_until(lambda: len(program.pids("web")) == 2, 20, what="a second web server")
    assert f"web: ended with {-signal.SIGKILL}; it is started again" in program.lines
    wait_until(lambda: not any(map(is_alive, workers)), 10, what="the workers of the dead web server gone")
    wait_until(lambda: answers(program), 30, what="web answers again")
    assert all(len(program.pids(name)) == 1 for name in CHILDREN if name != "web")


def answers(program) -> bool:
    try:
        with urllib.request.urlopen(f"{program.url}/healthz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


# --- the end, and the next day -------------------------------------------------------------------------------


def test_a_stop_leaves_no_process_and_the_next_run_keeps_the_data(program, folder):
    family = descendants(program.process.pid)
    assert family >= {program.pids(name)[-1] for name in CHILDREN}
    before = facts(program)
    assert program.stop() == 0
    assert [pid for pid in family if is_alive(pid)] == []
    assert "stopping" in program.lines
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", program.port)) != 0
    with Program(folder, **EMBEDDED, DEMO_CASES="2") as again:
        assert facts(again) == before
        family = descendants(again.process.pid)
        try:
            # what nobody can catch: the launcher itself is killed
            again.process.kill()
            wait_until(lambda: not any(map(is_alive, family)), 30, what="all processes gone after their launcher")
        finally:
            for pid in filter(is_alive, family):
                os.kill(pid, signal.SIGKILL)


def facts(program) -> str:
    """How many of what, and the keys of all cases: the second run adds nothing and changes nothing."""
    script = (
        "from config.accounts.models import User; from intake.models import Case, Photo; from billing.models import ChargeLine;"
        "from django.conf import settings;"
        "print([model.objects.count() for model in (User, Photo, ChargeLine)],"
        " sorted(str(pk) for pk in Case.objects.values_list('pk', flat=True)), settings.SECRET_KEY)"
    )
    return program.manage("shell", "-v", "0", "-c", script)
