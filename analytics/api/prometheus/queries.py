"""Runs queries of the API: short ones in the event loop, long ones in threads, within limits and in order."""

import time
from collections.abc import Callable, Iterator
from wsgiref.types import WSGIEnvironment

from flask import Response
from msgspec.structs import replace

from analytics.api.gzipping import takes_gzip
from analytics.api.prometheus.answers import Chunk, answered, chunked
from analytics.api.prometheus.params import Params
from analytics.api.prometheus.places import QueryPlaces
from analytics.api.prometheus.streams import Streams
from analytics.internals.departure import departure
from analytics.own_metrics.family import Family, by_label
from analytics.promql.budget import Budget, Limits
from analytics.promql.engine import PromqlEngine
from analytics.promql.errors import BadQuery, QueryCanceled, QueryError, QueryTimeout
from analytics.threads import NotWantedError, Threads

SHORT_SAMPLES = 200_000
"""Samples up to which a query is evaluated in the event loop: numpy needs milliseconds at most for one step of it."""
SHORT_POINTS = 5_000
"""Times at which its subqueries may be evaluated there: to find the bucket of each takes longer than to read it."""
SHORT_SECONDS = 0.1
"""The time that a query may take there."""
LONG_AT_ONCE = 2
"""Long queries that are evaluated at the same time: each needs memory for its samples."""
MOST_WAITING = 100
_LOOK_SECONDS = 0.02
"""How often a query looks whether its client is still there."""

Make = Callable[[PromqlEngine, Budget], Iterator[bytes]]
"""Makes the parts of an answer; evaluates the query at the first one."""


class _LongQueryError(Exception):
    """The query takes too long for the event loop."""


class Queries:
    """Evaluates queries.

    Args:
        pause: lets other greenlets run; called every few milliseconds.
    """

    def __init__(self, engine: PromqlEngine, limits: Limits, pause: Callable[[], None], threads: Threads) -> None:
        self._engine, self._limits, self._pause, self._threads = engine, limits, pause, threads
        self._short, self._long = QueryPlaces(1, MOST_WAITING), QueryPlaces(LONG_AT_ONCE, MOST_WAITING)
        self._streams = Streams()

    def run(self, make: Make, params: Params, environ: WSGIEnvironment) -> Response:
        """The answer of a query.

        Raises:
            QueryError: there is none.
        """
        asked = _Asked(make, self._limits, params, environ)
        lookback = params.duration("lookback_delta", self._engine.lookback)
        engine = PromqlEngine(self._engine.storage, lookback, self._engine.subquery_step)
        try:
            with self._short.taken(asked.seconds_left, asked.is_awaited):
                self._pause()  # else queries that waited would follow each other without a look at other requests
                chunks = list(self._in_loop(asked, engine))
            content = b"".join(chunk.content for chunk in chunks)
            return answered(content, is_gzipped=chunks[0].is_gzipped)
        except _LongQueryError:
            return self._in_thread(asked, engine)

    def families(self) -> Iterator[Family]:
        """Metrics of the queries in progress."""
        states = {
            "waiting": self._short.waiting + self._long.waiting,
            "evaluated": self._short.taken_now + self._long.taken_now,
            "sent": len(self._streams),
        }
        yield by_label("queries", "gauge", "Queries in PromQL in progress, by what is done with them", "state", states)

    def _in_loop(self, asked: "_Asked", engine: PromqlEngine) -> Iterator[Chunk]:
        """The answer, unless that takes long: then `_LongQueryError` is raised."""
        looked_at = resumed_at = time.monotonic()
        used = 0.0

        def pause() -> None:
            nonlocal looked_at, resumed_at, used
            used += time.monotonic() - resumed_at
            if budget.samples > SHORT_SAMPLES or budget.points > SHORT_POINTS or used > SHORT_SECONDS:
                raise _LongQueryError
            self._pause()
            resumed_at = time.monotonic()
            if resumed_at - looked_at > _LOOK_SECONDS:
                looked_at = resumed_at
                if not asked.is_wanted():
                    raise asked.unwanted()

        budget = asked.budget(pause)
        for chunk in asked.chunks(engine, budget):
            yield chunk
            pause()

    def _in_thread(self, asked: "_Asked", engine: PromqlEngine) -> Response:
        self._long.take(asked.seconds_left, asked.is_awaited)
        try:
            budget = asked.budget(self._threads.pause)
            items = self._threads.items(lambda: asked.chunks(engine, budget), asked.is_wanted)
        except BaseException:
            self._long.give()
            raise
        try:
            start = next(items)
        except BaseException as error:
            items.close()
            items.ended.rawlink(lambda _: self._long.give())  # until then it may still compute
            if isinstance(error, NotWantedError):
                raise asked.unwanted() from None
            raise
        asked.is_evaluated = True
        try:
            if start.is_all:
                items.close()
                return answered(start.content, is_gzipped=start.is_gzipped)
            return answered(self._streams.add(start, items, asked.is_wanted), is_gzipped=start.is_gzipped)
        finally:
            self._long.give()


class _Asked:
    """A query, and what its request says about the answer."""

    def __init__(self, make: Make, limits: Limits, params: Params, environ: WSGIEnvironment) -> None:
        wanted = params.duration("timeout", int(limits.seconds * 1000)) / 1000
        if wanted <= 0:
            raise BadQuery('invalid parameter "timeout": must be more than 0')
        self._make, self._limits = make, replace(limits, seconds=min(limits.seconds, wanted))
        self._since = time.monotonic()
        self._takes_gzip, self._has_left = takes_gzip(), departure(environ)
        self.is_evaluated = False

    @property
    def seconds_left(self) -> float:
        """Seconds until its time is up."""
        return self._since + self._limits.seconds - time.monotonic()

    def is_awaited(self) -> bool:
        """Whether its client waits for it."""
        return not self._has_left()

    def is_wanted(self) -> bool:
        """Whether its client waits for it, and its time is not up."""
        return self.is_awaited() and (self.is_evaluated or self.seconds_left > 0)

    def unwanted(self) -> QueryError:
        """The reason for which the answer is not wanted any more."""
        if self.seconds_left > 0:
            return QueryCanceled("the client went away")
        return QueryTimeout(f"query timed out after {self._limits.seconds:g} seconds")

    def budget(self, pause: Callable[[], None]) -> Budget:
        """The rest of its limits."""
        return Budget(self._limits, pause, time.monotonic, self._since)

    def chunks(self, engine: PromqlEngine, budget: Budget) -> Iterator[Chunk]:
        """Evaluate it, and make the answer."""
        return chunked(self._make(engine, budget), takes_gzip=self._takes_gzip)
