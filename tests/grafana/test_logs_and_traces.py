"""What Grafana's data sources for Loki and Jaeger ask, request by request, and what they read of the answers.

Source: github.com/grafana/grafana, pkg/tsdb/loki, pkg/tsdb/jaeger, public/app/plugins/datasource/loki
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from analytics.config import Settings
from analytics.factory import create_app
from tests.fakes import FakeClock
from tests.state.rig import NOON

NANOSECONDS = 1_000_000_000
TRACE = "5b8efff798038103d269b633813fc60c"
START, END = str(int(NOON - 3_600) * NANOSECONDS), str(int(NOON + 60) * NANOSECONDS)
PROVISIONED = Path(__file__).parents[2] / "deploy/grafana/provisioning/datasources/analytics.yaml"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """A service with 30 lines, each third of which is an error of one trace, and that trace."""
    client = create_app(Settings(data_dir=""), FakeClock(NOON)).test_client(use_cookies=False)
    streams = [
        {
            "stream": {"app": "shop", "level": level},
            "values": [
                [str((int(NOON) - 60 + number) * NANOSECONDS), f"request {number}", *metadata]
                for number in range(30)
                if (number % 3 == 0) == (level == "error")
            ],
        }
        for level, metadata in (("error", [{"trace_id": TRACE}]), ("info", []))
    ]
    assert client.post("/loki/api/v1/push", json={"streams": streams}).status_code == 204
    calling: dict[str, Any] = {"trace_id": TRACE, "span_id": "1" * 16, "service": "shop", "name": "GET /"}
    called = {**calling, "span_id": "2" * 16, "parent_id": "1" * 16, "service": "stock", "name": "find"}
    called["attributes"] = {"db.system": "postgresql"}
    spans = [{**span, "start": "2023-11-14T11:59:59Z", "duration_ms": 5} for span in (calling, called)]
    assert client.post("/spans", json=spans).status_code == 200
    return client


def asked(client: FlaskClient, path: str, tags: str = "", **parameters: str) -> Any:
    """The answer to a request of the Loki data source."""
    headers = {"X-Loki-Response-Encoding-Flags": "categorize-labels", "X-API-Key": ""}
    if tags:
        headers["X-Query-Tags"] = f"Source={tags}"
    found = client.get(f"/loki/api/v1/{path}", query_string=parameters, headers=headers)
    assert found.status_code == 200, found.text
    assert found.json is not None
    return found.json


def explored(client: FlaskClient, query: str, tags: str = "", **parameters: str) -> Any:
    """The data of a query in Explore."""
    parameters = {"direction": "backward", "start": START, "end": END, "step": "60000ms", **parameters}
    return asked(client, "query_range", tags, query=query, **parameters)["data"]


def test_save_and_test_of_loki_adds_two_vectors(client: FlaskClient) -> None:
    found = asked(client, "query", query="vector(1)+vector(1)", direction="backward", time=str(4 * NANOSECONDS))
    assert found["status"] == "success"
    assert found["data"]["resultType"] == "vector"
    (series,) = found["data"]["result"]
    assert series == {"metric": {}, "value": [4 * NANOSECONDS, "2"]}  # ten digits are seconds, as in Loki


def test_lines_have_labels_apart_and_the_trace_as_metadata(client: FlaskClient) -> None:
    data = explored(client, '{app="shop", level="error"} |= "request"', limit="1000")
    assert data["resultType"] == "streams"
    assert data["encodingFlags"] == ["categorize-labels"]
    (stream,) = data["result"]
    assert stream["stream"] == {"app": "shop", "level": "error", "service_name": "shop"}
    at, line, labels = stream["values"][0]
    assert (at, line) == (str((int(NOON) - 33) * NANOSECONDS), "request 27")
    assert labels["structuredMetadata"]["trace_id"] == TRACE
    assert len(stream["values"]) == 10
    assert "parsed" not in labels


def test_the_histogram_counts_lines_by_level(client: FlaskClient) -> None:
    query = 'sum by (level, detected_level) (count_over_time({app="shop"} |= "request" | drop __error__[1m]))'
    data = explored(client, query, "logvolhist")
    assert data["resultType"] == "matrix"
    totals = {
        (each["metric"]["level"], each["metric"]["detected_level"]): sum(float(value) for _, value in each["values"])
        for each in data["result"]
    }
    assert totals == {("error", "error"): 10, ("info", "info"): 20}


def test_samples_of_lines_are_few(client: FlaskClient) -> None:
    found = explored(client, '{app="shop"}', "datasample", limit="10")
    assert sum(len(stream["values"]) for stream in found["result"]) == 10


def test_the_lines_around_one_are_found_both_ways(client: FlaskClient) -> None:
    at = (int(NOON) - 45) * NANOSECONDS
    query, hours = '{app="shop",level="error",service_name="shop"}', 7_200 * NANOSECONDS
    before = explored(client, query, limit="2", start=str(at - hours), end=str(at))
    after = explored(client, query, limit="3", direction="forward", start=str(at), end=str(at + hours))
    lines = [[value[1] for stream in found["result"] for value in stream["values"]] for found in (before, after)]
    assert lines == [["request 12", "request 9"], ["request 15", "request 18", "request 21"]]


def test_the_label_browser_finds_names_values_and_streams(client: FlaskClient) -> None:
    window = {"start": START, "end": END}
    assert asked(client, "labels", **window) == {"status": "success", "data": ["app", "level", "service_name"]}
    assert asked(client, "labels", query='{app="none"}', **window)["data"] == []
    assert asked(client, "label/level/values", query='{app="shop"}', **window)["data"] == ["error", "info"]
    found = asked(client, "series", **{"match[]": '{app="shop"}'}, **window)["data"]
    assert sorted(each["level"] for each in found) == ["error", "info"]
    sizes = asked(client, "index/stats", query='{app="shop"}', **window)
    assert (sizes["streams"], sizes["entries"]) == (2, 30)
    assert sizes["bytes"] > 0


def test_the_labels_that_the_query_builder_looks_for_first_are_found(client: FlaskClient) -> None:
    found = asked(client, "detected_labels", query='{app="shop"}', start=START, end=END)
    assert found["detectedLabels"] == [
        {"label": "app", "cardinality": 1},
        {"label": "level", "cardinality": 2},
        {"label": "service_name", "cardinality": 1},
    ]


def test_an_error_is_a_text_that_names_what_is_wrong(client: FlaskClient) -> None:
    found = client.get("/loki/api/v1/query_range", query_string={"query": '{app="shop"', "start": START, "end": END})
    assert found.status_code == 400
    assert found.text.startswith("parse error at line 1")


def jaeger(client: FlaskClient, path: str, **parameters: str) -> Any:
    """The `data` of a request of the Jaeger data source."""
    found = client.get(path, query_string=parameters, headers={"X-API-Key": ""})
    assert found.status_code == 200, found.text
    assert found.json is not None
    assert not found.json.get("errors")
    return found.json["data"]


def test_save_and_test_of_jaeger_finds_services_and_the_search_form_operations(client: FlaskClient) -> None:
    assert jaeger(client, "/api/services") == ["shop", "stock"]
    assert jaeger(client, "/api/services/shop/operations") == ["GET /"]


def test_traces_are_found_by_all_fields_of_the_form(client: FlaskClient) -> None:
    form = {"service": "stock", "operation": "find", "limit": "20", "minDuration": "1ms", "maxDuration": "1s"}
    (found,) = jaeger(client, "/api/traces", tags='{"db.system":"postgresql"}', **form)
    assert found["traceID"] == TRACE
    window = {"start": str(int(NOON - 3_600) * 1_000_000), "end": str(int(NOON) * 1_000_000), "lookback": "custom"}
    assert len(jaeger(client, "/api/traces", **form, **window)) == 1
    assert jaeger(client, "/api/traces", tags='{"db.system":"mysql"}', **form) == []


def test_a_trace_has_what_its_view_draws(client: FlaskClient) -> None:
    (trace,) = jaeger(client, f"/api/traces/{TRACE}")
    names = {each["operationName"]: each for each in trace["spans"]}
    root, child = names["GET /"], names["find"]
    assert (child["references"][0]["refType"], child["references"][0]["spanID"]) == ("CHILD_OF", root["spanID"])
    assert {"key": "db.system", "type": "string", "value": "postgresql"} in child["tags"]
    assert (root["duration"], root["logs"], child["startTime"] // 1_000_000) == (5_000, [], int(NOON) - 1)
    assert trace["processes"][child["processID"]]["serviceName"] == "stock"


def test_a_trace_that_is_not_there_is_an_error(client: FlaskClient) -> None:
    assert client.get(f"/api/traces/{'0' * 31}1").status_code == 404


def test_the_graph_of_services_is_asked_in_milliseconds(client: FlaskClient) -> None:
    now = str(int(NOON) * 1_000)
    assert jaeger(client, "/api/dependencies", endTs=now, lookback="3600000") == [
        {"parent": "shop", "child": "stock", "callCount": 1}
    ]


def test_the_query_of_the_link_from_a_span_to_its_lines_finds_them(client: FlaskClient) -> None:
    sources = yaml.safe_load(PROVISIONED.read_text())["datasources"]
    (query,) = [each["jsonData"]["tracesToLogsV2"]["query"] for each in sources if each["type"] == "jaeger"]
    query = query.replace('$${__span.tags["service.name"]}', "shop").replace("$${__trace.traceId}", TRACE)
    assert "$" not in query
    assert sum(len(stream["values"]) for stream in explored(client, query, limit="1000")["result"]) == 10
