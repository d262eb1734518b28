"""Traces: found by what their spans have in common, and read by their ids."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Raw, Struct

from analytics.query.records.source import RecordQuery, RecordSource
from analytics.spans import NEWEST_FIRST, SPAN_FAILED, SPAN_KINDS, SPAN_STATUSES, SPREAD

MAX_SPANS = 10_000
"""Spans of one trace in an answer; of a longer trace, the first ones."""
NANOSECONDS = 1_000_000_000
SLICES = 50
"""Parts of a range that have equally many traces of a list that is spread over it."""
_KIND = "spans"
_READ = (
    "trace_id, span_id, parent_id, service, name, start_time, end_time, kind, status, status_message, attributes, "
    "resource, events, links, scope, state"
)


class TraceFilter(NamedTuple):
    """Which traces are wanted: those with a span that has all of this. Times are in nanoseconds since the epoch.

    Attributes:
        least, most: its duration in nanoseconds.
        status: index in `SPAN_STATUSES`.
        attributes: texts of its attributes, or else of the resource, by name.
        trace_least, trace_most: the duration of the whole trace in nanoseconds.
    """

    service: str | None = None
    operation: str | None = None
    since: int | None = None
    until: int | None = None
    least: int | None = None
    most: int | None = None
    status: int | None = None
    attributes: Mapping[str, str] = {}
    trace_least: int | None = None
    trace_most: int | None = None

    def conditions(self) -> tuple[str, list[Any]]:
        """SQL of the conditions on a span, and their parameters."""
        compared: Sequence[tuple[str, Any]] = (
            ("service = ?", self.service),
            ("name = ?", self.operation),
            ("start_time >= ?", self.since),
            ("start_time < ?", self.until),
            ("end_time - start_time >= ?", self.least),
            ("end_time - start_time <= ?", self.most),
            ("status = ?", self.status),
        )
        found = [(text, [value]) for text, value in compared if value is not None]
        if self.trace_least is not None or self.trace_most is not None:
            found.append(self._lasting())
        both = "coalesce(json_text(attributes, ?), json_text(resource, ?)) = ?"
        found += [(both, [name, name, value]) for name, value in self.attributes.items()]
        return " AND ".join(["1 = 1", *(text for text, _ in found)]), [each for _, values in found for each in values]

    def services(self) -> list[str] | None:
        """The services whose spans are looked at; None for all, as the duration of a trace needs."""
        if self.service is None or self.trace_least is not None or self.trace_most is not None:
            return None
        return [self.service]

    def _lasting(self) -> tuple[str, list[Any]]:
        """SQL of the condition on the duration of the whole trace, and its parameters."""
        inner = [("start_time >= ?", self.since), ("start_time < ?", self.until)]
        outer = [
            ("max(end_time) - min(start_time) >= ?", self.trace_least),
            ("max(end_time) - min(start_time) <= ?", self.trace_most),
        ]
        where, having = (
            " AND ".join(["1 = 1", *(text for text, value in conditions if value is not None)])
            for conditions in (inner, outer)
        )
        statement = f"SELECT trace_id FROM records WHERE {where} GROUP BY trace_id HAVING {having}"  # nosec
        return f"trace_id IN ({statement})", [value for _, value in (*inner, *outer) if value is not None]


class TraceSummary(Struct):
    """A trace in a list. `start` and `duration` are in nanoseconds; `services` has the number of spans by service."""

    trace_id: str
    start: int
    duration: int
    spans: int
    errors: int
    services: dict[str, int]
    root_service: str | None = None
    root_name: str | None = None


class TraceSpan(Struct):
    """A span as it is read; see `NewSpan` for its fields."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    start: int
    end: int
    kind: int
    status: int
    status_message: str
    attributes: Raw
    resource: Raw
    events: Raw
    links: Raw
    scope: str
    state: str


class TraceSpanEvent(Struct):
    """Something that happened during a span; `time` is in nanoseconds since the epoch."""

    time: int
    name: str
    attributes: Raw


class Trace(NamedTuple):
    """The spans of a trace by their start, each once, and how many there are: more than `MAX_SPANS` are cut off."""

    spans: list[TraceSpan]
    total: int


class Traces:
    """Answers questions about traces."""

    def __init__(self, source: RecordSource) -> None:
        self._source = source

    def find(self, wanted: TraceFilter, order: str, limit: int) -> list[TraceSummary]:
        """The traces with a span that matches: the newest, those with the slowest such spans, or some of all times.

        Raises:
            AnalyticsError: the question cannot be answered now.
        """
        if order == SPREAD:
            return self._spread(wanted, limit)
        conditions, parameters = wanted.conditions()
        rank = "max(start_time)" if order == NEWEST_FIRST else "max(end_time - start_time)"
        rows = self._source.ask(
            RecordQuery(
                _KIND,
                f"SELECT trace_id FROM records WHERE {conditions} GROUP BY trace_id "  # nosec
                f"ORDER BY {rank} DESC, trace_id LIMIT ?",
                [*parameters, limit],
                wanted.since,
                wanted.until,
                wanted.services(),
            )
        )
        return self._summaries([trace_id for (trace_id,) in rows])

    def _spread(self, wanted: TraceFilter, limit: int) -> list[TraceSummary]:
        """Equally many traces of each part of a range, in the order of their times; failed and slow ones first."""
        conditions, parameters = wanted.conditions()
        first, end = wanted.since or 0, wanted.until or 0
        rows = self._source.ask(
            RecordQuery(
                _KIND,
                "SELECT trace_id FROM (SELECT trace_id, newest, row_number() OVER "
                "(PARTITION BY whole(newest - ?, ?) ORDER BY failed DESC, slowest DESC, trace_id) AS place "
                "FROM (SELECT trace_id, max(start_time) AS newest, max(end_time - start_time) AS slowest, "
                f"max(CASE WHEN status = {SPAN_FAILED} THEN 1 ELSE 0 END) AS failed "  # nosec
                f"FROM records WHERE {conditions} GROUP BY trace_id) AS traces) AS placed "  # nosec
                "ORDER BY place, newest DESC, trace_id LIMIT ?",
                [first, max(1, (end - first) // SLICES), *parameters, limit],
                wanted.since,
                wanted.until,
                wanted.services(),
            )
        )
        found = self._summaries([trace_id for (trace_id,) in rows])
        return sorted(found, key=lambda trace: (-trace.start, trace.trace_id))

    def trace(self, trace_id: str) -> Trace | None:
        """A trace; None if no span of it is known.

        Raises:
            AnalyticsError: the question cannot be answered now.
        """
        spans = list(self.spans([trace_id], MAX_SPANS))
        if not spans:
            return None
        total = len(spans)
        if total >= MAX_SPANS:
            counted = "SELECT count(DISTINCT span_id) FROM records WHERE trace_id = ?"
            ((total,),) = self._source.ask(RecordQuery(_KIND, counted, [trace_id], trace_ids=[trace_id]))
        return Trace(spans, total)

    def spans(self, trace_ids: Sequence[str], most: int) -> Iterator[TraceSpan]:
        """The spans of some traces by their start, each once.

        Raises:
            AnalyticsError: the question cannot be answered now.
        """
        if not trace_ids:
            return
        places = _places(trace_ids)
        rows = self._source.ask(
            RecordQuery(
                _KIND,
                f"SELECT {_READ} FROM records WHERE trace_id IN ({places}) "  # nosec
                "ORDER BY start_time, seq LIMIT ?",
                [*trace_ids, most],
                trace_ids=trace_ids,
            )
        )
        seen = set[tuple[str, str]]()
        for row in rows:
            if (row[0], row[1]) not in seen:
                seen.add((row[0], row[1]))
                yield TraceSpan(*row[:10], *(Raw(text.encode()) for text in row[10:14]), *row[14:])

    def services(self) -> list[str]:
        """The services that sent spans, by name."""
        return [name for (name,) in self._ask("SELECT DISTINCT service FROM records ORDER BY service")]

    def operations(self, service: str) -> list[tuple[str, str]]:
        """The names of spans of a service, and their kinds."""
        rows = self._ask("SELECT DISTINCT name, kind FROM records WHERE service = ? ORDER BY name, kind", service)
        return [(name, SPAN_KINDS[kind]) for name, kind in rows]

    def _ask(self, statement: str, *services: str) -> list[list[Any]]:
        return self._source.ask(RecordQuery(_KIND, statement, services, services=services or None))

    def _summaries(self, trace_ids: Sequence[str]) -> list[TraceSummary]:
        """Summaries of traces in the order of their ids."""
        if not trace_ids:
            return []
        places = _places(trace_ids)
        found: dict[str, TraceSummary] = {}
        counted = (
            "SELECT trace_id, service, min(start_time), max(end_time), count(DISTINCT span_id), "
            f"count(DISTINCT CASE WHEN status = {SPAN_FAILED} THEN span_id END) "
            f"FROM records WHERE trace_id IN ({places}) GROUP BY trace_id, service ORDER BY min(start_time), service"  # nosec
        )
        for trace_id, service, start, end, spans, errors in self._of(counted, trace_ids):
            known = found.get(trace_id)
            if known is None:
                known = found[trace_id] = TraceSummary(trace_id, start, end - start, 0, 0, {})
            end = max(end, known.start + known.duration)
            known.start = min(start, known.start)
            known.duration = max(0, end - known.start)
            known.spans += spans
            known.errors += errors
            known.services[service] = spans
        roots = (
            "SELECT trace_id, service, name FROM records "
            f"WHERE trace_id IN ({places}) AND parent_id = '' ORDER BY start_time DESC"  # nosec
        )
        for trace_id, service, name in self._of(roots, trace_ids):
            found[trace_id].root_service, found[trace_id].root_name = service, name
        return [found[trace_id] for trace_id in trace_ids if trace_id in found]

    def _of(self, statement: str, trace_ids: Sequence[str]) -> list[list[Any]]:
        return self._source.ask(RecordQuery(_KIND, statement, trace_ids, trace_ids=trace_ids))


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def status_number(name: str | None) -> int | None:
    """The index of a status."""
    return None if name is None else SPAN_STATUSES.index(name)
