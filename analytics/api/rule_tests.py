"""/rules/test: what a rule would have done, on series that are kept or given."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.doors.body import BodyReader
from analytics.schemas.compiled import load
from analytics.schemas.queries import NoQuery
from analytics.schemas.rule_tests import RuleTestSchema

if TYPE_CHECKING:
    from analytics.alerts.rules.trial import Trial

NOTHING, TEST_SCHEMA = NoQuery(), RuleTestSchema()


def rule_tests_blueprint(bodies: BodyReader, try_rule: Callable[[dict[str, Any]], "Trial"]) -> Blueprint:
    """The blueprint of /rules/test; `try_rule` is given the loaded body."""
    blueprint = Blueprint("rule_tests", __name__)

    @blueprint.post("/rules/test")
    def test() -> Response:
        arguments(NOTHING)
        return answer(try_rule(load(TEST_SCHEMA, bodies.read(request.environ).data)))

    return blueprint
