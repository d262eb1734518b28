"""Points from OTLP: kinds, temporality, histograms, resources, and data points that are rejected."""

from base64 import b64encode
from typing import Any

import pytest

from analytics.doors.otlp.door import parse
from analytics.doors.otlp.points import MOST_QUANTILES, PAUSE_EVERY, decode_points
from analytics.points import Exemplar, NewPoint
from tests.doors.otlp.messages import (
    DELTA,
    JSON,
    PROTOBUF,
    attribute,
    body,
    decoded,
    distribution,
    gauge,
    point,
    request,
    total,
)
from tests.doors.point_log import shown


def points(message: dict[str, Any]) -> list[NewPoint]:
    batch = decoded(message)
    assert batch.errors == []
    return batch.items


def values(*metrics: dict[str, Any], **resource: Any) -> dict[str, float | None]:
    """The values by their series, without the label `service`."""
    found = {}
    for each in points(request(*metrics, **({"service_name": "shop"} | resource))):
        assert ("service", "shop") in each.labels
        each.labels = tuple(pair for pair in each.labels if pair[0] != "service")
        found[shown(each)] = each.value
    return found


def problem(metric: dict[str, Any]) -> str:
    batch = decoded(request(gauge("good", point(asInt="1")), metric, gauge("also", point(asInt="1"))))
    assert [each.name for each in batch.items] == ["good", "also"]
    (error,) = batch.errors
    assert (error.index, error.code) == (1, "malformed_point")
    return error.message


def test_gauges_of_both_kinds_of_numbers() -> None:
    assert values(
        gauge("queue", point(asInt=str(-(2**63))), point({"k": "v"}, asDouble=1.5)), gauge("load", point(asInt=3))
    ) == {"queue": -(2.0**63), 'queue{k="v"}': 1.5, "load": 3}


def test_a_cumulative_sum_is_a_counter_with_its_start_and_a_source() -> None:
    (found,) = points(request(total("orders", point(asInt="7")), service_name="shop"))
    assert (found.name, found.kind, found.value, found.is_cumulative) == ("orders_total", "counter", 7, True)
    assert (found.at, found.started) == (1_700_000_060, 1_700_000_000)
    assert found.source


def test_a_delta_sum_is_an_increase() -> None:
    (found,) = points(request(total("orders", point(asInt="7"), temporality=DELTA)))
    assert (found.kind, found.value, found.is_cumulative, found.started) == ("counter", 7, False, 1_700_000_000)


def test_a_sum_that_can_fall_is_a_gauge() -> None:
    (found,) = points(request(total("queue.size", point(asInt="-7"), monotonic=False)))
    assert (found.name, found.kind, found.value) == ("queue_size", "gauge", -7)


def test_changes_of_a_sum_that_can_fall_are_rejected() -> None:
    assert "not monotonic" in problem(total("queue", point(asInt="1"), monotonic=False, temporality=DELTA))


def test_a_histogram_is_classic_counters() -> None:
    data = point({"k": "v"}, count="6", sum=11.5, bucketCounts=["1", "2", "3"], explicitBounds=[0.5, 5], min=0, max=9)
    assert values(distribution("histogram", "time", data, unit="s")) == {
        'time_seconds_bucket{k="v",le="0.5"}': 1,
        'time_seconds_bucket{k="v",le="5"}': 3,
        'time_seconds_bucket{k="v",le="+Inf"}': 6,
        'time_seconds_sum{k="v"}': 11.5,
        'time_seconds_count{k="v"}': 6,
    }


def test_a_histogram_may_have_no_sum_no_buckets_or_an_infinite_bound() -> None:
    assert values(distribution("histogram", "a", point(count="6"))) == {'a_bucket{le="+Inf"}': 6, "a_count": 6}
    infinite = point(count="6", bucketCounts=[1, 2, 3], explicitBounds=[1, "Infinity"])
    assert values(distribution("histogram", "a", infinite)) == {
        'a_bucket{le="1"}': 1,
        'a_bucket{le="+Inf"}': 6,
        "a_count": 6,
    }


def test_histograms_keep_their_temporality() -> None:
    for temporality, is_cumulative in ((1, False), (2, True)):
        found = points(request(distribution("histogram", "a", point(count="6", sum=1), temporality=temporality)))
        assert {each.is_cumulative for each in found} == {is_cumulative}


def exponential(**fields: Any) -> dict[str, Any]:
    return distribution("exponentialHistogram", "size", point(**fields), unit="By")


def test_an_exponential_histogram_keeps_its_buckets() -> None:
    (found,) = points(
        request(
            exponential(
                count="10",
                sum=99,
                scale=3,
                zeroCount="1",
                zeroThreshold=0.5,
                positive={"offset": -2, "bucketCounts": ["3", "0", "4"]},
                negative={"offset": 7, "bucketCounts": ["2"]},
            )
        )
    )
    assert (found.name, found.kind, found.value, found.is_cumulative) == ("size_bytes", "histogram", None, True)
    histogram = found.histogram
    assert histogram is not None
    assert (histogram.scale, histogram.count, histogram.sum) == (3, 10, 99)
    assert (histogram.positive, histogram.negative) == ({-2: 3.0, 0: 4.0}, {7: 2.0})
    assert (histogram.zero_count, histogram.zero_threshold) == (1, 0.5)


def test_a_sum_that_is_not_known_is_estimated_from_the_buckets() -> None:
    (found,) = points(request(exponential(count="4", scale=0, positive={"offset": 1, "bucketCounts": ["4"]})))
    assert found.histogram is not None
    assert found.histogram.sum == pytest.approx(4 * 2**1.5)


def test_a_summary_is_quantiles_and_counters() -> None:
    quantiles = [{"quantile": 0.5, "value": 3}, {"quantile": 1, "value": 9}, {"quantile": 0.9, "value": "NaN"}]
    metric = {"name": "time", "summary": {"dataPoints": [point(count="4", sum=14, quantileValues=quantiles)]}}
    assert values(metric) == {'time{quantile="0.5"}': 3, 'time{quantile="1"}': 9, "time_sum": 14, "time_count": 4}
    assert [each.kind for each in points(request(metric))] == ["gauge", "gauge", "counter", "counter"]


def test_a_point_without_a_recorded_value_ends_its_series() -> None:
    (found,) = points(request(gauge("a", point(flags=1))))
    assert found.value is None


def test_resources_become_labels() -> None:
    found = points(
        request(
            gauge("a", point({"http.route": "/x"}, asInt=1)),
            service_name="shop",
            service_instance_id="i-1",
            deployment_environment_name="prod",
            telemetry_sdk_language="python",
            process_pid={"intValue": "7"},
            process_command_args={"arrayValue": {"values": [{"stringValue": "x"}]}},
            host_name="web-1",
            host_id="0815",
        )
    )
    assert dict(found[0].labels) == {
        "__name__": "a",
        "service": "shop",
        "instance": "i-1",
        "deployment_environment_name": "prod",
        "host_name": "web-1",
        "http_route": "/x",
    }


def test_a_resource_without_a_name_is_of_the_service_unknown() -> None:
    assert dict(points(request(gauge("a", point(asInt=1))))[0].labels) == {"__name__": "a", "service": "unknown"}


def test_labels_of_the_resource_keep_their_names() -> None:
    metric = gauge("a", point({"service": "x", "zone": "1"}, asInt=1))
    assert values(metric, zone="2") == {'a{exported_service="x",exported_zone="1",zone="2"}': 1}


def test_a_resource_has_a_limited_number_of_labels() -> None:
    many = {f"k{n:02}": "v" for n in range(30)} | {
        "zlong": "x" * 300,
        "service_name": "shop",
        "service_instance_id": "i",
    }
    labels = dict(points(request(gauge("a", point(asInt=1)), **many))[0].labels)
    assert len(labels) == 22
    assert labels["service"] == "shop"
    assert "zlong" not in labels


def test_values_of_attributes_become_text() -> None:
    attributes = {
        "b": {"boolValue": True},
        "i": {"intValue": "5"},
        "d": {"doubleValue": 2.0},
        "e": {"doubleValue": 0.25},
        "y": {"bytesValue": "aGk="},
        "l": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}]}},
        "m": {"kvlistValue": {"values": [attribute("k", "v")]}},
        "n": {},
        "empty": "",
    }
    (found,) = points(request(gauge("a", point(attributes, asInt=1))))
    assert dict(found.labels) == {
        "__name__": "a",
        "service": "unknown",
        "b": "true",
        "i": "5",
        "d": "2",
        "e": "0.25",
        "y": "aGk=",
        "l": '[1, "x"]',
        "m": '{"k": "v"}',
    }


def test_names_that_become_equal_join_their_values() -> None:
    assert values(gauge("a", point({"x.y": "2", "x_y": "3", "x/y": "1"}, asInt=1))) == {'a{x_y="2;1;3"}': 1}


def test_sources_tell_senders_apart() -> None:
    def source(**resource: Any) -> str:
        return points(request(total("a", point(asInt=1)), **resource))[0].source

    assert source(service_name="a", process_pid={"intValue": 1}) != source(
        service_name="a", process_pid={"intValue": 2}
    )
    assert source(service_name="a") == source(service_name="a")


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (gauge("a", point(asDouble="NaN")), "finite"),
        (gauge("a", point(asDouble="-Infinity")), "finite"),
        (gauge("a", point()), "no value"),
        (gauge("...", point(asInt=1)), "no letter"),
        (gauge("a" * 300, point(asInt=1)), "longer"),
        (gauge("a", point({f"k{n}": "v" for n in range(50)}, asInt=1)), "labels"),
        (gauge("a", point({f"k{n}": "v" for n in range(500)}, asInt=1)), "attributes"),
        (gauge("a", point({"k": "v" * 2_000}, asInt=1)), "longer"),
        (total("a", point(asInt=1), temporality=0), "neither delta nor cumulative"),
        (distribution("histogram", "a", point(count=1, bucketCounts=[1], explicitBounds=[1])), "do not fit"),
        (distribution("histogram", "a", point(count=2, bucketCounts=[1, 1, 0], explicitBounds=[2, 1])), "do not rise"),
        (
            distribution("histogram", "a", point(count=2, bucketCounts=[1, 1, 0], explicitBounds=["NaN", 1])),
            "do not rise",
        ),
        (distribution("histogram", "a", point(count=5, bucketCounts=[1, 1], explicitBounds=[1])), "count is 5"),
        (distribution("histogram", "a", point(count=1, sum="NaN")), "finite"),
        (
            distribution("histogram", "a", point(bucketCounts=[0] * 1_001, explicitBounds=list(range(1_000)))),
            "too many",
        ),
        (exponential(count=1, scale=21, positive={"bucketCounts": [1]}), "scale"),
        (exponential(count=1, scale=-11, positive={"bucketCounts": [1]}), "scale"),
        (exponential(count=5, positive={"bucketCounts": [1]}), "count is 5"),
        (exponential(count=1, positive={"offset": 2_000, "bucketCounts": [1]}), "range"),
        (exponential(count=1, zeroCount=1, zeroThreshold=-1), "threshold"),
        (exponential(count=0, positive={"bucketCounts": [0] * 1_001}), "too many"),
    ],
)
def test_a_data_point_that_is_invalid_is_named_and_the_others_are_kept(metric: dict[str, Any], expected: str) -> None:
    assert expected in problem(metric)


@pytest.mark.parametrize(("resource", "count"), [({}, 2), ({"service_instance_id": "a"}, 1)])
def test_processes_that_name_no_instance_are_told_apart_by_their_start(resource: dict[str, str], count: int) -> None:
    starts = [point({"n": str(start)}, asInt=1) | {"startTimeUnixNano": str(start)} for start in (5, 6, 6)]
    found = points(request(total("orders", *starts), service_name="shop", **resource))
    assert len({each.source for each in found}) == count
    deltas = points(request(total("orders", *starts, temporality=DELTA), service_name="shop", **resource))
    assert len({each.source for each in deltas}) == 1


SEEN: dict[str, Any] = {
    "asDouble": 0.3,
    "timeUnixNano": "1700000059500000000",
    "traceId": "0af7651916cd43dd8448eb211c80319c",
    "spanId": "b7ad6b7169203331",
    "filteredAttributes": [attribute("user.tier", "gold")],
}


def in_protobuf(exemplar: dict[str, Any]) -> dict[str, Any]:
    """The ids as the JSON form of protobuf has bytes, which is not that of OTLP."""
    encoded = {name: b64encode(bytes.fromhex(exemplar[name])).decode() for name in ("traceId", "spanId")}
    return exemplar | encoded


@pytest.mark.parametrize("form", [JSON, PROTOBUF])
def test_exemplars_have_the_ids_of_their_trace_and_the_attributes_that_were_left_out(form: str) -> None:
    def found(metric: Any, seen: list[dict[str, Any]]) -> list[tuple[str, tuple[Exemplar, ...]]]:
        exemplars = [in_protobuf(each) for each in seen] if form == PROTOBUF else seen
        message = request(metric(point(exemplars=exemplars, **VALUES[metric.__name__])))
        batch = decode_points(parse(body(message, form), form), lambda count: None)
        return [(dict(each.labels).get("le", ""), each.exemplars) for each in batch.items if each.exemplars]

    def counter(data: Any) -> Any:
        return total("orders", data)

    def classic(data: Any) -> Any:
        return distribution("histogram", "wait", data)

    def exponential(data: Any) -> Any:
        return distribution("exponentialHistogram", "wait", data)

    ids = (("span_id", "b7ad6b7169203331"), ("trace_id", "0af7651916cd43dd8448eb211c80319c"))
    kept = Exemplar((*ids, ("user_tier", "gold")), 0.3, 1_700_000_059.5)
    assert found(counter, [SEEN]) == [("", (kept,))]
    assert found(exponential, [SEEN]) == [("", (kept,))]
    slow = SEEN | {"asDouble": 9.0, "filteredAttributes": [attribute("path", "/" * 200)]}
    assert found(classic, [slow, SEEN]) == [("0.5", (kept,)), ("+Inf", (Exemplar(ids, 9.0, 1_700_000_059.5),))]
    assert found(counter, [SEEN | {"traceId": "", "spanId": "00" * 8, "filteredAttributes": []}]) == []


VALUES: dict[str, dict[str, Any]] = {
    "counter": {"asInt": "7"},
    "classic": {"count": "2", "sum": 1.0, "bucketCounts": ["0", "1", "1"], "explicitBounds": [0.1, 0.5]},
    "exponential": {"count": "1", "sum": 0.3, "scale": 0, "positive": {"offset": -2, "bucketCounts": ["1"]}},
}


def test_a_summary_with_too_many_quantiles_is_refused() -> None:
    metric = {"name": "time", "summary": {"dataPoints": [point(quantileValues=[{}] * (MOST_QUANTILES + 1))]}}
    assert "1001 quantiles are too many" in problem(metric)


def test_others_have_their_turn_after_each_data_point_that_is_many() -> None:
    pauses: list[int] = []
    quantiles = [{"quantile": number / 100, "value": 1} for number in range(PAUSE_EVERY)]
    metric = {"name": "time", "summary": {"dataPoints": [point(quantileValues=quantiles)] * 3}}
    batch = decode_points(parse(body(request(metric), JSON), JSON), lambda count: None, lambda: pauses.append(1))
    assert (len(batch.items), len(pauses)) == (3 * (PAUSE_EVERY + 2), 3)
