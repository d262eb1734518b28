"""Many alerts at once, and alerts that come and go, from series to the messages that a webhook gets."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.wire import eventually
from tests.hooks import Hook, hook
from tests.randomness import many
from tests.server import Server

SERIES = many(1_000)
TIMES = {"group_wait": "0s", "group_interval": "1s", "refire_wait": "30s"}


def record(server: Server, *metrics: dict[str, Any]) -> None:
    assert server.post("/metrics", list(metrics)).json()["rejected"] == 0


def firing(server: Server) -> int:
    return int(server.get("/alerts?state=firing")["count"])


def told(receiver: Hook, name: str) -> list[tuple[str, int]]:
    """Status and number of alerts of each message about an alert."""
    found = [received.json for received in receiver.received if received.json["groupLabels"]["alertname"] == name]
    return [(each["status"], len(each["alerts"]) + each["truncatedAlerts"]) for each in found]


@pytest.fixture
def receiver() -> Iterator[Hook]:
    with hook() as receiver:
        yield receiver


def server_with(rule: dict[str, str], receiver: Hook, start_server: StartServer) -> Server:
    """A server that evaluates a rule each second and tells the receiver about its alerts."""
    server = start_server({"ANALYTICS_NOTIFY_PRIVATE": "1", "ANALYTICS_MAX_SERIES": "20000"})
    for path, body in (
        ("/routes", TIMES),
        ("/receivers/ops", {"type": "webhook", "url": receiver.url}),
        ("/rules/shop", {"interval": "1s", "rules": [rule]}),
    ):
        assert requests.put(server.url + path, json=body, timeout=10).status_code == 201
    return server


def test_a_flood_ends_in_a_handful_of_messages(start_server: StartServer, receiver: Hook) -> None:
    server = server_with({"alert": "Full", "expr": "queue > 100"}, receiver, start_server)
    for value in (101, 1):
        tags = [{"queue": str(number)} for number in range(SERIES)]
        record(server, *({"name": "queue", "value": value, "tags": each} for each in tags))
        wanted = ("firing" if value > 100 else "resolved", SERIES)
        eventually(lambda: wanted in told(receiver, "Full"), 60)  # noqa: B023
    flood = told(receiver, "Full")
    assert len(flood) <= 4, flood
    assert flood[-1] == ("resolved", SERIES)


@pytest.mark.long
def test_a_flapping_series_ends_in_two_messages(start_server: StartServer, receiver: Hook) -> None:
    """tests/alerts/test_flapping.py has the same with a clock of its own, over half an hour."""
    server = server_with({"alert": "Flaps", "expr": "switch > 0"}, receiver, start_server)
    for turn in range(5):
        record(server, {"name": "switch", "value": 1})
        eventually(lambda: firing(server) == 1)
        if turn == 0:
            eventually(lambda: told(receiver, "Flaps"))
        record(server, {"name": "switch", "value": 0})
        eventually(lambda: firing(server) == 0)
    eventually(lambda: len(told(receiver, "Flaps")) >= 2)
    eventually(lambda: server.get("/notifications?state=waiting")["count"] == 0)
    assert told(receiver, "Flaps") == [("firing", 1), ("resolved", 1)]
