"""What people and jobs do about incidents goes on after kill -9: escalation, acknowledgements and silences."""

import contextlib
from collections.abc import Callable, Iterator
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


@pytest.fixture
def ops() -> Iterator[Hook]:
    """Gets the messages about all incidents."""
    with hook() as receiver:
        yield receiver


@pytest.fixture
def boss() -> Iterator[Hook]:
    """Gets the messages about incidents that nobody acknowledges."""
    with hook() as receiver:
        yield receiver


@pytest.fixture
def kills(tmp_path: Path) -> Path:
    return tmp_path / "kills"


@pytest.fixture
def server(tmp_path: Path, ops: Hook, boss: Hook) -> Iterator[Mortal]:
    mortal = server_in(tmp_path)
    mortal.set(ANALYTICS_PUBLIC_URL=mortal.url)
    with mortal.running():
        for name, receiver in (("ops", ops), ("boss", boss)):
            put(mortal, f"/receivers/{name}", {"type": "webhook", "url": receiver.url})
        escalation = [{"after": "1s", "receivers": ["boss"]}]
        put(mortal, "/routes", {**AT_ONCE, "receivers": ["ops"], "escalation": escalation})
        yield mortal


def steps(before: str, after: str) -> pytest.MarkDecorator:
    """Runs a test with a kill before the record, only in `make test-long`, and after it."""
    return pytest.mark.parametrize("step", [after, pytest.param(before, marks=pytest.mark.long)])


@steps("acting", "acted")
def test_an_escalation_goes_on_after_a_kill(server: Mortal, kills: Path, boss: Hook, step: str) -> None:
    """The other receiver gets one message, whether the kill came before or after the record."""
    name = "Escalates"
    dying(server, kills, step, lambda: change(server, name, is_firing=True))
    eventually(lambda: messages(boss, name) == ["firing"])
    server.begin_again()
    found = incident(server, name)
    assert found["escalated_to"] == ["boss"]
    assert [entry["step"] for entry in found["timeline"]].count("escalated") == 1
    change(server, name, is_firing=False)
    eventually(lambda: messages(boss, name) == ["firing", "resolved"])


@steps("acting", "acted")
def test_an_acknowledgement_holds_after_a_kill(server: Mortal, kills: Path, step: str) -> None:
    """An acknowledgement holds as soon as it is recorded; the client repeats it if it got no answer."""
    name = "Acknowledged"
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


@steps("changing", "changed")
def test_a_silence_holds_after_a_kill(server: Mortal, kills: Path, ops: Hook, step: str) -> None:
    """A silence from the link in a message holds after the kill; what still fires at its end is told again."""
    name = "Silenced"
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
    change(server, "Other", is_firing=True)
    eventually(lambda: messages(ops, "Other"))
    assert messages(ops, name) == ["firing"]
    assert requests.delete(f"{server.url}/silences/{found['silenced_by']}", timeout=10).status_code == 204
    eventually(lambda: messages(ops, name) == ["firing", "firing"])
