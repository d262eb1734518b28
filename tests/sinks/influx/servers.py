"""Real databases for tests: Debian's influxd and victoria-metrics, on free ports, with their data in a folder."""

import contextlib
import json
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.server import free_port

START_SECONDS = 30.0
Figures = dict[tuple[str, frozenset[tuple[str, str]], int], dict[str, float]]
"""By measurement, tags and time (seconds) the fields."""


class Database:
    """A database process; a context manager that kills it by its own process id."""

    ready_path = "/ping"
    loses_seconds = 0.0
    """What it took so many seconds before it was killed may be lost."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self.command(), cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(requests.RequestException):
                if requests.get(self.url + self.ready_path, timeout=2).ok:
                    return
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"it did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class Influxd(Database):
    """InfluxDB 1.6, with an empty database `analytics`."""

    def __init__(self, folder: Path, more: str = "") -> None:
        super().__init__(folder)
        self._more, self._backup_port = more, free_port()
        self.user: tuple[str, str] | None = None
        self.sink_url = f"{self.url}?db=analytics"

    def command(self) -> list[str]:
        config = self.folder / "influxdb.conf"
        config.write_text(
            f"reporting-disabled = true\nbind-address = '127.0.0.1:{self._backup_port}'\n"
            f"[meta]\ndir = '{self.folder}/meta'\n"
            f"[data]\ndir = '{self.folder}/data'\nwal-dir = '{self.folder}/wal'\n"
            f"[http]\nbind-address = '127.0.0.1:{self.port}'\n{self._more}\n"
        )
        return ["influxd", "-config", str(config)]

    def start(self) -> None:
        super().start()
        self.ask('CREATE DATABASE "analytics"')

    def ask(self, query: str) -> list[Any]:
        """The series of a statement's answer."""
        query_of = {"db": "analytics", "epoch": "s", "q": query}
        answer = requests.post(f"{self.url}/query", params=query_of, auth=self.user, timeout=10).json()
        assert "error" not in answer["results"][0], answer
        series: list[Any] = answer["results"][0].get("series", [])
        return series

    def figures(self) -> Figures:
        """All points."""
        found: Figures = {}
        for series in self.ask("SELECT * FROM /.*/ GROUP BY *"):
            tags = frozenset((name, value) for name, value in series["tags"].items() if value)
            for row in series["values"]:
                fields = dict(zip(series["columns"], row, strict=True))
                at = fields.pop("time")
                key = (series["name"], tags, at)
                assert key not in found
                found[key] = {name: value for name, value in fields.items() if value is not None}
        return found


class VictoriaMetrics(Database):
    """VictoriaMetrics, which keeps repeated points."""

    ready_path = "/health"
    loses_seconds = 5.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.sink_url = self.url

    def command(self) -> list[str]:
        return [
            "victoria-metrics",
            f"-storageDataPath={self.folder}/data",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            "-retentionPeriod=100y",
            "-loggerLevel=ERROR",
        ]

    def figures(self) -> Figures:
        """All points; of equal times the greatest, as the documentation says: counts and increases only grow."""
        requests.get(f"{self.url}/internal/force_flush", timeout=10)
        query = {"match[]": '{__name__=~"analytics_.*"}', "start": "0"}
        found: Figures = {}
        for line in requests.get(f"{self.url}/api/v1/export", params=query, timeout=10).text.splitlines():
            series = json.loads(line)
            name, _, field = series["metric"].pop("__name__").rpartition("_")
            tags = frozenset(series["metric"].items())
            for value, at in zip(series["values"], series["timestamps"], strict=True):
                fields = found.setdefault((name, tags, at // 1000), {})
                fields[field] = max(value, fields.get(field, value))
        return found
