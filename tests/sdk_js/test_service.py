"""The JavaScript client under Node.js against the real service, also while that is killed and restarted."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.kills import kill
from tests.edge.wire import tool
from tests.server import Server, free_port

HERE = Path(__file__).parent
ADMIN = "the-admin-key-of-these-tests"
SECONDS = 60


@contextmanager
def running(server: Server, script: str, **options: Any) -> Iterator["subprocess.Popen[str]"]:
    """A running script of this folder; it ends when its input is closed."""
    process = subprocess.Popen(
        [tool("node"), "--no-warnings", "--experimental-websocket", "--unhandled-rejections=strict", HERE / script],
        env={**os.environ, "BASE_URL": server.url, "OPTIONS": json.dumps(options)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("end", [kill, Server.stop], ids=["kill", "stop"])
def test_items_sent_during_kills_and_restarts_count_once(
    start_server: StartServer, tmp_path: Path, end: Callable[[Server], object]
) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})
    with running(server, "storm.mjs") as storm:
        time.sleep(0.5)
        end(server)
        server.__enter__()
        time.sleep(0.3)
        output, _ = storm.communicate("", SECONDS)
    result = json.loads(output)
    assert result["dropped"] == 0
    assert set(result["outcomes"]) <= {"accepted", "duplicate"}
    assert sum(result["outcomes"].values()) == 2 * result["count"]
    assert result["problems"], "no outage was noticed"
    counted = {}
    for name in ("events", "force"):
        series = server.get("/series", params={"name": name, "service": "storm", "agg": "count", "step": 60})
        counted[name] = sum(point["value"] or 0 for point in series["points"])
    assert counted == {"events": result["count"], "force": result["count"]}


def read_until(watch: "subprocess.Popen[str]", *until: object) -> list[list[object]]:
    """Read the output of the script up to the line `until`."""
    assert watch.stdout is not None
    lines: list[list[object]] = []
    while not lines or lines[-1] != list(until):
        lines.append(json.loads(watch.stdout.readline()))
    return lines


def test_a_live_client_reconnects_and_gets_missed_events(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})

    with running(server, "watch.mjs") as watch:
        read_until(watch, "snapshot", False, 0)
        server.post("/events", {"type": "before", "service": "shop"})
        read_until(watch, "event", "before")
        server.stop()
        server.__enter__()
        server.post("/events", {"type": "after", "service": "shop"})
        back = [line for line in read_until(watch, "event", "after") if line[0] != "update"]
        assert back[0] == ["state", "reconnecting"]
        assert ["event", "before"] not in back
        watch.communicate("", SECONDS)


def test_events_with_names_that_do_not_fit_into_an_address_arrive(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})
    service = "<img src=x>, & more"
    batch = [
        {"type": "a,b", "service": "other"},
        {"type": "c", "service": service},
        {"type": "a,b", "service": service},
    ]
    with running(server, "watch.mjs", events=["a,b"], service=[service]) as watch:
        read_until(watch, "snapshot", False, 0)
        server.post("/events", batch)
        lines = read_until(watch, "event", "a,b")
        assert [line for line in lines if line[0] == "event"] == [["event", "a,b"]]
        server.stop()
        server.__enter__()
        server.post("/events", batch)
        lines = read_until(watch, "event", "a,b")
        assert [line for line in lines if line[0] == "event"] == [["event", "a,b"]]
        watch.communicate("", SECONDS)


def test_with_a_key_a_live_client_follows_a_service_that_requires_keys(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), "ANALYTICS_ADMIN_KEY": ADMIN})
    headers = {"Authorization": f"Bearer {ADMIN}"}

    def send(type_: str) -> None:
        event = {"type": type_, "service": "shop"}
        assert requests.post(f"{server.url}/events", json=event, headers=headers, timeout=10).ok

    key = {"name": "follower", "scopes": ["read"]}
    made = requests.post(f"{server.url}/keys", json=key, headers=headers, timeout=10).json()
    with running(server, "watch.mjs", key=made["secret"]) as watch:
        read_until(watch, "snapshot", False, 0)
        send("before")
        read_until(watch, "event", "before")
        server.stop()
        server.__enter__()
        send("after")
        read_until(watch, "event", "after")
        assert requests.delete(f"{server.url}/keys/{made['id']}", headers=headers, timeout=10).ok
        assert ["state", "reconnecting"] in read_until(watch, "refused", "unknown_key", 401)
        watch.communicate("", SECONDS)
    assert made["secret"] not in server.log()


def test_updates_equal_the_dashboard(start_server: StartServer) -> None:
    server = start_server()
    server.post("/events", [{"type": "request", "service": f"s{n}", "data": {"endpoint": "/"}} for n in range(20)])
    with running(server, "watch.mjs") as watch:
        assert watch.stdout is not None
        updates = []
        for line in map(json.loads, watch.stdout):
            if line[0] == "update":
                server.post("/events", {"type": "request", "service": "s3", "data": {"endpoint": "/", "latency": 5}})
                updates.append(line[1])
            if len(updates) == 3:
                break
        watch.communicate("", SECONDS)
    assert [update["services"]["s3"]["request_count"] for update in updates] == [1, 2, 3]
    now = server.get("/dashboard")
    assert updates[-1].keys() == now.keys()
    assert updates[-1]["services"].keys() == now["services"].keys()
    assert updates[-1]["services"]["s3"].keys() == now["services"]["s3"].keys()


def test_a_program_without_other_work_ends_and_reports_dropped_items() -> None:
    done = subprocess.run(
        [tool("node"), HERE / "exit.mjs", f"http://127.0.0.1:{free_port()}"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert "1 waiting item(s) were dropped at the exit" in done.stderr


def test_a_wrong_address_is_reported_once(shared_server: Server) -> None:
    script = f"""
      import {{ AnalyticsClient }} from '{(HERE / "../../analytics/web/sdk/analytics.js").resolve()}';
      const client = new AnalyticsClient({{ baseUrl: '{shared_server.url}/elsewhere', batchSize: 5 }});
      for (let n = 0; n < 20; n += 1) client.trackEvent('step', {{ n }});
    """
    done = subprocess.run(
        [tool("node"), "--input-type=module", "-e", script], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"analytics: an item for {shared_server.url}/elsewhere was rejected: 404 ")
    assert "onError" in line


def test_a_program_without_other_work_sends_queued_items_before_it_ends(shared_server: Server) -> None:
    done = subprocess.run(
        [tool("node"), HERE / "exit.mjs", shared_server.url],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stderr == ""
    events = shared_server.get("/events", params={"type": "job_done", "service": "job"})["events"]
    assert events[0]["data"] == {"half": "a\ufffd"}


def test_a_program_that_awaits_each_outcome_continues(shared_server: Server) -> None:
    script = f"""
      import {{ AnalyticsClient }} from '{(HERE / "../../analytics/web/sdk/analytics.js").resolve()}';
      const client = new AnalyticsClient({{ baseUrl: '{shared_server.url}', service: 'steps' }});
      for (let n = 0; n < 5; n += 1) console.log((await client.trackEvent('step', {{ n }})).status);
    """
    done = subprocess.run(
        [tool("node"), "--input-type=module", "-e", script], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    assert done.stdout.split() == ["accepted"] * 5
    assert len(shared_server.get("/events", params={"service": "steps"})["events"]) == 5
