"""Prometheus' protocols with their own clients: a Prometheus server, its client library, and curl."""

import json
import signal
import subprocess
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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


def of_each_type() -> CollectorRegistry:
    """Metrics of each type."""
    registry = CollectorRegistry()
    Counter("orders", "Orders.", ["shop"], registry=registry).labels('a "b" \\ ü').inc(3)
    Gauge("temperature", "Degrees.", registry=registry).set(-2.5)
    Gauge("nothing", "Not a number.", registry=registry).set(float("nan"))
    Histogram("latency_seconds", "Latency.", registry=registry).observe(0.2)
    Summary("size_bytes", "Sizes.", registry=registry).observe(100)
    return registry


@pytest.fixture
def registry() -> CollectorRegistry:
    return of_each_type()


class Scraper:
    """A Prometheus that scrapes targets, by job, five times a second; it begins 5 s after its start.

    Args:
        folder: of its data and log.
        targets: ports.
    """

    def __init__(self, folder: Path, targets: dict[str, int]) -> None:
        self._config, self._log = folder / "prometheus.yml", folder / "prometheus.log"
        self.targets, port = targets, free_port()
        self._configure([])
        command = [
            tool("prometheus"),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--enable-feature=native-histograms,exemplar-storage",
            "--storage.remote.flush-deadline=1s",  # a reload waits so long for a server that has ended
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._url = f"http://127.0.0.1:{port}/api/v1/targets"

    def wait(self) -> None:
        """Wait until it has scraped all targets."""
        eventually(lambda: "Server is ready" in self._log.read_text(), 60)
        eventually(lambda: requests.get(self._url, timeout=10).text.count('"health":"up"') == len(self.targets), 60)

    @contextmanager
    def writing(self, job: str, url: str, **remote: Any) -> Iterator[Callable[[], str]]:
        """Write all samples of a job to `url`; gives what Prometheus logs meanwhile."""
        only = [{"source_labels": ["job"], "regex": job, "action": "keep"}]
        queue, metadata = {"batch_send_deadline": "200ms"}, {"send_interval": "1s"}
        write = {"url": url, "write_relabel_configs": only, "queue_config": queue, "metadata_config": metadata}
        begin = len(self._log.read_text())
        self._configure([write | remote])
        self._process.send_signal(signal.SIGHUP)
        try:
            yield lambda: self._log.read_text()[begin:]
        finally:
            self._configure([])
            self._process.send_signal(signal.SIGHUP)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _configure(self, writes: list[dict[str, Any]]) -> None:
        scrapes = [
            {"job_name": job, "scrape_interval": "200ms", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
            for job, port in self.targets.items()
        ]
        self._config.write_text(json.dumps({"scrape_configs": scrapes, "remote_write": writes}))  # JSON is YAML


TRACED = CollectorRegistry()
TRACED_ORDERS = Counter("orders", "Orders.", registry=TRACED)


@pytest.fixture(scope="module")
def scraper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraper]:
    endless = of_each_type()
    Gauge("endless", "Infinite.", registry=endless).set(float("inf"))
    registries = {"typed": of_each_type(), "endless": endless, "traced": TRACED}
    with ExitStack() as stack:
        targets = {job: stack.enter_context(exporter(registry)) for job, registry in registries.items()}
        running = Scraper(tmp_path_factory.mktemp("prometheus"), targets)
        stack.callback(running.close)
        running.wait()
        yield running


@pytest.mark.parametrize("is_locked", [False, True], ids=["open", "with a key"])
def test_a_prometheus_server_writes_what_it_scrapes(
    start_server: StartServer, scraper: Scraper, is_locked: bool
) -> None:
    key = "the-admin-key-of-this-test"
    server = start_server({"ANALYTICS_ADMIN_KEY": key} if is_locked else {})
    headers = {"Authorization": f"Bearer {key}"} if is_locked else {}

    def asked(path: str) -> Any:
        return requests.get(server.url + path, headers=headers, timeout=10).json()

    remote = {"authorization": {"credentials": key}} if is_locked else {}
    with scraper.writing("typed", f"{server.url}/api/v1/write", **remote) as log:
        eventually(lambda: asked("/stats")["ingest"]["points"]["accepted"] > 100, 60)
        assert "typed" in asked("/services")["services"], "the job is a service"
        assert asked("/stats")["ingest"]["points"]["rejected"] == 0
        assert "non-recoverable" not in log()
        series = {"job": "typed", "instance": f"127.0.0.1:{scraper.targets['typed']}", "service": "typed"}
        (orders,) = asked("/api/v1/query?query=orders_total")["data"]["result"]
        assert orders["metric"] == {"__name__": "orders_total", "shop": 'a "b" \\ ü', **series}
        assert float(orders["value"][1]) == 3
        (temperature,) = asked("/api/v1/query?query=temperature")["data"]["result"]
        assert temperature["value"][1] == "-2.5"
        assert asked("/api/v1/query?query=nothing")["data"]["result"] == []
        buckets = asked("/api/v1/query?query=latency_seconds_bucket")["data"]["result"]
        assert {each["metric"]["le"] for each in buckets} >= {"0.25", "+Inf"}


def test_a_prometheus_server_says_what_was_rejected(start_server: StartServer, scraper: Scraper) -> None:
    server = start_server()
    with scraper.writing("endless", f"{server.url}/api/v1/write") as log:
        eventually(lambda: recorded(server)["rejected"] > 0, 60)
        eventually(lambda: "samples were rejected: not_finite: The value inf of 'endless'" in log(), 60)
        assert recorded(server)["accepted"] > 20, "the others were recorded"


def test_prometheus_sends_the_exemplars_that_it_scraped(start_server: StartServer, scraper: Scraper) -> None:
    server, labels = start_server({}), {"trace_id": "0af7651916cd43dd"}

    def kept() -> list[dict[str, str]]:
        TRACED_ORDERS.inc(1, labels)  # each exemplar is sent once, if Prometheus writes already
        found = server.get("/api/v1/query_exemplars", params={"query": "rate(orders_total[1m])"})["data"]
        return [each["labels"] for series in found for each in series["exemplars"]]

    with scraper.writing("traced", f"{server.url}/api/v1/write", send_exemplars=True):
        assert eventually(kept, 60)[0] == labels


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
