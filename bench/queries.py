"""Others' requests and the dashboard's tick beside PromQL queries over 10,000 series × 500 steps."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from analytics.clock import rfc3339
from bench import openloop
from bench.client import Connection
from bench.fill import many_services, post
from bench.openloop import Latency
from bench.payloads import ONE_EVENT, Event, in_batches, request
from bench.plan import Plan, say
from bench.servers import BenchError, Server, service
from bench.table import Row
from bench.watching import watching

SERIES, STEPS, STEP, MINUTES, SERVICES = 10_000, 500, 15, 130, 100
QUERIES = {
    "sum by (rate)": "sum by (service) (rate(hits_total[5m]))",
    "max by (avg_over_time)": "max by (service) (avg_over_time(cpu[5m]))",
    "topk": "topk(10, max_over_time(cpu[5m]))",
    "a join": "sum by (service) (cpu * on (service) group_left () sum by (service) (rate(hits_total[5m])))",
    "raw matrix": "cpu",
}
LOADS = {"": 0, ", one after the other": 1, ", 20 at once": 20}
"""How many queries there are at any time."""
BATCHES, BATCH = 10, 500
"""Batches of events in a second, and the events of each."""
RATE = 50
"""Requests a second of each other kind."""
OTHERS = (("/health", b""), ("/events", ONE_EVENT), ("/dashboard", b""))
P99_LIMIT = 25.0  # ms


def rows(plan: Plan) -> list[Row]:
    seconds = plan.seconds * plan.repeat
    end = int(time.time()) // 60 * 60
    found: list[Row] = []
    with service(max_series=3 * SERIES, max_services=3 * SERVICES) as ours, Connection(ours.port) as connection:
        many_services(connection)
        post(connection, "/metrics", _records(end - MINUTES * 60, end), 5_000)
        for load, number in LOADS.items():
            say(f"{number} queries at a time")
            found += _beside(ours, load, number, end, seconds)
    return found


def _beside(ours: Server, load: str, number: int, end: int, seconds: float) -> Iterator[Row]:
    with ExitStack() as stack:
        times = stack.enter_context(watching(ours))
        asked = stack.enter_context(_asking(ours, number, end))
        loads = [("/events", _batch(), BATCHES), *((path, body, RATE) for path, body in OTHERS)]
        with ThreadPoolExecutor(len(loads)) as pool:
            runs = [pool.submit(openloop.run, ours, path, body, rate, seconds) for path, body, rate in loads]
            _, *latencies = [run.result() for run in runs]
        answers = asked()
    beside = f"{BATCH * BATCHES:,} events/s"
    if number:
        beside += f" and queries over {SERIES:,} series × {STEPS} steps{load}"
        say(_answered(answers, seconds))
    for (path, body), latency in zip(OTHERS, latencies, strict=True):
        yield _latency(f"{'POST' if body else 'GET'} {path} beside {beside}", latency, is_target=number > 0)
    late = [abs(after - before - 1.0) * 1000 for before, after in pairwise(times)]
    yield Row(f"dashboard's update, late or early, beside {beside}", f"{max(late):.0f} ms at most", "1/s")


def _latency(what: str, latency: Latency, *, is_target: bool) -> Row:
    return Row(
        what,
        f"{latency.p99:.1f} ms p99, {latency.worst:.0f} ms at most",
        f"{RATE}/s",
        target=f"p99 ≤ {P99_LIMIT:g} ms" if is_target else "",
        reached=latency.p99 <= P99_LIMIT if is_target else None,
    )


def _answered(answers: list[str], seconds: float) -> str:
    if any(not answer.startswith("200 ") for answer in answers):
        raise BenchError(f"queries were answered {sorted({each[:3] for each in answers})}")
    longest = max((float(each.split()[1]) for each in answers), default=seconds)
    return f"{len(answers)} answers in {seconds:.0f} s, the longest after {longest:.1f} s"


@contextmanager
def _asking(ours: Server, number: int, end: int) -> Iterator[Callable[[], list[str]]]:
    """So many clients that ask one query after the other; gives status and seconds of the answers so far."""
    urls = []
    for query in QUERIES.values():
        asked = {"query": query, "start": end - STEPS * STEP, "end": end - STEP, "step": STEP}
        urls.append(f"http://127.0.0.1:{ours.port}/api/v1/query_range?{urlencode(asked)}")
    curl = "nice -n 10 curl -s -o /dev/null -w '%{http_code} %{time_total}\\n'"
    with TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        output = Path(folder) / "answers"
        output.touch()
        for client in range(number):
            turned = urls[client % len(urls) :] + urls[: client % len(urls)]
            script = "while :; do " + "; ".join(f"{curl} '{url}' >> {output}" for url in turned) + "; done"
            asking = subprocess.Popen(["sh", "-c", script], start_new_session=True)
            stack.callback(_stop, asking)
        yield lambda: output.read_text().splitlines()


def _stop(asking: subprocess.Popen[bytes]) -> None:
    os.killpg(asking.pid, signal.SIGKILL)
    asking.wait()


def _batch() -> bytes:
    random = Random(5)
    return next(in_batches((request(random, f"service-{n % 8}", "/cart", f"user-{n}") for n in range(BATCH)), BATCH))


def _records(start: int, end: int) -> Iterator[Event]:
    """A counter and a gauge for each series, once a minute."""
    for at in range(start, end, 60):
        for number in range(SERIES):
            tags = {"service": f"service-{number % SERVICES}", "instance": f"i{number}"}
            common = {"tags": tags, "timestamp": rfc3339(at)}
            yield {"name": "hits_total", "kind": "counter", "value": (number * 7 + at) % 13, **common}
            yield {"name": "cpu", "value": (number * 5 + at) % 17, **common}
