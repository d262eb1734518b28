"""The doors for numbers in the whole service: what is sent is in the state, by the rules of access, with receipts."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from analytics.api.application import Application
from analytics.config import Settings
from analytics.factory import create_app
from analytics.points import COUNTER, GAUGE, HISTOGRAM
from analytics.state.series.matchers import equal
from tests.access.rig import Rig
from tests.doors.otlp.messages import JSON, body, gauge, point, request, total
from tests.fakes import FakeClock

NOW = 1_700_000_060.0
"""The time of the data points of `messages`."""
PATHS = ("/write", "/api/v2/write", "/api/v3/write_lp")
LINE = b"cpu,service=shop usage=64.2"


class Service:
    """A service in this process."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock(wall=NOW)
        self.app: Application = create_app(Settings(data_dir="", **settings), self.clock)
        runtime = self.app.extensions["analytics"]
        runtime._is_loading = False
        self.state = runtime._state

    def post(self, path: str, data: bytes, **more: Any) -> TestResponse:
        return self.app.test_client().post(path, data=data, **more)

    def figure(self, kind: str, column: str, name: str) -> float:
        """A figure of the only series of a name, over today."""
        store = self.state.series_store
        ids = store.select([equal("__name__", name)])
        window = store.window(kind, len(store.levels) - 1, NOW, NOW + 1)
        (value,) = window.matrix(ids, column).values.ravel()
        return float(value)


@pytest.mark.parametrize("path", PATHS)
def test_line_protocol_is_in_the_state(path: str) -> None:
    service = Service()
    assert service.post(path, LINE).status_code == 204
    assert service.figure(GAUGE, "sum", "cpu_usage") == 64.2
    assert service.app.test_client().get("/stats").json["ingest"]["points"]["accepted"] == 1
    assert service.state.services.has("shop")


def test_otlp_is_in_the_state() -> None:
    service = Service()
    first = request(total("orders", point(asInt=3)), gauge("queue", point(asInt=7)), service_name="shop")
    assert service.post("/v1/metrics", body(first), content_type=JSON).data == b"{}"
    later = point(asInt=5) | {"timeUnixNano": "1700000061000000000"}
    second = request(total("orders", later), service_name="shop")
    service.clock.advance(1)
    assert service.post("/v1/metrics", body(second), content_type=JSON).status_code == 200
    assert service.figure(GAUGE, "last", "queue") == 7
    assert service.figure(COUNTER, "increase", "orders_total") == 2


def test_exponential_histograms_of_otlp_are_in_the_state() -> None:
    service = Service()
    buckets = {"offset": 3, "bucketCounts": [1, 2]}
    data = {"dataPoints": [point(count=3, sum=60, scale=2, positive=buckets)], "aggregationTemporality": 1}
    message = request({"name": "size", "exponentialHistogram": data})
    assert service.post("/v1/metrics", body(message), content_type=JSON).status_code == 200
    assert service.figure(HISTOGRAM, "count", "size") == 3
    assert service.figure(HISTOGRAM, "sum", "size") == 60


def test_series_beyond_the_limit_are_a_partial_write_by_name() -> None:
    service = Service(max_series=1)
    answer = service.post("/write", b"a n=1\nb n=1\nc n=1\n")
    assert answer.status_code == 400
    assert "'b_n'" in answer.json["error"]
    assert answer.json["error"].endswith("dropped=2")
    assert service.app.test_client().get("/stats").json["drops"]["too_many_series"] == 2


@pytest.mark.parametrize(("line", "code"), [(b"a n=1 1000000000", "before"), (b"a n=1 1800000000", "ahead")])
def test_lines_of_another_time_are_refused(line: bytes, code: str) -> None:
    answer = Service().post("/write?precision=s", line)
    assert answer.status_code == 400
    assert code in answer.json["error"]


def test_a_ping_needs_no_key() -> None:
    rig = Rig()
    assert rig.app.test_client().get("/ping").status_code == 204


@pytest.mark.parametrize(
    ("how", "query", "headers"),
    [
        ("a token", "", {"Authorization": "Token KEY"}),
        ("a bearer", "", {"Authorization": "Bearer KEY"}),
        ("a password in the query", "?u=any&p=KEY&db=x&precision=s", {}),
        ("nothing", "", {}),
        ("another password", "?u=any&p=wrong", {}),
    ],
)
def test_clients_of_influxdb_send_the_key_in_their_ways(how: str, query: str, headers: dict[str, str]) -> None:
    rig = Rig()
    key = rig.key("ingest")
    answer = rig.app.test_client().post(
        f"/write{query.replace('KEY', key)}",
        data=LINE,
        headers={name: value.replace("KEY", key) for name, value in headers.items()},
    )
    assert answer.status_code == (401 if how in ("nothing", "another password") else 204), answer.data


def test_a_reader_may_not_send() -> None:
    rig = Rig()
    headers = {"Authorization": f"Bearer {rig.key('read')}"}
    for path in (*PATHS, "/v1/metrics"):
        assert rig.app.test_client().post(path, data=LINE, headers=headers).status_code == 403
