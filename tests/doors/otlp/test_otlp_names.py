"""Names of OpenTelemetry, translated as Prometheus does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.doors.otlp.names import label_name, metric_name


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("http.server.request.duration", "s", "", "http_server_request_duration_seconds"),
        ("http.server.request.duration_seconds", "s", "", "http_server_request_duration_seconds"),
        ("http.requests", "{request}", "counter", "http_requests_total"),
        ("http.requests", "1", "counter", "http_requests_total"),
        ("total.requests", "", "counter", "requests_total"),
        ("system.network.io", "By", "counter", "system_network_io_bytes_total"),
        ("system.network.io", "By/s", "gauge", "system_network_io_bytes_per_second"),
        ("requests.rate", "{request}/s", "gauge", "requests_rate_per_second"),
        ("system.cpu.utilization", "1", "gauge", "system_cpu_utilization_ratio"),
        ("cache.hit.ratio", "1", "gauge", "cache_hit_ratio"),
        ("room.temperature", "Cel", "gauge", "room_temperature_celsius"),
        ("disk.used", "%", "gauge", "disk_used_percent"),
        ("jvm.memory", "MiBy", "", "jvm_memory_mebibytes"),
        ("wait", "fortnights", "", "wait_fortnights"),
        ("a__b--c", "", "", "a_b_c"),
        ("2xx", "", "counter", "_2xx_total"),
        ("namespace:metric", "", "", "namespace:metric"),
        ("häufig", "", "", "h_ufig"),
        ("...", "s", "", ""),
        ("", "", "", ""),
    ],
)
def test_metrics(name: str, unit: str, kind: str, expected: str) -> None:
    assert metric_name(name, unit, is_counter=kind == "counter", is_gauge=kind == "gauge") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http.request.method", "http_request_method"),
        ("a..b", "a_b"),
        ("1st", "key_1st"),
        ("_own", "_own"),
        ("__reserved__", "__reserved__"),
        ("ключ", ""),
        ("", ""),
        ("__", ""),
    ],
)
def test_labels(name: str, expected: str) -> None:
    assert label_name(name) == expected


@given(st.text(max_size=20), st.text(max_size=8), st.booleans(), st.booleans())
def test_every_name_becomes_a_plain_one_or_none(name: str, unit: str, counter: bool, gauge: bool) -> None:
    translated = metric_name(name, unit, is_counter=counter, is_gauge=gauge)
    for text in (translated, label_name(name)):
        assert text == "" or (text.replace(":", "_").isidentifier() and text.isascii())
