"""The run of the demo: history only for an empty service, items sent once, and restarts of the service."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from analytics.feed import history
from analytics.feed.demo import Demo
from analytics.feed.errors import UnreachableError
from analytics.feed.service_client import ServiceClient
from analytics.feed.shop_data import SERVICES
from tests.feed.fake_service import CUT, Answer, FakeService, fake_service


@pytest.fixture
def service() -> Iterator[FakeService]:
    with fake_service() as running:
        yield running


@pytest.fixture
def short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the history to 3 days, and its detailed part to 2 hours."""
    monkeypatch.setattr(history, "DAYS", 3)
    monkeypatch.setattr(history, "HOURS", 2)


class Stage:
    """A demo whose time moves only when it sleeps."""

    def __init__(self, service: FakeService) -> None:
        self.now = 1_800_000_000.25
        self.messages: list[str] = []
        self.client = ServiceClient(service.url, sleep=self.sleep, clock=lambda: self.now, jitter=lambda: 0.5)
        self.demo = Demo(
            self.client,
            random.Random(5),
            rate=50,
            run="demo",
            now=lambda: self.now,
            sleep=self.sleep,
            say=self.messages.append,
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def play(self, duration: float, history: bool | None = None) -> None:
        with self.client:
            self.demo.play(duration, history)


def test_a_minute_of_the_demo_sends_events_metrics_and_heartbeats(service: FakeService) -> None:
    stage = Stage(service)
    stage.play(60, history=False)
    assert {path for method, path in service.calls if method != "PUT"} == {
        "/health",
        "/events",
        "/metrics",
        "/heartbeat",
        "/spans",
        "/logs",
    }
    assert len(service.items) == stage.demo.sent > 500
    assert {beat["service"] for beat in service.heartbeats} == set(SERVICES)
    assert len(service.heartbeats) == 4 * len(SERVICES)
    assert stage.demo.summary().startswith(f"sent {stage.demo.sent:,} events and metrics, and 40 heartbeats")


def test_the_start_and_end_of_the_first_incident_are_announced(service: FakeService) -> None:
    stage = Stage(service)
    stage.play(300, history=False)
    lines = [line for line in stage.messages if line.startswith("incident")]
    assert "is slow and failing for the next" in lines[0]
    assert lines[1].startswith("incident over: ")
    deploy, incident = service.annotations[:2]
    assert (deploy["tags"], incident["tags"]) == (["deploy"], ["incident"])
    assert deploy["service"] == incident["service"] == lines[0].split()[1]
    assert deploy["time"] < incident["time"] < incident["end"]
    assert {"degraded", "unhealthy", "healthy"} == {beat["status"] for beat in service.heartbeats}


@pytest.mark.usefixtures("short_past")
@pytest.mark.parametrize(
    ("stored", "history", "filled"), [(0, None, True), (7, None, False), (7, True, True), (0, False, False)]
)
def test_history_is_added_to_an_empty_service_or_on_request(
    service: FakeService, stored: int, history: bool | None, filled: bool
) -> None:
    service.total_events = stored
    stage = Stage(service)
    stage.play(0, history)
    assert (stage.demo.sent > 5_000) is filled
    tags = Counter(each["tags"][0] for each in service.annotations)
    assert (tags["deploy"] > 5 and tags["sale"] == 1) is filled
    assert any("no history is sent" in line for line in stage.messages) is (history is None and stored > 0)


def send_slowly(stage: Stage, seconds: float) -> None:
    """Make each request of the demo take so many seconds."""
    send = stage.demo._send

    def slowly(*args: Any) -> None:
        send(*args)
        stage.now += seconds

    stage.demo._send = slowly  # type: ignore[method-assign]


@pytest.mark.parametrize(("days", "hours"), [pytest.param(90, 24, marks=pytest.mark.long), (15, 4)])
def test_history_is_sent_in_batches_with_progress(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, days: int, hours: int
) -> None:
    monkeypatch.setattr(history, "DAYS", days)
    monkeypatch.setattr(history, "HOURS", hours)
    stage = Stage(service)
    send_slowly(stage, 20 / days)
    stage.play(0, history=True)
    assert stage.messages[0] == "sending a history of 90 days"
    lines = [line for line in stage.messages if "%" in line]
    assert 5 < len(lines) < 60
    assert re.fullmatch(r"days before: \d+%, [\d,]+ events and metrics sent", lines[0])
    assert lines[-1].startswith("the last 24 hours: ")
    calls = Counter(service.calls)
    for path in ("/events", "/metrics"):
        assert days + hours <= calls["POST", path] < days + hours + len(service.items) / 1_000
    assert max(calls.values()) < 500


@pytest.mark.usefixtures("short_past")
def test_the_time_spent_on_history_is_filled_afterwards(service: FakeService) -> None:
    stage = Stage(service)
    begun = stage.now
    send_slowly(stage, 2)
    stage.play(5, history=True)
    stamps = sorted(item["timestamp"] for item in service.items.values() if item.get("type") == "request")
    newest = [datetime.fromisoformat(stamp).timestamp() for stamp in stamps]
    newest = [at for at in newest if at > begun]
    assert newest[-1] > begun + 20, "sending took time"
    assert max(b - a for a, b in pairwise(newest)) < 3, "without a gap"


def test_the_demo_waits_for_a_restart_and_loses_nothing(service: FakeService) -> None:
    stage = Stage(service)
    service.script = [Answer(200, body={}), *[CUT, Answer(503)] * 20]
    stage.play(240, history=False)
    assert len([line for line in stage.messages if line.endswith("waiting for it")]) == 1
    assert stage.messages.count("the service is back") == 1
    assert len(service.items) == stage.demo.sent > 0


def test_a_service_that_never_answered_is_an_error(service: FakeService) -> None:
    service.script = [CUT] * 100
    with pytest.raises(UnreachableError, match="cannot reach"):
        Stage(service).play(10)


def test_refused_items_are_counted_and_reported_once(service: FakeService) -> None:
    refusal = {
        "accepted": 0,
        "duplicates": 0,
        "rejected": 1,
        "errors": [{"index": 0, "code": "late", "message": "no"}],
    }
    stage = Stage(service)
    stage.demo._send(stage.client.events, [{"type": "a"}])
    for _ in range(2):
        service.script = [Answer(400, body=refusal)]
        stage.demo._send(stage.client.events, [{"type": "a"}])
    stage.client.close()
    assert stage.messages == ["the service refuses some items: late: no"]
    assert stage.demo.summary() == "sent 1 events and metrics, 2 refused, and 0 heartbeats"
