"""GET /metrics, read by Prometheus' own parser, and by Prometheus itself."""

import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import StartServer
from tests.edge.socketio_clients import client
from tests.edge.test_odd_items import HOSTILE
from tests.edge.wire import eventually, tool, unique, websocket_url
from tests.server import APP, ROOT, Server, free_port

KNOWN_COMPLAINT = "analytics_service_latency_ms metric names should not contain abbreviated units"
"""The check complains about a name that dashboards use, and that is older than the check."""


def scrape(server: Server) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Samples by name and labels; none may come twice."""
    answer = requests.get(f"{server.url}/metrics", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "charset=utf-8" in answer.headers["Content-Type"]
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    families = list(text_string_to_metric_families(answer.content.decode()))
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.documentation
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            assert labels not in found.setdefault(sample.name, {}), (sample.name, labels)
            found[sample.name][labels] = sample.value
    return found


def key(**labels: Any) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def test_the_metrics_of_the_service_itself_are_exposed(shared_server: Server) -> None:
    before = scrape(shared_server)
    shared_server.post("/events", [{"type": "a", "service": "scraped"}, {"type": "a"}])
    after = scrape(shared_server)
    accepted = key(kind="events", outcome="accepted")
    items = "analytics_ingest_items_total"
    assert after[items][accepted] == before[items][accepted] + 1
    drops = after["analytics_drops_total"][key(reason="validation_failed")]
    assert drops == shared_server.get("/stats")["drops"]["validation_failed"]
    assert after["analytics_uptime_seconds"][key()] > 0
    assert after["analytics_memory_bytes"][key()] > 1_000_000
    assert after["analytics_tracked_services"][key()] == shared_server.get("/stats")["totals"]["services"]


def test_traffic_latency_and_state_of_each_service_are_exposed(shared_server: Server) -> None:
    service = unique("scraped")
    for latency in (10, 20, 30):
        data = {"endpoint": "/a", "status": 500, "latency": latency}
        shared_server.post("/events", {"type": "request", "service": service, "data": data})
    shared_server.post("/heartbeat", {"service": service, "status": "degraded"})
    found = scrape(shared_server)
    assert found["analytics_service_requests"][key(service=service)] == 3
    assert found["analytics_service_errors"][key(service=service)] == 3
    assert found["analytics_service_latency_ms_count"][key(service=service)] == 3
    assert found["analytics_service_latency_ms_sum"][key(service=service)] == 60
    median = found["analytics_service_latency_ms"][key(service=service, quantile="0.5")]
    assert median == pytest.approx(20, rel=0.01)
    states = {dict(labels)["status"]: value for labels, value in found["analytics_service_status"].items()
              if ("service", service) in labels}  # fmt: skip
    assert states.pop("degraded") == 1
    assert len(states) >= 6
    assert set(states.values()) == {0}
    assert found["analytics_events"][key(service=service, type="request")] == 3


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_and_tags_are_escaped_in_labels(shared_server: Server, name: str) -> None:
    service = unique("labels")
    tags = {"service": service, name: name}
    assert shared_server.post("/metrics", {"name": name, "value": 7, "unit": 'x\\"', "tags": tags}).status_code == 201
    assert shared_server.post("/events", {"type": name, "service": service}).status_code == 201
    found = scrape(shared_server)
    samples = [(dict(labels), value) for labels, value in found["analytics_metric_last"].items()
               if ("service", service) in labels]  # fmt: skip
    assert (name, 7) in [(labels["name"], value) for labels, value in samples]
    plain = name.replace("\\", "")  # the escaping of separators within tags is up to the service
    assert any(labels["tags"].replace("\\", "").count(plain) >= 2 for labels, _ in samples)
    assert {labels["unit"] for labels, _ in samples} == {'x\\"'}
    assert found["analytics_events"][key(service=service, type=name)] == 1


def test_ambiguous_tags_have_distinct_labels(shared_server: Server) -> None:
    service = unique("alike")
    for tags in ({"a": "1,b=2"}, {"a": "1", "b": "2"}):
        answer = shared_server.post("/metrics", {"name": "m", "value": 1, "tags": {"service": service, **tags}})
        assert answer.status_code == 201
    scrape(shared_server)


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("br", False),
        ("", False),
        (None, False),
    ],
)
def test_metrics_are_gzipped_if_accepted(shared_server: Server, accepted: str | None, packed: bool) -> None:
    answer = requests.get(
        f"{shared_server.url}/metrics", headers={"Accept-Encoding": accepted}, timeout=10, stream=True
    )
    body = answer.raw.read(decode_content=False)
    assert answer.headers.get("Content-Encoding") == ("gzip" if packed else None)
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Length"] == str(len(body))
    text = gzip.decompress(body) if packed else body
    assert b"# TYPE analytics_uptime_seconds gauge" in text
    if packed:
        assert len(body) < len(text) / 2


def sample_traffic(server: Server) -> None:
    """Send requests so that each metric has a sample."""
    service = unique("sampled")
    data = {"endpoint": "/a", "status": 500, "latency": 5}
    server.post("/events", [{"type": "request", "service": service, "data": data}, {"type": "a"}])
    server.post("/metrics", {"name": "temperature", "value": -7, "unit": "°C", "tags": {"service": service, "a": "b"}})
    server.post("/heartbeat", {"service": service, "status": "healthy"})
    requests.get(f"{server.url}/nothing", timeout=10)


def test_promtool_finds_no_fault(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})
    sample_traffic(server)
    text = requests.get(f"{server.url}/metrics", timeout=10).content
    checked = subprocess.run([tool("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    complaints = (checked.stdout + checked.stderr).decode().strip().splitlines()
    assert complaints == [KNOWN_COMPLAINT]


def test_each_metric_has_a_row_in_the_documentation(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})
    text = requests.get(f"{server.url}/metrics", timeout=10).text
    types = {(name, kind) for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)}
    page = (ROOT / "docs/howto/prometheus.md").read_text()
    rows = {(name, kind) for name, kind in re.findall(r"^\| `(\w+)[^`]*` \| (\w+) \|", page, re.MULTILINE)}
    assert types == rows


def test_requests_and_refusals_are_counted(shared_server: Server) -> None:
    def count(name: str, **labels: str) -> float:
        return scrape(shared_server).get(name, {}).get(key(**labels), 0)

    requested = {"route": "/services/<name:service>/metrics", "method": "GET", "status": "4xx"}
    name = "analytics_http_request_duration_seconds_count"
    before, refused = count(name, **requested), count("analytics_http_refusals_total", code="unknown_service")
    for number in range(3):
        requests.get(f"{shared_server.url}/services/nobody-{number}/metrics", timeout=10)
    assert count(name, **requested) == before + 3
    assert count("analytics_http_refusals_total", code="unknown_service") == refused + 3
    buckets = scrape(shared_server)["analytics_http_request_duration_seconds_bucket"]
    assert buckets[key(**requested, le="+Inf")] == before + 3


def test_connections_are_counted_by_protocol(start_server: StartServer) -> None:
    server = start_server()

    def seen() -> tuple[float, float, float]:
        found = scrape(server)
        clients = found["analytics_live_clients"]
        connections = found["analytics_open_connections"][key()]
        return clients[key(protocol="websocket")], clients[key(protocol="socketio")], connections

    eventually(lambda: seen() == (0, 0, 1))
    with requests.Session() as session, client("python", server, "polling"):
        session.get(f"{server.url}/health", timeout=10)
        live = websocket.create_connection(websocket_url(server), timeout=10)
        eventually(lambda: seen()[:2] == (1, 1))
        assert seen()[2] >= 3
        live.close()
        eventually(lambda: seen()[:2] == (0, 1))
    eventually(lambda: seen() == (0, 0, 1))


def test_the_development_server_counts_connections_too(start_server: StartServer) -> None:
    assert scrape(start_server(command=APP))["analytics_open_connections"] == {key(): 1}


def test_the_lag_of_the_event_loop_is_exposed(shared_server: Server) -> None:
    lag = "analytics_event_loop_lag_seconds_count"
    before = scrape(shared_server)[lag][key()]
    eventually(lambda: scrape(shared_server)[lag][key()] > before)


def test_prometheus_scrapes_the_service(shared_server: Server, tmp_path: Path) -> None:
    service, port = unique("scraped"), free_port()
    shared_server.post("/events", [{"type": "ä", "service": service}] * 3)
    config = tmp_path / "prometheus.yml"
    target = shared_server.url.removeprefix("http://")
    job = {"job_name": "analytics", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    config.write_text(json.dumps({"scrape_configs": [job]}))  # JSON is YAML
    command = [
        tool("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]

    def asked(query: str) -> Any:
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/api/v1/query", {"query": query}, timeout=10)
        except requests.ConnectionError:
            return None
        return answer.ok and answer.json()["data"]["result"]

    with (tmp_path / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            found = eventually(lambda: asked(f"analytics_events{{service={json.dumps(service)}}}"), 60)
            (sample,) = found
            assert (sample["metric"]["type"], sample["value"][1]) == ("ä", "3")
            assert asked("up")[0]["value"][1] == "1"
            buckets = 'analytics_http_request_duration_seconds_bucket{route="/events", method="POST"}'
            (slow,) = asked(f"histogram_quantile(0.99, sum by (le) ({buckets}))")
            assert 0 < float(slow["value"][1]) < float("inf")
        finally:
            process.terminate()
