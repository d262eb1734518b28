"""/health: health of the service itself, liveness and readiness."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.identity import READ, identity_of
from analytics.jobs.report import JobReport
from analytics.query.health import health
from analytics.query.reader import Reader
from analytics.schemas.queries import NoQuery

NOTHING = NoQuery()


def health_blueprint(
    reader: Reader,
    connections: Callable[[], int],
    not_ready: Callable[[], list[str]],
    storage: Callable[[], dict[str, Any]],
    jobs: Callable[[], list[JobReport]],
    config: Callable[[], Mapping[str, Any] | None],
    config_trouble: Callable[[], str | None],
    access: Callable[[], Mapping[str, Any]],
) -> Blueprint:
    """Blueprint of /health.

    Args:
        connections: returns the number of live connections.
        not_ready: returns the reasons why the service is not ready.
        storage: describes the storage.
        jobs: returns the reports on all jobs.
        config: describes the configuration folder; None without one.
        config_trouble: says which configuration files have errors; None if none has.
        access: describes who may send and read.

    Without the scope `read`, /health and /health/ready answer the status only.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def full() -> Response:
        arguments(NOTHING)
        found = reader.ask(health, connections(), not_ready(), storage(), jobs(), config_trouble())
        if not identity_of(request.environ).may(READ):
            return answer({"status": found["status"]})
        return answer({**found, "config": config(), "access": access()})

    @blueprint.get("/health/live")
    def live() -> Response:
        arguments(NOTHING)
        return answer({"status": "alive"})

    @blueprint.get("/health/ready")
    def ready() -> Response:
        arguments(NOTHING)
        reasons = not_ready()
        payload: dict[str, Any] = {"status": "unavailable" if reasons else "ready"}
        if identity_of(request.environ).may(READ):
            payload["reasons"] = reasons
        response = answer(payload, 503 if reasons else 200)
        if reasons:
            response.headers["Retry-After"] = "1"
        return response

    return blueprint
