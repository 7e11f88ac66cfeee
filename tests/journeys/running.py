"""The whole program as a person starts it, for tests: launcher, web, workers, beat, Redis, on a folder of their own."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """`with Program(folder) as program:` is up when the block begins and gone when it ends."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings.development",
            "DERMFORWARD_VAR": str(folder),
            "PORT": str(self.port),
            **environment,
        }
        for name in ("DATABASE_URL", "REDIS_URL", "STORAGE_URL"):
            if environment.get(name) == "":
                self.environment.pop(name, None)
        self.lines: list[str] = []
        self._ready = threading.Event()

    def __enter__(self) -> "Program":
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.launcher"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready.wait(600)
        assert any(line.startswith("ready:") for line in self.lines), "\n".join(self.lines[-40:])
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> int:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self._reader.join(10)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def _read(self) -> None:
        with contextlib.suppress(ValueError):
            for line in self.process.stdout or ():
                self.lines.append(line.rstrip())
                if line.startswith("ready:"):
                    self._ready.set()
        self._ready.set()

    def pids(self, name: str) -> list[int]:
        """Processes of that child, in the order in which they were started."""
        found = (re.match(rf"{name}: started, process (\d+)", line) for line in self.lines)
        return [int(match[1]) for match in found if match]

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
