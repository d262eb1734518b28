"""Load from wrk (Debian), and its cost in CPU time of the server."""

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.plan import CLIENT_CORE
from bench.servers import BenchError, Server, installed

SCRIPT = Path(__file__).with_name("load.lua")
WARM_UP = 1.0  # seconds of the same load before the first measurement


@dataclass(frozen=True)
class Cost:
    """The cost of items: CPU microseconds each, and the number per second."""

    cpu: float
    rate: float

    @property
    def share(self) -> float:
        """The share of its core that the process used: all of it under load, unless something else runs there."""
        return self.cpu * self.rate / 1e6

    @classmethod
    def typical(cls, costs: Sequence["Cost"]) -> "Cost":
        return cls(median(cost.cpu for cost in costs), median(cost.rate for cost in costs))


@dataclass
class Load:
    """One kind of request to one server; entering writes the bodies and warms up, `run` measures."""

    server: Server
    path: str
    bodies: Sequence[bytes] = ()  # none: a GET
    items: int = 1  # items in one request
    connections: int = 16
    content_type: str = "application/json"
    completed: int = 0  # requests so far, warm-up included
    runs: int = 0
    _folder: TemporaryDirectory[str] = field(default_factory=lambda: TemporaryDirectory(prefix="bench-"))

    def __enter__(self) -> "Load":
        for number, body in enumerate(self.bodies):
            Path(self._folder.name, f"{number:03d}").write_bytes(body)
        self.run(WARM_UP)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def run(self, seconds: float) -> Cost:
        """Load the server as fast as it answers; BenchError unless every answer is a success."""
        files = [str(file) for file in sorted(Path(self._folder.name).iterdir())]
        command = ["taskset", "-c", str(CLIENT_CORE), installed("wrk", "wrk")]
        command += ["-t", "1", "-c", str(self.connections), "-d", f"{max(1, round(seconds))}s"]
        command += ["--timeout", "30s", "-s", str(SCRIPT), f"http://127.0.0.1:{self.server.port}{self.path}"]
        command += ["--", str(time.time_ns() // 1_000_000), self.content_type, *files]
        with self.server.awake():
            before = self.server.cpu()
            output = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
            used = self.server.cpu() - before
        if output.returncode != 0:
            raise BenchError(f"wrk failed: {output.stderr.strip()}")
        result = json.loads(output.stdout.strip().splitlines()[-1])
        if any(result["errors"].values()) or not result["requests"]:
            raise BenchError(f"{self.server.name}, {self.path}: {result}")
        self.completed += result["requests"]
        self.runs += 1
        items = result["requests"] * self.items
        return Cost(used * 1e6 / items, items * 1e6 / result["microseconds"])

    def sent(self) -> tuple[int, int]:
        """The minimum and maximum of items that may have arrived: wrk ends with requests in flight."""
        least = self.completed * self.items
        return least, least + self.runs * self.connections * self.items
