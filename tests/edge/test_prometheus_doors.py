"""Prometheus' protocols with their own clients: a Prometheus server, its client library, and curl."""

import json
import subprocess
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import requests
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    delete_from_gateway,
    push_to_gateway,
    pushadd_to_gateway,
    start_http_server,
)

from tests.conftest import StartServer
from tests.edge.mortal import Mortal
from tests.edge.wire import eventually, tool, unique
from tests.server import GUNICORN, Server, free_port


def recorded(server: Server) -> dict[str, int]:
    """How many points the server took, and how many it did not."""
    points: dict[str, int] = server.get("/stats")["ingest"]["points"]
    return points


@contextmanager
def exporter(registry: CollectorRegistry) -> Iterator[int]:
    """A target that Prometheus can scrape; its port."""
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def prometheus(folder: Path, target: int, job: str, url: str, **remote: Any) -> Iterator[Path]:
    """A Prometheus that scrapes a target every second and writes all of it to `url`; its log."""
    scrape = {"job_name": job, "scrape_interval": "1s", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
    write = {
        "url": url,
        "queue_config": {"batch_send_deadline": "200ms"},
        "metadata_config": {"send_interval": "1s"},
        **remote,
    }
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"scrape_configs": [scrape], "remote_write": [write]}))  # JSON is YAML
    command = [
        tool("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{free_port()}",
        "--enable-feature=native-histograms,exemplar-storage",
    ]
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield folder / "prometheus.log"
        finally:
            process.terminate()


@pytest.fixture
def registry() -> CollectorRegistry:
    """Metrics of each type."""
    registry = CollectorRegistry()
    Counter("orders", "Orders.", ["shop"], registry=registry).labels('a "b" \\ ü').inc(3)
    Gauge("temperature", "Degrees.", registry=registry).set(-2.5)
    Gauge("nothing", "Not a number.", registry=registry).set(float("nan"))
    Histogram("latency_seconds", "Latency.", registry=registry).observe(0.2)
    Summary("size_bytes", "Sizes.", registry=registry).observe(100)
    return registry


@pytest.mark.parametrize("is_locked", [False, True], ids=["open", "with a key"])
def test_a_prometheus_server_writes_what_it_scrapes(
    start_server: StartServer, tmp_path: Path, registry: CollectorRegistry, is_locked: bool
) -> None:
    key = "the-admin-key-of-this-test"
    server = start_server({"ANALYTICS_ADMIN_KEY": key} if is_locked else {})
    headers = {"Authorization": f"Bearer {key}"} if is_locked else {}

    def asked(path: str) -> Any:
        return requests.get(server.url + path, headers=headers, timeout=10).json()

    job, remote = unique("scraped"), {"authorization": {"credentials": key}} if is_locked else {}
    url = f"{server.url}/api/v1/write"
    with exporter(registry) as target, prometheus(tmp_path, target, job, url, **remote) as log:
        eventually(lambda: asked("/stats")["ingest"]["points"]["accepted"] > 100, 60)
        assert job in asked("/services")["services"], "the job is a service"
        assert asked("/stats")["ingest"]["points"]["rejected"] == 0
        assert "non-recoverable" not in log.read_text()
        series = {"job": job, "instance": f"127.0.0.1:{target}", "service": job}
        (orders,) = asked(f"/api/v1/query?query=orders_total{{job='{job}'}}")["data"]["result"]
        assert orders["metric"] == {"__name__": "orders_total", "shop": 'a "b" \\ ü', **series}
        assert float(orders["value"][1]) == 3
        (temperature,) = asked(f"/api/v1/query?query=temperature{{job='{job}'}}")["data"]["result"]
        assert temperature["value"][1] == "-2.5"
        assert asked(f"/api/v1/query?query=nothing{{job='{job}'}}")["data"]["result"] == []
        buckets = asked(f"/api/v1/query?query=latency_seconds_bucket{{job='{job}'}}")["data"]["result"]
        assert {each["metric"]["le"] for each in buckets} >= {"0.25", "+Inf"}


def test_a_prometheus_server_says_what_was_rejected(
    start_server: StartServer, tmp_path: Path, registry: CollectorRegistry
) -> None:
    server = start_server()
    Gauge("endless", "Infinite.", registry=registry).set(float("inf"))
    with exporter(registry) as target, prometheus(tmp_path, target, "a", f"{server.url}/api/v1/write") as log:
        eventually(lambda: recorded(server)["rejected"] > 0, 60)
        eventually(lambda: "samples were rejected: not_finite: The value inf of 'endless'" in log.read_text(), 60)
    assert recorded(server)["accepted"] > 20, "the others were recorded"


def test_prometheus_sends_the_exemplars_that_it_scraped(start_server: StartServer, tmp_path: Path) -> None:
    server, own = start_server({}), CollectorRegistry()
    Counter("orders", "Orders.", registry=own).inc(1, {"trace_id": "0af7651916cd43dd"})

    def kept() -> list[dict[str, str]]:
        found = server.get("/api/v1/query_exemplars", params={"query": "rate(orders_total[1m])"})["data"]
        return [each["labels"] for series in found for each in series["exemplars"]]

    with (
        exporter(own) as target,
        prometheus(tmp_path, target, "traced", f"{server.url}/api/v1/write", send_exemplars=True),
    ):
        assert eventually(kept, 60) == [{"trace_id": "0af7651916cd43dd"}]


def test_the_client_library_pushes_groups(shared_server: Server, registry: CollectorRegistry) -> None:
    gateway, before = shared_server.url.removeprefix("http://"), recorded(shared_server)
    job, keys = unique("pushed/ü"), {"instance": "a/b", "empty": ""}
    push_to_gateway(gateway, job, registry, grouping_key=keys)
    pushadd_to_gateway(shared_server.url, job, registry, grouping_key=keys)
    assert job in shared_server.get("/services")["services"]
    found = shared_server.get("/api/v1/query", params={"query": f'temperature{{job="{job}"}}'})["data"]["result"]
    assert [(each["metric"]["instance"], each["value"][1]) for each in found] == [("a/b", "-2.5")]
    delete_from_gateway(gateway, job, grouping_key=keys)
    query = {"query": f'temperature{{job="{job}"}}'}
    assert shared_server.get("/api/v1/query", params=query)["data"]["result"] == [], "the series ended"
    after = recorded(shared_server)
    assert after["accepted"] >= before["accepted"] + 40
    assert after["rejected"] == before["rejected"]


def test_a_group_outlives_a_kill(tmp_path: Path) -> None:
    with Mortal(tmp_path / "server.log", tmp_path / "data", GUNICORN).running() as server:
        push = f"{server.url}/metrics/job/backup"
        assert requests.put(push, data="rows 7\nsize 3\n", timeout=10).status_code == 200
        server.begin_again()
        query = {"query": 'label_replace({job="backup"}, "name", "$1", "__name__", "(.*)")'}

        def kept() -> set[str]:
            found = server.get("/api/v1/query", params=query)["data"]["result"]
            return {each["metric"]["name"] for each in found} - {"push_time_seconds"}

        assert kept() == {"rows", "size"}
        push = f"{server.url}/metrics/job/backup"
        assert requests.put(push, data="rows 8\n", timeout=10).status_code == 200
        assert kept() == {"rows"}, "what the group had before is known"


def with_key(key: str) -> Callable[..., Callable[[], None]]:
    """A handler of the client library that sends a key."""

    def handler(
        url: str, method: str, timeout: float, headers: list[tuple[str, str]], data: bytes
    ) -> Callable[[], None]:
        def send() -> None:
            request = Request(url, data, {**dict(headers), "Authorization": f"Bearer {key}"}, method=method)
            urlopen(request, timeout=timeout).close()

        return send

    return handler


def test_the_client_library_pushes_with_a_key(start_server: StartServer, registry: CollectorRegistry) -> None:
    server = start_server({"ANALYTICS_ADMIN_KEY": "the-admin-key-of-this-test"})
    with pytest.raises(urllib.error.HTTPError, match="401"):
        push_to_gateway(server.url, "a", registry)
    push_to_gateway(server.url, "a", registry, handler=with_key("the-admin-key-of-this-test"))


def curl(*arguments: str, text: str) -> str:
    """What curl prints: the body of the answer, and its status."""
    command = [tool("curl"), "-sS", "-w", "\n%{http_code}", "--data-binary", "@-", *arguments]
    return subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=30).stdout.decode()


def test_curl_imports_text_and_pushes(shared_server: Server) -> None:
    url, service = f"{shared_server.url}/api/v1/import/prometheus", unique("imported")
    assert curl(f"{url}?extra_label=service={service}", text="a 1\nb 2\n") == "\n204"
    body, status = curl(url, text="a 1\nb\n").rsplit("\n", 1)
    assert (json.loads(body)["errors"][0]["line"], status) == (2, "200")
    assert service in shared_server.get("/services")["services"]
    assert curl(f"{shared_server.url}/metrics/job/{service}/instance/a", text="a 1\n") == "\n200"
    assert curl(f"{shared_server.url}/metrics/job/{service}/instance", text="a 1\n").endswith("has no value.\n\n400")
    assert curl("-X", "DELETE", f"{shared_server.url}/metrics/job/{service}/instance/a", text="") == "\n202"
