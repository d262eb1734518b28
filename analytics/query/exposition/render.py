"""Renders all metrics in one format, in steps."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Protocol

from analytics.own_metrics.family import Source
from analytics.query.exposition.custom import custom
from analytics.query.exposition.family import MetricFamily, Slice, Slices
from analytics.query.exposition.own import counted, reported
from analytics.query.exposition.services import endpoints, events, services
from analytics.query.reader import Steps
from analytics.state.state import State


class Writer(Protocol):
    """Writes one exposition in a format. Families follow each other, each with `begin` and slices."""

    end: bytes
    """The end of the exposition."""

    def begin(self, metric: MetricFamily) -> bytes: ...

    def series(self, part: Slice) -> bytes: ...

    def family(self, parts: list[bytes]) -> Iterable[bytes]: ...


def all_metrics(state: State, now: float, connections: int, sources: Sequence[Source]) -> Slices:
    """All metrics: the service's own, those of its services, and custom ones. The first families keep their names."""
    yield from reported(chain.from_iterable(source() for source in sources))
    yield from counted(state, now, connections)
    yield None
    yield from services(state, now)
    yield from endpoints(state)
    yield from events(state)
    yield from custom(state)


def exposition(
    state: State, now: float, connections: int, writer: Writer, sources: Sequence[Source] = ()
) -> Steps[list[bytes]]:
    """All metrics as written by `writer`, in parts to be joined.

    Args:
        connections: number of live connections.
        sources: report the service's metrics about itself.
    """
    written: list[bytes] = []
    family: list[bytes] = []
    begun: MetricFamily | None = None
    for part in all_metrics(state, now, connections, sources):
        if part is None:
            yield
            continue
        if part.metric != begun:
            written += writer.family(family) if family else ()
            family, begun = [writer.begin(part.metric)], part.metric
        family.append(writer.series(part))
    written += writer.family(family)
    written.append(writer.end)
    return written
