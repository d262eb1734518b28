"""SIGKILL at any moment while log lines and spans arrive: each acknowledged one is there once, and counts once."""

import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.edge.items import at
from tests.edge.mortal import Client, Mortal, batches, flat
from tests.edge.test_store import ASKING
from tests.edge.wire import eventually

TURNS, FEW_KILLS, MANY_KILLS = 2, 1, 30
SPANS_OF_TRACE = 100
SETTINGS = {
    "ANALYTICS_STORE_SECONDS": "0.2",
    "ANALYTICS_LOGS_RING": "300",  # most are read from the store
    "ANALYTICS_SPANS_RING": "300",
    "ANALYTICS_LOGS_RATE": "0",
    "ANALYTICS_SPANS_RATE": "0",
}


def line(client: str, number: int) -> dict[str, Any]:
    return {"service": client, "level": "error", "message": f"payment {number} failed", "id": f"{client}-{number}"}


def span(number: int) -> dict[str, Any]:
    return {
        "trace_id": trace_of(number),
        "span_id": f"{number + 1:016x}",
        "service": "spans",
        "name": "GET /pay",
        "kind": "server",
        "start": at(minutes=-1),
        "duration_ms": 5,
    }


def trace_of(number: int) -> str:
    return f"{number // SPANS_OF_TRACE + 1:032x}"


@pytest.mark.parametrize(
    ("kills", "turn"),
    [*((FEW_KILLS, turn) for turn in range(TURNS)), pytest.param(MANY_KILLS, 0, marks=pytest.mark.long)],
)
def test_each_acknowledged_line_and_span_is_kept_once_across_kills(
    tmp_path: Path, dice: random.Random, kills: int, turn: int
) -> None:
    server = Mortal(tmp_path / "server.log", tmp_path / "data", ASKING, **SETTINGS)
    clients = {
        "single": Client(server, "/logs", lambda number: line("single", number)),
        "batches": Client(server, "/logs", batches(lambda number: line("batches", number), 20, dice)),
        "spans": Client(server, "/spans", batches(span, 20, dice)),
    }
    waits = threading.Event()
    server.begin()
    try:
        eventually(server.is_ready)
        for client in clients.values():
            client.start()
        for kill in range(kills):
            if kill % 4 == 2:  # during startup and recovery
                waits.wait(0.3 + dice.random() * 0.6)
            else:
                eventually(server.is_ready)
                waits.wait(dice.random() * 0.8)
            server.kill()
            server.begin()
        eventually(server.is_ready)
        for client in clients.values():
            client.stop()
        sent = {name: flat(client.sent) for name, client in clients.items()}
        check(server, sent)
        server.begin_again()
        check(server, sent)
        eventually(lambda: server.get("/stats")["storage"]["long_term"]["waiting"] == 0)
        check(server, sent)
    finally:
        server.kill()
    assert "Traceback" not in server.log()
    assert all(client.retries for client in clients.values()), "a client saw no kill"


def check(server: Mortal, sent: dict[str, list[dict[str, Any]]]) -> None:
    """Check that exactly the acknowledged lines and spans are found, and counted."""
    for name in ("single", "batches"):
        assert Counter(ids_of(server, name)) == Counter(each["id"] for each in sent[name])
        assert value(server, f'sum(increase(log_lines_total{{service="{name}",level="error"}}[1h]))') == len(sent[name])
    expected = Counter(each["span_id"] for each in sent["spans"])
    traces = {each["trace_id"] for each in sent["spans"]}
    spans = [each for trace in sorted(traces) for each in server.get(f"/traces/{trace}")["spans"]]
    assert Counter(each["span_id"] for each in spans) == expected
    assert server.get("/services/spans/metrics")["request_count"] == len(sent["spans"])


def ids_of(server: Mortal, service: str) -> list[str]:
    """The ids of all lines of a service, page by page."""
    page = server.get("/logs", params={"service": service, "limit": 1000})
    found = page["lines"]
    while page["next_cursor"]:
        page = server.get("/logs", params={"service": service, "limit": 1000, "cursor": page["next_cursor"]})
        found += page["lines"]
    return [each["id"] for each in found]


def value(server: Mortal, query: str) -> float:
    """The one value of a PromQL query."""
    (found,) = server.get("/api/v1/query", params={"query": query})["data"]["result"]
    return float(found["value"][1])
