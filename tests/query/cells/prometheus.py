"""A real Prometheus (Debian) that holds given samples."""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from analytics.points import NAME_LABEL, Labels
from tests.edge.wire import eventually
from tests.server import free_port

Values = dict[Labels, float]
Samples = Mapping[Labels, Iterable[tuple[int, float]]]
"""Seconds and values by series."""


class Prometheus:
    """Asks one by HTTP."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._session = requests.Session()

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return self._session.get(f"{self._url}/-/ready", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def values(self, query: str, at: float) -> Values:
        """The floats of an instant vector by labels, or of a scalar."""
        answer = self._session.post(f"{self._url}/api/v1/query", data={"query": query, "time": at}, timeout=30)
        data: dict[str, Any] = answer.json()["data"]
        if data["resultType"] == "scalar":
            return {(): float(data["result"][1])}
        return {tuple(sorted(each["metric"].items())): float(each["value"][1]) for each in data["result"]}


@contextmanager
def prometheus(folder: Path, samples: Samples) -> Iterator[Prometheus]:
    """One that holds these samples, made into blocks of its own by its own tool."""
    (folder / "samples.txt").write_text("\n".join([*_lines(samples), "# EOF", ""]))
    blocks = [
        "promtool",
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(folder / "samples.txt"),
        str(folder / "data"),
    ]
    subprocess.run(blocks, check=True, capture_output=True, timeout=120)
    (folder / "empty.yml").write_text("global: {}\n")
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={folder}/empty.yml",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        found = Prometheus(port)
        eventually(found.is_ready)
        yield found
    finally:
        process.terminate()
        process.wait(30)


def _lines(samples: Samples) -> Iterator[str]:
    """OpenMetrics text: families one after another."""
    seen = ""
    for labels, points in sorted(samples.items(), key=lambda each: (dict(each[0])[NAME_LABEL], each[0])):
        name = dict(labels)[NAME_LABEL]
        family = name.removesuffix("_total")
        if family != seen:
            seen = family
            yield f"# TYPE {family} {'counter' if name.endswith('_total') else 'gauge'}"
        shown = ",".join(f'{key}="{value}"' for key, value in labels if key != NAME_LABEL)
        for at, value in points:
            yield f"{name}{{{shown}}} {value!r} {at}"
