"""A full or read-only disk: no acknowledged record is lost, reads work, and the service recovers."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.conftest import StartServer
from tests.edge.items import at
from tests.edge.kills import kill
from tests.edge.wire import cannot_test, check_problem, eventually, exported_events, websocket_url
from tests.server import APP, GUNICORN, ROOT, Server, free_port

SIZE = "6m"
FILLER = "filler"
STORE = (*GUNICORN[:-1], "tests.store.asking:app")


@contextmanager
def mounted(place: Path, size: str = SIZE) -> Iterator[Path]:
    """A small file system mounted at `place`; the test is skipped if it cannot be mounted, but never in CI."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, text=True
    )
    if done.returncode:
        cannot_test(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, but: int = 0) -> None:
    """Fill the disk, `but` for so many bytes."""
    if but:
        (disk / FILLER).write_bytes(bytes(shutil.disk_usage(disk).free - but))
        return
    with (disk / FILLER).open("ab", buffering=0) as file:
        for size in (1024 * 1024, 4096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def batch(first: int, count: int = 200) -> list[dict[str, Any]]:
    """Events that hardly compress."""
    return [
        {
            "id": f"e{number}",
            "type": "request",
            "service": "shop",
            "user_id": f"u{number}",
            "data": {"text": secrets.token_urlsafe(250)},
        }
        for number in range(first, first + count)
    ]


class Client:
    """Sends batches with ids until one is refused, and remembers the acknowledged ones."""

    def __init__(self, server: Server, first: int = 1) -> None:
        self.server, self.next = server, first

    @property
    def acknowledged(self) -> int:
        return self.next - 1

    def send(self) -> requests.Response:
        """Send the next batch; a refused one is sent again next time."""
        events = batch(self.next)
        answer = self.server.post("/events", events)
        if answer.ok:
            assert answer.json()["accepted"] == len(events), answer.text
            self.next += len(events)
        return answer

    def send_until_refused(self) -> requests.Response:
        for _ in range(200):
            answer = self.send()
            if not answer.ok:
                return answer
        raise AssertionError("the disk was never full")


def check_stored(server: Server, acknowledged: int) -> None:
    """Check that each acknowledged record is stored exactly once."""
    expected = {f"e{number}": 1 for number in range(1, acknowledged + 1)}
    assert Counter(event["id"] for event in exported_events(server)) == expected
    totals = server.get("/stats")["totals"]
    assert (totals["events"], totals["requests"]) == (acknowledged, acknowledged)
    assert server.get("/dashboard")["overview"]["active_users"] == acknowledged
    assert sum(hour["requests"] for hour in server.get("/stats/hourly?hours=24")["buckets"]) == acknowledged


def next_update(live: websocket.WebSocket) -> dict[str, Any]:
    while True:
        message = json.loads(live.recv())
        if message["type"] == "dashboard_update":
            return message


def check_refused(server: Server, reason: str) -> None:
    """Check that writes are refused with the reason and everything else works."""
    for path, item in (
        ("/events", {"id": "single", "type": "request", "service": "shop"}),
        ("/metrics", {"name": "cpu", "value": 1, "tags": {"service": "shop"}}),
        ("/heartbeat", {"service": "shop", "status": "healthy"}),
    ):
        answer = server.post(path, item)
        problem = check_problem(answer, 503, "unavailable")
        assert reason in json.dumps(problem)
        assert int(answer.headers["Retry-After"]) >= 1


BOTH = pytest.mark.parametrize("durability", ["process", "fsync"])


@BOTH
def test_the_service_recovers_from_a_full_disk(durability: str, tmp_path: Path, start_server: StartServer) -> None:
    with mounted(tmp_path / "disk") as disk, ExitStack() as stack:
        data = disk / "data"
        settings = {"ANALYTICS_DATA_DIR": str(data), "ANALYTICS_DURABILITY": durability}
        server = start_server(settings)
        client = Client(server)
        live = websocket.create_connection(websocket_url(server), timeout=20)
        stack.callback(live.shutdown)
        assert client.send().ok
        fill(disk)
        answer = client.send_until_refused()
        problem = check_problem(answer, 503, "unavailable")
        assert "database or disk is full" in json.dumps(problem)
        assert int(answer.headers["Retry-After"]) >= 1
        check_refused(server, "the journal cannot be written")
        health = server.get("/health")
        assert health["status"] == "degraded"
        assert any("the journal cannot be written" in reason for reason in health["reasons"])
        assert server.get("/events?limit=1")["events"][0]["id"] == f"e{client.acknowledged}"
        eventually(lambda: next_update(live)["data"]["overview"]["total_requests"] == client.acknowledged)
        assert not client.send().ok, "it is still full"

        (disk / FILLER).unlink()
        eventually(lambda: client.send().ok)
        eventually(lambda: server.get("/health")["status"] == "healthy", 60)
        eventually(lambda: next_update(live)["data"]["overview"]["total_requests"] == client.acknowledged)
        check_stored(server, client.acknowledged)
        kill(server)
        again = start_server(settings)
        check_stored(again, client.acknowledged)
        assert again.post("/events", batch(1)).json()["duplicates"] == 200, "duplicates by their ids"
        check_stored(again, client.acknowledged)


@BOTH
def test_the_service_stops_cleanly_while_the_disk_is_full(
    durability: str, tmp_path: Path, start_server: StartServer
) -> None:
    with mounted(tmp_path / "disk") as disk:
        settings = {"ANALYTICS_DATA_DIR": str(disk / "data"), "ANALYTICS_DURABILITY": durability}
        server = start_server(settings)
        client = Client(server)
        assert client.send().ok
        fill(disk)
        client.send_until_refused()
        assert server.stop() == 0
        (disk / FILLER).unlink()
        again = start_server(settings)
        check_stored(again, client.acknowledged)
        assert again.stop() == 0


@pytest.mark.parametrize("setting", ["stop", "delete"])
def test_recording_goes_on_while_the_store_has_no_room_until_the_journal_has_none(
    setting: str, tmp_path: Path, start_server: StartServer
) -> None:
    with mounted(tmp_path / "disk", "40m") as disk:
        settings = {"ANALYTICS_DATA_DIR": str(disk / "data"), "ANALYTICS_STORE_SECONDS": "0.2"}
        server = start_server({**settings, "ANALYTICS_STORE_LOW_DISK": setting}, STORE)
        client = Client(server)
        assert client.send().ok
        eventually(lambda: long_term(server)["rows"] == client.acknowledged)
        fill(disk, but=1_500_000)
        if setting == "stop":
            eventually(lambda: "the disk is almost full" in str(server.get("/health")["reasons"]))
        before = client.acknowledged
        answer = client.send_until_refused()
        assert client.acknowledged > before, "the journal has room"
        assert "database or disk is full" in json.dumps(check_problem(answer, 503, "unavailable"))
        eventually(lambda: long_term(server)["trouble"])
        health = server.get("/health")
        assert health["status"] == "degraded"
        assert [reason for reason in health["reasons"] if "long-term store" in reason], health
        assert ids_in_store(server) == Counter(f"e{number}" for number in range(1, client.acknowledged + 1))

        (disk / FILLER).unlink()
        eventually(lambda: client.send().ok)
        eventually(lambda: server.get("/health")["status"] == "healthy", 60)
        eventually(lambda: long_term(server)["waiting"] == 0)
        assert ids_in_store(server) == Counter(f"e{number}" for number in range(1, client.acknowledged + 1))
        kill(server)
        again = start_server(settings, STORE)
        assert ids_in_store(again) == Counter(f"e{number}" for number in range(1, client.acknowledged + 1))


def long_term(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = server.get("/stats")["storage"]["long_term"]
    return found


def ids_in_store(server: Server) -> Counter[str]:
    return Counter(row[1] for row in server.get("/store/events"))


def line_at_start(data: Path, command: tuple[str, ...]) -> str:
    """The log line of a service that does not start."""
    environment = {**os.environ, "ANALYTICS_DATA_DIR": str(data), "HOST": "127.0.0.1", "PORT": str(free_port())}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    lines = [line for line in (done.stdout + done.stderr).splitlines() if f"ANALYTICS_DATA_DIR={data}" in line]
    assert len(lines) == 1, (done.stdout, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    return lines[0]


@pytest.mark.parametrize("command", [GUNICORN, APP], ids=["gunicorn", "app.py"])
def test_the_service_does_not_start_on_a_full_disk(command: tuple[str, ...], tmp_path: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        (disk / "data").mkdir()
        (disk / "data" / "lock").touch()
        fill(disk)
        line = line_at_start(disk / "data", command)
        assert "cannot be used" in line
        assert "full" in line
        (disk / FILLER).unlink()
        with Server(tmp_path / "server.log", {"ANALYTICS_DATA_DIR": str(disk / "data")}) as server:
            assert server.post("/events", batch(1)).ok


@pytest.mark.parametrize("command", [GUNICORN, APP], ids=["with data", "empty"])
def test_the_service_does_not_start_on_a_read_only_disk(command: tuple[str, ...], tmp_path: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        settings = {"ANALYTICS_DATA_DIR": str(disk / "data")}
        if command is GUNICORN:
            with Server(tmp_path / "server.log", settings) as server:
                assert server.post("/events", batch(1)).ok
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        line = line_at_start(disk / "data", command)
        assert "Read-only file system" in line
        assert "Make it writable" in line
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        with Server(tmp_path / "server.log", settings) as server:
            assert server.post("/events", batch(1)).ok
            check_stored(server, 200)


def lines(first: int, count: int = 200) -> list[dict[str, Any]]:
    """Log lines that hardly compress."""
    numbers = range(first, first + count)
    return [{"service": "shop", "message": secrets.token_urlsafe(250), "id": f"l{number}"} for number in numbers]


def spans(first: int, count: int = 200) -> list[dict[str, Any]]:
    """Spans of one trace that hardly compress."""
    start = {"service": "shop", "name": "pay", "start": at(), "duration_ms": 1, "trace_id": "7" * 32}
    return [
        {**start, "span_id": f"{number:016x}", "attributes": {"text": secrets.token_urlsafe(250)}}
        for number in range(first, first + count)
    ]


def check_records(server: Server, acknowledged: int) -> None:
    """Check that as many lines and spans are found, each once."""
    found, asked = list[str](), {"service": "shop", "limit": 1000}
    while True:
        page = server.get("/logs", params=asked)
        found += [line["id"] for line in page["lines"]]
        if page["next_cursor"] is None:
            break
        asked["cursor"] = page["next_cursor"]
    assert Counter(found) == Counter(f"l{number}" for number in range(1, acknowledged + 1))
    trace = server.get(f"/traces/{'7' * 32}")
    assert trace["span_count"] == len({span["span_id"] for span in trace["spans"]}) == acknowledged


def test_lines_and_spans_are_recorded_while_the_store_has_no_room_until_the_journal_has_none(
    tmp_path: Path, start_server: StartServer
) -> None:
    with mounted(tmp_path / "disk", "40m") as disk:
        settings = {"ANALYTICS_DATA_DIR": str(disk / "data"), "ANALYTICS_STORE_SECONDS": "0.2"}
        server = start_server(settings, STORE)

        def send(first: int) -> bool:
            """Send lines and spans; whether they were acknowledged."""
            answers = [server.post("/logs", lines(first)), server.post("/spans", spans(first))]
            for answer in answers:
                assert answer.ok or check_problem(answer, 503, "unavailable"), answer.text
            return all(answer.ok for answer in answers)

        sent = 1
        assert send(sent)
        sent += 200
        eventually(lambda: long_term(server)["waiting"] == 0)
        fill(disk, but=2_000_000)
        before = sent
        while send(sent):
            sent += 200
        assert sent > before, "the journal has room"
        for path, body in (
            ("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}]}]}]}),
            ("/loki/api/v1/push", {"streams": [{"stream": {"app": "cart"}, "values": [[str(time.time_ns()), "x"]]}]}),
        ):
            answer = server.post(path, body)
            assert (answer.status_code, int(answer.headers["Retry-After"]) >= 1) == (503, True), answer.text
        assert server.get("/health")["status"] == "degraded"
        assert server.get("/logs", params={"service": "shop", "limit": 1})["count"] == 1, "reads work"

        (disk / FILLER).unlink()
        eventually(lambda: send(sent))
        sent += 200
        eventually(lambda: server.get("/health")["status"] == "healthy", 60)
        eventually(lambda: long_term(server)["waiting"] == 0)
        check_records(server, sent - 1)
        kill(server)
        again = start_server(settings, STORE)
        check_records(again, sent - 1)
