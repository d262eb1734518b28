"""`analytics import --history` against a real server: files in all forms, receipts, and what it does not change."""

import csv
import gzip
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from tests.conftest import StartServer
from tests.edge.test_store import ASKING
from tests.server import ROOT, Server

NOW = datetime.now(UTC).replace(microsecond=0)
KEPT = {"ANALYTICS_EVENTS_DAYS": "500", "ANALYTICS_STORE_SECONDS": "0.2"}


def row(number: int, days: float = 400.0, **more: Any) -> dict[str, Any]:
    at = (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z")
    return {"type": "purchase", "service": "shop", "timestamp": at, "data": {"n": number}, **more}


def bring(server: Server, file: Path, *more: str, key: str = "") -> tuple[int, dict[str, Any]]:
    """Exit code and summary of an import."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ANALYTICS_URL": server.url, "ANALYTICS_KEY": key}
    done = subprocess.run(
        [sys.executable, "-m", "analytics", "import", "--history", "--json", str(file), *more],
        env=environment,
        capture_output=True,
        text=True,
    )
    return done.returncode, json.loads(done.stdout)


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(f"{json.dumps(each)}\n" for each in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def found(server: Server, **query: str) -> list[Any]:
    """The `n` of events, oldest first."""
    answer = server.get("/events", params={"limit": "1000", "order": "time", **query})
    return [event["data"]["n"] for event in answer["events"]][::-1]


def test_files_in_all_forms_are_imported_once(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), **KEPT}, ASKING)
    packed = lines(tmp_path / "a.ndjson.gz", [row(number, 400 - number) for number in range(30)])
    code, summary = bring(server, packed, "--batch", "7")
    assert (code, summary["accepted"], summary["duplicates"], summary["rejected"]) == (0, 30, 0, 0)
    code, summary = bring(server, packed)
    assert (code, summary["accepted"], summary["duplicates"], summary["rejected"]) == (0, 0, 30, 0)
    with (tmp_path / "b.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["type", "service", "timestamp", "id", "data"])
        writer.writerows(
            [[*list(row(number, 100).values())[:3], f"c{number}", f'{{"n":{number}}}'] for number in (30, 31)]
        )
    assert bring(server, tmp_path / "b.csv")[1]["accepted"] == 2
    (tmp_path / "c.json").write_text(json.dumps({"events": [row(32, 50, id="x")]}))
    assert bring(server, tmp_path / "c.json")[1]["accepted"] == 1
    assert found(server) == list(range(33))
    assert not list(tmp_path.glob("*.import.json"))


def test_old_events_are_found_and_counted_in_no_statistics(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), **KEPT}, ASKING)
    assert server.post("/events", [row(9, 0.1, id="live")]).ok
    before = {path: server.get(path) for path in ("/stats/hourly", "/stats/daily")}
    total = server.get("/health")["stats"]["total_events"]
    assert bring(server, lines(tmp_path / "a.ndjson", [row(1, 300), row(2, 0.2), row(3, 30)]))[0] == 0
    assert found(server) == [1, 3, 2, 9]
    assert found(server, q="data.n<3") == [1, 2]
    newest_first = server.get("/events")["events"]
    assert newest_first[0]["data"]["n"] == 9, "they came before all others"
    answer = server.post("/sql", {"sql": "SELECT count(*) FROM events"}).json()
    assert answer["rows"] == [[4]]
    asked = {"measure": "count", "from": (NOW - timedelta(days=350)).isoformat(), "interval": "month"}
    assert server.post("/explore", asked).json()["value"] == 4
    assert {path: server.get(path) for path in before} == before
    assert server.get("/health")["stats"]["total_events"] == total


def test_rejected_rows_are_named_by_line_and_cost_no_others(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), **KEPT}, ASKING)
    file = lines(
        tmp_path / "a.ndjson",
        [row(1), row(2, 501), row(3, data=[]), row(4, service=""), row(5, -1), row(6, colour="red"), row(7)],
    )
    with file.open("ab") as opened:
        opened.write(b'{"type":\n\n' + json.dumps({**row(8), "timestamp": None}).encode() + b"\n")
        opened.write(json.dumps(row(9, data={"n": 9, "password": "secret"})).encode())
    code, summary = bring(server, file)
    assert (code, summary["accepted"], summary["rejected"]) == (1, 3, 7)
    assert [(error["line"], error["code"]) for error in summary["errors"]] == [
        (2, "timestamp_too_old"),
        (3, "validation_failed"),
        (4, "validation_failed"),
        (5, "timestamp_in_future"),
        (6, "validation_failed"),
        (8, "malformed_json"),
        (10, "validation_failed"),
    ]
    assert sorted(found(server)) == [1, 7, 9]
    (event,) = [each for each in server.get("/events")["events"] if each["data"]["n"] == 9]
    assert event["data"]["password"] != "secret", "redaction rules hold"


def test_an_import_needs_an_admin_key_a_store_and_events(start_server: StartServer, tmp_path: Path) -> None:
    file = lines(tmp_path / "a.ndjson", [row(1, 1)])
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), "ANALYTICS_ADMIN_KEY": "k" * 40})
    admin = {"Authorization": f"Bearer {'k' * 40}"}
    asked = {"name": "writer", "scopes": ["ingest"]}
    made = requests.post(f"{server.url}/keys", json=asked, headers=admin, timeout=10)
    code, summary = bring(server, file, key=made.json()["secret"])
    assert (code, summary["accepted"]) == (1, 0)
    assert "admin" in summary["error"]
    assert bring(server, file, key="k" * 40)[1]["accepted"] == 1
    code, summary = bring(start_server({}), file)
    assert code == 1
    assert "keeps no long-term store" in summary["error"]
    metrics = tmp_path / "metrics.ndjson"
    metrics.write_text('{"name":"cpu","value":1}')
    assert "--history is for events" in bring(server, metrics)[1]["error"]
