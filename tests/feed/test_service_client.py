"""Posting to a server that is busy, closes connections, or refuses: every item counts once."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.feed.errors import DeniedError, RefusedError, UnreachableError
from analytics.feed.receipt import ItemError, Receipt
from analytics.feed.service_client import ServiceClient
from tests.feed.fake_service import CUT, LOST_ANSWER, Answer, FakeService, fake_service

BUSY = Answer(503, {"Retry-After": "7"}, {"error": {"code": "recovering", "message": "reading the journal"}})


class Time:
    """A clock that moves only by sleeping."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def service() -> Iterator[FakeService]:
    with fake_service() as running:
        yield running


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(service: FakeService, time: Time) -> Iterator[ServiceClient]:
    with ServiceClient(service.url + "/", sleep=time.sleep, clock=lambda: time.now, jitter=lambda: 0.5) as made:
        yield made


def items(count: int, start: int = 0) -> list[dict[str, object]]:
    return [{"type": "request", "service": "web", "id": f"run-{n}"} for n in range(start, start + count)]


def test_a_batch_returns_its_receipt(service: FakeService, client: ServiceClient) -> None:
    assert client.events(items(3)) == Receipt(accepted=3)
    assert client.metrics(items(2, start=2)) == Receipt(accepted=1, duplicates=1)
    assert service.calls == [("POST", "/events"), ("POST", "/metrics")]


def test_an_empty_batch_is_not_posted(service: FakeService, client: ServiceClient) -> None:
    assert client.events([]) == Receipt()
    assert service.calls == []


def test_retry_after_of_a_busy_service_is_respected(service: FakeService, client: ServiceClient, time: Time) -> None:
    service.script = [BUSY, Answer(429, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}), BUSY]
    assert client.events(items(5)) == Receipt(accepted=5)
    assert time.slept == [pytest.approx(7.1), pytest.approx(0.1), pytest.approx(7.1)]


def test_without_a_valid_retry_after_the_pauses_double(service: FakeService, client: ServiceClient, time: Time) -> None:
    service.script = [
        Answer(503),
        Answer(429, {"Retry-After": "soon"}),
        CUT,
        Answer(502),
        Answer(504),
        Answer(503),
    ]
    assert client.events(items(1)) == Receipt(accepted=1)
    assert time.slept == [pytest.approx(0.75 * pause) for pause in (0.2, 0.4, 0.8, 1.6, 3.2, 5.0)]


def test_items_whose_answer_was_lost_count_once(service: FakeService, client: ServiceClient) -> None:
    service.script = [LOST_ANSWER, LOST_ANSWER, BUSY._replace(record=True)]
    total = client.events(items(10)).followed_by(client.events(items(10, start=10)), 10)
    assert total == Receipt(accepted=10, duplicates=10)
    assert len(service.items) == 20


def test_a_batch_with_nothing_acceptable_is_a_receipt(service: FakeService, client: ServiceClient) -> None:
    refused = [{**item, "data": {"refuse": True}} for item in items(2)]
    receipt = client.events(refused)
    assert (receipt.accepted, receipt.rejected) == (0, 2)
    assert receipt.errors[1] == ItemError(1, "timestamp_too_old", "too old", "timestamp")


def test_a_batch_that_is_too_large_is_halved_and_keeps_its_line_numbers(
    service: FakeService, client: ServiceClient
) -> None:
    batch = items(5)
    batch[4]["data"] = {"refuse": True}
    service.script = [Answer(413), Answer(413)]
    receipt = client.events(batch)
    assert (receipt.accepted, receipt.rejected, receipt.errors[0].index) == (4, 1, 4)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(404), "refuses POST /events: HTTP 404, Not Found"),
        (Answer(413), "refuses POST /events: HTTP 413"),
        (Answer(400, body={"error": {"message": "no JSON"}}), "refuses POST /events: HTTP 400, no JSON"),
        (Answer(500), "refuses POST /events: HTTP 500"),
        (Answer(301, {"Location": "https://there/"}), "HTTP 301, moved to https://there/"),
        (Answer(200), "HTTP 200, this is not an answer of the analytics service"),
        (Answer(200, body=["ok"]), "HTTP 200, this is not an answer of the analytics service"),
        (
            Answer(200, body={"accepted": True, "duplicates": 0, "rejected": 0}),
            "not an answer of the analytics service",
        ),
        (Answer(200, body={"accepted": 0, "duplicates": 0, "rejected": 0}), "accounts for 0 of 1 items"),
    ],
)
def test_a_permanent_error_is_reported_at_once(
    service: FakeService, client: ServiceClient, time: Time, answer: Answer, message: str
) -> None:
    service.script = [answer]
    with pytest.raises(RefusedError) as error:
        client.events(items(1))
    assert message in str(error.value)
    assert time.slept == []


@pytest.mark.parametrize(
    ("key", "status", "message"),
    [
        ("", 401, "without a key: set ANALYTICS_KEY, or use --key-file"),
        ("", 403, "refuses POST /events: HTTP 403, no"),
        ("k", 401, "refuses POST /events with this key: HTTP 401, no"),
        ("k", 403, "refuses POST /events with this key: HTTP 403, no"),
    ],
)
def test_a_refused_key_has_its_own_error(service: FakeService, key: str, status: int, message: str) -> None:
    service.script = [Answer(status, body={"error": {"message": "no"}})]
    with ServiceClient(service.url, key=key) as client, pytest.raises(DeniedError) as error:
        client.events(items(1))
    assert message in str(error.value)


def test_a_key_takes_precedence_over_netrc(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with ServiceClient(service.url, key="k") as client:
        client._session.trust_env = True  # as with services on other machines
        client.events(items(1))
    assert service.keys == ["Bearer k"]


def test_a_retry_beyond_the_time_limit_is_not_waited_for(
    service: FakeService, client: ServiceClient, time: Time
) -> None:
    service.script = [BUSY] * 10
    with pytest.raises(UnreachableError, match="is not ready: HTTP 503, reading the journal"):
        client.events(items(1))
    assert sum(time.slept) <= 30
    assert len(time.slept) == 4


def test_an_unreachable_service_is_one_plain_reason(time: Time) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        reasons: list[str] = []
        with ServiceClient(
            url,
            sleep=time.sleep,
            clock=lambda: time.now,
            jitter=lambda: 0.0,
            on_wait=lambda reason, _pause: reasons.append(reason),
        ) as client:
            with pytest.raises(UnreachableError) as error:
                client.events(items(1))
            assert str(error.value) == f"cannot reach {url}: connection refused"
            assert set(reasons) == {str(error.value)}
            assert len(reasons) == len(time.slept)


def test_heartbeats_and_the_event_count_are_retried_too(service: FakeService, client: ServiceClient) -> None:
    service.script = [Answer(200, body={"status": "healthy"})]
    assert client.total_events() is None, "some keys may not read it"
    service.total_events = 12
    service.script = [BUSY]
    assert client.total_events() == 12
    client.heartbeat({"service": "cart", "status": "healthy"})
    assert service.heartbeats == [{"service": "cart", "status": "healthy"}]
    service.script = [Answer(422, body={"error": {"message": "no status"}})]
    with pytest.raises(RefusedError, match="POST /heartbeat: HTTP 422, no status"):
        client.heartbeat({"service": "cart"})
