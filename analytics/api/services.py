"""/services: all services, one service in detail, and the history of its state."""

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.query.reader import Reader
from analytics.query.service_details import service_metrics
from analytics.query.services import history, services
from analytics.schemas.queries import HistoryQuery, NoQuery

NOTHING, HISTORY = NoQuery(), HistoryQuery()


def services_blueprint(reader: Reader) -> Blueprint:
    """Blueprint of /services."""
    blueprint = Blueprint("services", __name__)

    @blueprint.get("/services")
    def rows() -> Response:
        arguments(NOTHING)
        return answer(reader.ask(services))

    @blueprint.get("/services/<name:service>/metrics")
    def metrics(service: str) -> Response:
        arguments(NOTHING)
        return answer(reader.ask(service_metrics, service))

    @blueprint.get("/services/<name:service>/history")
    def changes(service: str) -> Response:
        return answer(reader.ask(history, service, arguments(HISTORY)["limit"]))

    return blueprint
