"""/slos: service level objectives, and their error budgets."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.catalog import Resources
from analytics.api.params import arguments
from analytics.schemas.queries import NoQuery

if TYPE_CHECKING:
    from analytics.alerts.slo.budgets import SlosAnswer

NOTHING = NoQuery()


def slos_blueprint(resources: Resources, slos: Callable[[], "SlosAnswer"]) -> Blueprint:
    """The blueprint of /slos: that of any collection, and all objectives with their error budgets."""
    blueprint = resources.blueprint()

    @blueprint.get(f"/{resources.collection.name}")
    def read() -> Response:
        arguments(NOTHING)
        return answer(slos())

    return blueprint
