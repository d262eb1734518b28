"""SIGKILL at any moment: every acknowledged record is stored exactly once, and nothing else."""

import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.edge.mortal import Client, Mortal, batches, flat
from tests.edge.wire import eventually

MANY_KILLS, DURING_START = 40, 2
"""The second is the number of a kill: this one, and with every fourth after it, come during startup and recovery."""
USERS = 700
"""Few enough that the distinct sketch is exact."""


def event(client: str, number: int, *, named: bool = True) -> dict[str, Any]:
    made = {"type": "request", "service": client, "user_id": f"u{number % USERS}", "data": {"latency": 5}}
    return {**made, "id": f"{client}-{number}"} if named else made


def metric(client: str, number: int, name: str) -> dict[str, Any]:
    return {"name": name, "value": 2, "tags": {"service": client}, "id": f"{client}-{number}"}


def beat(number: int) -> dict[str, Any]:
    return {"service": "beating", "status": "healthy", "metrics": {"request_count": number, "error_count": number // 2}}


def total(buckets: list[dict[str, Any]], figure: str) -> float:
    return sum(bucket[figure] for bucket in buckets)


@pytest.mark.parametrize(
    "kills",
    [
        range(1),
        range(DURING_START - 1, DURING_START + 1),
        pytest.param(range(MANY_KILLS), marks=pytest.mark.long),
    ],
    ids=str,
)
def test_each_acknowledged_record_counts_exactly_once_across_kills(
    tmp_path: Path, dice: random.Random, kills: range
) -> None:
    server = Mortal(tmp_path / "server.log", tmp_path / "data")
    clients = {
        "single": Client(server, "/events", lambda number: event("single", number)),
        "batches": Client(server, "/events", batches(lambda number: event("batches", number), 20, dice)),
        "nameless": Client(server, "/events", lambda number: event("nameless", number, named=False), again=False),
        "gauge": Client(server, "/metrics", lambda number: metric("gauge", number, "orders")),
        "traffic": Client(server, "/metrics", batches(lambda number: metric("traffic", number, "requests"), 15, dice)),
        "beating": Client(server, "/heartbeat", beat),
    }
    within = 0
    waits = threading.Event()
    server.begin()
    try:
        eventually(server.is_ready)
        for client in clients.values():
            client.start()
        for kill in kills:
            if kill % 4 == DURING_START:
                waits.wait(0.3 + dice.random() * 0.6)
            else:
                eventually(server.is_ready)
                waits.wait(dice.random() * 0.8)
            server.kill()
            within += server.was_killed_during_a_checkpoint()
            server.begin()
        eventually(server.is_ready)
        for client in clients.values():
            client.stop()
        check(server, clients)
        server.kill()
        server.begin()
        eventually(server.is_ready)
        check(server, clients)
    finally:
        server.kill()
    assert "Traceback" not in server.log()
    assert "CRITICAL" not in server.log()
    assert within or len(kills) < MANY_KILLS, "no kill happened during a checkpoint"
    assert all(client.retries for client in clients.values()), "a client saw no kill"


def check(server: Mortal, clients: dict[str, Client]) -> None:
    """Check that exactly the acknowledged records are stored."""
    sent = {name: flat(client.sent) for name, client in clients.items()}
    for name, client in clients.items():
        assert name == "nameless" or client.acknowledged == client.sent
    kept = server.all_events()
    ids = Counter(each["id"] for each in kept)
    assert max(ids.values()) == 1
    named = {each["id"] for each in kept if each["service"] != "nameless"}
    assert named == {each["id"] for name in ("single", "batches") for each in sent[name]}
    nameless = sum(each["service"] == "nameless" for each in kept)
    assert len(clients["nameless"].acknowledged) <= nameless <= len(sent["nameless"])

    events = len(named) + nameless
    beaten = sent["beating"][-1]["metrics"]
    requests = {"single": len(sent["single"]), "batches": len(sent["batches"]), "nameless": nameless}
    requests |= {"traffic": 2 * len(sent["traffic"]), "beating": beaten["request_count"], "gauge": 0}
    users = len({each["user_id"] for each in kept})
    stats = server.get("/stats")
    assert stats["totals"]["events"] == stats["totals"]["events_kept"] == events
    assert stats["totals"]["requests"] == sum(requests.values())
    assert stats["totals"]["metrics_kept"] == len(sent["gauge"]) + len(sent["traffic"])
    assert stats["events_by_service"] == {name: requests[name] for name in stats["events_by_service"]}
    for path in ("/stats/hourly?hours=24", "/stats/daily?days=2"):
        buckets = server.get(path)["buckets"]
        assert total(buckets, "events") == events
        assert total(buckets, "requests") == sum(requests.values())
        assert total(buckets, "errors") == beaten["error_count"]
    assert stats["last_24_hours"]["unique_users"] == users
    for name, count in requests.items():
        assert server.get(f"/services/{name}/metrics")["request_count"] == count, name
    assert server.get("/services/gauge/metrics")["metrics"]["orders"]["count"] == len(sent["gauge"])
    check_series(server, {"events": events, "requests": sum(requests.values()), "orders": 2 * len(sent["gauge"])})


def check_series(server: Mortal, sums: dict[str, float]) -> None:
    """Check the sum of each series, by day and by minute."""
    for name, expected in sums.items():
        for step in (60, 86_400):
            points = server.get(f"/series?name={name}&agg=sum&step={step}")["points"]
            assert sum(point["value"] for point in points) == expected, (name, step)
