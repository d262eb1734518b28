"""Builds what computes error budgets; loaded with the first request for them."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from analytics.alerts.slo.budgets import Budgets
from analytics.alerts.slo.report import SloRow, Value
from analytics.catalog.collections import SLOS
from analytics.clock import Clock
from analytics.promql.block import Block
from analytics.promql.budget import Budget, Limits
from analytics.promql.engine import PromqlEngine
from analytics.query.catalog import resources_of
from analytics.query.cells.build import make_engine
from analytics.query.own_series.source import OwnSeries
from analytics.query.reader import Reader
from analytics.state.state import State
from analytics.threads import Threads


def make_budgets(state: State, reader: Reader, own: OwnSeries, clock: Clock, threads: Threads) -> Budgets:
    """Computes error budgets over what the state keeps: its days are enough, and the long-term store takes longer."""
    engine = make_engine(reader, state.series.levels, [own])

    def in_thread(function: Callable[[Value], list[SloRow]]) -> list[SloRow]:
        def made() -> Iterator[list[SloRow]]:
            at = int(clock.wall() * 1000)
            yield function(lambda query: _value(engine, query, at, threads))

        with threads.items(made) as items:
            return next(items)

    return Budgets(lambda: reader.ask(resources_of, SLOS.name), lambda: reader.ask(_firing), in_thread, clock)


def _value(engine: PromqlEngine, query: str, at: int, threads: Threads) -> float | None:
    """The one value of a vector without labels; None without one."""
    found = engine.instant(query, at, Budget(Limits(), threads.pause, time.monotonic)).value
    if not isinstance(found, Block):
        return None
    values = found.values[0][found.present[0]].tolist()
    return values[0] if values and values[0] == values[0] else None


def _firing(state: State, now: float) -> list[Any]:
    return [alert for alert in state.alerts if alert.is_firing]
