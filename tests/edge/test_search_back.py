"""GET /events and the export reach back to the long-term store: a real server, its store process, and their files."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.edge.kills import descendants
from tests.edge.wire import eventually
from tests.server import Server

RING, SENT, BATCH = 100, 1_200, 200
SOMETIMES = {"ANALYTICS_EVENTS_RING": str(RING), "ANALYTICS_STORE_SECONDS": "1"}
NOW = datetime.now(UTC).replace(microsecond=0)


def sent(number: int) -> dict[str, Any]:
    """An event; every seventh one happened before."""
    event = {
        "type": ("view", "purchase", "search")[number % 3],
        "service": ("shop", "cart")[number % 2],
        "user_id": None if number % 5 == 0 else f"user-{number % 5}",
        "data": {"n": number, "total": number / 4, "nested": {"sku": f"SKU {number % 100}"}, "a.b": str(number % 10)},
    }
    if number % 7 == 0:
        event["timestamp"] = (NOW - timedelta(hours=number % 100)).isoformat()
    return event


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("back")
    with Server(folder / "server.log", {"ANALYTICS_DATA_DIR": str(folder / "data"), **SOMETIMES}) as server:
        for start in range(0, SENT, BATCH):
            events = [sent(number) for number in range(start, start + BATCH)]
            assert server.post("/events", events).json()["accepted"] == BATCH
            if start == SENT // 2:  # from here on, events are in the tail and not in files yet
                eventually(lambda: list(Path(folder / "data").rglob("*.parquet")))
        yield server


def pages(server: Server, limit: int, **asked: Any) -> list[dict[str, Any]]:
    found, cursor = list[dict[str, Any]](), None
    while True:
        page = server.get("/events", params={**asked, "limit": limit, **({} if cursor is None else {"cursor": cursor})})
        assert page["complete"]
        found += page["events"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [event["data"]["n"] for event in events]


@pytest.mark.parametrize("limit", [170, 1000])
def test_pages_go_back_through_memory_and_store_without_gap_and_repeat(server: Server, limit: int) -> None:
    assert numbers(pages(server, limit)) == list(range(SENT - 1, -1, -1))


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"type": "purchase", "service": "cart"}, lambda n: n % 3 == 1 and n % 2 == 1),
        ({"data.a.b": "7"}, lambda n: n % 10 == 7),
        ({"data.nested.sku": "SKU 42", "user_id": "user-2"}, lambda n: n % 100 == 42 and n % 5 == 2),
        ({"q": "type:PURCHASE data.total>=250"}, lambda n: n % 3 == 1 and n / 4 >= 250),
        ({"q": "-user:* data.total:10..20"}, lambda n: n % 5 == 0 and 10 <= n / 4 <= 20),
        ({"q": '"sku 99" OR data.n:5'}, lambda n: n % 100 == 99 or n == 5),
        ({"q": "user:*-3 -(type:view OR service:sh*)"}, lambda n: n % 5 == 3 and n % 3 != 0 and n % 2 == 1),
        ({"q": "nothing like this"}, lambda n: False),
    ],
)
def test_filters_find_the_same_in_both(server: Server, asked: dict[str, str], wanted: Any) -> None:
    expected = [n for n in range(SENT - 1, -1, -1) if wanted(n)]
    assert numbers(pages(server, 150, **asked)) == expected
    rows = [line for line in server.lines("/export/events", asked) if line]
    assert numbers(rows) == expected[::-1]


def test_the_order_of_time_goes_through_both_too(server: Server) -> None:
    found = pages(server, 310, order="time")
    keyed = [(event["timestamp"], event["data"]["n"]) for event in found]
    assert keyed == sorted(keyed, reverse=True)
    assert sorted(numbers(found)) == list(range(SENT))


def test_since_and_until_reach_back(server: Server) -> None:
    since, until = (NOW - timedelta(hours=hours) for hours in (60, 40))
    found = pages(server, 1000, since=since.isoformat(), until=until.isoformat())
    expected = [n for n in range(SENT - 1, -1, -1) if n % 7 == 0 and 40 < n % 100 <= 60]
    assert numbers(found) == expected


def test_events_read_back_are_those_sent(server: Server) -> None:
    (old,) = server.get("/events", params={"q": "data.n:21"})["events"]
    assert {name: old[name] for name in sent(21) if name != "timestamp"} == {
        name: value for name, value in sent(21).items() if name != "timestamp"
    }
    assert datetime.fromisoformat(old["timestamp"]) == datetime.fromisoformat(sent(21)["timestamp"])
    assert old["received_at"] > old["timestamp"]


def test_all_formats_of_the_export_have_all_events(server: Server) -> None:
    assert numbers(list(server.lines("/export/events", {}))) == list(range(SENT))
    csv = server.text("/export/events", {"format": "csv"}).splitlines()
    assert len(csv) == SENT + 1
    document = server.get("/export/events", params={"format": "json"})
    assert numbers(document["events"]) == list(range(SENT))


def test_without_the_store_process_memory_is_answered_and_says_so(server: Server) -> None:
    (child,) = (pid for pid in descendants(server.process.pid) if b"analytics.store" in command(pid))
    os.kill(child, signal.SIGKILL)
    page = server.get("/events", params={"limit": 1000})
    if not page["complete"]:  # it may have started anew already
        assert (page["reason"], page["count"]) == ("store_unavailable", RING)
        further = {"limit": "1000", "cursor": page["next_cursor"]}
        eventually(lambda: requests.get(f"{server.url}/events", params=further, timeout=30).ok, 60)
        older = numbers(server.get("/events", params=further)["events"])
        assert older == list(range(SENT - RING - 1, SENT - RING - 1 - len(older), -1))

    def is_back() -> bool:
        return bool(server.get("/events", params={"limit": 1000})["complete"])

    eventually(is_back, 60)
    assert len(pages(server, 1000)) == SENT


def command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
