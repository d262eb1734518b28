"""Messages about alerts from a real server to real receivers: each change once, through kills at every step."""

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.edge.mortal import Mortal
from tests.edge.wire import eventually
from tests.hooks import Hook, Received, hook
from tests.server import GUNICORN

ALERTING = (*GUNICORN[:-1], "tests.edge.alerting:app")
AT_ONCE = {"group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"}
STEPS = ("planned", "queued", "sending", "answered", "ending", "ended")


def server_in(folder: Path) -> Mortal:
    kills = folder / "kills"
    kills.mkdir()
    settings = {"KILL_FOLDER": str(kills), "ANALYTICS_NOTIFY_PRIVATE": "1"}
    return Mortal(folder / "server.log", folder / "data", ALERTING, **settings)


def change(server: Mortal, name: str, *, is_firing: bool) -> None:
    """Let an alert fire or end."""
    labels = [["alertname", name], ["service", "shop"]]
    states = [name, labels, "firing" if is_firing else "normal", is_firing, 1.5, {"summary": f"{name} is wrong"}]
    payload = {"group": "rules", "at": time.time(), "changes": [states]}
    assert server.post("/alerts-of-test", payload).status_code == 204


def put(server: Mortal, path: str, payload: Any) -> None:
    answer = requests.put(server.url + path, json=payload, timeout=10)
    assert answer.status_code in (200, 201), answer.text


def told(received: Received) -> tuple[str, str]:
    """The alert that a message is about, and its status."""
    return received.json["groupLabels"]["alertname"], received.json["status"]


@pytest.mark.parametrize("steps", [("answered",), pytest.param(STEPS, marks=pytest.mark.long)])
def test_each_change_is_told_once_through_a_kill_at_every_step(tmp_path: Path, steps: tuple[str, ...]) -> None:
    server = server_in(tmp_path)
    with hook() as receiver, server.running():
        put(server, "/receivers/ops", {"type": "webhook", "url": receiver.url})
        put(server, "/routes", AT_ONCE)
        for is_firing in (True, False):
            for step in steps:
                (tmp_path / "kills" / step).touch()
                change(server, step, is_firing=is_firing)
                eventually(lambda: not (tmp_path / "kills" / step).exists())  # noqa: B023
                server.begin_again()
                wanted = (step, "firing" if is_firing else "resolved")
                eventually(lambda: wanted in map(told, receiver.received))  # noqa: B023
                eventually(lambda: server.get("/notifications?state=waiting")["count"] == 0)
        check(server, receiver, steps)
        server.begin_again()
        change(server, "next", is_firing=True)
        eventually(lambda: ("next", "firing") in map(told, receiver.received))
        eventually(lambda: server.get("/notifications?state=waiting")["count"] == 0)
        receiver.received[:] = [each for each in receiver.received if told(each)[0] != "next"]
        check(server, receiver, steps, more=1)


def check(server: Mortal, receiver: Hook, steps: tuple[str, ...], more: int = 0) -> None:
    """Check that each change has one id, and that only what was answered but not recorded came twice.

    Args:
        more: how many other messages were sent.
    """
    ids = {received.headers["webhook-id"] for received in receiver.received}
    changes = Counter({received.headers["webhook-id"]: told(received) for received in receiver.received}.values())
    assert changes == {(step, status): 1 for step in steps for status in ("firing", "resolved")}
    assert len(ids) == 2 * len(steps)
    deliveries = Counter(map(told, receiver.received))
    twice = {each for each, count in deliveries.items() if count > 1}
    again = {"answered", "ending"} & set(steps)
    assert twice == {(step, status) for step in again for status in ("firing", "resolved")}
    assert max(deliveries.values()) <= 2
    assert server.get("/notifications?state=sent")["count"] == 2 * len(steps) + more


def test_a_receiver_that_hangs_or_fails_holds_up_no_other(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    with hook() as hanging, hook() as failing, hook() as good, server.running():
        hanging.seconds = 30.0
        failing.status, failing.text = 500, "no"
        put(server, "/routes", AT_ONCE)
        for name, receiver in (("a", hanging), ("b", failing), ("c", good)):
            put(server, f"/receivers/{name}", {"type": "webhook", "url": receiver.url})
        begun = time.monotonic()
        change(server, "Slow", is_firing=True)
        good.wait(1)
        failing.wait(2)
        assert time.monotonic() - begun < 15
        assert len({received.headers["webhook-id"] for received in failing.received}) == 1
        (row,) = server.get("/notifications?state=waiting&receiver=b")["notifications"]
        assert (row["answer"], row["attempts"] >= 2) == ("500 Internal Server Error: no", True)
        failing.status = 200
        eventually(lambda: server.get("/notifications?state=sent&receiver=b")["count"] == 1)
        assert server.get("/notifications?state=waiting&receiver=a")["count"] == 1


@pytest.mark.parametrize(("status", "state"), [(410, "failed"), (302, "waiting")])
def test_redirects_are_not_followed_and_410_ends_a_receiver_until_it_is_changed(
    tmp_path: Path, status: int, state: str
) -> None:
    server = server_in(tmp_path)
    with hook() as receiver, hook() as elsewhere, server.running():
        receiver.status, receiver.headers = status, {"Location": elsewhere.url}
        put(server, "/receivers/ops", {"type": "webhook", "url": receiver.url})
        put(server, "/routes", AT_ONCE)
        change(server, "Slow", is_firing=True)
        receiver.wait(1)
        eventually(
            lambda: [row for row in server.get(f"/notifications?state={state}")["notifications"] if row["answer"]]
        )
        if status == 410:
            change(server, "Down", is_firing=True)
            time.sleep(1.5)
            assert len(receiver.received) == 1
            receiver.status = 200
            put(server, "/receivers/ops", {"type": "webhook", "url": receiver.url, "send_resolved": False})
            receiver.wait(3)
            assert {told(received)[0] for received in receiver.received} == {"Slow", "Down"}
        assert elsewhere.received == []
