"""Alerts that are forwarded to a real Alertmanager (Debian's): they fire there, are kept alive, and end."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.edge.test_notifications import change, put, server_in
from tests.edge.wire import eventually, tool
from tests.hooks import hook
from tests.server import free_port

CONFIGURATION = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: hook
    webhook_configs:
      - url: {url}
"""


@contextmanager
def alertmanager(folder: Path, url: str) -> Iterator[str]:
    """A running Alertmanager that tells a webhook; its address."""
    folder.mkdir()
    file, port = folder / "alertmanager.yml", free_port()
    file.write_text(CONFIGURATION.format(url=url))
    command = [
        tool("prometheus-alertmanager"),
        f"--config.file={file}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: is_ready(address))
        yield address
    finally:
        process.terminate()
        process.wait()


def is_ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/-/ready", timeout=2).ok
    except requests.RequestException:
        return False


def shown(address: str) -> list[dict[str, Any]]:
    """The alerts that fire, as Alertmanager has them."""
    found: list[dict[str, Any]] = requests.get(f"{address}/api/v2/alerts", timeout=5).json()
    return found


def test_alerts_fire_in_alertmanager_and_end_there(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    with hook() as receiver, alertmanager(tmp_path / "am", receiver.url) as address, server.running():
        put(server, "/receivers/am", {"type": "alertmanager", "url": address})
        change(server, "Slow", is_firing=True)
        (fired,) = receiver.wait(1)
        assert fired.json["status"] == "firing"
        (alert,) = shown(address)
        assert alert["labels"] == {"alertname": "Slow", "service": "shop"}
        assert alert["annotations"] == {"summary": "Slow is wrong"}
        server.begin_again()
        change(server, "Slow", is_firing=False)
        ended = receiver.wait(2)[1]
        assert ended.json["status"] == "resolved"
        assert ended.json["alerts"][0]["annotations"] == {"summary": "Slow is wrong"}
        eventually(lambda: shown(address) == [])
        assert server.get("/notifications")["count"] == 0, "it groups and repeats itself"
        trial = requests.post(f"{server.url}/receivers/am/test", timeout=10).json()
        assert trial["answer"].startswith("200 OK")
        assert trial["delivered"]
        eventually(lambda: [each["labels"]["alertname"] for each in shown(address)] == ["TestMessage"])


def test_an_alertmanager_that_is_down_is_told(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    with server.running():
        put(server, "/receivers/am", {"type": "alertmanager", "url": "http://127.0.0.1:9"})
        change(server, "Slow", is_firing=True)
        eventually(lambda: "alerts could not be forwarded" in server.log())
