"""/stats: statistics in total, by hour and by day."""

from collections.abc import Callable

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.jobs.report import JobReport
from analytics.query.cardinality import cardinality
from analytics.query.reader import Reader
from analytics.query.sinks import SinkReport
from analytics.query.stats import daily, hourly, stats
from analytics.query.storage import StorageReport
from analytics.schemas.queries import CardinalityQuery, DaysQuery, HoursQuery, NoQuery

CARDINALITY_QUERY = CardinalityQuery()
NOTHING, HOURS_QUERY, DAYS_QUERY = NoQuery(), HoursQuery(), DaysQuery()


def stats_blueprint(
    reader: Reader,
    storage: Callable[[], StorageReport],
    jobs: Callable[[], list[JobReport]],
    sinks: Callable[[], list[SinkReport]],
) -> Blueprint:
    """Blueprint of /stats; `storage` describes the storage, `jobs` and `sinks` return the reports on all of them."""
    blueprint = Blueprint("stats", __name__)

    @blueprint.get("/stats")
    def totals() -> Response:
        arguments(NOTHING)
        return answer(reader.ask(stats, storage(), jobs(), sinks()))

    @blueprint.get("/stats/hourly")
    def by_hour() -> Response:
        return answer(reader.ask(hourly, arguments(HOURS_QUERY)["hours"]))

    @blueprint.get("/stats/daily")
    def by_day() -> Response:
        return answer(reader.ask(daily, arguments(DAYS_QUERY)["days"]))

    @blueprint.get("/stats/cardinality")
    def by_series() -> Response:
        return answer(reader.ask(cardinality, arguments(CARDINALITY_QUERY)["limit"]))

    return blueprint
