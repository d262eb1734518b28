"""Keys of the Python client: their sources, how they are sent, and what happens while one is refused."""

import time
from pathlib import Path

import pytest

from analytics.sdk import AnalyticsClient
from analytics.sdk.sender import DENIED_SECONDS
from analytics.sdk.transport import HttpTransport
from tests.conftest import StartServer
from tests.edge.wire import eventually
from tests.sdk.conftest import MakeClient
from tests.sdk.unruly import Turn, Unruly

UNKNOWN = Turn(401, body=b'{"error": {"code": "unknown_key", "message": "This key is not known."}}')
FORBIDDEN = Turn(403, body=b'{"error": {"code": "missing_scope", "message": "This key lacks the scope `ingest`."}}')


def test_a_key_comes_from_the_argument_or_the_environment(
    service: Unruly, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_KEY", "from-the-environment\n")
    clients = (make_client(), make_client(key="from-the-argument"), make_client(key=""))
    for client in clients:
        assert client.track_event("click").result(10).counted
    assert service.keys == ["Bearer from-the-environment", "Bearer from-the-argument", None]


def test_a_key_takes_precedence_over_netrc(service: Unruly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    transport = HttpTransport(service.url, (5, 5), "k")
    transport._session.trust_env = True  # as with services on other machines
    assert transport.post("/events", b"[]").status == 400
    transport.close()
    assert service.keys == ["Bearer k"]


@pytest.mark.parametrize("key", ["two\nlines", "spaced secret", "s\u00e9cret"])
def test_an_invalid_key_is_an_error_that_does_not_show_it(key: str) -> None:
    with pytest.raises(ValueError, match="key \\(or ANALYTICS_KEY\\) is not one line") as error:
        AnalyticsClient(key=key)
    assert key not in str(error.value)


def test_items_are_kept_while_the_key_is_refused_and_that_is_reported_once(
    service: Unruly, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    service.script = [UNKNOWN, UNKNOWN, FORBIDDEN]
    messages: list[str] = []
    client = make_client(on_error=messages.append, flush_seconds=5)
    outcomes = [client.track_event("click"), client.track_event("click")]
    assert client.flush(10)
    assert [outcome.result(0).status for outcome in outcomes] == ["accepted"] * 2
    assert messages == ["HTTP 401, This key is not known."]
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "analytics are kept and sent later: HTTP 401, This key is not known."
    ]
    service.script = [FORBIDDEN]
    assert client.track_event("click").result(10).counted
    assert messages[1:] == ["HTTP 403, This key lacks the scope `ingest`."], "a new denial is reported again"


def test_after_a_while_each_batch_has_one_attempt_until_the_key_is_accepted_again(
    service: Unruly, make_client: MakeClient
) -> None:
    offset = [0.0]
    client = make_client(clock=lambda: time.monotonic() + offset[0])
    service.script = [UNKNOWN] * 1000
    waiting = client.track_event("click")
    eventually(lambda: len(service.script) < 990)
    assert not waiting.done()
    offset[0] += DENIED_SECONDS
    outcome = waiting.result(10)
    assert (outcome.status, outcome.code) == ("rejected", "unknown_key")
    assert outcome.message == "HTTP 401, This key is not known."

    service.script = [UNKNOWN]
    assert client.track_event("click").result(10).status == "rejected"
    assert service.script == []
    assert client.track_event("click").result(10).counted
    service.script = [UNKNOWN, UNKNOWN]
    assert client.track_event("click").result(10).counted, "items are kept again"


def test_a_client_closes_in_time_while_its_key_is_refused(service: Unruly, make_client: MakeClient) -> None:
    service.script = [UNKNOWN] * 100_000
    client = make_client(jitter=lambda: 1.0)
    outcome = client.track_event("click")
    eventually(lambda: len(service.script) < 100_000)
    client.close(0.2)
    assert (outcome.result(0).status, outcome.result(0).code) == ("dropped", "closed")


def test_items_kept_until_the_key_is_known_are_counted(start_server: StartServer, tmp_path: Path) -> None:
    keys = ["the-first-key-of-the-service", "the-second-key-of-the-service"]
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), "ANALYTICS_ADMIN_KEY": keys[0]})
    lines: list[str] = []
    with AnalyticsClient(server.url, key=keys[1], service="web", jitter=lambda: 0.01, on_error=lines.append) as client:
        outcome = client.track_event("click")
        eventually(lambda: lines)
        assert lines[0].startswith("HTTP 401, This key is not known")
        server.stop()
        server.set(ANALYTICS_ADMIN_KEY=keys[1])
        server.__enter__()
        assert outcome.result(20).counted
    headers = {"Authorization": f"Bearer {keys[1]}"}
    (event,) = server.get("/events", headers=headers)["events"]
    assert event["type"] == "click"
