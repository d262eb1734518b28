"""Delivery to a server that fails in every way: each item is counted once, and none is lost within the queue limit."""

import socket
import threading
import time
from concurrent.futures import wait

import pytest

from analytics.sdk import Outcome
from tests.edge.wire import eventually
from tests.sdk.conftest import MakeClient
from tests.sdk.unruly import CUT, HANG, RESET, SHORT, Turn, Unruly, serving

LOST_ANSWERS = [
    CUT._replace(counts=True),
    SHORT._replace(counts=True),
    RESET._replace(counts=True),
    HANG._replace(counts=True),
]
FAILURES = [
    Turn(500),
    Turn(502),
    Turn(503, retry_after="0"),
    Turn(429, retry_after="0"),
    Turn(408),
    Turn(302),
    CUT,
    SHORT,
    RESET,
    HANG,
    Turn(200, body=b'{"accepted": 3, "dupl'),
    Turn(200, body=b"<html>a portal</html>"),
    Turn(200, body=b"[]"),
    Turn(200, body=b'{"accepted": 1, "duplicates": 0, "rejected": 0, "errors": []}'),
    Turn(200, body=b'{"accepted": -1, "duplicates": 1e9, "rejected": true, "errors": 5}'),
]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_a_failed_batch_is_retried_and_counted_once(service: Unruly, make_client: MakeClient, failure: Turn) -> None:
    service.script = [failure, failure]
    messages: list[str] = []
    client = make_client(timeout=0.2, on_error=messages.append, flush_seconds=5)
    outcomes = [client.track_event("click", {"n": n}) for n in range(3)]
    assert client.flush(10)
    assert [outcome.result(0) for outcome in outcomes] == [Outcome("accepted")] * 3
    assert service.counted == {"click": 3}
    assert len(messages) == 2


@pytest.mark.parametrize("failure", LOST_ANSWERS, ids=str)
def test_items_whose_answer_was_lost_count_once(service: Unruly, make_client: MakeClient, failure: Turn) -> None:
    service.script = [failure]
    client = make_client(timeout=0.2, flush_seconds=5)
    outcomes = [client.track_event("click"), client.track_event("click")]
    assert client.flush(10)
    assert [outcome.result(0).status for outcome in outcomes] == ["duplicate"] * 2
    assert outcomes[0].result().counted
    assert service.counted == {"click": 2}


def test_retry_after_is_respected(service: Unruly, make_client: MakeClient) -> None:
    service.script = [Turn(429, retry_after="1")]
    client = make_client()
    began = time.monotonic()
    assert client.track_event("click").result(10).counted
    assert time.monotonic() - began >= 1


def test_a_batch_that_is_too_large_is_halved_until_it_fits(service: Unruly, make_client: MakeClient) -> None:
    service.most = 3
    client = make_client(flush_seconds=5)
    outcomes = [client.track_event("click") for _ in range(10)]
    assert client.flush(10)
    assert {outcome.result() for outcome in outcomes} == {Outcome("accepted")}
    assert service.counted == {"click": 10}
    assert service.sizes == [10, 5, 2, 3, 5, 2, 3]


def test_an_item_that_makes_its_batch_malformed_is_found_and_rejected(service: Unruly, make_client: MakeClient) -> None:
    service.script = [Turn(400), Turn(counts=True), Turn(400), Turn(400, body=b'{"error": {"code": "malformed_json"}}')]
    client = make_client(flush_seconds=5)
    outcomes = [client.track_event("click") for _ in range(4)]
    assert client.flush(10)
    results = [outcome.result() for outcome in outcomes]
    assert [each.status for each in results] == ["accepted", "accepted", "rejected", "accepted"]
    assert results[2].code == "malformed_json"


def test_an_item_that_makes_the_service_fail_does_not_delay_others(service: Unruly, make_client: MakeClient) -> None:
    offset = [0.0]
    client = make_client(flush_seconds=5, clock=lambda: time.monotonic() + offset[0])
    outcomes = [client.track_event("click", {"fault": n == 5}) for n in range(8)]
    assert not client.flush(0.5)
    eventually(lambda: service.counted["click"] == 7)
    after = client.track_event("after")
    assert not client.flush(0.5)
    assert after.result(10).counted
    assert [outcome.done() for outcome in outcomes] == [n != 5 for n in range(8)]
    tries = len(service.sizes)
    offset[0] = 31.0
    client.track_event("wakes the sender")
    eventually(lambda: service.sizes[tries:].count(1) >= 2)
    client.close(0.05)
    assert outcomes[5].result(0).code == "closed"


def test_a_single_item_that_is_too_large_is_rejected(service: Unruly, make_client: MakeClient) -> None:
    service.most = 0
    assert make_client().track_event("click").result(10) == Outcome("rejected", "http_413", "HTTP 413")


@pytest.mark.parametrize("status", [404, 405, 415])
def test_other_errors_reject_all_items_with_the_reason(service: Unruly, make_client: MakeClient, status: int) -> None:
    service.script = [Turn(status, body=b'{"error": {"code": "no", "message": "not here"}}')]
    client = make_client(flush_seconds=5)
    outcomes = [client.record_metric("cpu", n) for n in range(3)]
    client.flush(10)
    assert {outcome.result() for outcome in outcomes} == {Outcome("rejected", "no", f"HTTP {status}, not here")}
    assert service.sizes == [3]


def test_each_item_of_a_batch_has_its_own_outcome(service: Unruly, make_client: MakeClient) -> None:
    messages: list[str] = []
    client = make_client(flush_seconds=5, on_error=messages.append)
    outcomes = [client.track_event("click", {"refuse": n % 3 == 0}) for n in range(7)]
    assert client.flush(10)
    statuses = [outcome.result().status for outcome in outcomes]
    assert statuses == ["rejected", "accepted", "accepted"] * 2 + ["rejected"]
    assert outcomes[0].result() == Outcome("rejected", "validation_failed", "data: refused")
    assert client.counts() == {"accepted": 4, "duplicate": 0, "rejected": 3, "dropped": 0}
    assert messages == ["rejected (validation_failed): data: refused"] * 3
    assert service.sizes == [7]


def test_batches_have_a_hundred_items_and_share_a_connection(service: Unruly, make_client: MakeClient) -> None:
    client = make_client(flush_seconds=5)
    for _ in range(300):
        client.track_event("click")
    eventually(lambda: service.counted["click"] == 300)
    client.track_event("click")
    assert client.flush(10)
    assert service.sizes == [100, 100, 100, 1]
    assert len(service.peers) == 1


def test_an_outage_and_a_restart_lose_and_duplicate_nothing(make_client: MakeClient) -> None:
    service = Unruly()
    with serving(service):
        client = make_client(service.url)
        first = [client.track_event("click") for _ in range(250)]
        assert not wait(first, 10).not_done
    second = [client.track_event("click") for _ in range(250)]
    assert not client.flush(0.05)
    with serving(service, service.port):
        assert client.flush(10)
    assert {outcome.result().status for outcome in second} == {"accepted"}
    assert service.counted == {"click": 500}


def test_items_of_many_threads_count_once_despite_failures(service: Unruly, make_client: MakeClient) -> None:
    service.script = [*LOST_ANSWERS[:2], Turn(500), RESET, Turn(429, retry_after="0"), LOST_ANSWERS[2], CUT] * 2
    client = make_client(timeout=1)

    def work(number: int) -> None:
        for n in range(100):
            client.track_event(f"type-{number}", {"n": n})
            client.record_metric(f"metric-{number}", n)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush(20)
    expected = {f"{kind}-{number}": 100 for kind in ("type", "metric") for number in range(8)}
    assert service.counted == expected
    assert client.counts()["accepted"] + client.counts()["duplicate"] == 1600


def test_a_full_queue_drops_new_items_and_reports_it(
    service: Unruly, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    service.script = [Turn(503, retry_after="0")]
    drops: list[tuple[int, str]] = []
    client = make_client(max_queue=5, flush_seconds=5, on_dropped=lambda count, why: drops.append((count, why)))
    outcomes = [client.track_event("click") for _ in range(8)]
    assert [outcome.result(0).code for outcome in outcomes[5:]] == ["queue_full"] * 3
    assert drops == [(1, "queue_full")] * 3
    client.close()
    assert [outcome.result(0).status for outcome in outcomes[:5]] == ["accepted"] * 5
    assert [line for line in caplog.messages if "dropped" in line] == [
        "analytics: 3 items dropped (3 queue_full), 0 rejected"
    ]


def test_closing_sends_queued_items_and_ends_in_time(service: Unruly, make_client: MakeClient) -> None:
    client = make_client(flush_seconds=60)
    outcome = client.track_event("click")
    client.close()
    assert outcome.result(0).counted
    assert client.track_event("late").result(0).code == "closed"
    client.close()


@pytest.mark.parametrize("failure", [HANG, Turn(503, retry_after="3600"), Turn(500)], ids=str)
def test_closing_waits_no_longer_than_its_timeout(service: Unruly, make_client: MakeClient, failure: Turn) -> None:
    service.script = [failure] * 1000
    client = make_client(jitter=lambda: 0.5)
    outcomes = [client.track_event("click") for _ in range(150)]
    began = time.monotonic()
    client.close(0.3)
    assert time.monotonic() - began < 3
    assert {outcome.result(0).code for outcome in outcomes} == {"closed"}
    assert client.counts()["dropped"] == 150


def test_closing_makes_a_last_attempt_at_once(service: Unruly, make_client: MakeClient) -> None:
    service.script = [Turn(500)]
    failed = threading.Event()
    client = make_client(jitter=lambda: 1000.0, on_error=lambda _: failed.set())
    outcome = client.track_event("click")
    assert failed.wait(10)
    client.close(5)
    assert outcome.result(0).counted


def test_an_unreachable_server_does_not_disturb_the_program(make_client: MakeClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        messages: list[str] = []
        client = make_client(f"http://127.0.0.1:{taken.getsockname()[1]}", on_error=messages.append)
        client.track_event("click")
        eventually(lambda: messages)
        assert "Connection refused" in messages[0]
        client.close(0.05)


def test_failing_callbacks_are_ignored(service: Unruly, make_client: MakeClient) -> None:
    service.script = [Turn(500)]

    def fails(*_: object) -> None:
        raise RuntimeError("not my day")

    client = make_client(on_dropped=fails, on_error=fails, max_queue=1, flush_seconds=5)
    kept, dropped = client.track_event("click"), client.track_event("click")
    kept.add_done_callback(fails)
    assert dropped.result(0).status == "dropped"
    assert client.flush(10)
    assert kept.result(0).counted
    after = client.track_event("click")
    assert client.flush(10)
    assert after.result(0).counted


def test_a_callback_that_tracks_drops_is_not_called_for_its_own(service: Unruly, make_client: MakeClient) -> None:
    messages: list[str] = []
    client = make_client(
        max_queue=1, flush_seconds=5, on_dropped=lambda _, why: messages.append(client.track_event("dropped") and why)
    )
    for _ in range(3):
        client.track_event("click")
    assert messages == ["queue_full"] * 2
    assert client.counts()["dropped"] == 4


def test_callbacks_may_flush(service: Unruly, make_client: MakeClient) -> None:
    service.script = [Turn(500)]
    flushed: list[bool] = []
    client = make_client(on_error=lambda _: flushed.append(client.flush()))
    assert client.track_event("click").result(10).counted
    assert flushed == [False]


def test_callbacks_may_close(service: Unruly, make_client: MakeClient) -> None:
    service.script = [Turn(500)]
    client = make_client(on_error=lambda _: client.close(60))
    assert client.track_event("click").result(30).code == "closed"


def test_late_items_have_the_time_when_they_were_tracked(service: Unruly, make_client: MakeClient) -> None:
    offset = [0.0]
    service.script = [Turn(503, retry_after="0")] * 3
    wall = 1_700_000_000.0
    client = make_client(
        clock=lambda: time.monotonic() + offset[0], wall=lambda: wall + offset[0], on_error=lambda _: skip()
    )

    def skip() -> None:
        offset[0] = 90.0

    client.track_event("late")
    client.track_event("dated", timestamp=1_700_000_001.5)
    assert client.flush(10)
    fresh = client.track_event("fresh")
    assert fresh.result(10).counted
    times = {item["type"]: item.get("timestamp", "")[:19] for item in service.items.values()}
    assert times == {"late": times["late"], "dated": "2023-11-14T22:13:21", "fresh": ""}
    assert times["late"] in ("2023-11-14T22:13:19", "2023-11-14T22:13:20")


def test_a_wrong_clock_loses_no_item(service: Unruly, make_client: MakeClient) -> None:
    offset = [0.0]
    service.script, service.believes_times = [Turn(503, retry_after="0")], False

    def skip(_: str) -> None:
        offset[0] = 90.0

    client = make_client(flush_seconds=5, clock=lambda: time.monotonic() + offset[0], on_error=skip)
    outcomes = [client.track_event("late"), client.track_event("dated", timestamp="2099-01-01T00:00:00Z")]
    assert client.flush(10)
    assert [outcome.result(0).status for outcome in outcomes] == ["accepted", "rejected"]
    assert service.counted == {"late": 1}


def test_newer_heartbeats_replace_failed_ones(service: Unruly, make_client: MakeClient) -> None:
    service.script = [Turn(503, retry_after="1")]
    client = make_client()
    beats = [client.heartbeat("healthy", {"request_count": n}) for n in range(3)]
    assert client.flush(10)
    assert [beat.result().code for beat in beats[:2]] == ["superseded"] * 2
    assert beats[2].result().counted
    assert [beat["metrics"] for beat in service.heartbeats] == [{"request_count": 2}]


def test_a_callback_that_flushes_at_the_first_attempt_does_not_deadlock(
    service: Unruly, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sending thread may run before the call that started it returns."""
    ran = threading.Event()
    waited: list[bool] = []
    original = threading.Thread.start

    def start_and_wait(self: threading.Thread) -> None:
        original(self)
        if self.name == "analytics":
            waited.append(ran.wait(10))

    def on_error(line: str) -> None:
        client.flush()
        client.close()
        ran.set()

    monkeypatch.setattr(threading.Thread, "start", start_and_wait)
    service.script.append(Turn(500))
    client = make_client(on_error=on_error, flush_seconds=0)
    client.track_event("click")
    assert waited == [True]
