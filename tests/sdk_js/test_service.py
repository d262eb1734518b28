"""The JavaScript client under Node.js, against the real service, also while that is killed and comes back."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    """A script of this folder; it ends by itself once its input is closed."""
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


def test_what_is_sent_while_the_service_is_killed_and_restarted_counts_once(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})
    with running(server, "storm.mjs") as storm:
        for end in (kill, Server.stop):
            time.sleep(0.5)
            end(server)
            time.sleep(0.3)
            server.__enter__()
        time.sleep(0.3)
        output, _ = storm.communicate("", SECONDS)
    told = json.loads(output)
    assert told["dropped"] == 0
    assert set(told["outcomes"]) <= {"accepted", "duplicate"}
    assert sum(told["outcomes"].values()) == 2 * told["count"]
    assert told["problems"], "the service was never missed"
    counted = {}
    for name in ("events", "force"):
        series = server.get("/series", params={"name": name, "service": "storm", "agg": "count", "step": 60})
        counted[name] = sum(point["value"] or 0 for point in series["points"])
    assert counted == {"events": told["count"], "force": told["count"]}


def hear(watch: "subprocess.Popen[str]", *until: object) -> list[list[object]]:
    """What it prints up to this line."""
    assert watch.stdout is not None
    heard: list[list[object]] = []
    while not heard or heard[-1] != list(until):
        heard.append(json.loads(watch.stdout.readline()))
    return heard


def test_a_live_client_comes_back_with_what_it_missed(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})

    with running(server, "watch.mjs") as watch:
        hear(watch, "snapshot", False, 0)
        server.post("/events", {"type": "before", "service": "shop"})
        hear(watch, "event", "before")
        server.stop()
        server.__enter__()
        server.post("/events", {"type": "after", "service": "shop"})
        back = [line for line in hear(watch, "event", "after") if line[0] != "update"]
        assert back[0] == ["state", "reconnecting"]
        assert ["event", "before"] not in back
        watch.communicate("", SECONDS)


def test_names_that_no_address_can_hold_are_heard_of_too(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})
    service = "<img src=x>, & more"
    batch = [
        {"type": "a,b", "service": "other"},
        {"type": "c", "service": service},
        {"type": "a,b", "service": service},
    ]
    with running(server, "watch.mjs", events=["a,b"], service=[service]) as watch:
        hear(watch, "snapshot", False, 0)
        for _ in range(2):
            server.post("/events", batch)
            heard = hear(watch, "event", "a,b")
            assert [line for line in heard if line[0] == "event"] == [["event", "a,b"]]
            server.stop()
            server.__enter__()
        server.post("/events", batch)
        hear(watch, "event", "a,b")
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
        hear(watch, "snapshot", False, 0)
        send("before")
        hear(watch, "event", "before")
        server.stop()
        server.__enter__()
        send("after")
        hear(watch, "event", "after")
        assert requests.delete(f"{server.url}/keys/{made['id']}", headers=headers, timeout=10).ok
        assert ["state", "reconnecting"] in hear(watch, "refused", "unknown_key", 401)
        watch.communicate("", SECONDS)
    assert made["secret"] not in server.log()


def test_updates_are_what_the_dashboard_says(start_server: StartServer) -> None:
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


def test_a_program_without_other_work_ends_and_says_what_was_dropped() -> None:
    done = subprocess.run(
        [tool("node"), HERE / "exit.mjs", f"http://127.0.0.1:{free_port()}"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert "1 waiting item(s) were dropped at the exit" in done.stderr


def test_a_wrong_address_is_told_once(shared_server: Server) -> None:
    script = f"""
      import {{ AnalyticsClient }} from '{(HERE / "../../analytics/web/sdk/analytics.js").resolve()}';
      const client = new AnalyticsClient({{ baseUrl: '{shared_server.url}/elsewhere', batchSize: 5 }});
      for (let n = 0; n < 20; n += 1) client.trackEvent('step', {{ n }});
    """
    done = subprocess.run(
        [tool("node"), "--input-type=module", "-e", script], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    (told,) = done.stderr.splitlines()
    assert told.startswith(f"analytics: an item for {shared_server.url}/elsewhere was rejected: 404 ")
    assert "onError" in told


def test_a_program_without_other_work_sends_what_waits_before_it_ends(shared_server: Server) -> None:
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


def test_a_program_that_awaits_one_outcome_after_the_other_goes_on(shared_server: Server) -> None:
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
