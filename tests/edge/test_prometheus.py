"""GET /metrics, read by Prometheus' own parser, and by Prometheus itself."""

import gzip
import json
import re
import subprocess
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import StartServer
from tests.edge.socketio_clients import client
from tests.edge.test_odd_items import HOSTILE
from tests.edge.wire import eventually, tool, unique, websocket_url
from tests.query.exposition.reading import families_in
from tests.server import APP, ROOT, Server, free_port

KNOWN_COMPLAINT = 'latency_milliseconds use base unit "seconds" instead of "milliseconds"'
"""The check wants seconds everywhere; the service has milliseconds everywhere."""
DELIMITED = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

Ask = Callable[[str], Any]
Samples = dict[str, dict[frozenset[tuple[str, str]], float]]


def scrape(server: Server) -> Samples:
    """Samples by name and labels, made after everything that was recorded before; none may come twice."""
    started = server.get("/stats")["uptime_seconds"]
    return eventually(lambda: scraped_after(server, started))


def scraped_after(server: Server, uptime: float) -> Samples | None:
    """Samples, or None if they were made before that time."""
    answer = requests.get(f"{server.url}/metrics", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found: Samples = {}
    families = list(text_string_to_metric_families(answer.content.decode()))
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.documentation
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            assert labels not in found.setdefault(sample.name, {}), (sample.name, labels)
            found[sample.name][labels] = sample.value
    return found if found["analytics_uptime_seconds"][key()] >= uptime - 0.001 else None


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
    assert found["requests_total"][key(service=service)] == 3
    assert found["errors_total"][key(service=service)] == 3
    assert found["endpoint_requests_total"][key(service=service, endpoint="/a")] == 3
    assert found["latency_milliseconds_count"][key(service=service)] == 3
    assert found["latency_milliseconds_sum"][key(service=service)] == 60
    buckets = found["latency_milliseconds_bucket"]
    assert [buckets[key(service=service, le=bound)] for bound in ("8.0", "16.0", "32.0", "+Inf")] == [0, 1, 3, 3]
    states = {dict(labels)["status"]: value for labels, value in found["service_status"].items()
              if ("service", service) in labels}  # fmt: skip
    assert states.pop("degraded") == 1
    assert len(states) >= 6
    assert set(states.values()) == {0}
    assert found["events_total"][key(service=service, type="request")] == 3
    assert 0 <= found["heartbeat_age_seconds"][key(service=service)] < 60


def test_hostile_names_and_tags_are_labels_and_names_of_all_formats(shared_server: Server) -> None:
    service = unique("labels")
    for number, name in enumerate(HOSTILE):
        tags = {"service": service, name: name, "n": str(number)}
        metric = {"name": name, "value": 7, "unit": 'x\\"', "tags": tags}
        assert shared_server.post("/metrics", metric).status_code == 201
        assert shared_server.post("/events", {"type": name, "service": service}).status_code == 201
    found = scrape(shared_server)
    named = {name: labels for name, series in found.items() for labels in map(dict, series)
             if labels.get("service") == service and "n" in labels}  # fmt: skip
    assert len(named) == len(HOSTILE)
    for labels in named.values():
        assert HOSTILE[int(labels["n"])] in labels.values()
    for name in HOSTILE:
        assert found["events_total"][key(service=service, type=name)] == 1
    quoted = requests.get(
        f"{shared_server.url}/metrics",
        headers={"Accept": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8"},
        timeout=10,
    )
    families = {family.name: family for family in openmetrics_families(quoted.content.decode())}
    for number, name in enumerate(HOSTILE):
        (sample,) = [each for each in families[name].samples if each.labels.get("service") == service]
        label = "tag___proto__" if name == "__proto__" else name
        assert sample.labels == {"service": service, label: name, "n": str(number)}


@pytest.mark.parametrize(
    ("accept", "content_type", "read"),
    [
        (
            "application/openmetrics-text;version=1.0.0",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
            lambda body: {family.name for family in openmetrics_families(body.decode())},
        ),
        (DELIMITED, DELIMITED.replace(";", "; ") + "; escaping=underscores", families_in),
    ],
)
def test_other_formats_are_given_to_those_that_accept_them(
    shared_server: Server, accept: str, content_type: str, read: Callable[[bytes], Container[str]]
) -> None:
    answer = requests.get(f"{shared_server.url}/metrics", headers={"Accept": accept}, timeout=10)
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Vary"] == "Accept-Encoding, Accept"
    assert "analytics_uptime_seconds" in read(answer.content)


def test_scrapes_within_a_second_share_an_answer(shared_server: Server) -> None:
    def shared() -> bool:
        texts = {requests.get(f"{shared_server.url}/metrics", timeout=10).text for _ in range(2)}
        return len(texts) == 1

    eventually(shared)  # uptime differs between any two that are made


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
    assert answer.headers["Vary"] == "Accept-Encoding, Accept"
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
    database = {"ANALYTICS_INFLUX_URL": "http://127.0.0.1:9?db=analytics"}
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), **database})
    server.get("/api/v1/query?query=1")  # what answers it has metrics, too
    rules = {"interval": "1s", "rules": [{"alert": "Never", "expr": "vector(0) > 1"}]}
    assert requests.put(f"{server.url}/rules/never", json=rules, timeout=10).status_code == 201
    eventually(lambda: "analytics_rule_groups" in requests.get(f"{server.url}/metrics", timeout=10).text)
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


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[bool, Ask]]]:
    """A server that two Prometheus scrape, which takes them 5 s to begin; the second one keeps native histograms."""
    folders = [tmp_path_factory.mktemp("prometheus") for _ in range(2)]
    with (
        Server(folders[0] / "log") as server,
        prometheus(server, folders[0]) as classic,
        prometheus(server, folders[1], "--enable-feature=native-histograms") as native,
    ):
        eventually(lambda: classic("up") and native("up"), 60)
        yield server, {False: classic, True: native}


@pytest.mark.parametrize("native", [False, True])
def test_prometheus_scrapes_the_service(scraped: tuple[Server, dict[bool, Ask]], native: bool) -> None:
    server, asked = scraped[0], scraped[1][native]
    service = unique("scraped")
    data = {"endpoint": "/a", "status": 200}
    latencies = [10 + number / 10 for number in range(100)]
    server.post("/events", [{"type": "ä", "service": service}] * 3)
    server.post("/events", [{"type": "request", "service": service, "data": {**data, "latency": ms}}
                            for ms in latencies])  # fmt: skip
    server.post("/metrics", {"name": "queue.size", "value": 5, "tags": {"service": service, "queue": "mail"}})
    sizes = [{"name": "size", "kind": "histogram", "value": each, "tags": {"service": service}} for each in (3, 3, 5)]
    server.post("/metrics", [*sizes, {"name": "sent", "kind": "counter", "value": 4, "tags": {"service": service}}])
    server.post("/heartbeat", {"service": service, "status": "healthy"})
    of = f"{{service={json.dumps(service)}}}"
    eventually(lambda: asked(f"service_status{of} == 1"), 60)  # a scrape after all of that
    (sample,) = asked(f"events_total{{type='ä', service={json.dumps(service)}}}")
    assert sample["value"][1] == "3"
    assert asked("up")[0]["value"][1] == "1"
    assert number(asked(f"requests_total{of}")) == 100
    assert number(asked(f"endpoint_requests_total{of}")) == 100
    assert number(asked(f"service_status{of} == 1")) == 1
    assert number(asked(f"sent_total{of}")) == 4
    (queue,) = asked(f"queue_size{of}")
    assert (queue["metric"]["queue"], queue["value"][1]) == ("mail", "5")
    buckets = 'analytics_http_request_duration_seconds_bucket{route="/events", method="POST"}'
    assert 0 < number(asked(f"histogram_quantile(0.99, sum by (le) ({buckets}))")) < float("inf")
    if native:
        median = number(asked(f"histogram_quantile(0.5, latency_milliseconds{of})"))
        assert median == pytest.approx(15, rel=0.02)
        assert number(asked(f"histogram_count(latency_milliseconds{of})")) == 100
        assert number(asked(f"histogram_sum(latency_milliseconds{of})")) == pytest.approx(sum(latencies))
        assert number(asked(f"histogram_quantile(0.5, size{of})")) == pytest.approx(3, rel=0.02)
        assert number(asked(f"histogram_sum(size{of})")) == 11
    else:
        assert number(asked(f"size_bucket{{le='4.0', service={json.dumps(service)}}}")) == 2
        median = number(asked(f"histogram_quantile(0.5, latency_milliseconds_bucket{of})"))
        assert 8 <= median <= 16


def number(result: Any) -> float:
    """The value of an instant vector with one sample."""
    (sample,) = result
    return float(sample["value"][1])


@contextmanager
def prometheus(server: Server, folder: Path, *options: str) -> Iterator[Ask]:
    """A Prometheus that scrapes the server each second; yields how to ask it for an instant vector."""
    port = free_port()
    config = folder / "prometheus.yml"
    target = server.url.removeprefix("http://")
    job = {"job_name": "analytics", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    config.write_text(json.dumps({"scrape_configs": [job]}))  # JSON is YAML
    command = [
        tool("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *options,
    ]

    def asked(query: str) -> Any:
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/api/v1/query", {"query": query}, timeout=10)
        except requests.ConnectionError:
            return None
        return answer.ok and answer.json()["data"]["result"]

    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield asked
        finally:
            process.terminate()
