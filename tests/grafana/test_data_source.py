"""What Grafana's Prometheus data source asks besides queries: its health check, and lists for the query builder."""

from analytics.config import Settings
from analytics.factory import create_app
from tests.fakes import FakeClock
from tests.grafana.grafana import RANGE, Grafana
from tests.grafana.service import SERVICES


def window(grafana: Grafana) -> dict[str, float]:
    return {"start": grafana.now - RANGE, "end": grafana.now}


def test_the_health_check_succeeds(grafana: Grafana) -> None:
    """Grafana asks `1+1` at the fourth second of 1970, and takes a server without features for Prometheus."""
    assert grafana.form("/api/v1/query", query="1+1", time=4) == {"resultType": "scalar", "result": [4, "2"]}
    info = grafana.get("/api/v1/status/buildinfo")
    assert "features" not in info
    assert int(info["version"].split(".")[0]) >= 3


def test_the_query_builder_finds_metrics_labels_and_values(grafana: Grafana) -> None:
    names = grafana.get("/api/v1/label/__name__/values", **window(grafana))
    assert {"requests_total", "latency_milliseconds", "queue depth", "analytics_memory_bytes"} <= set(names)
    labels = grafana.get("/api/v1/labels", **{"match[]": "events_total"}, **window(grafana))
    assert labels == ["__name__", "service", "type"]
    assert grafana.form("/api/v1/labels", **{"match[]": "events_total"}) == labels
    values = grafana.get("/api/v1/label/service/values", **{"match[]": "requests_total"}, **window(grafana))
    assert values == sorted(SERVICES)
    found = grafana.get("/api/v1/series", **{"match[]": 'events_total{type="purchase"}'}, **window(grafana))
    assert found == [{"__name__": "events_total", "service": name, "type": "purchase"} for name in sorted(SERVICES)]


def test_metadata_has_the_types_by_which_the_query_builder_chooses_functions(grafana: Grafana) -> None:
    found = {name: about["type"] for name, (about, *_) in grafana.get("/api/v1/metadata").items()}
    assert found["requests_total"] == "counter"
    assert found["latency_milliseconds"] == "histogram"
    assert found["analytics_memory_bytes"] == "gauge"
    assert found["analytics_http_request_duration_seconds"] == "histogram"
    assert list(grafana.get("/api/v1/metadata", metric="users")) == ["users"]


def test_rules_are_listed_and_alerts_and_exemplars_are_empty_lists(grafana: Grafana) -> None:
    assert [group["name"] for group in grafana.get("/api/v1/rules")["groups"]] == ["built-in"]
    assert grafana.get("/api/v1/alerts") == {"alerts": []}
    assert grafana.form("/api/v1/query_exemplars", query="requests_total", **window(grafana)) == []


def test_a_service_without_keys_takes_the_empty_key_of_the_provisioned_data_source() -> None:
    clock = FakeClock()
    client = create_app(Settings(data_dir=""), clock).test_client()
    open_service = Grafana(client, clock.wall(), {"X-API-Key": ""})
    assert open_service.form("/api/v1/query", query="1+1", time=4)["result"] == [4, "2"]
