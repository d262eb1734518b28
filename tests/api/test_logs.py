"""GET /logs and Loki's API over lines in memory, through the application."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec import Raw

from analytics.config import Settings
from analytics.factory import create_app
from analytics.kinds import LOGS
from analytics.log_lines import NewLogLine
from tests.fakes import FakeClock
from tests.state.rig import NOON, batch

SECOND = 1_000_000_000
NOW = NOON * SECOND
FLAGS = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """A service with lines of the last minute: one a second, of two pods, every tenth of them an error."""
    app = create_app(Settings(data_dir=""), FakeClock(NOON))
    recorder = app.extensions["analytics"]._recorder
    recorder.begin()
    recorder.record_batch(
        LOGS,
        batch(
            *(
                NewLogLine(
                    "shop",
                    f"user {number} took {number}ms",
                    NOW - (60 - number) * SECOND,
                    9 if number % 10 else 17,
                    attributes=Raw(b'{"http.path":"/%d"}' % (number % 2)),
                    resource=Raw(b'{"k8s.pod":"p%d"}' % (number % 2)),
                )
                for number in range(60)
            )
        ),
    )
    return app.test_client()


def loki(client: FlaskClient, path: str, **params: Any) -> Any:
    """The data of an answer."""
    answer = client.get(f"/loki/api/v1{path}", query_string=params)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return answer.json["data"]


def test_lines_are_served_with_all_fields(client: FlaskClient) -> None:
    answer = client.get("/logs?limit=1").json
    assert answer is not None
    (line,) = answer["lines"]
    assert line.pop("id")
    assert line == {
        "time": "2023-11-14T11:59:59.000Z",
        "received_at": "2023-11-14T12:00:00.000Z",
        "service": "shop",
        "level": "info",
        "severity": 9,
        "severity_text": "",
        "body": "user 59 took 59ms",
        "trace_id": "",
        "span_id": "",
        "attributes": {"http.path": "/1"},
        "resource": {"k8s.pod": "p1"},
        "scope": "",
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 60),
        ("severity=error", 6),
        ("q=level:error", 6),
        ("q=%22user+7%22", 1),
        ("q=attributes.http.path=/1", 30),
        ("q=resource.k8s.pod:P0 -level:error", 24),
        ("from=2023-11-14T11:59:50Z", 10),
        ("to=2023-11-14T11:59:10.000000001Z", 11),
        ("service=other", 0),
    ],
)
def test_filters(client: FlaskClient, query: str, count: int) -> None:
    answer = client.get(f"/logs?limit=1000&{query}").json
    assert answer is not None
    assert answer["count"] == count


@pytest.mark.parametrize(
    "path",
    [
        *("/logs?q=level:eror", "/logs?severity=loud", "/logs?cursor=7", "/logs?cursor=after-1-99999999999999999999"),
        *("/logs?limit=1001", "/logs?from=yesterday", "/logs?nothing=1", "/logs?q=(", "/logs/context"),
        *(
            "/logs/histogram?step=1&from=2000-01-01T00:00:00Z",
            "/logs/histogram?from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z",
        ),
        *("/logs/patterns?limit=0", "/logs/fields?values=101", "/logs/tail?q=(", "/logs/tail?limit=5"),
    ],
)
def test_mistakes_are_named(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"]["fields"]


def test_fields_and_patterns_say_what_they_looked_into(client: FlaskClient) -> None:
    fields, patterns = client.get("/logs/fields?values=1").json, client.get("/logs/patterns").json
    assert fields is not None
    assert patterns is not None
    assert [field["name"] for field in fields["fields"]] == [
        "attributes.http.path",
        "level",
        "resource.k8s.pod",
        "service",
    ]
    assert {"lines": 60, "examined": 60, "is_sampled": False}.items() <= fields.items()
    assert [(each["pattern"], each["count"]) for each in patterns["patterns"]] == [
        ("user <_> took <_>ms", 54),
        ("user <_> took <_>ms", 6),
    ]


def test_the_histogram_covers_the_range(client: FlaskClient) -> None:
    answer = client.get("/logs/histogram?from=2023-11-14T11:59:00Z&step=20").json
    assert answer is not None
    assert [bucket["levels"] for bucket in answer["buckets"]] == [{"info": 18, "error": 2}] * 3


def test_lines_come_as_streams_of_loki(client: FlaskClient) -> None:
    data = loki(client, "/query_range", query='{service_name="shop"} |= "user 5 "')
    assert data["resultType"] == "streams"
    assert data["result"] == [
        {
            "stream": {
                "service_name": "shop",
                "level": "info",
                "detected_level": "info",
                "k8s_pod": "p1",
                "http_path": "/1",
            },
            "values": [[str(NOW - 55 * SECOND), "user 5 took 5ms"]],
        }
    ]


def test_labels_come_apart_where_the_client_wants_that(client: FlaskClient) -> None:
    asked = {"query": '{service_name="shop"} |= "user 5 " | logfmt | label_format x="y"'}
    answer = client.get("/loki/api/v1/query_range", query_string=asked, headers=FLAGS).json
    assert answer is not None
    assert answer["data"]["encodingFlags"] == ["categorize-labels"]
    (stream,) = answer["data"]["result"]
    assert stream["stream"] == {"service_name": "shop", "level": "info", "k8s_pod": "p1"}
    assert stream["values"][0][2] == {
        "structuredMetadata": {"http_path": "/1", "detected_level": "info"},
        "parsed": {"x": "y"},
    }


def test_direction_limit_and_range(client: FlaskClient) -> None:
    def bodies(**params: Any) -> list[str]:
        found = loki(client, "/query_range", query='{k8s_pod="p0", level="info"} | drop http_path', **params)["result"]
        return [line for stream in found for _, line in stream["values"]]

    assert bodies(limit=2) == ["user 58 took 58ms", "user 56 took 56ms"]
    assert bodies(limit=2, direction="forward") == ["user 2 took 2ms", "user 4 took 4ms"]
    start, end = NOW - 40 * SECOND, NOW - 36 * SECOND
    assert bodies(start=start, end=end, direction="forward") == ["user 22 took 22ms"]
    assert bodies(start=f"{start / SECOND:.3f}", end="2023-11-14T11:59:24Z") == ["user 22 took 22ms"]
    assert bodies(since="3s") == ["user 58 took 58ms"]


def test_metrics_come_as_a_matrix_or_a_vector(client: FlaskClient) -> None:
    query = 'sum by (level) (count_over_time({service_name="shop"}[30s]))'
    data = loki(client, "/query_range", query=query, start=NOON - 30, end=NOON, step=30)
    assert {series["metric"]["level"]: series["values"] for series in data["result"]} == {
        "info": [[NOON - 30, "27"], [NOON, "27"]],
        "error": [[NOON - 30, "3"], [NOON, "2"]],
    }
    data = loki(client, "/query", query="vector(1)+vector(1)")
    assert (data["resultType"], data["result"]) == ("vector", [{"metric": {}, "value": [NOON, "2"]}])
    data = loki(client, "/query", query="1 + 1", time=5)
    assert (data["resultType"], data["result"]) == ("scalar", [5, "2"])


def test_labels_values_and_series(client: FlaskClient) -> None:
    assert loki(client, "/labels") == ["k8s_pod", "level", "service_name"]
    assert loki(client, "/label/k8s_pod/values") == ["p0", "p1"]
    assert loki(client, "/label/k8s_pod/values", query='{level="error"}') == ["p0"]
    assert loki(client, "/labels", start=1, end=2) == []
    assert loki(client, "/series", **{"match[]": '{level="error"}'}) == [
        {"k8s_pod": "p0", "service_name": "shop", "level": "error"}
    ]


def test_sizes_of_streams(client: FlaskClient) -> None:
    answer = client.get("/loki/api/v1/index/stats", query_string={"query": '{level="error"}'}).json
    sizes = [len(f"user {number} took {number}ms") for number in range(60)]
    errors = sum(size for number, size in enumerate(sizes) if number % 10 == 0)
    assert answer == {"streams": 1, "chunks": 1, "entries": 6, "bytes": errors}
    (whole,) = loki(client, "/index/volume", query='{service_name=~".+"}')["result"]
    assert whole == {"metric": {"service_name": "shop"}, "value": [NOON, str(sum(sizes))]}
    found = loki(client, "/index/volume", query="{}", targetLabels="level")["result"]
    assert {each["metric"]["level"]: each["value"][1] for each in found} == {
        "info": str(sum(sizes) - errors),
        "error": str(errors),
    }
    found = loki(client, "/index/volume", query="{}", targetLabels="level,k8s_pod", aggregateBy="labels", limit=1)
    assert [each["metric"] for each in found["result"]] == [{"k8s_pod": ""}]
    found = loki(client, "/index/volume_range", query="{}", targetLabels="service_name", step=30, start=NOON - 60)
    assert sum(int(size) for _, size in found["result"][0]["values"]) == sum(sizes)


def test_a_query_may_be_sent_as_a_form(client: FlaskClient) -> None:
    answer = client.post("/loki/api/v1/query", data={"query": "vector(3)"})
    assert answer.json is not None
    assert answer.json["data"]["result"][0]["value"][1] == "3"


@pytest.mark.parametrize(
    ("path", "params", "problem"),
    [
        ("/query_range", {"query": "{a="}, "parse error at line 1"),
        ("/query_range", {"query": 'rate({a="b"}[1m] @ 1)'}, "the modifier @ is not supported"),
        ("/query_range", {}, "query is missing"),
        ("/query_range", {"query": "{}", "limit": "5001"}, "max entries limit"),
        ("/query_range", {"query": "{}", "limit": "x"}, "limit must be"),
        ("/query_range", {"query": "{}", "direction": "up"}, "invalid direction"),
        ("/query_range", {"query": "{}", "start": "soon"}, "start is not a time"),
        ("/query_range", {"query": "{}", "start": "9" * 19}, "start is not a time"),
        ("/query_range", {"query": "{}", "start": "10", "end": "5"}, "end timestamp"),
        ("/query_range", {"query": "rate({}[1m])", "step": "1ms"}, "11,000 points"),
        ("/query_range", {"query": "rate({}[1m])", "step": "x"}, "valid duration"),
        ("/query_range", {"query": "{}", "step": "x"}, "valid duration"),
        ("/query", {"query": "{}"}, "not supported as an instant query"),
        ("/index/stats", {"query": '{} |= "x"'}, "only a stream selector"),
        ("/series", {}, "match"),
    ],
)
def test_errors_are_texts_as_those_of_loki(
    client: FlaskClient, path: str, params: dict[str, str], problem: str
) -> None:
    answer = client.get(f"/loki/api/v1{path}", query_string=params)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert problem in answer.text


def test_tails_need_a_valid_query(client: FlaskClient) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers = {**upgrade, "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    answer = client.get("/loki/api/v1/tail?query=rate(%7B%7D[1m])", headers=headers)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert "only log queries can be tailed" in answer.text
    assert client.get("/logs/tail", headers={**upgrade, "Sec-WebSocket-Key": "short"}).status_code == 400
