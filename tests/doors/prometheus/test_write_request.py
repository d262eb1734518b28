"""Requests of remote write: samples, kinds, labels, times, native histograms, and bad input."""

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.doors.prometheus.metric_kinds import MetricInfo, MetricKinds
from analytics.doors.prometheus.wire import LONG_FIELD, MalformedProtobuf
from analytics.doors.prometheus.write_request import WriteRequests
from analytics.errors import TooLarge
from analytics.points import COUNTER, GAUGE, HISTOGRAM, Exemplar, ExponentialHistogram, NewPoint
from tests.doors.point_log import shown
from tests.doors.prometheus.messages import MILLISECONDS, NOW, announced, message, series

STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
UP = {"__name__": "up", "job": "api"}


class Decoder:
    """Decodes requests, of which the first ones may be remembered."""

    def __init__(self, most: int = 100_000, **stored: str) -> None:
        def check(points: int) -> None:
            if points > most:
                raise TooLarge("Too many points.")

        self.kinds = MetricKinds(stored.get)
        self.requests = WriteRequests(self.kinds, check, lambda: None)

    def points(self, *timeseries: dict[str, Any], **more: Any) -> list[NewPoint]:
        decoded = self.requests.decode(message(*timeseries, **more))
        assert decoded.errors == []
        return decoded.items

    def errors(self, *timeseries: dict[str, Any]) -> list[tuple[int, str]]:
        return [(each.index, each.code) for each in self.requests.decode(message(*timeseries)).errors]


def test_a_sample_becomes_a_point_of_the_service_that_is_the_job() -> None:
    (point,) = Decoder().points(series({**UP, "instance": "a:1"}, 1.5))
    assert shown(point) == 'up{instance="a:1",job="api",service="api"}'
    assert (point.kind, point.value, point.at, point.is_cumulative) == (GAUGE, 1.5, NOW, False)


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"service": "shop", "job": "api"}, "shop"),
        ({"service": "", "job": "api"}, "api"),
        ({"job": "api"}, "api"),
        ({}, None),
    ],
)
def test_a_service_of_its_own_goes_before_the_job(labels: dict[str, str], service: str | None) -> None:
    (point,) = Decoder().points(series({"__name__": "up", **labels}, 1.0))
    assert point.service == service


@pytest.mark.parametrize("name", ["a_total", "a_count", "a_sum", "a_bucket"])
def test_names_decide_about_counters(name: str) -> None:
    (point,) = Decoder().points(series({"__name__": name}, 7.0))
    assert (point.kind, point.value, point.is_cumulative) == (COUNTER, 7.0, True)


def test_types_that_were_announced_go_before_names() -> None:
    decoder = Decoder()
    decoder.points(
        metadata=(
            announced("hits", "COUNTER", "Hits of the page.", "hits"),
            announced("replica_count", "GAUGE"),
            announced("odd_total", "UNKNOWN"),
            announced("temperature", "GAUGEHISTOGRAM"),
            announced("rpc", "SUMMARY"),
        )
    )
    names = ["hits", "replica_count", "odd_total", "temperature_bucket", "rpc", "rpc_sum"]
    points = decoder.points(*(series({"__name__": name}, 1.0) for name in names))
    assert [point.kind for point in points] == [COUNTER, GAUGE, COUNTER, GAUGE, GAUGE, COUNTER]
    assert decoder.kinds.known()["hits"] == MetricInfo("counter", "Hits of the page.", "hits")
    assert decoder.kinds.described()["hits"] == [{"type": "counter", "help": "Hits of the page.", "unit": "hits"}]


def test_a_metric_keeps_the_kind_that_it_is_stored_with() -> None:
    decoder = Decoder(hits=GAUGE, replica_count=COUNTER, latency=HISTOGRAM)
    decoder.points(metadata=(announced("hits", "COUNTER"), announced("replica_count", "GAUGE")))
    points = decoder.points(*(series({"__name__": name}, 1.0) for name in ("hits", "replica_count", "latency")))
    assert [point.kind for point in points] == [GAUGE, COUNTER, GAUGE]


def test_exemplars_are_points_without_a_value() -> None:
    exemplar = {"labels": [{"name": "trace_id", "value": "ab"}], "value": 0.5, "timestamp": MILLISECONDS + 250}
    bad = {"labels": [{"name": "trace_id", "value": "x" * 200}], "value": 0.5}
    decoder = Decoder()
    for _ in range(2):
        (alone, sample, with_it) = decoder.points(
            series({"__name__": "hits_total"}, exemplars=[exemplar, bad]),
            series({"__name__": "hits_total"}, 3.0, exemplars=[exemplar] * 12),
        )
        expected = Exemplar((("trace_id", "ab"),), 0.5, NOW + 0.25)
        assert (alone.value, alone.kind, alone.has_value, alone.exemplars) == (None, COUNTER, False, (expected,))
        assert (sample.value, sample.exemplars, with_it.exemplars) == (3.0, (), (expected,) * 10)
    assert decoder.points(series({"__name__": "hits_total"}, exemplars=[bad])) == []


def test_announcements_are_bounded() -> None:
    kinds = MetricKinds(lambda name: None)
    for number in range(20_001):
        kinds.announce(f"m{number}", MetricInfo("gauge", "x" * 600, "y" * 600))
    kinds.announce("n" * 257, MetricInfo("gauge"))
    kinds.announce("", MetricInfo("gauge"))
    known = kinds.known()
    assert (len(known), "m0" in known, len(known["m1"].help), len(known["m1"].unit)) == (20_000, False, 500, 32)


VALUES = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.just(0.0))
TIMES = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(MILLISECONDS, MILLISECONDS + 10**6))
SAMPLES = st.lists(st.tuples(VALUES, TIMES), max_size=3)
LABELS = st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=3)


def clock(milliseconds: int) -> float:
    """Seconds, within the years that a calendar has."""
    return min(max(milliseconds / 1000, -62_135_596_800.0), 253_402_300_799.0)


@given(st.lists(st.tuples(LABELS, SAMPLES, st.booleans()), max_size=5))
def test_series_that_are_remembered_read_as_at_first(sent: list[tuple[dict[str, str], Any, bool]]) -> None:
    sent_series = [
        {
            **series({"__name__": "m", **labels}),
            "samples": [{"value": value, "timestamp": at} for value, at in samples],
            "exemplars": [{"labels": [{"name": "trace_id", "value": "1"}], "value": 1.0}] * has_exemplar,
        }
        for labels, samples, has_exemplar in sent
    ]
    expected = [
        (tuple(sorted((name, value) for name, value in {"__name__": "m", **labels}.items() if value)), value, clock(at))
        for labels, samples, _ in sent
        for value, at in samples
    ]
    decoder = Decoder()
    for _ in range(2):
        points = decoder.points(*sent_series)
        found = [
            (tuple(pair for pair in p.labels if pair[0] != "service"), p.value, p.at) for p in points if p.has_value
        ]
        wanted = [(tuple(pair for pair in labels if pair[0] != "service"), *rest) for labels, *rest in expected]
        assert found == wanted


@given(st.lists(st.binary(max_size=30)), st.binary(max_size=30))
def test_remembered_bytes_do_not_change_how_others_are_read(seeds: list[bytes], tail: bytes) -> None:
    """Labels whose values look like the beginning of a sample."""
    parts = [seed + b"\x12\x10\x09" + seed for seed in seeds] + [b"\x12\x07\x10", tail]
    sent = [series({"__name__": "m", "a": part.decode("latin1")}, 1.0, 0.0) for part in parts]
    sent += [series({"__name__": "m", "a": part.decode("latin1")}, 3.0) for part in parts]
    used = Decoder()
    used.points(*sent)
    assert used.points(*reversed(sent)) == Decoder().points(*reversed(sent))


def test_stale_markers_end_series() -> None:
    points = Decoder().points(series(UP, STALE), series({"__name__": "a_total"}, STALE))
    assert [(point.kind, point.value, point.is_cumulative) for point in points] == [
        (GAUGE, None, False),
        (COUNTER, None, True),
    ]


def test_a_gauge_that_is_not_a_number_has_no_value() -> None:
    (point,) = Decoder().points(series(UP, math.nan))
    assert point.value is None


@pytest.mark.parametrize(("name", "value"), [("a", math.inf), ("a", -math.inf), ("a_total", math.nan)])
def test_values_that_cannot_be_kept_are_refused(name: str, value: float) -> None:
    sent = series(UP, 1.0), series({"__name__": name}, value)
    assert Decoder().errors(*sent) == [(1, "not_finite")]


def histogram(**fields: Any) -> dict[str, Any]:
    return {
        "count_int": 12,
        "sum": 18.5,
        "schema": 3,
        "zero_threshold": 0.001,
        "zero_count_int": 2,
        "positive_spans": [{"offset": -1, "length": 2}, {"offset": 2, "length": 1}],
        "positive_deltas": [3, -1, 4],
        "negative_spans": [{"offset": 5, "length": 1}],
        "negative_deltas": [1],
        "timestamp": MILLISECONDS,
        **fields,
    }


def histograms(*sent: dict[str, Any]) -> dict[str, Any]:
    return series({"__name__": "latency", "job": "api"}, histograms=list(sent))


EXPECTED = ExponentialHistogram(3, 12.0, 18.5, {-2: 3.0, -1: 2.0, 2: 6.0}, {4: 1.0}, 2.0, 0.001)
"""Prometheus' bucket 0 is that with the index -1."""


def test_a_native_histogram_is_read_exactly() -> None:
    (point,) = Decoder().points(histograms(histogram()))
    assert (point.kind, point.at, point.is_cumulative) == (HISTOGRAM, NOW, True)
    assert point.histogram == EXPECTED


def test_a_native_histogram_may_have_floats() -> None:
    as_floats = {"count_float": 12.0, "zero_count_float": 2.0, "positive_counts": [3.0, 2.0, 6.0]}
    sent = histogram(**as_floats, negative_counts=[1.0])
    for name in ("count_int", "zero_count_int", "positive_deltas", "negative_deltas"):
        del sent[name]
    (point,) = Decoder().points(histograms(sent))
    assert point.histogram == EXPECTED


def test_a_native_histogram_may_end() -> None:
    (point,) = Decoder().points(histograms(histogram(sum=STALE)))
    assert (point.kind, point.histogram, point.value) == (HISTOGRAM, None, None)


BAD_HISTOGRAMS: dict[str, dict[str, Any]] = {
    "custom buckets": {"schema": -53},
    "an unknown schema": {"schema": 9},
    "a gauge": {"reset_hint": 3},
    "fewer counts than buckets": {"positive_deltas": [1]},
    "more counts than buckets": {"positive_deltas": [1, 1, 1, 1]},
    "a negative count": {"positive_deltas": [3, -4, 9]},
    "an infinite sum": {"sum": math.inf},
    "a sum that is none": {"sum": math.nan},
    "a span that says it is huge": {"positive_spans": [{"offset": 0, "length": 2**32 - 1}]},
    "many buckets": {"positive_spans": [{"offset": 0, "length": 2_001}], "positive_deltas": [1] * 2_001},
    "buckets beyond all numbers": {"positive_spans": [{"offset": 2**31 - 1, "length": 3}] * 1},
}


@pytest.mark.parametrize("fields", BAD_HISTOGRAMS.values(), ids=BAD_HISTOGRAMS)
def test_bad_native_histograms_are_refused(fields: dict[str, Any]) -> None:
    assert Decoder().errors(series(UP, 1.0), histograms(histogram(**fields), histogram())) == [
        (1, "unsupported_histogram")
    ]


BAD_LABELS: dict[str, list[tuple[str, str]]] = {
    "no name": [("a", "1")],
    "none": [],
    "a label twice": [("__name__", "m"), ("a", "1"), ("a", "2")],
    "a name of 10 KB": [("__name__", "m" * 10_240)],
    "34 labels": [("__name__", "m"), *((f"a{number}", "1") for number in range(33))],
    "1,000 labels": [("__name__", "m"), *((f"a{number}", "1") for number in range(1_000))],
}


@pytest.mark.parametrize("labels", BAD_LABELS.values(), ids=BAD_LABELS)
def test_series_with_bad_labels_are_refused_and_the_others_kept(labels: list[tuple[str, str]]) -> None:
    bad = {**series({}, 1.0, 2.0), "labels": [{"name": name, "value": value} for name, value in labels]}
    decoded = Decoder().requests.decode(message(series(UP, 1.0), bad, series(UP, 2.0)))
    assert [(each.index, each.code) for each in decoded.errors] == [(1, "invalid_labels")] * 2, "one for each sample"
    assert ([point.value for point in decoded.items], list(decoded.places)) == ([1.0, 2.0], [0, 2])


def test_labels_may_come_in_any_order() -> None:
    (point,) = Decoder().points(series({"z": "1", "__name__": "m", "a": "2"}, 1.0))
    assert shown(point) == 'm{a="2",z="1"}'


OTHERS = {
    "JSON": b'{"streams": []}',
    "text": b"up 1\n",
    "half of a message": message(series(UP, 1.0))[:-4],
    "a label that is no text": message(series({"__name__": "m", "a": "bb"}, 1.0)).replace(b"bb", b"\xff\xfe"),
    "a sample that is a text": b"\x0a\x04\x12\x02ab",
    "a series that is a number": b"\x08\x01",
    "a sample with a text as its value": b"\x0a\x05\x12\x03\x0a\x01a",
    "a long label": message(series({"__name__": "m", "a": "x" * 70_000}, 1.0)),
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_bytes_that_are_no_request_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedProtobuf):
        Decoder().requests.decode(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x0a\x00" * 1_000, id="series"),
        pytest.param(message(series(UP, *[0.0] * 1_000)), id="samples"),
        pytest.param(message(*[histograms(histogram())] * 1_000), id="histograms"),
        pytest.param(b"\x1a\x00" * 1_000, id="announcements"),
    ],
)
def test_a_request_has_a_limit(data: bytes) -> None:
    with pytest.raises(TooLarge):
        Decoder(most=500).requests.decode(data)


@pytest.mark.parametrize("part", ["labels", "exemplars"])
def test_a_series_with_very_many_labels_or_exemplars_is_refused(part: str) -> None:
    request = message({**series(UP, 1.0), part: [{}] * 20_000})
    with pytest.raises(MalformedProtobuf, match="more than 10000 labels and exemplars"):
        Decoder().requests.decode(request)
    assert len(Decoder().points(series(UP, *[0.0] * 20_000))) == 20_000, "samples have a limit of their own"


def test_buckets_count_against_the_limit() -> None:
    many = histogram(positive_spans=[{"offset": 0, "length": 2_000}], positive_deltas=[1] * 2_000)
    with pytest.raises(TooLarge):
        Decoder(most=1_000).requests.decode(message(histograms(*[many] * 128), series(UP, 1.0)))


def test_a_request_may_be_empty() -> None:
    assert Decoder().points() == []


def sent(number: int, content: bytes) -> bytes:
    """A field of protobuf of 128 bytes to 16 KiB."""
    return bytes([number << 3 | 2, len(content) & 127 | 128, len(content) >> 7]) + content


LONG = b"\x78\x01" * (LONG_FIELD // 2 + 1)
"""Many fields that are not known."""


@pytest.mark.parametrize("number", [1, 2, 4])
def test_others_have_their_turn_after_each_long_part_of_a_series(number: int) -> None:
    pauses: list[int] = []
    decode = WriteRequests(MetricKinds(lambda name: None), lambda points: None, lambda: pauses.append(1)).decode
    decode(sent(1, sent(number, LONG) * 5))
    assert len(pauses) >= 5


def test_others_have_their_turn_after_each_long_metadata() -> None:
    pauses: list[int] = []
    decode = WriteRequests(MetricKinds(lambda name: None), lambda points: None, lambda: pauses.append(1)).decode
    decode(sent(3, LONG) * 5)
    assert len(pauses) == 5
