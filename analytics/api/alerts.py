"""/alerts: the alerts that are not normal or ended a short time ago; and all routes of rules and alerts."""

from collections.abc import Callable

from flask import Blueprint, Response

from analytics.alerts.rules.listing import Known, alert_list
from analytics.api.answers import answer
from analytics.api.catalog import Resources
from analytics.api.params import arguments
from analytics.api.rules import RULE_BODY_LIMIT, YAML_TYPES, decode_group, rules_blueprint
from analytics.catalog.collections import RULES
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ONE_RECORD
from analytics.log.recorder import Recorder
from analytics.query.reader import Reader
from analytics.schemas.alerts import AlertsQuery

ALERTS_QUERY = AlertsQuery()


def alert_blueprints(recorder: Recorder, reader: Reader, clock: Clock, known: Callable[[], Known]) -> list[Blueprint]:
    """The blueprints of rules and alerts."""
    bodies = BodyReader(BodyLimits(RULE_BODY_LIMIT), (*ONE_RECORD, *YAML_TYPES))
    rules = Resources(RULES, recorder, reader, bodies, clock, decode=decode_group)
    return [rules_blueprint(rules, known), alerts_blueprint(known)]


def alerts_blueprint(known: Callable[[], Known]) -> Blueprint:
    """The blueprint of /alerts."""
    blueprint = Blueprint("alerts", __name__)

    @blueprint.get("/alerts")
    def read() -> Response:
        return answer(alert_list(known(), arguments(ALERTS_QUERY)["state"]))

    return blueprint
