"""PromQL over HTTP beside Prometheus and VictoriaMetrics with the same samples: CPU of one query.

Answers are not cached, by none of the three. Several queries in a row are one measurement, as a dashboard asks: a
single one of a few milliseconds would measure mostly how cold the processor's caches are.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from analytics.clock import rfc3339
from bench.client import Connection
from bench.fill import post
from bench.payloads import Event
from bench.peers import import_lines, prometheus, victoria_metrics
from bench.plan import Plan, interleaved
from bench.servers import BenchError, NotInstalledError, Server, service
from bench.table import Row

SIZES = {1_000: (15, 5), 10_000: (60, 2)}
"""Numbers of series of each name; the seconds between two samples of each, and queries in a row."""
MINUTES, STEPS = 66, 60
SERVICES, BOUNDS = 100, (10, 20, 50, 100, 200, 500, 1_000, 2_000)
SUM = "sum by (service) (rate(hits_total[5m]))"
QUERIES = {
    "sum by (rate)": (SUM, SUM, 0.2, 0.4),
    "topk(sum by (increase))": ("topk(10, sum by (service) (increase(hits_total[5m])))",) * 2 + (0.2, 0.4),
    "max by (avg_over_time)": ("max by (service) (avg_over_time(cpu[5m]))",) * 2 + (0.2, 0.4),
    "join with group_left": (f"cpu * on (service) group_left () ({SUM})",) * 2 + (0.6, 0.6),
    "raw matrix": ("cpu",) * 2 + (0.6, 0.6),
    "raw matrix of averages": ("avg_over_time(cpu[5m])",) * 2 + (0.6, 0.6),
    "histogram_quantile": (
        "histogram_quantile(0.95, sum by (service) (rate(wait[5m])))",
        "histogram_quantile(0.95, sum by (service, le) (rate(wait_bucket[5m])))",
        0.2,
        0.2,
    ),
}
"""Our query, the peers', and how much of the CPU of Prometheus and VictoriaMetrics it may take."""
Sample = tuple[str, str, int, float]
"""Name, labels without braces, seconds and value."""


def rows(plan: Plan) -> list[Row]:
    found: list[Row] = []
    for count, (every, in_a_row) in SIZES.items():
        found += _beside(plan, count, every, in_a_row)
    return found


def _beside(plan: Plan, count: int, every: int, in_a_row: int) -> list[Row]:
    end = int(time.time()) // 60 * 60
    start = end - MINUTES * 60
    with ExitStack() as stack:
        ours = stack.enter_context(service(max_series=4 * count, max_services=2 * SERVICES))
        peers: dict[str, Server] = {}
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        lines = _lines(count, start, end, every)
        missing = []
        for name, begin in (("Prometheus", prometheus), ("VictoriaMetrics", victoria_metrics)):
            try:
                peers[name] = stack.enter_context(begin(folder, lines) if begin is prometheus else begin())
            except NotInstalledError as error:
                missing.append(Row(f"PromQL beside {name}", note=f"needs {error}"))
        if "VictoriaMetrics" in peers:
            import_lines(peers["VictoriaMetrics"], lines)
        with Connection(ours.port) as connection:
            post(connection, "/metrics", _records(count, start, end, every), 5_000)
        return [*_measured(plan, count, end, in_a_row, ours, peers), *missing]


def _measured(plan: Plan, count: int, end: int, in_a_row: int, ours: Server, peers: dict[str, Server]) -> Iterator[Row]:
    for name, (mine, theirs, of_prometheus, of_victoria) in QUERIES.items():
        runs: dict[str, Callable[[], float]] = {"the service": _run(ours, mine, end, in_a_row)}
        for peer, server in peers.items():
            runs[peer] = _run(server, theirs, end, in_a_row)
        costs = {each: median(results) for each, results in interleaved(plan, runs).items()}
        for peer in peers:
            ratio, limit = costs["the service"] / costs[peer], of_prometheus if peer == "Prometheus" else of_victoria
            yield Row(
                f"{name}, {count:,} series × {STEPS} steps",
                f"{costs['the service']:.1f} ms CPU",
                "",
                peer,
                f"{costs[peer]:.1f} ms CPU",
                "",
                f"{ratio:.2f} ×",
                f"≤ {limit:g} × its CPU",
                ratio <= limit,
            )


def _run(server: Server, query: str, end: int, in_a_row: int) -> Callable[[], float]:
    """A function that asks some times in a row, and returns the milliseconds of CPU that the server took for one."""
    asked = {"query": query, "start": end - (STEPS - 1) * 60, "end": end, "step": 60, "nocache": 1}
    path = "/api/v1/query_range?" + urlencode(asked)

    def run() -> float:
        with server.awake():
            connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
            before = server.busy()
            for _ in range(in_a_row):
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
            cost = (server.busy() - before) * 1000
            connection.close()
        if answer.status != 200 or not json.loads(body)["data"]["result"]:
            raise BenchError(f"{server.name} answered {query} with {answer.status} {body[:300]!r}")
        return cost / in_a_row

    return run


def _values(count: int, start: int, end: int, every: int) -> Iterator[tuple[int, int, dict[str, str]]]:
    for at in range(start, end, every):
        for number in range(count):
            yield at, number, {"service": f"s{number % SERVICES}", "instance": f"i{number}"}


def _observed(at: int, number: int) -> int:
    return (at // 7 + number * 13) % 1_500


def _records(count: int, start: int, end: int, every: int) -> Iterator[Event]:
    """Records to send: the increase of a counter, a gauge, and an observation of a histogram each time."""
    for at, number, tags in _values(count, start, end, every):
        common = {"tags": tags, "timestamp": rfc3339(at)}
        yield {"name": "hits_total", "kind": "counter", "value": (number * 7 + at) % 13, **common}
        yield {"name": "cpu", "value": (number * 5 + at) % 17, **common}
        yield {"name": "wait", "kind": "histogram", "value": _observed(at, number), **common}


def _lines(count: int, start: int, end: int, every: int) -> Callable[[], Iterator[Sample]]:
    """The same as samples, cumulative, family by family; the histogram as a classic one."""

    def made() -> Iterator[Sample]:
        for number in range(count):
            labels = f'service="s{number % SERVICES}",instance="i{number}"'
            total = 0
            for at in range(start, end, every):
                total += (number * 7 + at) % 13
                yield "hits_total", labels, at, total
        for number in range(count):
            labels = f'service="s{number % SERVICES}",instance="i{number}"'
            for at in range(start, end, every):
                yield "cpu", labels, at, (number * 5 + at) % 17
        for number in range(count):
            labels = f'service="s{number % SERVICES}",instance="i{number}"'
            observed = [_observed(at, number) for at in range(start, end, every)]
            for bound in (*BOUNDS, float("inf")):
                shown = "+Inf" if bound == float("inf") else str(bound)
                seen = 0
                for at, value in zip(range(start, end, every), observed, strict=True):
                    seen += value <= bound
                    yield "wait_bucket", f'{labels},le="{shown}"', at, seen

    return made
