"""/receivers and /routes: where messages about alerts go, and trying that out."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, TypedDict

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.catalog import Resources
from analytics.api.params import arguments
from analytics.catalog.bodies import shown
from analytics.catalog.collections import RECEIVERS
from analytics.errors import NotFound
from analytics.query.catalog import resource, resources_of
from analytics.query.reader import Reader
from analytics.resources import Resource
from analytics.schemas.queries import NoQuery

NOTHING = NoQuery()
TREE = "main"
"""The name of the one tree of routes."""


class ReceiverTrial(TypedDict):
    """The outcome of a test message; `answer` is what the receiver answered, or why it did not."""

    delivered: bool
    answer: str
    seconds: float


def receivers_blueprint(resources: Resources, reader: Reader, send_test: Callable[[Resource], Any]) -> Blueprint:
    """Blueprint of /receivers.

    Args:
        send_test: sends a test message to a receiver; returns whether it was taken, and the answer.
    """
    blueprint = resources.blueprint()

    @blueprint.get("/receivers")
    def read() -> Response:
        arguments(NOTHING)
        found = sorted(reader.ask(resources_of, RECEIVERS.name), key=lambda each: each.name)
        return answer({"receivers": [shown(RECEIVERS, each) for each in found], "count": len(found)})

    @blueprint.post("/receivers/<id>/test")
    def test(id: str) -> Response:
        arguments(NOTHING)
        found = reader.ask(resource, RECEIVERS.name, id)
        if found is None:
            raise NotFound(f"There is no receivers/{id}.", code="unknown_resource")
        begun = perf_counter()
        is_delivered, said = send_test(found)
        trial: ReceiverTrial = {"delivered": is_delivered, "answer": said, "seconds": round(perf_counter() - begun, 3)}
        return answer(trial)

    return blueprint


def routes_blueprint(resources: Resources) -> Blueprint:
    """Blueprint of /routes, which is one resource."""
    blueprint = Blueprint("alert_routes", __name__)

    @blueprint.get("/routes")
    def read() -> Response:
        return resources.get(TREE)

    @blueprint.put("/routes")
    def put() -> Response:
        return resources.put(TREE)

    @blueprint.delete("/routes")
    def delete() -> Response:
        return resources.delete(TREE)

    return blueprint
