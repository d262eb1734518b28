"""A real server process for tests: gunicorn as `make run` starts it, on a free port of the loopback interface."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

ROOT = Path(__file__).parent.parent
GUNICORN = ("-m", "gunicorn", "-k", "gevent", "-c", "gunicorn.conf.py", "wsgi:app")
APP = ("app.py",)
SERVE = ("-m", "analytics", "serve")
START_SECONDS = 120
"""How long a start may take where other work has the processors: one that ends is seen at once."""
STOP_SECONDS = 15
ANSWER_SECONDS = 60


def free_port() -> int:
    """A port that nothing listens on, that browsers open, and that no system gives to a client before it is used."""
    while True:
        port = random.SystemRandom().randrange(10_081, 30_000)  # browsers refuse 10080
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """A running service; a context manager that stops it by its own process id.

    Args:
        command: arguments for the Python.
        settings: environment variables on top of this process's own; None is one that is not set.
        log: the file that gets what the service writes.
        python: the Python that runs it.
        folder: where it is started.
    """

    def __init__(
        self,
        log: Path,
        settings: Mapping[str, str | None] | None = None,
        command: tuple[str, ...] = GUNICORN,
        python: str | Path = sys.executable,
        folder: Path = ROOT,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANALYTICS_")}
        own = {"HOST": "127.0.0.1", "PORT": str(self.port), "ANALYTICS_DATA_DIR": "", "ANALYTICS_OTLP_PORT": "0"}
        chosen = {**inherited, **own, **(settings or {})}
        self._environment = {name: value for name, value in chosen.items() if value is not None}
        self._python, self._command, self._folder = str(python), command, folder
        self.keeps_data = bool(self._environment.get("ANALYTICS_DATA_DIR", "default"))

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [self._python, *self._command], cwd=self._folder, env=self._environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                if requests.get(f"{self.url}/health/ready", timeout=2).ok:
                    return self
            except requests.RequestException:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the server did not start:\n{self.log()}")
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def end(self) -> None:
        """Ask it to stop, without waiting for it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Stop it as an operator would; returns its exit status."""
        self.end()
        if self.process.poll() is None:
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def set(self, **settings: str) -> None:
        """Change its environment, for its next start."""
        self._environment.update(settings)

    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text()

    def get(self, path: str, **arguments: Any) -> Any:
        """The JSON at `path`, which must answer 200."""
        response = requests.get(self.url + path, timeout=ANSWER_SECONDS, **arguments)
        assert response.status_code == 200, (path, response.status_code, response.text)
        return response.json()

    def post(self, path: str, payload: Any) -> requests.Response:
        """POST `payload` as JSON."""
        return requests.post(self.url + path, json=payload, timeout=ANSWER_SECONDS)

    def text(self, path: str, asked: Mapping[str, str]) -> str:
        """GET, as text; fails unless it is a 200."""
        answer = requests.get(f"{self.url}{path}", params=dict(asked), timeout=ANSWER_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.text

    def lines(self, path: str, asked: Mapping[str, str]) -> list[Any]:
        """GET of lines of JSON; fails unless it is a 200."""
        return [json.loads(line) for line in self.text(path, asked).splitlines()]
