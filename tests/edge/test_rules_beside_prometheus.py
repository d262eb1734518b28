"""The same rule file and samples in this service and in a Prometheus server: alerts change at the same times.

tests/alerts/rules/test_beside_prometheus.py compares the same with Prometheus' own engine, without waiting.
"""

import contextlib
import json
import math
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import requests

from analytics.alerting import NORMAL, PENDING, NewAlertStates
from analytics.kinds import ALERT_STATES
from analytics.log.disk.database import MAX_POSITION, Database
from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.packing import unpacked
from analytics.points import Labels
from tests.alerts.rules.test_beside_prometheus import RULES_FILE
from tests.doors.prometheus.messages import announced, request, series
from tests.edge.mortal import Mortal
from tests.edge.test_bad_numbers import STALE
from tests.edge.wire import eventually, tool
from tests.server import GUNICORN, free_port

STEPS = 22
"""Seconds of samples, one a second."""
SHORTER = {"15s": "1s", "30s": "2s", "45s": "3s", "1m": "4s", "2m": "8s"}
"""The durations of the file, which is for intervals of 15 seconds, and those for intervals of a second."""
FRACTION = 0.9
"""The part of each second that is over at its sample: the service evaluates closed seconds, Prometheus any time."""
WATCH = "  - {name: watch, interval: 1s, rules: [{record: evaluated, expr: vector(1)}]}\n"
Active = tuple[tuple[str, str], ...]
"""The labels of an alert, with `alertstate`."""


class Change(NamedTuple):
    """An alert entered a state, or left it; in seconds since the first second of samples."""

    labels: Active
    is_begin: bool
    at: float


def samples() -> dict[str, list[float | None]]:
    """Values at each step by series; None for none."""
    found: dict[str, list[float | None]] = {}
    for number, (host, (low, high)) in enumerate({"a": (10, 160), "b": (30, 118), "c": (0, 88)}.items()):
        rack = "left" if host == "a" else "right"
        phase = [abs((step + 5 * number) % 16 - 8) / 8 for step in range(STEPS)]
        found[f'queue{{host="{host}",rack="{rack}"}}'] = [round(low + (high - low) * each) for each in phase]
        down = range(4 + 2 * number, 9 + 2 * number)
        found[f'live{{host="{host}"}}'] = [0 if step in down else 1 for step in range(STEPS)]
        found[f'limit{{rack="{rack}",id="{host}"}}'] = [90.0 + number] * STEPS
    found['switch{host="a"}'] = [step % 2 if step in range(8, 16) else 1 for step in range(STEPS)]
    found['temperature{room="x"}'] = [None if step in range(6, 14) else 20.0 for step in range(STEPS)]
    for service in ("shop", "cart"):
        idle = range(8, 14) if service == "cart" else ()
        failing = range(4, 10) if service == "shop" else ()
        found[f'requests{{service="{service}"}}'] = [
            90 * sum(each not in idle for each in range(step)) for step in range(STEPS)
        ]
        found[f'errors{{service="{service}"}}'] = [
            45 * sum(each in failing for each in range(step)) for step in range(STEPS)
        ]
    return found


def written(start: float) -> bytes:
    """All samples as one request of remote write; the first value that is missing is a stale marker."""
    rows = []
    for name, values in samples().items():
        metric, labels = re.fullmatch(r"(\w+)\{(.*)\}", name).groups()  # type: ignore[union-attr]
        named = {"__name__": metric, **dict(re.findall(r'(\w+)="([^"]*)"', labels))}
        given = [
            {"value": STALE if value is None else value, "timestamp": round((start + step + FRACTION) * 1_000)}
            for step, value in enumerate(values)
            if value is not None or (step and values[step - 1] is not None)
        ]
        rows.append({**series(dict(sorted(named.items()))), "samples": given})
    return request(*rows, metadata=(announced("requests", "COUNTER"), announced("errors", "COUNTER")))


def write(url: str, body: bytes) -> None:
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
    answer = requests.post(f"{url}/api/v1/write", body, headers=headers, timeout=30)
    assert answer.status_code in (200, 204), answer.text


@contextmanager
def prometheus(folder: Path, rules: Path) -> Iterator[str]:
    """A running Prometheus with a rule file; its address."""
    port, config = free_port(), folder / "prometheus.yml"
    config.write_text(json.dumps({"rule_files": [str(rules)]}))  # JSON is YAML
    command = [
        tool("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def asked(url: str, query: str, **more: Any) -> list[dict[str, Any]]:
    """The result of a query; nothing while there is no answer."""
    with contextlib.suppress(requests.RequestException):
        answer = requests.get(
            f"{url}/api/v1/{'query_range' if more else 'query'}", {"query": query, **more}, timeout=30
        )
        if answer.ok:
            found: list[dict[str, Any]] = answer.json()["data"]["result"]
            return found
    return []


def longest_pause(url: str, start: float) -> float:
    """The most seconds between two evaluations of rules while there were samples."""
    query = "count_over_time(evaluated[1s])"
    (found,) = asked(url, query, start=int(start), end=int(start) + STEPS, step=1)
    times = [at for at, _ in found["values"]]
    return max(later - earlier for earlier, later in pairwise(times))


def of_prometheus(url: str, start: float, pause: float) -> list[Change]:
    """The changes there: `ALERTS` has a sample for each evaluation at which an alert was in a state."""
    found = []
    for each in asked(url, f"ALERTS[{STEPS + 60}s]"):
        labels = tuple(sorted((name, text) for name, text in each["metric"].items() if name != "__name__"))
        times = [float(at) - start for at, _ in each["values"]]
        for before, at, after in zip([-math.inf, *times], times, [*times[1:], math.inf], strict=False):
            if at - before > pause + 0.5:
                found.append(Change(labels, True, at))
            if after - at > pause + 0.5:
                found.append(Change(labels, False, at + 1))
    return found


def of_ours(folder: Path, start: float) -> list[Change]:
    """The changes here: each is in a record of the journal."""
    found: list[Change] = []
    states: dict[tuple[str, Labels], Active] = {}
    with contextlib.closing(Database(folder / FILE_NAME, sync=False)) as database:
        for entry in database.entries(0, MAX_POSITION, ALERT_STATES.name):
            for new in msgspec.json.decode(unpacked(entry.body), type=list[NewAlertStates]):
                for change in new.changes:
                    key, shown = (change.rule, change.labels), "pending" if change.state == PENDING else "firing"
                    before = states.pop(key, None)
                    now = tuple(sorted((*change.labels, ("alertstate", shown)))) if change.state != NORMAL else None
                    if now is not None:
                        states[key] = now
                    if now != before:
                        found += [
                            Change(each, each == now, new.at - start) for each in (before, now) if each is not None
                        ]
    return found


def alone(some: list[Change], others: list[Change], most: float) -> list[Change]:
    """The changes that have none of their kind among the others at the same time, give or take some seconds."""
    return [
        each
        for each in some
        if 0 <= each.at <= STEPS - most - 1
        and not any(each[:2] == other[:2] and abs(each.at - other.at) <= most for other in others)
    ]


@pytest.mark.long
def test_alerts_change_at_the_same_times_as_in_a_prometheus_server(tmp_path: Path) -> None:
    rules = re.sub(r"\b(?:15s|30s|45s|1m|2m)\b", lambda found: SHORTER[found[0]], RULES_FILE.read_text())
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "rules.yaml").write_text(rules + WATCH)
    settings = {"ANALYTICS_CONFIG_DIR": str(folder), "ANALYTICS_DURABILITY": "process"}
    server = Mortal(tmp_path / "server.log", tmp_path / "data", GUNICORN, **settings)
    with prometheus(tmp_path, folder / "rules.yaml") as theirs, server.running():
        is_on = 'ALERTS{alertname="NeverThere", alertstate="firing"} and on () evaluated'
        eventually(lambda: asked(theirs, is_on) and asked(server.url, is_on), 60)
        start = float(int(time.time()) + 3)
        for url in (theirs, server.url):
            write(url, written(start))
        eventually(lambda: time.time() > start + STEPS, 60)
        pause = max(longest_pause(url, start) for url in (theirs, server.url))
        if pause > 2:
            pytest.skip(f"this machine is too busy: rules were not evaluated for {pause:g} s")
        wanted = of_prometheus(theirs, start, pause)
        errors = [rule["error"] for group in server.get("/rules")["groups"] for rule in group["rules"]]
    found = of_ours(tmp_path / "data", start)
    during = [change for change in wanted if 0 <= change.at < STEPS]
    assert len({dict(change.labels)["alertname"] for change in during}) >= 30
    assert {change.is_begin for change in during} == {True, False}
    assert errors == [None] * len(errors)
    assert alone(wanted, found, pause) == []
    assert alone(found, wanted, pause) == []
