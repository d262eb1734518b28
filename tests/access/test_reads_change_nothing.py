"""GET and HEAD change nothing: neither the log nor the state, whatever the route, except the heartbeat ping."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from gevent.event import AsyncResult
from werkzeug.test import run_wsgi_app

from analytics.api.application import Application
from analytics.api.contract import OPERATIONS
from analytics.config import Settings
from analytics.factory import create_app
from tests.access.test_chain import WAYS, Way, environ_of, path_to
from tests.cases import check_each
from tests.fakes import FakeClock
from tests.log.disk.replica import canonical_parts

PATIENCE = 30
PING = "/heartbeat/<name:service>"
READS = [way for way in WAYS if way.method in ("GET", "HEAD")]
QUERIES = {operation.path: operation.asked for operation in OPERATIONS if operation.method == "get"}
"""Parameters by path, so that a read finds what it asks for; the path as in the contract."""
EVENTS = [
    {"type": "request", "service": "checkout", "user_id": "u", "data": {"endpoint": "/pay", "status": 500}},
    {"type": "purchase", "service": "checkout"},
]
LATENCY = {"name": "latency", "value": 7, "tags": {"service": "productcatalog"}}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """A service with a data directory, a fake clock, and the records that the routes read."""
    directory: Path = tmp_path_factory.mktemp("data")
    app = create_app(Settings(data_dir=str(directory), store="off"), FakeClock())
    runtime, ready = app.extensions["analytics"], AsyncResult()
    runtime._configuring.start = lambda: ready.set("")  # no ticker
    runtime.start(ready.set)
    assert ready.get(timeout=PATIENCE) == ""
    runtime._is_loading = False
    runtime._store._checkpointer.stop()
    client = app.test_client()
    assert client.post("/events", json=EVENTS).status_code == 200
    assert client.post("/metrics", json=LATENCY).status_code == 201
    assert client.post("/heartbeat", json={"service": "checkout", "status": "healthy"}).status_code == 200
    assert client.put("/annotations/deploy-1", json={"text": "Deploy"}).status_code in (200, 201)
    yield app
    runtime.stop()


def observe(app: Application) -> tuple[int, int, list[Any], dict[str, Any]]:
    """The position of the log, the number of its entries, the whole state, and the counters."""
    runtime = app.extensions["analytics"]
    state, checkpoint, log = runtime._state, runtime._store._checkpoint, runtime._recorder._log
    with state.lock:
        unsaved = checkpoint.take_unsaved()
        whole = canonical_parts(checkpoint.parts(unsaved))
        checkpoint.rollback(unsaved)  # so that the next call collects all of it again
        counters = {**state.counters.drops, **{kind: dict(counts) for kind, counts in state.counters.outcomes.items()}}
    return log.position, log.entries, whole, counters


def query_of(way: Way) -> str:
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", way.rule.rule)
    return urlencode(QUERIES.get(path, {}))


def test_a_read_changes_nothing(app: Application) -> None:
    def check(way: Way) -> None:
        before = observe(app)
        _, status, _ = run_wsgi_app(app, environ_of(way, f"{path_to(way.rule)}?{query_of(way)}"))
        assert not status.startswith("5")
        assert observe(app) == before

    check_each([way for way in READS if way.rule.rule != PING], check)


@pytest.mark.parametrize("way", [way for way in READS if way.rule.rule == PING], ids=str)
def test_a_heartbeat_ping_is_detected_as_a_change(app: Application, way: Way) -> None:
    before = observe(app)
    reported = {"GET": "degraded", "HEAD": "unhealthy"}[way.method]
    _, status, _ = run_wsgi_app(app, environ_of(way, f"{path_to(way.rule)}?status={reported}"))
    assert status == "200 OK"
    after = observe(app)
    assert after[0] > before[0]
    assert after[2] != before[2]
    assert observe(app) == after
