"""Traces in the own shape and in Jaeger's, of spans in memory, through the application."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from analytics.config import Settings
from analytics.factory import create_app
from tests.fakes import FakeClock
from tests.state.rig import NOON

TRACE = "5b8efff798038103d269b633813fc60c"
FAR = "9" * 18
EVENT_NS = 1_700_049_599_000_000_001
"""No number of JavaScript: those beyond 2^53 lose their last digits."""


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """A service with one trace of two services, of which the first takes 5 ms."""
    client = create_app(Settings(data_dir=""), FakeClock(NOON)).test_client(use_cookies=False)
    calling: dict[str, Any] = {"trace_id": TRACE, "span_id": "1" * 16, "service": "shop", "name": "GET /"}
    called = {**calling, "span_id": "2" * 16, "parent_id": "1" * 16, "service": "stock", "name": "find"}
    called["events"] = [{"time": EVENT_NS, "name": "exception", "attributes": {"exception.type": "E"}}]
    spans = [{**span, "start": "2023-11-14T11:59:59Z", "duration_ms": 5} for span in (calling, called)]
    assert client.post("/spans", json=spans).status_code == 200
    return client


@pytest.mark.parametrize(
    ("query", "traces"),
    [
        ("service=shop", 1),
        ("service=shop&minDuration=1h2m", 0),
        ("service=shop&maxDuration=1h2m", 1),
        ("service=shop&minDuration=999999999999h", 0),
        ("service=shop&maxDuration=999999999999h", 1),
        (f"service=shop&end={FAR}", 0),
        (f"service=shop&start=0&end={FAR}", 1),
        (f"service=shop&start={FAR}&end={FAR}", 0),
    ],
)
def test_times_and_durations_may_be_as_far_as_can_be_written(client: FlaskClient, query: str, traces: int) -> None:
    answer = client.get(f"/api/traces?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert len(answer.json["data"]) == traces


@pytest.mark.parametrize(
    ("query", "calls"),
    [("", 1), (f"endTs={FAR}", 0), (f"endTs={FAR}&lookback={FAR}", 1), (f"endTs=0&lookback={FAR}", 0)],
)
def test_calls_are_found_in_any_range(client: FlaskClient, query: str, calls: int) -> None:
    answer = client.get(f"/api/dependencies?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert len(answer.json["data"]) == calls


def test_times_of_events_are_exact_in_the_own_shape_and_in_microseconds_in_jaegers(client: FlaskClient) -> None:
    spans = client.get(f"/traces/{TRACE}").json["spans"]  # type: ignore[index]
    (event,) = [event for span in spans for event in span["events"]]
    assert event == {
        "name": "exception",
        "time": "2023-11-15T11:59:59.000Z",
        "time_ns": str(EVENT_NS),
        "attributes": {"exception.type": "E"},
    }
    (trace,) = client.get(f"/api/traces/{TRACE}").json["data"]  # type: ignore[index]
    (log,) = [log for span in trace["spans"] for log in span["logs"]]
    assert log["timestamp"] == EVENT_NS // 1000
