"""OpenTelemetry's Python SDK against a real server, with no setting but the endpoint."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.conftest import StartServer
from tests.doors.otlp.messages import JSON, PROTOBUF, body, gauge, point, request
from tests.edge.wire import eventually, unique
from tests.server import ROOT, Server, free_port

PROGRAM = """
import sys, time
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View

views = [View(instrument_name="size", aggregation=ExponentialBucketHistogramAggregation())]
provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(), 60_000)], views=views)
meter = provider.get_meter("shop", "1.0")
orders, queue = meter.create_counter("orders", "{order}"), meter.create_up_down_counter("queue.length")
duration, size = meter.create_histogram("http.server.request.duration", "s"), meter.create_histogram("size", "By")
meter.create_gauge("room.temperature", "Cel").set(21.5)
for count in (3, 4):
    orders.add(count, {"payment": "card"})
    queue.add(count)
    duration.record(0.2, {"http.route": "/pay"})
    size.record(100 * count)
    assert provider.force_flush()
provider.shutdown()
"""


TRACED = """
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider

provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(), 60_000)])
duration = provider.get_meter("shop").create_histogram("checkout.duration", "s")
with TracerProvider().get_tracer("shop").start_as_current_span("pay") as span:
    duration.record(0.2)
    print(f"{span.get_span_context().trace_id:032x}")
provider.shutdown()
"""


def run_sdk(service: str, program: str = PROGRAM, **environment: str) -> str:
    """What a program prints that sends metrics by the SDK, with these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    own = {"OTEL_SERVICE_NAME": service, **environment}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**kept, **own}, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


EXPORTED = 3 * (1 + 1 + 1 + 18 + 1)
"""Points of the program's three exports, the last one at the shutdown: two gauges, a counter, a histogram of 15 bounds,
and an exponential one."""


def accepted(server: Server) -> int:
    return int(server.get("/stats")["ingest"]["points"]["accepted"])


def listens(server: Server) -> None:
    """Wait until a server listens at the port for OpenTelemetry."""
    eventually(lambda: "listening at port" in server.log())


def has_networks() -> bool:
    """Whether a process may have a network of its own."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    return subprocess.run([unshare, "--map-root-user", "--net", "true"], check=False).returncode == 0


def test_the_sdk_sends_everything(shared_server: Server) -> None:
    before = accepted(shared_server)
    run_sdk(unique("otel"), OTEL_EXPORTER_OTLP_ENDPOINT=shared_server.url)
    assert accepted(shared_server) - before == EXPORTED


def test_all_that_a_new_process_counts_is_counted(shared_server: Server) -> None:
    service = unique("otel")
    run_sdk(service, OTEL_EXPORTER_OTLP_ENDPOINT=shared_server.url)
    for metric, count in (("orders_total", 7), ("http_server_request_duration_seconds_count", 2)):
        query = f'sum(increase({metric}{{service="{service}"}}[10m]))'
        (found,) = shared_server.get("/api/v1/query", params={"query": query})["data"]["result"]
        assert float(found["value"][1]) == count


def test_the_trace_of_a_slow_request_is_found_by_its_exemplar(shared_server: Server) -> None:
    service = unique("otel")
    trace = run_sdk(service, TRACED, OTEL_EXPORTER_OTLP_ENDPOINT=shared_server.url)
    query = f'histogram_quantile(0.9, rate(checkout_duration_seconds_bucket{{service="{service}"}}[5m]))'
    (found,) = shared_server.get("/api/v1/query_exemplars", params={"query": query})["data"]
    assert found["seriesLabels"]["le"] == "5"
    assert [(each["labels"]["trace_id"], each["value"]) for each in found["exemplars"]] == [(trace, "0.2")]


def test_the_sdk_sends_compressed(shared_server: Server) -> None:
    before = accepted(shared_server)
    run_sdk(unique("otel"), OTEL_EXPORTER_OTLP_ENDPOINT=shared_server.url, OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    assert accepted(shared_server) - before == EXPORTED


def test_the_sdk_finds_the_port_of_the_setting(start_server: StartServer) -> None:
    port = free_port()
    server = start_server({"ANALYTICS_OTLP_PORT": str(port)})
    listens(server)
    run_sdk("otel", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")
    assert accepted(server) == EXPORTED


ALONE = """
import os, socket, struct, subprocess, sys, tempfile
from fcntl import ioctl
from pathlib import Path
from tests.edge.test_otlp_clients import accepted, listens, run_sdk
from tests.server import Server

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    ioctl(any_socket, 0x8914, struct.pack("16sH22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
with Server(Path(sys.argv[1]), {"ANALYTICS_OTLP_PORT": "4318"}) as server:
    listens(server)
    run_sdk("otel")
    print(accepted(server))
"""


def test_an_sdk_without_any_setting_finds_the_service(tmp_path: Path) -> None:
    if not has_networks():
        pytest.skip("needs a network of its own, where port 4318 is free")
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c", ALONE, str(tmp_path / "server.log")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, f"{EXPORTED}\n"), done.stderr


@pytest.mark.parametrize("form", [JSON, PROTOBUF])
def test_answers_have_the_content_type_of_the_request(shared_server: Server, form: str) -> None:
    now = {"timeUnixNano": str(time.time_ns())}
    good, bad = gauge("good", point(asInt=1) | now), gauge("bad", point(asDouble="NaN") | now)
    for metrics, text in (([good], b"{}" if form == JSON else b""), ([good, bad], b"not a finite number")):
        data = body(request(*metrics, service_name=unique("otel")), form)
        answer = requests.post(f"{shared_server.url}/v1/metrics", data, headers={"Content-Type": form}, timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, form)
        assert text in answer.content


def test_pages_of_other_sites_may_send(shared_server: Server) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "content-type"
    answer = requests.options(f"{shared_server.url}/v1/metrics", headers=asked, timeout=10)
    assert answer.ok
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", "https://shop.example")
