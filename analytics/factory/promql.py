"""Builds what answers the Prometheus API; loaded with the first request to it."""

from functools import partial

from analytics.api.prometheus.queries import Queries
from analytics.api.prometheus.views import Metadata, PrometheusViews
from analytics.clock import Clock
from analytics.config import Settings
from analytics.doors.number_doors import NumberDoors
from analytics.lazy import Lazy
from analytics.promql.budget import Limits
from analytics.promql.engine import PromqlEngine
from analytics.query.cells.metadata import metadata
from analytics.query.exemplars import find_exemplars
from analytics.query.own_series.source import OwnSeries
from analytics.query.reader import Reader
from analytics.threads import Threads
from analytics.yielding import yield_if_due


def make_views(
    engine: Lazy[PromqlEngine],
    settings: Settings,
    reader: Reader,
    own: OwnSeries,
    numbers: NumberDoors,
    clock: Clock,
    threads: Threads,
) -> PrometheusViews:
    """The views over everything that the state keeps, and the own metrics."""

    def described() -> Metadata:
        return {**reader.ask(metadata), **numbers.described(), **own.described}

    limits = Limits(samples=settings.query_max_samples, seconds=settings.query_timeout)
    queries = Queries(engine(), limits, yield_if_due, threads)
    return PrometheusViews(queries, clock, described, partial(find_exemplars, reader, yield_if_due))
