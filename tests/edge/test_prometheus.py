"""GET /metrics, read by Prometheus' own parser."""

from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.edge.test_odd_items import HOSTILE
from tests.edge.wire import unique
from tests.server import Server


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
