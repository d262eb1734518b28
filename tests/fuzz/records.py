"""Decoders of log lines and spans, and their doors: OpenTelemetry, Loki, JSON and syslog."""

from collections.abc import Callable

import cramjam
from msgspec.json import encode

from analytics.doors.syslog.framing import Frames
from analytics.doors.syslog.lines import line_of
from analytics.doors.syslog.messages import parse
from tests.doors.loki.test_loki_push import in_protobuf, push, value
from tests.doors.otlp.test_otlp_records import EVERY_KIND, attributes, encoded, logs, span, traces
from tests.doors.records.record_rig import JSON, LINES, PROTOBUF, RecordRig
from tests.doors.records.test_own_doors import LINE, ONE_SPAN
from tests.doors.syslog.test_syslog_messages import NEW, NOW
from tests.fuzz.decoder import Decoder

EVENT = {"timeUnixNano": "1", "name": "e", "attributes": attributes(EVERY_KIND)}
LINK = {"traceId": "2" * 32, "spanId": "3" * 16}
TRACES = traces(
    span(attributes=attributes(EVERY_KIND), events=[EVENT], links=[LINK], status={"code": 2, "message": "m"}, kind=2),
    span(spanId="1" * 16, parentSpanId="2" * 16),
    service_name="shop",
)
LOGS = logs(
    {"body": {"stringValue": "level=error trace_id=" + "5" * 32}, "attributes": attributes(EVERY_KIND)},
    {"body": {"kvlistValue": {"values": attributes({"a": "b"})}}, "severityText": "WARN", "timeUnixNano": "5"},
    service_name="shop",
)
PUSH = push(value("[ERROR] x", {"trace_id": "5" * 32}), value('{"level":"warn"}'))


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    rig = RecordRig(logs_ring=100, spans_ring=100, logs_rate=0.0, spans_rate=0.0)
    unpacked = bytes(cramjam.snappy.decompress_raw(in_protobuf(PUSH)))
    return [
        *(
            Decoder(f"OTLP traces in {name}", _sent(rig, "/v1/traces", form), (), (encoded(TRACES, form),))
            for name, form in (("protobuf", PROTOBUF), ("JSON", JSON))
        ),
        *(
            Decoder(f"OTLP logs in {name}", _sent(rig, "/v1/logs", form), (), (encoded(LOGS, form),))
            for name, form in (("protobuf", PROTOBUF), ("JSON", JSON))
        ),
        Decoder("pushes of Loki in JSON", _sent(rig, "/loki/api/v1/push", JSON), (), (encode(PUSH),)),
        Decoder("pushes of Loki in protobuf", _packed(rig), (), (unpacked,)),
        Decoder("log lines", _sent(rig, "/logs", LINES), (), (encode(LINE),)),
        Decoder("spans", _sent(rig, "/spans", JSON), (), (encode({**ONE_SPAN, "duration_ms": 1, "events": []}),)),
        Decoder("syslog", _syslog, (), (NEW, b"<13>Dec 31 23:59:58 web-1 shop[12]: paid\n5 <13>a")),
    ]


def _sent(rig: RecordRig, path: str, form: str) -> Callable[[bytes], None]:
    def send(data: bytes) -> None:
        answer = rig.post(path, data, form)
        assert answer.status < 500, answer

    return send


def _packed(rig: RecordRig) -> Callable[[bytes], None]:
    send = _sent(rig, "/loki/api/v1/push", PROTOBUF)
    return lambda data: send(bytes(cramjam.snappy.compress_raw(data)))


def _syslog(data: bytes) -> None:
    frames = Frames()
    for start in range(0, len(data), 7):
        for message in frames.feed(data[start : start + 7]):
            line_of(parse(message, NOW), lambda reason, count: None)
    frames.rest()
    line_of(parse(data, NOW), lambda reason, count: None)
