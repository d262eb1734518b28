"""Servers of Debian for comparison, each in a temporary folder."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from bench.client import Connection
from bench.servers import (
    ROOT,
    BenchError,
    NotInstalledError,
    Server,
    answers,
    free_port,
    installed,
    process,
    wait_until,
)

_INFLUXDB = """\
reporting-disabled = true
bind-address = "127.0.0.1:{backup}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[http]
  bind-address = "127.0.0.1:{port}"
"""


@contextmanager
def influxdb() -> Iterator[Server]:
    """InfluxDB with Debian's configuration and a database `bench`."""
    port = free_port()
    with _peer("InfluxDB", "influxd", "influxdb", port, "/ping", _influxdb_options) as server:
        with server.awake(), Connection(port) as connection:
            answer = connection.post("/query?q=" + quote("CREATE DATABASE bench"), b"")
        if answer.status != 200:
            raise BenchError(f"InfluxDB made no database: {answer.status} {answer.body!r}")
        yield server


def _influxdb_options(port: int, folder: Path) -> list[str]:
    config = folder / "influxdb.conf"
    config.write_text(_INFLUXDB.format(folder=folder, port=port, backup=free_port()))
    return ["-config", str(config)]


@contextmanager
def victoria_metrics() -> Iterator[Server]:
    def options(port: int, folder: Path) -> list[str]:
        return [f"-storageDataPath={folder}/data", f"-httpListenAddr=127.0.0.1:{port}"]

    with _peer("VictoriaMetrics", "victoria-metrics", "victoria-metrics", free_port(), "/health", options) as server:
        yield server


Lines = Callable[[], Iterator[tuple[str, str, int, float]]]
"""Makes samples: name, labels without braces, seconds and value."""


@contextmanager
def prometheus(folder: Path, lines: Lines, rules: Path | None = None) -> Iterator[Server]:
    """Prometheus, which holds these samples in blocks of its own, and evaluates the rules of a file."""
    tool = installed("promtool", "prometheus")
    text = folder / "samples.txt"
    with text.open("w") as file:
        file.writelines(f"{name}{{{labels}}} {value} {at}\n" for name, labels, at, value in lines())
        file.write("# EOF\n")
    made = subprocess.run(
        [tool, "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "prometheus")], capture_output=True
    )
    text.unlink()
    if made.returncode:
        raise BenchError(f"promtool made no blocks: {made.stderr[-300:]!r}")
    config = folder / "prometheus.yml"
    config.write_text("global: {}\n" + (f"rule_files: [{rules}]\n" if rules else ""))

    def options(port: int, _: Path) -> list[str]:
        data = f"--storage.tsdb.path={folder}/prometheus"
        return [f"--config.file={config}", data, f"--web.listen-address=127.0.0.1:{port}"]

    with _peer("Prometheus", "prometheus", "prometheus", free_port(), "/-/ready", options) as server:
        yield server


def import_lines(server: Server, lines: Lines, size: int = 20_000) -> None:
    """Import samples into VictoriaMetrics."""
    rows = (f"{name}{{{labels}}} {value} {at * 1000}\n" for name, labels, at, value in lines())
    with server.awake(), Connection(server.port) as connection:
        while part := list(islice(rows, size)):
            answer = connection.post("/api/v1/import/prometheus", "".join(part).encode())
            if answer.status >= 300:
                raise BenchError(f"VictoriaMetrics answered {answer.status} {answer.body[:300]!r}")
        connection.get("/internal/force_flush")


@contextmanager
def pushgateway() -> Iterator[Server]:
    def options(port: int, folder: Path) -> list[str]:
        return [f"--web.listen-address=127.0.0.1:{port}", "--persistence.file="]  # in memory, like the service

    package = "prometheus-pushgateway"
    with _peer("Pushgateway", package, package, free_port(), "/-/healthy", options) as server:
        yield server


@contextmanager
def _peer(
    name: str, program: str, package: str, port: int, health: str, options: Callable[[int, Path], list[str]]
) -> Iterator[Server]:
    path = installed(program, package)
    with process(name, lambda folder: [path, *options(port, folder)]) as started:
        wait_until(name, started, lambda: answers(port, health))
        server = Server(name, port, started.pid, background=True)
        with server.awake():  # paused from now on, except when it is measured
            pass
        yield server


@contextmanager
def node(name: str, size: int, rate: int = 0) -> Iterator[Server]:
    """A server of bench/node that broadcasts `size` bytes a second, and `rate` single events a second."""
    if not (ROOT / "bench/node/node_modules" / ("ws" if name == "ws" else "socket.io")).is_dir():
        raise NotInstalledError("npm, then npm ci in bench/node")
    port = free_port()
    program = [installed("node", "nodejs"), f"bench/node/{name}.mjs"]
    env = os.environ | {"PORT": str(port), "SIZE": str(size), "RATE": str(rate)}
    with process(name, lambda _: program, env) as started:
        wait_until(name, started, lambda: answers(port, "/"))
        yield Server(f"Node.js {name}", port, started.pid)
