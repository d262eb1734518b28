"""Jaeger's query API over spans in memory, through the application."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from analytics.config import Settings
from analytics.factory import create_app
from tests.fakes import FakeClock
from tests.state.rig import NOON

TRACE = "5b8efff798038103d269b633813fc60c"
FAR = "9" * 18


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """A service with one trace of two services, of which the first takes 5 ms."""
    client = create_app(Settings(data_dir=""), FakeClock(NOON)).test_client(use_cookies=False)
    calling: dict[str, Any] = {"trace_id": TRACE, "span_id": "1" * 16, "service": "shop", "name": "GET /"}
    called = {**calling, "span_id": "2" * 16, "parent_id": "1" * 16, "service": "stock", "name": "find"}
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
