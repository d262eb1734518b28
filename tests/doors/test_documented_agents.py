"""Requests of the agents of the guide, as their documentation and sources describe them.

Sources: docs.fluentbit.io (outputs/loki), vector.dev (sinks/loki), loki4j.github.io/loki-logback-appender,
github.com/serilog/serilog-sinks-opentelemetry, github.com/open-telemetry/opentelemetry-collector (otlphttpexporter),
grafana.com/docs/loki (promtail, Alloy's loki.write)
"""

import gzip
import json
import re
from typing import Any

import pytest

from analytics.identity import EVERYBODY
from analytics.log_lines import NewLogLine
from tests.doors.loki.test_loki_push import in_protobuf, push, value
from tests.doors.otlp.test_otlp_records import attributes, encoded, logs, span, traces
from tests.doors.records.record_rig import JSON, NOW, PROTOBUF, SPAN, TRACE, RecordRig
from tests.server import ROOT

PUSH, LOGS, TRACES = "/loki/api/v1/push", "/v1/logs", "/v1/traces"
GUIDE = (ROOT / "docs/howto/logs-and-traces.md").read_text()


def sent(path: str, body: bytes, media_type: str, **headers: str) -> list[NewLogLine]:
    """The lines of a request that is answered as its agent expects."""
    rig = RecordRig()
    answer = rig.post(path, body, media_type, EVERYBODY, **headers)
    assert answer.status == (204 if path == PUSH else 200), answer.body
    return rig.lines


def fields(line: NewLogLine) -> dict[str, Any]:
    return dict(json.loads(bytes(line.attributes)))


def block(begin: str) -> str:
    """The block of the guide in which a text stands."""
    (found,) = (each for each in re.findall(r"```\w+\n(.*?)```", GUIDE, re.DOTALL) if begin in each)
    return str(found)


def test_fluent_bit_sends_the_record_as_json_with_its_labels() -> None:
    assert re.search(r"name +loki\n.*port +8099\n +labels service_name=shop", block("[OUTPUT]"), re.DOTALL)
    record = json.dumps({"log": "payment failed: grüße", "level": "error", "trace_id": TRACE})
    body = json.dumps(push(value(record), service_name="shop")).encode()
    headers = {"HTTP_USER_AGENT": "Fluent-Bit", "HTTP_CONNECTION": "keep-alive"}
    (line,) = sent(PUSH, body, JSON, **headers)
    assert (line.service, line.severity, line.trace_id, line.body) == ("shop", 17, TRACE, record)
    compressed = sent(PUSH, gzip.compress(body), JSON, HTTP_CONTENT_ENCODING="gzip", **headers)
    assert compressed == [line]


def test_vector_sends_protobuf_and_says_that_it_is_snappy() -> None:
    assert 'endpoint = "http://localhost:8099"\n' in block('type = "loki"')
    body = in_protobuf(push(value("payment failed: grüße level=error"), service_name="shop"))
    (line,) = sent(PUSH, body, PROTOBUF, HTTP_CONTENT_ENCODING="snappy", HTTP_X_SCOPE_ORGID="tenant")
    assert (line.service, line.severity, line.body) == ("shop", 17, "payment failed: grüße level=error")
    uncompressed = json.dumps(push(value("none"), service_name="shop")).encode()
    assert [each.body for each in sent(PUSH, uncompressed, JSON)] == ["none"]


def test_promtail_and_alloy_send_protobuf_without_a_word_of_its_compression() -> None:
    assert f"url: http://localhost:8099{PUSH}" in block("bearer_token: ak_")
    assert f'url = "http://localhost:8099{PUSH}"' in block("loki.write")
    labels = {"job": "varlogs", "filename": "/var/log/shop.log", "level": "warn"}
    body = in_protobuf(push(value("slow"), value("slower", {"detected_level": "error"}), **labels))
    slow, slower = sent(PUSH, body, PROTOBUF, HTTP_USER_AGENT="promtail/3.0.0")
    assert (slow.service, slow.severity, slower.severity) == ("varlogs", 13, 17)
    assert json.loads(bytes(slow.resource)) == labels


@pytest.mark.parametrize("form", [JSON, PROTOBUF])
def test_loki4j_sends_level_thread_and_logger_as_metadata(form: str) -> None:
    settings = block("Loki4jAppender")
    assert f"<http><url>http://localhost:8099{PUSH}</url></http>" in settings
    assert "service_name = shop\n" in settings
    message = push(
        value("payment failed", {"level": "ERROR", "thread": "main", "logger": "shop.Payments", "trace_id": TRACE}),
        service_name="shop",
        level="ERROR",
    )
    body = json.dumps(message).encode() if form == JSON else in_protobuf(message)
    (line,) = sent(PUSH, body, form)
    assert (line.service, line.severity, line.body, line.trace_id) == ("shop", 17, "payment failed", TRACE)
    assert (fields(line)["thread"], fields(line)["logger"]) == ("main", "shop.Payments")


def test_serilog_sends_a_template_with_its_values_and_an_exception() -> None:
    settings = block("LoggerConfiguration")
    assert f'Endpoint = "http://localhost:8099{LOGS}"' in settings
    assert "OtlpProtocol.HttpProtobuf" in settings
    order = {"kvlistValue": {"values": [{"key": "Id", "value": {"intValue": "7"}}]}}
    record = {
        "timeUnixNano": str(NOW),
        "observedTimeUnixNano": str(NOW),
        "severityText": "Error",
        "severityNumber": 17,
        "body": {"stringValue": "Payment of ann failed for 7"},
        "traceId": TRACE,
        "spanId": SPAN,
        "attributes": attributes(
            {
                "User": "ann",
                "Order": order,
                "exception.type": "System.InvalidOperationException",
                "exception.message": "no card",
                "exception.stacktrace": "System.InvalidOperationException: no card\n   at Shop.Pay() in Shop.cs:line 7",
                "message_template.text": "Payment of {User} failed for {@Order}",
            }
        ),
    }
    (line,) = sent(LOGS, encoded(logs(record, service_name="shop", telemetry_sdk_name="serilog"), PROTOBUF), PROTOBUF)
    assert (line.service, line.severity, line.severity_text, line.time) == ("shop", 17, "Error", NOW)
    assert (line.trace_id, line.span_id, line.body) == (TRACE, SPAN, "Payment of ann failed for 7")
    assert fields(line)["Order"] == {"Id": 7}
    assert fields(line)["message_template.text"] == "Payment of {User} failed for {@Order}"


def test_a_program_without_a_name_of_the_service_has_that_of_its_sdk() -> None:
    body = encoded(logs({"body": {"stringValue": "x"}}, service_name="unknown_service:shop"), PROTOBUF)
    assert [each.service for each in sent(LOGS, body, PROTOBUF)] == ["unknown_service:shop"]


def test_a_collector_appends_the_paths_and_compresses() -> None:
    assert "endpoint: http://localhost:8099\n" in block("otlphttp:")
    rig = RecordRig()
    headers = {"HTTP_CONTENT_ENCODING": "gzip", "HTTP_USER_AGENT": "OpenTelemetry Collector Contrib/0.147.0"}
    for path, message in ((TRACES, traces(span(), service_name="shop")), (LOGS, logs({}, service_name="shop"))):
        answer = rig.post(path, gzip.compress(encoded(message, PROTOBUF)), PROTOBUF, EVERYBODY, **headers)
        assert (answer.status, answer.content_type, answer.body) == (200, PROTOBUF, b"")
    assert [each.service for each in (*rig.spans, *rig.lines)] == ["shop", "shop"]
