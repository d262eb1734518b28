"""Decoders of line protocol, OTLP metrics and StatsD, and their doors."""

from collections.abc import Callable

from analytics.answer import Answer
from analytics.doors.influx.dialects import INFLUX_1, INFLUX_2, INFLUX_3
from analytics.doors.influx.door import InfluxDoor
from analytics.doors.influx.points import decode_lines
from analytics.doors.influx.precision import AUTO, NANOSECOND
from analytics.doors.limits import BodyLimits
from analytics.doors.otlp.answers import PROTOBUF
from analytics.doors.otlp.door import OtlpMetricsDoor, parse
from analytics.doors.otlp.points import decode_points
from analytics.doors.statsd.aggregation import Aggregation
from analytics.doors.statsd.lines import BadLine
from analytics.doors.statsd.lines import parse as parse_statsd
from analytics.errors import MalformedBody, TooLarge
from analytics.log.outcome import Decoded
from analytics.points import NewPoint
from analytics.records import Receipt
from tests.doors.otlp.messages import JSON, body, distribution, gauge, point, request, total
from tests.doors.point_log import FakeLog, environ_of, recorder_of
from tests.fuzz.decoder import Decoder

LIMITS = BodyLimits(64 * 1024)
MOST = 500
LINES = (
    b'cpu,host=a\\ b,service=x usage=1i,value=2.5,s="a,b\nc d",t=true 1700000000000000000\n# c\n\nbad\nm v=t 5',
    b'm,t="q f="\\"\\\\",g=18446744073709551615u\r\n,a= b=,=c',
    b"m" + b",t=1" * 60 + b" v=-1.5e-3",
    b'm v="' + b'\\"' * 60,
)
MESSAGES = (
    request(gauge("a.b", point({"k": "v"}, asDouble=1.5)), total("c", point(asInt="7"), unit="By"), service_name="s"),
    request(
        distribution("histogram", "h", point(count=3, sum=2.5, bucketCounts=[1, 2], explicitBounds=[0.5]), unit="s"),
        distribution(
            "exponentialHistogram",
            "e",
            point(count=4, scale=3, zeroCount=1, positive={"offset": -2, "bucketCounts": [1, 0, 2]}),
        ),
    ),
    request({"name": "q", "summary": {"dataPoints": [point(quantileValues=[{"quantile": 0.5, "value": 3}])]}}),
)
DATAGRAMS = (
    b"a.b:1|c|@0.1|#env:prod,service:x,vip|c:id|T1700000000\nq:+5|g\nt:1:2.5:-3|ms\nu:ann|s",
    b"a:1|d\n_e{1,1}:a|b\n_sc|a|0\na:1|x\n:|\n" + b"a:" * 60,
)


class Forgetful(FakeLog):
    """Keeps the points of the last request only."""

    def record_batch(self, batch: Decoded[NewPoint]) -> Receipt:
        self.entries.clear()
        self.rejected.clear()
        return super().record_batch(batch)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    points = recorder_of(Forgetful(), MOST)
    decoded = (MalformedBody, TooLarge)
    texts, packed = (tuple(body(message, form) for message in MESSAGES) for form in (JSON, PROTOBUF))
    otlp = OtlpMetricsDoor(points, LIMITS)
    return [
        Decoder("line protocol", _lines, decoded, LINES),
        *(
            Decoder(f"line protocol door {number}", _sent(InfluxDoor(dialect, points, LIMITS, MOST)), (), LINES)
            for number, dialect in enumerate((INFLUX_1, INFLUX_2, INFLUX_3), start=1)
        ),
        Decoder("OTLP metrics in protobuf", lambda data: _otlp(data, PROTOBUF), decoded, packed),
        Decoder("OTLP metrics in JSON", lambda data: _otlp(data, JSON), decoded, texts),
        Decoder("OTLP metrics door", _sent(otlp, PROTOBUF), (), packed),
        Decoder("StatsD", _statsd, (), DATAGRAMS),
    ]


def _check(count: int) -> None:
    if count > MOST:
        raise TooLarge("Too many.")


def _lines(data: bytes) -> None:
    for precision in (AUTO, NANOSECOND):
        written = decode_lines(data, precision, MOST, _check)
        assert len(written.points.items) == len(written.points.places)
        assert all(error.index < len(written.lines) for error in written.points.errors)


def _otlp(data: bytes, form: str) -> None:
    batch = decode_points(parse(data, form), _check)
    assert len(batch.items) == len(batch.places)


def _statsd(data: bytes) -> None:
    samples = Aggregation(50, 50)
    for sample in parse_statsd(data):
        if not isinstance(sample, BadLine):
            samples.add(sample)
    for point_ in [*samples.take(), *samples.take_sets()]:
        assert dict(point_.labels)["service"]


def _sent(door: Callable[[dict[str, object]], Answer], form: str = "text/plain") -> Callable[[bytes], None]:
    def send(data: bytes) -> None:
        answer = door(environ_of(data, CONTENT_TYPE=form))
        assert answer.status < 500, answer

    return send
