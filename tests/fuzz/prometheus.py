"""Decoders of Prometheus' protocols: Snappy, remote write, the text formats, pushes, and their doors."""

from collections.abc import Callable
from functools import partial

from analytics.answer import Answer
from analytics.doors.limits import BodyLimits
from analytics.doors.prometheus.grouping import grouping_of
from analytics.doors.prometheus.import_door import ImportDoor
from analytics.doors.prometheus.metric_kinds import MetricKinds
from analytics.doors.prometheus.push_door import PushDoor
from analytics.doors.prometheus.push_groups import PushGroups
from analytics.doors.prometheus.remote_write_door import RemoteWriteDoor
from analytics.doors.prometheus.text import TextReader
from analytics.doors.prometheus.write_request import WriteRequests
from analytics.doors.snappy import inflate_snappy
from analytics.errors import AnalyticsError, MalformedBody, TooLarge, ValidationFailed
from analytics.state.pushed import PushedGroups
from tests.doors.point_log import environ_of, recorder_of
from tests.doors.prometheus.messages import announced, message, packed, series
from tests.fakes import FakeClock
from tests.fuzz.decoder import Decoder
from tests.fuzz.numbers import Forgetful

LIMITS = BodyLimits(64 * 1024)
MOST = 500
BUCKETS = {
    "count_int": 12,
    "sum": 18.5,
    "schema": 3,
    "positive_spans": [{"offset": -1, "length": 2}],
    "positive_deltas": [3, -1],
    "negative_spans": [{"offset": 5, "length": 1}],
    "negative_counts": [1.5],
    "timestamp": 1_700_000_000_000,
}
MESSAGES = (
    message(series({"__name__": "up", "job": "api"}, 1.0), series({"__name__": "a_total", "b": "ü"}, 0.0, 2.0)),
    message(series({"__name__": "latency", "job": "api"}, histograms=[BUCKETS])),
    message(series({"__name__": "a"}, 1.0), metadata=(announced("a", "COUNTER", "Help.", "seconds"),)),
    message(
        series({"__name__": "a_total"}, 1.0, exemplars=[{"labels": [{"name": "trace_id", "value": "b"}], "value": 1.5}])
    ),
    b"\x0a\x00" * 40,
    b"\x0a\x02\x12\x00" * 40,
)
TEXTS = (
    b'# HELP a Help.\\n\n# TYPE a counter\na_total{b="c\\"d",e="\xc3\xbc"} 1.5e3 1700000000000\n',
    b'{"my.metric","b c"="d"} +Inf # {trace_id="x"} 1 2\n# EOF\n',
    b'# TYPE l histogram\nl_bucket{le="+Inf"} 3\nl_sum NaN\nup 1\n',
    b"a{" + b'b="' * 30,
    b"a" * 300 + b" 1",
)
PATHS = (b"shop", b"shop/instance/a", b"shop/path@base64/L3Zhci90bXA=", b"a/b@base64/=/c/d")


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    bodies = tuple(map(packed, MESSAGES))
    kinds = MetricKinds(lambda name: None)
    points = recorder_of(Forgetful(), MOST)
    requests = WriteRequests(kinds, points.check, lambda: None)
    reader = TextReader(kinds, points.check, lambda: None)
    kept = PushedGroups()
    groups = PushGroups(kept, lambda push: kept.put(push, 0.0))
    pushes = PushDoor(points, kinds, groups, FakeClock(), LIMITS)
    decoded = (MalformedBody, TooLarge)
    return [
        Decoder("snappy", _inflated, decoded, (*bodies, b"\xff\xff\xff\xff\x0f")),
        Decoder("remote write", requests.decode, decoded, MESSAGES),
        Decoder("Prometheus text", partial(_read, reader, is_openmetrics=False), decoded, TEXTS),
        Decoder("OpenMetrics text", partial(_read, reader, is_openmetrics=True), decoded, TEXTS),
        Decoder("grouping keys", _grouping, (ValidationFailed,), PATHS),
        Decoder("remote write door", _sent(RemoteWriteDoor(points, kinds, LIMITS)), (), bodies),
        Decoder("import door", _sent(ImportDoor(points, kinds, LIMITS)), (), (*TEXTS, *MESSAGES)),
        Decoder("push door", partial(_pushed, pushes), (), tuple(b"%b\n%b" % pair for pair in zip(PATHS, TEXTS))),  # noqa: B905
    ]


def _inflated(data: bytes) -> None:
    assert len(inflate_snappy(data, LIMITS)) <= LIMITS.size


def _read(reader: TextReader, data: bytes, *, is_openmetrics: bool) -> None:
    def refuse(error: AnalyticsError, line: int) -> None:
        assert error.status < 500
        assert line > 0

    for sample in reader.read(data, (("job", "x"),), refuse, is_openmetrics=is_openmetrics):
        assert dict(sample.series.labels)["job"] == "x"


def _grouping(data: bytes) -> None:
    for is_base64 in (False, True):
        labels = grouping_of(data.decode(errors="replace"), is_base64=is_base64)
        assert dict(labels)["job"]


def _sent(door: Callable[[dict[str, object]], Answer]) -> Callable[[bytes], None]:
    def send(data: bytes) -> None:
        answer = door(environ_of(data))
        assert answer.status < 500, answer

    return send


def _pushed(door: PushDoor, data: bytes) -> None:
    """Push the lines after the first one, which is the path."""
    path, _, body = data.partition(b"\n")
    for method in ("PUT", "POST", "DELETE"):
        answer = door(environ_of(body, REQUEST_METHOD=method), path.decode(errors="replace"))
        assert answer.status < 500, answer
    door.repeat()
