"""Bounds, budgets, expiry and rates of keys hold at each door for records, whatever its protocol is."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from werkzeug.test import TestResponse

from analytics.scopes import DECISIONS
from tests.access.rig import ADMIN, SHOP, Rig
from tests.access.shapes import message_in
from tests.doors.prometheus.messages import request, series

JSON, TEXT = "application/json", "text/plain"
TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


class Door(NamedTuple):
    """A door, and a body with one record of a service at a time in nanoseconds."""

    path: str
    body: Callable[[str, int], Any]
    media_type: str = JSON
    encoding: str = ""

    def __str__(self) -> str:
        return self.path

    def send(self, rig: Rig, service: str, key: str, **headers: str) -> TestResponse:
        """The answer to one record."""
        made = self.body(service, int(rig.clock.wall()) * 1_000_000_000)
        data = (
            made if isinstance(made, bytes) else made.encode() if isinstance(made, str) else json.dumps(made).encode()
        )
        given = {"Content-Type": self.media_type, "Content-Encoding": self.encoding, **headers}
        path = self.path.replace("{service}", service)
        return rig.ask("POST", path, key, data=data, headers={name: each for name, each in given.items() if each})


def otlp(kind: str, scope: str, records: str, record: Callable[[str], dict[str, Any]]) -> Callable[[str, int], Any]:
    def body(service: str, now: int) -> Any:
        named = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
        return {kind: [{"resource": named, scope: [{records: [record(str(now))]}]}]}

    return body


def point(now: str) -> dict[str, Any]:
    return {"name": "queue", "gauge": {"dataPoints": [{"asInt": "1", "timeUnixNano": now}]}}


def span(now: str) -> dict[str, Any]:
    return {"traceId": TRACE, "spanId": SPAN, "name": "GET", "startTimeUnixNano": now, "endTimeUnixNano": now}


DOORS = [
    Door("/events", lambda service, now: {"type": "view", "service": service}),
    Door("/metrics", lambda service, now: {"name": "queue", "value": 1, "tags": {"service": service}}),
    Door("/heartbeat", lambda service, now: {"service": service, "status": "healthy"}),
    Door("/heartbeat/{service}", lambda service, now: b"", ""),
    Door("/logs", lambda service, now: {"service": service, "message": "it began"}),
    Door(
        "/spans",
        lambda service, now: {
            "trace_id": TRACE,
            "span_id": SPAN,
            "service": service,
            "name": "GET",
            "start": now,
            "duration_ms": 1,
        },
    ),
    Door("/v1/logs", otlp("resourceLogs", "scopeLogs", "logRecords", lambda now: {"timeUnixNano": now})),
    Door("/v1/traces", otlp("resourceSpans", "scopeSpans", "spans", span)),
    Door("/v1/metrics", otlp("resourceMetrics", "scopeMetrics", "metrics", point)),
    Door(
        "/loki/api/v1/push",
        lambda service, now: {"streams": [{"stream": {"service_name": service}, "values": [[str(now), "it began"]]}]},
    ),
    *(
        Door(path, lambda service, now: f"queue,service={service} value=1\n", TEXT)
        for path in ("/write", "/api/v2/write", "/api/v3/write_lp")
    ),
    Door("/api/v1/import/prometheus", lambda service, now: f'queue{{service="{service}"}} 1\n', TEXT),
    Door("/metrics/job/{service}/service/{service}", lambda service, now: "queue 1\n", TEXT),
    Door("/metrics/job@base64/am9i/service/{service}", lambda service, now: "queue 1\n", TEXT),
    Door(
        "/api/v1/write",
        lambda service, now: request(series({"__name__": "queue", "service": service}, 1, at=now // 1_000_000)),
        "application/x-protobuf",
        "snappy",
    ),
]
each_door = pytest.mark.parametrize("door", DOORS, ids=str)


def test_every_door_is_here() -> None:
    rules = {rule for rule, methods in DECISIONS.items() if "ingest" in methods.values()}
    shown = {door.path.partition("/{service}")[0] for door in DOORS} | {"/metrics/job@base64"}
    assert {rule.partition("/<")[0] for rule in rules} == {path.removesuffix("/am9i/service") for path in shown}


@each_door
def test_a_key_sends_records_of_its_services_alone(door: Door) -> None:
    rig = Rig()
    bound, free = rig.key("ingest", services=["shop"]), rig.key("ingest")
    assert door.send(rig, "shop", bound).status_code < 300
    refused = door.send(rig, "other", bound)
    assert 400 <= refused.status_code < 500
    assert "may not send records of the service 'other'" in refused.text
    assert services(rig) == ["shop"]
    assert door.send(rig, "other", free).status_code < 300
    assert services(rig) == ["other", "shop"]


@each_door
def test_a_key_creates_no_more_names_than_it_may(door: Door) -> None:
    rig = Rig()
    poor, free = rig.key("ingest", new_names=0), rig.key("ingest")
    refused = door.send(rig, "shop", poor)
    assert 400 <= refused.status_code < 500
    assert "new services, event types and series" in refused.text
    assert services(rig) == []
    assert door.send(rig, "shop", free).status_code < 300
    assert door.send(rig, "shop", poor).status_code < 300, "known names are free"


@each_door
def test_a_key_that_has_expired_is_refused(door: Door) -> None:
    rig = Rig()
    at = datetime.fromtimestamp(rig.clock.wall() + 60, UTC).isoformat()
    key = rig.key("ingest", expires_at=at)
    assert door.send(rig, "shop", key).status_code < 300
    rig.clock.advance(61)
    refused = door.send(rig, "shop", key)
    assert (refused.status_code, refused.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
    assert "expired" in message_in(door.path, refused.headers, refused.data)


@each_door
def test_a_key_over_its_rate_is_told_when_to_come_back(door: Door) -> None:
    rig = Rig()
    key = rig.key("ingest", limits={"ingest": {"per_second": 0.1, "burst": 2}})
    answers = [door.send(rig, "shop", key) for _ in range(12)]
    refused = answers[-1]
    assert answers[0].status_code < 300
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 200
    assert (refused.headers["RateLimit-Limit"], refused.headers["RateLimit-Remaining"]) == ("2", "0")
    assert "RateLimit-Reset" in refused.headers
    assert "items a second: try again in" in message_in(door.path, refused.headers, refused.data)


@each_door
def test_a_key_of_pages_sends_from_their_origin_alone(door: Door) -> None:
    rig = Rig()
    key = rig.key("ingest", origins=[SHOP])
    for origin in ({}, {"Origin": "https://other.example"}):
        refused = door.send(rig, "shop", key, **origin)
        assert refused.status_code == 403
        assert f"pages of {SHOP} only" in message_in(door.path, refused.headers, refused.data)
    taken = door.send(rig, "shop", key, Origin=SHOP)
    assert (taken.status_code < 300) != door.path.startswith("/metrics/job")


@each_door
def test_a_key_of_event_types_sends_events_of_them_alone(door: Door) -> None:
    rig = Rig()
    typed = rig.key("ingest", types=["view"])
    answer = door.send(rig, "shop", typed)
    assert (answer.status_code < 300) == (door.path == "/events")
    if door.path == "/events":
        answer = rig.post("/events", {"type": "buy", "service": "shop"}, typed)
    assert "may not send events of the type" in answer.text


def services(rig: Rig) -> list[str]:
    """The services of which anything was recorded."""
    found = rig.get("/services", ADMIN).json
    assert found is not None
    return sorted(found["services"])
