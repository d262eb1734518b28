"""OpenTelemetry's Python SDK with traces, logs and metrics of a Flask program, against a real server."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest
import requests

from tests.edge.test_otlp_clients import run_sdk
from tests.edge.wire import eventually, unique
from tests.server import Server

PROGRAM = """
import logging
from flask import Flask
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

traces, logs = TracerProvider(), LoggerProvider()
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(), 60_000)])
tracer, orders = traces.get_tracer("shop"), metrics.get_meter("shop").create_counter("orders")
took = metrics.get_meter("http").create_histogram("http.server.request.duration", "s")
took_before = metrics.get_meter("http").create_histogram("http.server.duration", "ms")
log = logging.getLogger("shop")
log.addHandler(LoggingHandler(logger_provider=logs))
app = Flask("shop")

@app.get("/pay/<int:number>")
def pay(number):
    given = {"http.route": "/pay/{number}", "http.request.method": "GET", "user.id": "ann"}
    with tracer.start_as_current_span("GET", kind=trace.SpanKind.SERVER, attributes=given) as span:
        orders.add(1)
        took.record(0.25, {"http.route": "/pay/{number}", "http.response.status_code": 500})
        took_before.record(250, {"http.route": "/pay/{number}", "http.status_code": 500})
        log.error("payment %d failed", number)
        span.record_exception(ValueError("no card"))
        span.set_status(trace.StatusCode.ERROR, "no card")
    return "ok"

for number in range(3):
    assert app.test_client().get(f"/pay/{number}").status_code == 200
for provider in (traces, logs, metrics):
    provider.shutdown()
"""


def test_traces_lines_and_metrics_of_a_program_arrive(shared_server: Server) -> None:
    service, before = unique("otel"), shared_server.get("/stats")["ingest"]
    run_sdk(service, PROGRAM, OTEL_EXPORTER_OTLP_ENDPOINT=shared_server.url, OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    after = shared_server.get("/stats")["ingest"]
    for kind in ("spans", "logs"):
        assert after[kind]["accepted"] - before[kind]["accepted"] == 3
        assert after[kind]["rejected"] == before[kind]["rejected"]
    row = shared_server.get("/dashboard")["services"][service]
    assert (row["error_rate"], row["request_count"]) == (100.0, 3), "as spans alone, though its metrics count them, too"
    for metric, mean in (
        ("http_server_request_duration_seconds", "0.25"),
        ("http_server_duration_milliseconds", "250"),
    ):
        query = f'{metric}_sum{{service="{service}"}} / {metric}_count'
        (found,) = shared_server.get("/api/v1/query", params={"query": query})["data"]["result"]
        assert found["value"][1] == mean
    endpoints = shared_server.get(f"/services/{service}/metrics")["endpoints"]
    assert [each["endpoint"] for each in endpoints] == ["/pay/{number}"]
    query = f'log_lines_total{{service="{service}",level="error"}}'
    eventually(lambda: shared_server.get("/api/v1/query", params={"query": query})["data"]["result"])


def test_each_path_of_otlp_may_be_used_by_pages_of_other_sites(shared_server: Server) -> None:
    for path in ("/v1/traces", "/v1/logs", "/loki/api/v1/push", "/logs", "/spans"):
        answer = requests.options(shared_server.url + path, headers={"Origin": "https://shop.example"}, timeout=10)
        assert answer.headers["Access-Control-Allow-Origin"] in ("*", "https://shop.example")


LOKI_PROGRAM = """
import logging, sys
from loki_logger_handler.loki_logger_handler import LokiLoggerHandler

url, service = sys.argv[1:]
handler = LokiLoggerHandler(
    url + "/loki/api/v1/push",
    {"service_name": service},
    enable_structured_loki_metadata=True,
    loki_metadata={"env": "prod"},
    loki_metadata_keys=["order"],
    enable_self_errors=True,
)
log = logging.getLogger("shop")
log.addHandler(handler)
log.error("payment failed: gr\u00fc\u00dfe", extra={"order": 7})
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken")
"""


@pytest.mark.skipif(find_spec("loki_logger_handler") is None, reason="pip install -r requirements-dev.txt")
def test_lines_of_a_handler_for_loki_arrive(shared_server: Server) -> None:
    service = unique("loki")
    command = [sys.executable, "-c", LOKI_PROGRAM, shared_server.url, service]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = shared_server.get("/logs", params={"service": service})["lines"][::-1]
    assert [each["level"] for each in lines] == ["error", "error"]
    bodies = [json.loads(each["body"]) for each in lines]
    assert [each["message"] for each in bodies] == ["payment failed: grüße", "broken"]
    assert "ZeroDivisionError" in bodies[1]["stacktrace"]
    assert (lines[0]["attributes"]["env"], str(lines[0]["attributes"]["order"])) == ("prod", "7")
    assert lines[0]["resource"] == {"service_name": service}
