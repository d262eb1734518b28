"""Log lines and spans that the pages Logs, Traces and Errors are tested with."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.page.conftest import post_events
from tests.server import Server

START = datetime.now(UTC) - timedelta(minutes=5)

CHECKOUT, LONG = "a" * 32, "b" * 32

SPANS = 10_000


AROUND = f"from={START - timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}&to={START + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
"""Query of an address with a quarter of an hour around them, whenever the page is opened."""


def at(milliseconds: float) -> str:
    return (START + timedelta(milliseconds=milliseconds)).isoformat()


def span(trace: str, number: int, parent: int, service: str, name: str, start: float, **more: Any) -> dict[str, Any]:
    given = {"trace_id": trace, "span_id": f"{number:016x}", "service": service, "name": name, "start": at(start)}
    return {**given, **({"parent_id": f"{parent:016x}"} if parent else {}), **more}


CALL = [
    span(CHECKOUT, 1, 0, "frontend", "POST /checkout", 0, duration_ms=100, kind="server"),
    span(CHECKOUT, 2, 1, "frontend", "call pay", 10, duration_ms=60, kind="client"),
    span(CHECKOUT, 4, 3, "pay", "SELECT", 505, duration_ms=20, kind="client", attributes={"db.system": "postgresql"}),
]


def nanoseconds(milliseconds: float) -> str:
    return str(round((START.timestamp() + milliseconds / 1e3) * 1e9))


def attributes(**values: str) -> list[dict[str, Any]]:
    return [{"key": name.replace("_", "."), "value": {"stringValue": value}} for name, value in values.items()]


FAILED = {
    "traceId": CHECKOUT,
    "spanId": f"{3:016x}",
    "parentSpanId": f"{2:016x}",
    "name": "POST /pay",
    "kind": 2,
    "startTimeUnixNano": nanoseconds(500),  # its clock is ahead
    "endTimeUnixNano": nanoseconds(540),
    "status": {"code": 2, "message": "card declined"},
    "attributes": attributes(http_route="/pay", user_id="ann"),
    "events": [{"timeUnixNano": nanoseconds(520), "name": "retry", "attributes": attributes(attempt="second")}],
    "links": [{"traceId": LONG, "spanId": f"{7:016x}"}],
}
"""A span with all that only OpenTelemetry sends."""

SENT = {
    "resource": {"attributes": attributes(service_name="pay", service_version="1.4.2")},
    "scopeSpans": [{"spans": [FAILED]}],
}


def line(body: str, milliseconds: float, **more: Any) -> dict[str, Any]:
    return {"service": "pay", "message": body, "timestamp": at(milliseconds), "level": "info", **more}


LINES = [
    line("card \x1b[31mdeclined\x1b[0m", 510, level="error", trace_id=CHECKOUT, span_id=f"{3:016x}"),
    line('{"order": 7, "items": [1, 2]}', 520, attributes={"order_id": "ORDER-7"}),
    *(line(f"charged {number} EUR", 600 + number, service="bank") for number in range(250)),
]


@contextmanager
def serving_records(folder: Path) -> Iterator[str]:
    """The address of a service with lines and spans, one trace of which has 10,000."""
    long = [span(LONG, 1, 0, "batch", "import", 1_000, duration_ms=20_000)]
    long += [span(LONG, n, 1, "batch", f"row {n}", 1_000 + n, duration_ms=2) for n in range(2, SPANS + 1)]
    with Server(folder / "log", {"ANALYTICS_SPANS_RATE": "0"}) as server:
        post_events(
            server, [{"type": "order", "service": "frontend", "timestamp": at(0), "data": {"trace_id": CHECKOUT}}]
        )
        for path, items in (("/spans", CALL), ("/spans", long), ("/logs", LINES)):
            for first in range(0, len(items), 5_000):
                receipt = server.post(path, items[first : first + 5_000]).json()
                assert receipt["rejected"] == 0, receipt
        assert server.post("/v1/traces", {"resourceSpans": [SENT]}).ok
        yield server.url


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag the mouse from a point of the window to another one."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end)
    page.mouse.up()
