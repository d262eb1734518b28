"""Prometheus' API below `/api/v1/`: shapes, forms and errors."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from analytics.api.prometheus.answers import chunked
from tests.access.rig import Rig

API = "/api/v1"


@pytest.fixture(scope="module")
def rig() -> Rig:
    rig = Rig(admin_key="")
    events = [{"type": "request", "service": name, "data": {"latency": 20}} for name in ("shop", "pay", "shop")]
    assert rig.post("/events", events).status_code == 200
    rig.clock.advance(5.5)
    return rig


def data(rig: Rig, path: str, **query: Any) -> Any:
    """The data of a successful answer."""
    answer = rig.get(f"{API}{path}", query_string=query)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert answer.json["status"] == "success"
    return answer.json["data"]


def test_an_instant_vector_has_labels_and_a_value_as_text(rig: Rig) -> None:
    now = rig.clock.wall()
    found = data(rig, "/query", query="requests_total", time=now)
    assert found["resultType"] == "vector"
    assert {each["metric"]["service"]: each["value"] for each in found["result"]} == {
        "shop": [round(now, 3), "2"],
        "pay": [round(now, 3), "1"],
    }


def test_a_range_is_a_matrix(rig: Rig) -> None:
    end = rig.clock.wall()
    found = data(rig, "/query_range", query="sum(requests_total)", start=end - 2, end=end, step="1s")
    assert found["resultType"] == "matrix"
    assert [value for _, value in found["result"][0]["values"]] == ["3", "3", "3"]


@pytest.mark.parametrize(
    ("query", "kind", "result"),
    [("1 + 1", "scalar", [3.0, "2"]), ('"a"', "string", [3.0, "a"]), ("Inf", "scalar", [3.0, "+Inf"])],
)
def test_scalars_and_strings_have_their_own_shape(rig: Rig, query: str, kind: str, result: list[Any]) -> None:
    assert data(rig, "/query", query=query, time=3) == {"resultType": kind, "result": result}


def test_a_native_histogram_has_its_buckets(rig: Rig) -> None:
    (found,) = data(rig, "/query", query='increase(latency_milliseconds{service="shop"}[1m])')["result"]
    histogram = found["histogram"][1]
    assert (histogram["count"], histogram["sum"]) == ("2", "40")
    ((rule, lower, upper, count),) = histogram["buckets"]
    assert (rule, count) == (0, "2")
    assert float(lower) < 20 <= float(upper)


def test_exemplars_are_those_of_all_selectors_of_a_query() -> None:
    rig = Rig(admin_key="")
    now = rig.clock.wall()
    text = f"""# TYPE wait_seconds histogram
wait_seconds_bucket{{job="cart",le="1"}} 4 # {{trace_id="ab",span_id="cd"}} 0.5 {now - 3}
wait_seconds_bucket{{job="cart",le="+Inf"}} 5 # {{trace_id="ef"}} 7
wait_seconds_count{{job="cart"}} 5
wait_seconds_sum{{job="cart"}} 9
"""
    sent = rig.ask("POST", f"{API}/import/prometheus", data=text, content_type="application/openmetrics-text")
    assert sent.status_code == 204
    query = "histogram_quantile(0.9, sum by (le) (rate(wait_seconds_bucket[5m]))) / on () group_left () (x + up)"
    found = data(rig, "/query_exemplars", query=query, start=now - 60, end=now + 60)
    assert [each["seriesLabels"]["le"] for each in found] == ["1", "+Inf"]
    assert found[0] == {
        "seriesLabels": {"__name__": "wait_seconds_bucket", "job": "cart", "service": "cart", "le": "1"},
        "exemplars": [{"labels": {"span_id": "cd", "trace_id": "ab"}, "value": "0.5", "timestamp": now - 3}],
    }
    assert data(rig, "/query_exemplars", query=query, start=now - 60, end=now - 2) == found[:1]
    scraped = rig.get("/metrics", headers={"Accept": "application/openmetrics-text"}).text
    assert f'le="1",service="cart"}} 4 # {{span_id="cd",trace_id="ab"}} 0.5 {now - 3}\n' in scraped
    assert "trace_id" not in rig.get("/metrics").text


def test_a_form_in_the_body_is_a_query(rig: Rig) -> None:
    answer = rig.ask("POST", f"{API}/query", data={"query": "count(requests_total)"})
    assert answer.json is not None
    assert answer.json["data"]["result"][0]["value"][1] == "2"
    answer = rig.ask("POST", f"{API}/series", data={"match[]": ["requests_total", "events_total"]})
    assert answer.json is not None
    assert len(answer.json["data"]) == 4


@pytest.mark.parametrize(
    ("path", "query", "status", "kind", "text"),
    [
        ("/query", {"query": "sum("}, 400, "bad_data", "unclosed"),
        ("/query", {}, 400, "bad_data", "parameter is missing"),
        ("/query", {"query": "1", "time": "soon"}, 400, "bad_data", "cannot parse"),
        ("/query", {"query": "1", "time": "1e400"}, 400, "bad_data", "cannot parse"),
        ("/query", {"query": "1", "timeout": "x"}, 400, "bad_data", "duration"),
        ("/query", {"query": "1", "timeout": "0"}, 400, "bad_data", "more than 0"),
        ("/query", {"query": "1", "limit": "-1"}, 400, "bad_data", "non-negative"),
        ("/query_range", {"query": "1", "start": 0, "end": 9, "step": 0}, 400, "bad_data", "zero or negative"),
        ("/query_range", {"query": "1", "start": 9, "end": 0, "step": 1}, 400, "bad_data", "must not be before"),
        ("/query_range", {"query": "1", "start": 0, "end": 99999, "step": 1}, 400, "bad_data", "maximum resolution"),
        ("/query_range", {"query": "x[5m]", "start": 0, "end": 9, "step": 1}, 400, "bad_data", "range vector"),
        ("/query", {"query": "requests_total + on() requests_total"}, 422, "execution", "many-to-many"),
        ("/query", {"query": 'count_over_time({__name__=~".+"}[90d:1s])'}, 422, "execution", "too many samples"),
        ("/series", {}, 400, "bad_data", "match[]"),
        ("/series", {"match[]": "rate(x[5m])"}, 400, "bad_data", "no series selector"),
        ("/labels", {"match[]": "{"}, 400, "bad_data", "match"),
        ("/format_query", {"query": "("}, 400, "bad_data", "query"),
    ],
)
def test_errors_have_the_shape_and_type_of_prometheus(
    rig: Rig, path: str, query: dict[str, Any], status: int, kind: str, text: str
) -> None:
    answer = rig.get(f"{API}{path}", query_string=query)
    assert answer.status_code == status
    assert answer.json is not None
    assert (answer.json["status"], answer.json["errorType"]) == ("error", kind)
    assert text in answer.json["error"]


@pytest.mark.parametrize(
    ("media_type", "body", "status"),
    [
        ("application/x-www-form-urlencoded", "query=" + "x" * (1 << 20), 413),
        ("application/x-www-form-urlencoded", "&".join(["a=b"] * 2_000), 400),
        ("application/x-www-form-urlencoded", b"query=\xff", 400),
        ("application/json", "{}", 415),
    ],
)
def test_bodies_that_are_no_small_form_are_refused(rig: Rig, media_type: str, body: str | bytes, status: int) -> None:
    answer = rig.ask("POST", f"{API}/query", data=body, headers={"Content-Type": media_type})
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["errorType"] == "bad_data"


def test_what_grafana_asks_is_answered(rig: Rig) -> None:
    assert data(rig, "/labels") == ["__name__", "service", "type"]
    assert data(rig, "/label/service/values") == ["pay", "shop"]
    assert "requests_total" in data(rig, "/label/__name__/values", **{"match[]": '{service="pay"}'})
    assert data(rig, f"/label/{quote('U__ser_76_ice')}/values") == ["pay", "shop"]
    assert data(rig, "/series", **{"match[]": 'requests_total{service="pay"}'}) == [
        {"__name__": "requests_total", "service": "pay"}
    ]
    assert data(rig, "/metadata", metric="requests_total") == {
        "requests_total": [{"type": "counter", "help": "Requests of a service", "unit": ""}]
    }
    assert data(rig, "/rules") == {"groups": []}
    assert data(rig, "/alerts") == {"alerts": []}
    assert data(rig, "/query_exemplars", query="x") == []
    for query in ({}, {"query": "x("}, {"query": "x", "start": 2, "end": 1}):
        assert rig.get(f"{API}/query_exemplars", query_string=query).status_code == 400
    assert data(rig, "/status/buildinfo")["version"].startswith("3.")
    assert data(rig, "/format_query", query="sum(x)by(y)") == "sum by (y) (x)"


def test_a_limit_truncates_with_a_warning(rig: Rig) -> None:
    answer = rig.get(f"{API}/query", query_string={"query": "requests_total", "limit": 1})
    assert answer.json is not None
    assert len(answer.json["data"]["result"]) == 1
    assert answer.json["warnings"] == ["results truncated due to limit"]
    assert data(rig, "/labels", limit=1) == ["__name__"]


def test_times_may_be_rfc_3339(rig: Rig) -> None:
    for text in ("2023-11-14T12:00:00Z", "2023-11-14T12:00:00.000Z", "2023-11-14T14:00:00+02:00"):
        assert data(rig, "/query", query="time()", time=text)["result"][1] == "1699963200"


def test_long_answers_are_streamed_and_whole(rig: Rig) -> None:
    query = {"query": "vector(1) or label_replace(vector(1), 'x', 'y', '', '')", "start": 0, "end": 10_000, "step": 1}
    plain = rig.get(f"{API}/query_range", query_string=query)
    found = msgspec.json.decode(plain.data)["data"]["result"]
    assert [len(each["values"]) for each in found] == [10_001, 10_001]


def test_an_answer_is_made_while_it_is_sent() -> None:
    made = []

    def parts() -> Iterator[bytes]:
        for number in range(10):
            made.append(number)
            yield b"x" * 50_000

    chunks = chunked(parts(), takes_gzip=False)
    first = next(chunks)
    assert (len(first.content), len(made)) == (100_000, 2)
    assert not first.is_all
    assert sum(len(chunk.content) for chunk in chunks) == 400_000


def test_a_small_answer_is_sent_at_once() -> None:
    (chunk,) = chunked(iter([b"{", b"}"]), takes_gzip=True)
    assert chunk == (b"{}", False, True)


def test_annotations_are_sent(rig: Rig) -> None:
    answer = json.loads(rig.get(f"{API}/query", query_string={"query": "quantile(2, requests_total)"}).data)
    assert answer["warnings"] == ["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"]
    assert "infos" not in answer


def test_a_read_key_is_needed() -> None:
    locked = Rig()
    assert locked.get(f"{API}/query", query_string={"query": "1"}).status_code == 401
    assert locked.get(f"{API}/query", locked.key("ingest"), query_string={"query": "1"}).status_code == 403
    assert locked.get(f"{API}/query", locked.key("read"), query_string={"query": "1"}).status_code == 200
