"""/health: health of the service itself, liveness and readiness."""

from collections.abc import Callable
from typing import Literal, NotRequired, TypedDict

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.catalog.folder import ConfigHealth
from analytics.identity import READ, identity_of
from analytics.jobs.report import JobReport
from analytics.keys.keyring import AccessReport
from analytics.query.health import HealthAnswer, health
from analytics.query.reader import Reader
from analytics.query.storage import StorageReport
from analytics.schemas.queries import NoQuery

NOTHING = NoQuery()


class FullHealth(HealthAnswer):
    """The answer of `/health` to those who may read; `config` is None without a configuration folder."""

    config: ConfigHealth | None
    access: AccessReport


class Readiness(TypedDict):
    """The answer of `/health/ready`; `reasons`, for those who may read, say why the service is not ready."""

    status: Literal["ready", "unavailable"]
    reasons: NotRequired[list[str]]


def health_blueprint(
    reader: Reader,
    connections: Callable[[], int],
    not_ready: Callable[[], list[str]],
    storage: Callable[[], StorageReport],
    jobs: Callable[[], list[JobReport]],
    config: Callable[[], ConfigHealth | None],
    config_trouble: Callable[[], str | None],
    access: Callable[[], AccessReport],
    sink_troubles: Callable[[], list[str]],
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
        sink_troubles: says why other databases do not get everything.

    Without the scope `read`, /health and /health/ready answer the status only.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def full() -> Response:
        arguments(NOTHING)
        found = reader.ask(health, connections(), not_ready(), storage(), jobs(), config_trouble(), sink_troubles())
        if not identity_of(request.environ).may(READ):
            return answer({"status": found["status"]})
        shown: FullHealth = {**found, "config": config(), "access": access()}
        return answer(shown)

    @blueprint.get("/health/live")
    def live() -> Response:
        arguments(NOTHING)
        return answer({"status": "alive"})

    @blueprint.get("/health/ready")
    def ready() -> Response:
        arguments(NOTHING)
        reasons = not_ready()
        payload: Readiness = {"status": "unavailable" if reasons else "ready"}
        if identity_of(request.environ).may(READ):
            payload["reasons"] = reasons
        response = answer(payload, 503 if reasons else 200)
        if reasons:
            response.headers["Retry-After"] = "1"
        return response

    @blueprint.get("/ready")
    def loki_ready() -> Response:
        arguments(NOTHING)
        reasons = not_ready()
        return Response(
            "not ready\n" if reasons else "ready\n",
            503 if reasons else 200,
            {"Retry-After": "1"} if reasons else None,
            mimetype="text/plain",
        )

    return blueprint
