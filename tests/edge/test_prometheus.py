"""GET /metrics, read by Prometheus' own parser, and by Prometheus itself."""

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.edge.test_odd_items import HOSTILE
from tests.edge.wire import eventually, tool, unique
from tests.server import Server, free_port


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


def test_the_services_own_figures_are_there(shared_server: Server) -> None:
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


def test_a_services_traffic_latency_and_state_are_there(shared_server: Server) -> None:
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
def test_hostile_names_and_tags_are_labels_that_survive(shared_server: Server, name: str) -> None:
    service = unique("labels")
    tags = {"service": service, name: name}
    assert shared_server.post("/metrics", {"name": name, "value": 7, "unit": 'x\\"', "tags": tags}).status_code == 201
    assert shared_server.post("/events", {"type": name, "service": service}).status_code == 201
    found = scrape(shared_server)
    samples = [(dict(labels), value) for labels, value in found["analytics_metric_last"].items()
               if ("service", service) in labels]  # fmt: skip
    assert (name, 7) in [(labels["name"], value) for labels, value in samples]
    plain = name.replace("\\", "")  # how separators within tags are escaped is the service's own affair
    assert any(labels["tags"].replace("\\", "").count(plain) >= 2 for labels, _ in samples)
    assert {labels["unit"] for labels, _ in samples} == {'x\\"'}
    assert found["analytics_events"][key(service=service, type=name)] == 1


def test_tags_that_would_look_alike_stay_apart(shared_server: Server) -> None:
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
def test_it_is_gzipped_for_who_takes_that(shared_server: Server, accepted: str | None, packed: bool) -> None:
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


def test_prometheus_scrapes_it(shared_server: Server, tmp_path: Path) -> None:
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
        finally:
            process.terminate()
