"""/services: who is known, and one service in full."""

from flask import Blueprint, Response
from werkzeug.routing import BaseConverter

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.query.reader import Reader
from analytics.query.services import service_metrics, services
from analytics.schemas.queries import NoQuery

NOTHING = NoQuery()


class NameConverter(BaseConverter):
    """A service's name as part of a path: any text, slashes included."""

    regex = ".+"
    part_isolating = False


def services_blueprint(reader: Reader) -> Blueprint:
    """The blueprint of /services."""
    blueprint = Blueprint("services", __name__)
    blueprint.record_once(lambda setup: setup.app.url_map.converters.update(name=NameConverter))

    @blueprint.get("/services")
    def rows() -> Response:
        arguments(NOTHING)
        return answer(reader.ask(services))

    @blueprint.get("/services/<name:service>/metrics")
    def metrics(service: str) -> Response:
        arguments(NOTHING)
        return answer(reader.ask(service_metrics, service))

    return blueprint
