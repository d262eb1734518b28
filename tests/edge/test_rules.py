"""Rules in a real server: over HTTP, from files, and through kill -9."""

import os
import signal
from pathlib import Path
from typing import Any

import requests

from tests.conftest import StartServer
from tests.edge.wire import eventually, worker_pid
from tests.server import Server

PROMETHEUS_FILE = """\
groups:
  - name: Shop / queues
    interval: 1s
    rules:
      - alert: Long
        expr: queue > 100
        for: 0s
        labels: {severity: page}
        annotations:
          summary: '{{ $labels.host }} has {{ $value | humanize }}'
"""


def put(server: Server, body: Any, **more: Any) -> requests.Response:
    return requests.put(f"{server.url}/rules/shop", json=body, timeout=10, **more)


def kill(server: Server) -> None:
    for pid in (server.process.pid, worker_pid(server)):
        os.kill(pid, signal.SIGKILL)
    server.process.wait()


def alert(server: Server, state: str) -> dict[str, Any] | None:
    """The only alert, as soon as it is in this state."""
    found = server.get("/alerts")["alerts"]
    return found[0] if found and found[0]["state"] == state else None


def server_with_an_alert(start_server: StartServer, folder: Path, lasts: str) -> Server:
    """A server that keeps data, with a rule whose alert is pending for so long, and then fires."""
    server = start_server({"ANALYTICS_DATA_DIR": str(folder), "ANALYTICS_DURABILITY": "process"})
    rules = [{"alert": "Long", "expr": "queue > 100", "for": lasts}]
    assert put(server, {"interval": "1s", "rules": rules}).status_code == 201
    assert server.post("/metrics", {"name": "queue", "value": 101}).status_code == 201
    return server


def test_a_pending_alert_goes_on_where_it_was_after_kill_9(start_server: StartServer, tmp_path: Path) -> None:
    server = server_with_an_alert(start_server, tmp_path, "1s")
    pending = eventually(lambda: alert(server, "pending"))
    kill(server)
    server.__enter__()
    again = server.get("/alerts")["alerts"][0]
    assert again["started_at"] == pending["started_at"]
    assert again["state"] == "firing" or again["since"] == pending["since"], "a start may take as long as it is pending"
    fired = eventually(lambda: alert(server, "firing"))
    assert (fired["started_at"], fired["labels"]) == (pending["started_at"], pending["labels"])


def test_a_firing_alert_goes_on_where_it_was_after_kill_9(start_server: StartServer, tmp_path: Path) -> None:
    server = server_with_an_alert(start_server, tmp_path, "0s")
    fired = eventually(lambda: alert(server, "firing"))
    kill(server)
    server.__enter__()
    again = server.get("/alerts")["alerts"][0]
    assert (again["state"], again["fired_at"]) == ("firing", fired["fired_at"])
    assert server.post("/metrics", {"name": "queue", "value": 1}).status_code == 201
    over = eventually(lambda: alert(server, "normal"))
    assert (over["fired_at"], over["annotations"]) == (fired["fired_at"], {})


def test_a_rule_file_of_prometheus_loads_unchanged(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(PROMETHEUS_FILE)
    server = start_server({"ANALYTICS_CONFIG_DIR": str(tmp_path)})
    (group,) = [each for each in server.get("/rules")["groups"] if each["group"] == "Shop-queues"]
    assert (group["title"], group["source"], group["interval"]) == ("Shop / queues", "rules.yml", "1s")
    server.post("/metrics", {"name": "queue", "value": 1500, "tags": {"host": "a"}})
    found = eventually(lambda: alert(server, "firing"))
    assert found["annotations"] == {"summary": "a has 1.5k"}
    shown = server.get("/api/v1/rules?type=alert&rule_name[]=Long")["data"]["groups"]
    assert [(each["name"], each["file"]) for each in shown] == [("Shop / queues", "rules.yml")]
    (active,) = shown[0]["rules"][0]["alerts"]
    assert (active["state"], active["value"]) == ("firing", "1.5e+03")
    assert server.get("/api/v1/alerts")["data"]["alerts"] == [active]


def test_a_group_is_put_as_yaml_and_read_as_json(shared_server: Server) -> None:
    url = f"{shared_server.url}/rules/yaml"
    sent = requests.put(url, data=PROMETHEUS_FILE, headers={"Content-Type": "application/yaml"}, timeout=10)
    assert sent.json()["outcome"] == "created"
    rules = shared_server.get("/rules/yaml")["rules"]
    assert rules[0]["expr"] == "queue > 100"
    assert requests.put(url, json={"rules": rules, "interval": "1s"}, timeout=10).json()["outcome"] == "unchanged"
    assert requests.delete(url, timeout=10).status_code == 204
    assert all(each["group"] != "yaml" for each in shared_server.get("/rules")["groups"])


def test_what_is_no_group_is_refused(shared_server: Server) -> None:
    yaml = {"Content-Type": "text/yaml"}
    for body, headers, status, code, message in (
        (b"rules: [", yaml, 400, "malformed_yaml", "line 2"),
        (b"\xff", yaml, 400, "malformed_yaml", "UTF-8"),
        (b"groups: []", yaml, 400, "malformed_yaml", "exactly one group"),
        (b"- a", yaml, 422, "validation_failed", ""),
        (b'{"rules": [{"alert": "A", "expr": "up =="}]}', {"Content-Type": "application/json"}, 422, None, "expr"),
        (b"rules: []", {"Content-Type": "application/toml"}, 415, "unsupported_media_type", "toml"),
    ):
        answer = requests.put(f"{shared_server.url}/rules/wrong", data=body, headers=headers, timeout=10)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, code or "validation_failed"), answer.text
        assert message in error["message"]
    assert requests.get(f"{shared_server.url}/api/v1/rules?type=x", timeout=10).json()["errorType"] == "bad_data"
