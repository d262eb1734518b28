"""OpenTelemetry's JavaScript SDK in Node and in a page, and loggers of Node for Loki, against a real server."""

import os
import subprocess
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import Shop
from tests.edge.wire import eventually, unique
from tests.server import ROOT, Server

SPEC = ROOT / "tests" / "spec"


def run(*command: str, **environment: str) -> str:
    """What a program of `tests/spec` prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        command, cwd=SPEC, env={**kept, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def found(server: Server, query: str) -> list[Any]:
    """The values of a PromQL query."""
    return [float(each["value"][1]) for each in server.get("/api/v1/query", params={"query": query})["data"]["result"]]


@pytest.mark.parametrize("form", ["http", "proto"], ids=["JSON", "protobuf"])
def test_traces_lines_and_metrics_of_a_node_server_arrive(form: str, shared_server: Server) -> None:
    service, before = unique("node"), shared_server.get("/stats")["ingest"]
    run("node", "otel.cjs", form, OTEL_SERVICE_NAME=service, OTEL_EXPORTER_OTLP_ENDPOINT=shared_server.url)
    after = shared_server.get("/stats")["ingest"]
    assert [after[kind]["rejected"] - before[kind]["rejected"] for kind in ("spans", "logs", "points")] == [0, 0, 0]
    traces = shared_server.get("/traces", params={"service": service})["traces"]
    assert [(each["spans"], each["errors"]) for each in traces] == [(2, 1)] * 3, "a request and its answer"
    spans = shared_server.get(f"/traces/{traces[0]['trace_id']}")["spans"]
    assert {each["kind"] for each in spans} == {"client", "server"}
    (answered,) = [each for each in spans if each["kind"] == "server"]
    assert (answered["status"], answered["status_message"], answered["attributes"]["user.id"]) == (
        "error",
        "no card",
        "ann",
    )
    assert answered["events"][0]["attributes"]["exception.message"] == "no card"
    lines = shared_server.get("/logs", params={"service": service, "trace_id": traces[0]["trace_id"]})["lines"]
    assert [(each["body"], each["level"]) for each in lines] == [("payment failed: grüße", "error")]
    row = shared_server.get(f"/services/{service}/metrics")
    assert [(each["endpoint"], each["count"]) for each in row["endpoints"]] == [("/pay/{number}", 3)]
    eventually(lambda: found(shared_server, f'sum(increase(orders_total{{service="{service}"}}[10m]))') == [3.0])
    assert found(shared_server, f'sum(increase(log_lines_total{{service="{service}",level="error"}}[10m]))') == [3.0]


def test_a_page_of_another_site_sends_its_spans(browser: Browser, shared_server: Server) -> None:
    bundled = run("node_modules/.bin/esbuild", "otel_browser.mjs", "--bundle", "--log-level=error")
    service = unique("page")
    settings = f"window.service = '{service}'; window.collector = '{shared_server.url}'"
    with Shop() as shop, browser.new_context() as context:
        shop.pages["/"] = f"<!doctype html><meta charset=utf-8><script>{settings}</script><script>{bundled}</script>"
        page = context.new_page()
        page.goto(shop.url)
        page.wait_for_function("window.sent")
        assert page.evaluate("window.sent") == "ok"
        trace = page.evaluate("window.trace")
    (span,) = shared_server.get(f"/traces/{trace}")["spans"]
    assert (span["service"], span["name"], span["kind"]) == (service, "click", "client")
    assert span["attributes"] == {"page.path": "/"}


@pytest.mark.skipif(not (SPEC / "node_modules/pino-loki").exists(), reason="npm ci in tests/spec")
@pytest.mark.parametrize(("library", "begin"), [("pino", '{"level":50,'), ("winston", "payment failed: grüße {")])
def test_lines_of_a_logger_of_node_for_loki_arrive(library: str, begin: str, shared_server: Server) -> None:
    service = unique(library)
    run("node", "loki.cjs", library, shared_server.url, service)
    lines = list[dict[str, Any]]()

    def has_both() -> bool:
        lines[:] = shared_server.get("/logs", params={"service": service})["lines"]
        return len(lines) == 2

    eventually(has_both)
    second, first = lines
    assert (first["level"], second["level"]) == ("error", "info")
    assert first["body"].startswith(begin)
    assert "payment failed: grüße" in first["body"]
    assert first["resource"]["app"] == service
