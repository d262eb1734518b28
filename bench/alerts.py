"""500 rules over 1,000 series at an interval of 15 s, beside Prometheus: their CPU, and how late they are."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from analytics.clock import rfc3339
from bench.client import Connection
from bench.fill import post
from bench.payloads import Event
from bench.peers import prometheus
from bench.plan import Plan, say
from bench.servers import BenchError, NotInstalledError, Server, service
from bench.table import Row

SERIES, SERVICES, RULES, GROUPS = 1_000, 100, 500, 50
NAME = "group-"
"""What the names of the groups begin with."""
INTERVAL = 15
INTERVALS = 3
"""Intervals that are measured."""
HISTORY = 360
"""Seconds before the start of which there are samples."""
SHARE_LIMIT, LATE_LIMIT = 0.25, 2.0
PATTERNS = (
    'cpu{{service="s{0}"}} > {1}',
    'avg_over_time(cpu{{service="s{0}"}}[5m]) > {1}',
    'sum by (service) (rate(hits_total{{service="s{0}"}}[5m])) > {1}',
    'max by (service) (cpu{{service="s{0}"}}) / on (service) count by (service) (cpu{{service="s{0}"}}) > {1}',
    "sum by (service) (rate(hits_total[5m])) > {1}",
)
"""Expressions; the last one reads all series of a name."""


def rows(plan: Plan) -> list[Row]:
    del plan  # intervals are what they are
    end = int(time.time())
    start = end - HISTORY
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        (folder / "rules").mkdir()
        rules = folder / "rules" / "rules.json"
        rules.write_text(json.dumps({"groups": list(_groups())}))
        ours = stack.enter_context(service(max_series=4 * SERIES, config_dir=folder / "rules"))
        with Connection(ours.port) as connection:
            post(connection, "/metrics", _records(start, end), 5_000)
        share = _share(ours)
        late = _lateness(ours)
        found = [
            Row(
                f"lateness of {RULES} rules over {SERIES:,} series, evaluation included",
                f"{late:.2f} s at most",
                target=f"≤ {LATE_LIMIT:g} s",
                reached=late <= LATE_LIMIT,
            )
        ]
        try:
            peer = stack.enter_context(prometheus(folder, lambda: _lines(start, end), rules))
            with peer.awake():
                time.sleep(INTERVAL)
                its = _share(peer)
            beside = ("Prometheus", f"{its:.1%} of a core", "", f"{share / its:.2f} ×")
        except NotInstalledError as error:
            beside = ("Prometheus", f"needs {error}", "", "")
        found.insert(
            0,
            Row(
                f"CPU of {RULES} rules over {SERIES:,} series each {INTERVAL} s",
                f"{share:.1%} of a core",
                "",
                *beside,
                f"≤ {SHARE_LIMIT:.0%} of a core",
                share <= SHARE_LIMIT,
            ),
        )
        return found


def _share(server: Server) -> float:
    """Share of a core that a server takes by itself."""
    say(f"{server.name}: {INTERVALS} intervals of {INTERVAL} s")
    before, begun = server.busy(), time.monotonic()
    time.sleep(INTERVALS * INTERVAL)
    return (server.busy() - before) / (time.monotonic() - begun)


def _lateness(server: Server) -> float:
    """Seconds from the time of an evaluation to its end, at most."""
    with Connection(server.port) as connection:
        found = json.loads(connection.get("/rules").body)["groups"]
    groups = [group for group in found if group["group"].startswith(NAME)]  # those that are built in have no data
    rules = [rule for group in groups for rule in group["rules"]]
    if len(rules) != RULES or any(rule["health"] != "ok" or rule["value"] is None for rule in rules):
        missing = [rule for rule in rules if rule["health"] != "ok" or rule["value"] is None][:1]
        raise BenchError(f"{len(rules)} rules, or not evaluated: {missing}")
    return float(max(group["lateness_seconds"] + group["seconds"] for group in groups))


def _groups() -> Iterator[dict[str, object]]:
    """The groups of a rule file."""
    for group in range(GROUPS):
        numbers = range(group * RULES // GROUPS, (group + 1) * RULES // GROUPS)
        rules = [
            {"alert": f"A{number}", "expr": PATTERNS[number % len(PATTERNS)].format(number // 5, 10_000), "for": "1m"}
            for number in numbers
        ]
        yield {"name": f"{NAME}{group}", "interval": f"{INTERVAL}s", "rules": rules}


def _values(start: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(start, end, INTERVAL):
        for number in range(SERIES // 2):
            yield at, number


def _records(start: int, end: int) -> Iterator[Event]:
    """What the service is sent: the increase of a counter, and a gauge."""
    for at, number in _values(start, end):
        common = {"tags": {"service": f"s{number % SERVICES}", "instance": f"i{number}"}, "timestamp": rfc3339(at)}
        yield {"name": "hits_total", "kind": "counter", "value": (number * 7 + at) % 13, **common}
        yield {"name": "cpu", "value": (number * 5 + at) % 17, **common}


def _lines(start: int, end: int) -> Iterator[tuple[str, str, int, float]]:
    """The same as samples, family by family."""
    for number in range(SERIES // 2):
        labels, total = f'service="s{number % SERVICES}",instance="i{number}"', 0
        for at in range(start, end, INTERVAL):
            total += (number * 7 + at) % 13
            yield "hits_total", labels, at, total
    for number in range(SERIES // 2):
        labels = f'service="s{number % SERVICES}",instance="i{number}"'
        for at in range(start, end, INTERVAL):
            yield "cpu", labels, at, (number * 5 + at) % 17
