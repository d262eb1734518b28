"""Paging through GET /events while events arrive finds what the export has: each event once, in order."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.edge.wire import eventually
from tests.server import Server

RING, BATCH, BEFORE, PAGE = 100, 50, 600, 60
SETTINGS = {"ANALYTICS_EVENTS_RING": str(RING), "ANALYTICS_STORE_SECONDS": "0.2"}


def batch(first: int) -> list[dict[str, Any]]:
    """Events with numbers from `first` on; half of them say when they happened."""
    times = [{}, {"timestamp": "2026-11-01T10:00:00.5Z"}]
    return [
        {"type": "view", "service": "shop", "id": f"n{number}", "data": {"n": number}, **times[number % 2]}
        for number in range(first, first + BATCH)
    ]


@contextmanager
def recording(server: Server) -> Iterator[list[int]]:
    """Record events until the end of the context; the only item of the list is how many there are."""
    count, is_over = [BEFORE], threading.Event()

    def record() -> None:
        while not is_over.is_set():
            assert server.post("/events", batch(count[0])).json()["accepted"] == BATCH
            count[0] += BATCH

    thread = threading.Thread(target=record)
    thread.start()
    try:
        yield count
    finally:
        is_over.set()
        thread.join()


def pages(server: Server) -> list[dict[str, Any]]:
    """All pages of events, newest first; one that is not complete, or that fails meanwhile, is asked for again."""
    found, asked = list[dict[str, Any]](), dict[str, Any](limit=PAGE)
    while True:
        answer = requests.get(f"{server.url}/events", params=asked, timeout=60)
        if answer.status_code == 503:
            continue
        page = answer.json()
        assert answer.status_code == 200, page
        if not page["complete"]:
            continue
        found += page["events"]
        if page["next_cursor"] is None:
            return found
        asked["cursor"] = page["next_cursor"]


def test_all_pages_have_what_the_export_has_while_events_arrive(tmp_path: Path) -> None:
    with Server(tmp_path / "log", {"ANALYTICS_DATA_DIR": str(tmp_path / "data"), **SETTINGS}) as server:
        for first in range(0, BEFORE, BATCH):
            assert server.post("/events", batch(first)).json()["accepted"] == BATCH
        with recording(server) as count:
            begun = count[0]
            found = pages(server)
            exported = [line for line in server.lines("/export/events", {}) if line]
            eventually(lambda: count[0] > begun + BATCH)
    assert count[0] > len(exported) >= len(found) >= BEFORE
    assert [event["data"]["n"] for event in exported] == list(range(len(exported)))
    for page_row, export_row in zip(reversed(found), exported, strict=False):
        assert {name: page_row[name] for name in export_row} == export_row
