"""A service in this process with a data directory and ten minutes of traffic, and its own metrics sampled."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent

from analytics.config import Settings
from analytics.factory import create_app
from tests.fakes import FakeClock
from tests.grafana.grafana import Grafana

KEY = "the-admin-key-of-these-tests"
STEPS, STEP = 40, 15.0
SERVICES = ("checkout", "search")


@contextmanager
def busy_service(folder: Path) -> Iterator[Grafana]:
    """Grafana's view of a service that was fed every 15 seconds for ten minutes."""
    clock = FakeClock()
    app = create_app(Settings(data_dir=str(folder), admin_key=KEY, read_rate=0.0), clock)
    runtime = app.extensions["analytics"]
    problems: list[str] = []
    runtime.start(problems.append)
    try:
        while runtime.is_recovering:
            assert not problems
            gevent.sleep(0.01)
        client = app.test_client()
        headers = {"X-API-Key": KEY}

        def send(path: str, body: Any) -> None:
            answer = client.post(path, json=body, headers=headers)
            assert answer.status_code < 300, answer.text

        for step in range(STEPS):
            send("/events", [event for service in SERVICES for event in _events(service, step)])
            send(
                "/metrics", [{"name": "queue depth", "value": step % 7, "tags": {"service": "checkout", "queue": "a"}}]
            )
            for service in SERVICES:
                send("/heartbeat", {"service": service, "status": "degraded" if step > 30 else "healthy"})
            client.get("/nowhere", headers=headers)
            client.get("/stats", headers=headers)
            assert client.post("/events", json=[{"type": ""}], headers=headers).status_code == 400
            runtime.loop_lag.job.tick()
            clock.advance(STEP)
            runtime.ticker.tick()
            runtime.sampler.tick()
        made = client.post("/keys", json={"name": "Grafana", "scopes": ["read"]}, headers=headers)
        yield Grafana(client, clock.wall(), {"X-API-Key": made.json["secret"]})
    finally:
        runtime.stop()


def _events(service: str, step: int) -> Iterator[dict[str, Any]]:
    for number in range(4):
        status = 500 if number == 0 and step % 3 == 0 else 200
        data = {"endpoint": f"/{service}/{number % 2}", "latency": 5 + number * 40 + step, "status": status}
        yield {"type": "request", "service": service, "user_id": f"user-{step % 5}", "data": data}
    yield {"type": "purchase", "service": service}
