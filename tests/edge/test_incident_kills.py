"""What people and jobs do about incidents goes on after kill -9: escalation, acknowledgements and silences."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.edge.mortal import Mortal
from tests.edge.test_notifications import AT_ONCE, change, put, server_in, told
from tests.edge.wire import eventually
from tests.hooks import Hook, hook

Ask = Callable[[], Any]


def dying(server: Mortal, kills: Path, step: str, act: Ask) -> None:
    """Do something at which the server is killed in a step, and start it again."""
    (kills / step).touch()
    with contextlib.suppress(requests.ConnectionError):
        act()
    eventually(lambda: not (kills / step).exists())
    server.begin_again()


def incident(server: Mortal, name: str) -> dict[str, Any]:
    (found,) = [each for each in server.get("/incidents")["incidents"] if each["group"]["alertname"] == name]
    details: dict[str, Any] = server.get(f"/incidents/{found['id']}")
    return details


def messages(receiver: Hook, name: str) -> list[str]:
    """The statuses of the messages about an alert, without what was sent again under the same id."""
    found = {received.headers["webhook-id"]: told(received) for received in receiver.received}
    return [status for alert, status in found.values() if alert == name]


@pytest.mark.parametrize("steps", [("ed",), pytest.param(("ing", "ed"), marks=pytest.mark.long)])
def test_what_is_done_about_incidents_goes_on_after_a_kill_at_every_step(tmp_path: Path, steps: tuple[str]) -> None:
    server, kills = server_in(tmp_path), tmp_path / "kills"
    server.set(ANALYTICS_PUBLIC_URL=server.url)
    with hook() as ops, hook() as boss, server.running():
        for name, receiver in (("ops", ops), ("boss", boss)):
            put(server, f"/receivers/{name}", {"type": "webhook", "url": receiver.url})
        escalation = [{"after": "1s", "receivers": ["boss"]}]
        put(server, "/routes", {**AT_ONCE, "receivers": ["ops"], "escalation": escalation})
        for step in steps:
            escalate(server, kills, boss, f"act{step}")
            acknowledge(server, kills, boss, f"act{step}")
            silence(server, kills, ops, f"chang{step}")


def escalate(server: Mortal, kills: Path, boss: Hook, step: str) -> None:
    """The other receiver gets one message, whether the kill came before or after the record."""
    name = f"Escalates-{step}"
    dying(server, kills, step, lambda: change(server, name, is_firing=True))
    eventually(lambda: messages(boss, name) == ["firing"])
    server.begin_again()
    found = incident(server, name)
    assert found["escalated_to"] == ["boss"]
    assert [entry["step"] for entry in found["timeline"]].count("escalated") == 1
    change(server, name, is_firing=False)
    eventually(lambda: messages(boss, name) == ["firing", "resolved"])


def acknowledge(server: Mortal, kills: Path, boss: Hook, step: str) -> None:
    """An acknowledgement holds as soon as it is recorded; the client repeats it if it got no answer."""
    name = f"Acknowledged-{step}"
    change(server, name, is_firing=True)
    path = f"/incidents/{incident(server, name)['id']}/acknowledge"
    dying(server, kills, step, lambda: server.post(path, {"text": "Mine"}))
    if step == "acting":
        assert server.post(path, {"text": "Mine"}).status_code == 200
    found = incident(server, name)
    assert found["state"] == "acknowledged"
    (entry,) = [entry for entry in found["timeline"] if entry["step"] == "acknowledged"]
    assert entry["text"] == "Mine"
    change(server, name, is_firing=False)
    eventually(lambda: incident(server, name)["state"] == "resolved")


def silence(server: Mortal, kills: Path, ops: Hook, step: str) -> None:
    """A silence from the link in a message holds after the kill; what still fires at its end is told again."""
    name = f"Silenced-{step}"
    change(server, name, is_firing=True)
    (sent,) = eventually(lambda: [each.json for each in ops.received if told(each) == (name, "firing")][:1])
    link = sent["links"]["silence"]
    press = lambda: requests.post(link, {"for": "1h"}, allow_redirects=False, timeout=10)  # noqa: E731
    dying(server, kills, step, press)
    if step == "changing":
        assert press().status_code == 303
    found = incident(server, name)
    assert found["silenced_by"] == f"incident-{found['id']}"
    assert "Silenced until" in requests.get(link, timeout=10).text
    change(server, f"Other-{step}", is_firing=True)
    eventually(lambda: messages(ops, f"Other-{step}"))
    assert messages(ops, name) == ["firing"]
    assert requests.delete(f"{server.url}/silences/{found['silenced_by']}", timeout=10).status_code == 204
    eventually(lambda: messages(ops, name) == ["firing", "firing"])
