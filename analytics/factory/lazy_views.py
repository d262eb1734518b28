"""The engines of PromQL and of rules, the Prometheus views and /summary, each loaded when it is first needed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analytics.api.late import late_blueprint
from analytics.clock import Clock
from analytics.config import Settings
from analytics.doors.number_doors import NumberDoors
from analytics.lazy import Lazy
from analytics.query.own_series.source import OwnSeries
from analytics.query.reader import Reader
from analytics.query.records.source import RecordSource
from analytics.state.rollup import Level
from analytics.threads import Threads

if TYPE_CHECKING:
    from analytics.alerts.rules.engine import RuleEngine
    from analytics.api.prometheus.views import PrometheusViews
    from analytics.promql.engine import PromqlEngine
    from analytics.query.cells.build import Beyond


def lazy_engine(reader: Reader, levels: Sequence[Level], own: OwnSeries, beyond: "Beyond") -> Lazy["PromqlEngine"]:
    """The engine over everything that the state keeps, and the own metrics."""

    def make() -> "PromqlEngine":
        from analytics.query.cells.build import make_engine

        return make_engine(reader, levels, [own], beyond)

    return Lazy(make)


def lazy_rule_engine(engine: Lazy["PromqlEngine"], records: RecordSource, threads: Threads) -> Lazy["RuleEngine"]:
    """The engine for rules, which have log lines besides."""

    def make() -> "RuleEngine":
        from analytics.alerts.rules.engine import RuleEngine
        from analytics.factory.records import RecordsForThreads
        from analytics.query.records.log_source import RecordLogSource

        return RuleEngine(engine(), RecordLogSource(RecordsForThreads(records, threads)))

    return Lazy(make)


def lazy_views(
    engine: Lazy["PromqlEngine"],
    settings: Settings,
    reader: Reader,
    own: OwnSeries,
    numbers: NumberDoors,
    clock: Clock,
    threads: Threads,
) -> Lazy["PrometheusViews"]:
    """The views of the Prometheus API."""

    def make() -> "PrometheusViews":
        from analytics.factory.promql import make_views

        return make_views(engine, settings, reader, own, numbers, clock, threads)

    return Lazy(make)


def lazy_summary(reader: Reader) -> Any:
    """The blueprint of /summary."""

    def make() -> Any:
        from analytics.api.summary import summary_blueprint

        return summary_blueprint(reader)

    return late_blueprint("summary", "GET /summary", make)
