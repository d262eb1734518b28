"""Round trips: exports of one real service are imported into an empty one, in every format."""

import csv
import io
import os
import subprocess
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import StartServer
from tests.server import ROOT, Server

FORMS = ("csv", "ndjson.gz", "json")
EVENTS = 2_500


def command(*args: str, server: Server, folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ANALYTICS_URL": server.url}
    done = subprocess.run(
        [sys.executable, "-m", "analytics", *args], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, (args, done.stdout, done.stderr)
    return done.stdout


def fill(server: Server) -> None:
    """Events and metrics alone and in batches, with and without times, ids, users and data."""
    now = datetime.now(UTC)
    for index in range(5):
        for path, item in (
            ("/events", {"type": "request", "service": "web", "data": {"latency": 2.5 * index, "endpoint": "/=1"}}),
            ("/metrics", {"name": "cpu", "value": index, "unit": "%", "tags": {"service": "web"}}),
        ):
            assert server.post(path, item).status_code == 201
    events: list[dict[str, Any]] = []
    for n in range(EVENTS):
        event: dict[str, Any] = {"type": ("request", "=error", "error", 'a "b", c')[n % 4], "service": f"s{n % 3}"}
        if n % 2:
            event["timestamp"] = (now - timedelta(minutes=17 * n)).isoformat()
        if n % 3:
            event["id"] = f"own-{n}" if n % 7 else f"'+{n}"
        if n % 5:
            event["user_id"] = f"@user-{n % 40}" if n % 11 else ""
        if n % 4 != 3:
            event["data"] = {
                "endpoint": f"/p{n % 9}",
                "status": 200 + n % 2 * 300,
                "latency": n % 64 / 4,
                "text": "\r\né",
            }
        events.append(event)
    metrics = [
        {
            "name": ("latency", "requests", "errors", "memory", "-load")[n % 5],
            "value": n / 8,
            "unit": ("ms", None, "")[n % 3],
            "tags": ({"service": f"s{n % 3}", "host": f"h{n % 4}"}, {}, None)[min(n % 9, 2)],
            "timestamp": (now - timedelta(minutes=n)).isoformat() if n % 3 == 0 else None,
        }
        for n in range(600)
    ]
    for path, items in (("/events", events), ("/metrics", metrics)):
        receipt = server.post(path, items).json()
        assert (receipt["accepted"], receipt["rejected"]) == (len(items), 0), receipt


def reads(server: Server, end: datetime) -> dict[str, Any]:
    """All answers that do not depend on the time of receipt."""
    found: dict[str, Any] = {"events": []}
    cursor = ""
    while cursor is not None:
        page = server.get(f"/events?limit=1000&cursor={cursor}")
        found["events"] += [{**event, "received_at": None} for event in page["events"]]
        cursor = page["next_cursor"]
    span = {"from": (end - timedelta(days=6)).isoformat(), "to": end.isoformat(), "step": 3600}
    for name, agg in (
        ("requests", "sum"),
        ("errors", "sum"),
        ("latency", "p95"),
        ("events", "count"),
        ("events", "unique"),
        ("memory", "avg"),
        ("-load", "last"),
        ("cpu", "max"),
    ):
        found[f"{name} {agg}"] = server.get("/series", params={"name": name, "agg": agg, **span})["points"]
    found["hourly"] = server.get("/stats/hourly?hours=168")
    found["daily"] = server.get("/stats/daily?days=90")
    found["by type"] = server.get("/stats")["events_by_type"]
    for service in ("web", "s0", "s1", "s2", "unknown"):
        full = server.get(f"/services/{service}/metrics")
        found[service] = {key: full[key] for key in ("request_count", "error_count", "latency", "endpoints", "metrics")}
    return found


def same_hour(source: Server, target: Server) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answers of both services within the same hour."""
    while True:
        end = datetime.now(UTC)
        both = reads(source, end), reads(target, end)
        if datetime.now(UTC).hour == end.hour:
            return both


class Exported(NamedTuple):
    """A server with records of every kind, and a folder with its exports in every format."""

    source: Server
    folder: Path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    folder = tmp_path_factory.mktemp("exported")
    with Server(folder / "server.log") as source:
        fill(source)
        for form in FORMS:
            for kind in ("events", "metrics"):
                command("export", kind, "-o", f"{kind}.{form}", server=source, folder=folder)
        yield Exported(source, folder)


@pytest.mark.parametrize("form", FORMS)
def test_an_imported_export_gives_the_same_answers(exported: Exported, start_server: StartServer, form: str) -> None:
    source, folder = exported
    target = start_server()
    for kind in ("events", "metrics"):
        receipt = command("import", f"{kind}.{form}", server=target, folder=folder)
        assert "duplicates              0\nrejected                0\n" in receipt
        assert "accepted                0" in command("import", f"{kind}.{form}", server=target, folder=folder)
    wanted, got = same_hour(source, target)
    for question, answer in wanted.items():
        assert got[question] == answer, question
    assert len(got["events"]) == EVENTS + 5
    again = command("export", "events", "--format", "csv", "-o", "-", server=target, folder=folder)
    assert again == (folder / "events.csv").read_bytes().decode().replace("\r\n", "\n")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_edited_in_a_spreadsheet_can_be_imported(
    start_server: StartServer, tmp_path: Path, separator: str
) -> None:
    """With a byte order mark, and with the separators of other locales."""
    source = start_server()
    events = [
        {"type": "a;b", "service": "é", "user_id": "u,1", "data": {"n": [1, 2], "q": 'x;"y"\tz'}},
        {"type": "=1+1", "service": "é"},
        {"type": "b\ufffd", "service": "ß", "data": {}},
    ]
    source.post("/events", events)
    command("export", "events", "-o", "events.csv", "--bom", server=source, folder=tmp_path)
    content = (tmp_path / "events.csv").read_bytes()
    assert content.startswith(BOM_UTF8)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    target = start_server()
    with (tmp_path / "sheet.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    receipt = command("import", "sheet.csv", server=target, folder=tmp_path)
    assert "accepted                3\n" in receipt
    wanted, got = (
        [{**event, "received_at": None} for event in server.get("/events")["events"]] for server in (source, target)
    )
    assert got == wanted
