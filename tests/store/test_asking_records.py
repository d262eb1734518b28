"""Log lines and spans in `POST /sql` and `/stats` of a real server, from files and from what is in no file yet."""

from pathlib import Path
from typing import Any

import requests

from tests.edge.items import at
from tests.edge.wire import eventually
from tests.server import Server

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def rows(server: Server, sql: str) -> list[list[Any]]:
    answer = requests.post(f"{server.url}/sql", json={"sql": sql}, timeout=60)
    assert answer.status_code == 200, answer.text
    found: list[list[Any]] = answer.json()["rows"]
    return found


def test_lines_and_spans_are_in_views_and_counted_by_kind(tmp_path: Path) -> None:
    settings = {"ANALYTICS_DATA_DIR": str(tmp_path / "data"), "ANALYTICS_STORE_SECONDS": "0.2"}
    with Server(tmp_path / "log", settings) as server:
        assert rows(server, "SELECT (SELECT count(*) FROM logs), (SELECT count(*) FROM spans)") == [[0, 0]]
        when = at(seconds=-5)
        line = {"service": "shop", "level": "error", "message": "failed", "timestamp": when, "attributes": {"n": 7}}
        span = {"service": "shop", "name": "pay", "trace_id": TRACE, "span_id": SPAN, "start": when, "duration_ms": 2.5}
        assert server.post("/logs", [{**line, "trace_id": TRACE}, {**line, "level": "info"}]).json()["accepted"] == 2
        assert server.post("/spans", {**span, "kind": "server", "status": "error"}).ok
        assert server.post("/events", {"type": "view", "service": "shop"}).ok
        expected = {"events": 1, "logs": 2, "spans": 1}
        eventually(lambda: server.get("/stats")["storage"]["long_term"]["rows_by_kind"] == expected)
        assert server.get("/stats")["storage"]["long_term"]["rows"] == 4

        assert server.post("/logs", {"service": "cart", "message": "later"}).ok
        levels = rows(server, "SELECT service, level, count(*) FROM logs GROUP BY ALL ORDER BY ALL")
        assert levels == [["cart", "unknown", 1], ["shop", "error", 1], ["shop", "info", 1]]
        sql = "SELECT time, attributes->>'n', body, trace_id FROM logs WHERE level = 'error'"
        assert rows(server, sql) == [[when, "7", "failed", TRACE]]
        joined = rows(
            server,
            "SELECT s.name, s.kind, s.status, s.duration_ms, s.start, l.body, l.time_ns = s.start_ns "
            "FROM spans s JOIN logs l USING (trace_id)",
        )
        assert joined == [["pay", "server", "error", 2.5, when, "failed", True]]
