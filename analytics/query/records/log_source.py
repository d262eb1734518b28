"""Reads lines for LogQL from the source of records: selectors and line filters become SQL."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from msgspec import Struct

from analytics.log_lines import level_of
from analytics.logql.budget import LogBudget
from analytics.logql.entry import (
    DETECTED_LEVEL,
    SERVICE_NAME_LABEL,
    Labels,
    LogEntry,
    label_name,
    label_text,
    stream_labels,
)
from analytics.logql.errors import BadLogQuery
from analytics.logql.label_tests import matches_stream
from analytics.logql.nodes import LabelMatch, LineFilter
from analytics.logql.patterns import expression, pattern_expression
from analytics.logql.source import LogCell, Wanted
from analytics.query.records.lines import SELECTED, LineRow, json_object, line_row
from analytics.query.records.source import RecordQuery, RecordSource

MOST_STREAMS = 20_000
"""Streams among which a selector may choose."""
MOST_CELLS = 1_000_000
MOST_NAMED = 2_000
"""Resources up to which they stand in a statement."""
PAGE_BYTES = 4 << 20
"""About as many bytes of lines are read at once."""
LEAST_PAGE, FIRST_PAGE, MOST_PAGE = 100, 1_000, 10_000
StreamKey = tuple[str, str, int]
"""Service, resource and severity of lines, which decide about the labels of their stream."""


class StreamCounts(Struct, frozen=True):
    """A stream, with the number of its lines and of their characters."""

    labels: Labels
    lines: int
    size: int


class _Conditions(Struct):
    """The part of a statement after WHERE, its parameters, and the streams that are meant; None for all it finds."""

    sql: str
    parameters: list[Any]
    streams: dict[StreamKey, Labels] | None
    services: tuple[str, ...] | None


class RecordLogSource:
    """Lines of a source of records."""

    def __init__(self, records: RecordSource) -> None:
        self._records = records

    def entries(self, wanted: Wanted, budget: LogBudget, *, is_ascending: bool) -> Iterator[LogEntry]:
        """Lines in the order of time; those of one time in the order of arrival."""
        found = self._conditions(wanted, budget)
        if found is None:
            return
        known: dict[StreamKey, Labels] = found.streams or {}
        sign, order = (">", "ASC") if is_ascending else ("<", "DESC")
        since, until, last = wanted.since, wanted.until, None
        page = max(1, min(wanted.at_first, FIRST_PAGE))
        while True:
            sql, parameters = found.sql, list(found.parameters)
            if last is not None:
                sql += f" AND (time {sign} ? OR (time = ? AND seq {sign} ?))"
                parameters += [last.time, last.time, last.seq]
            statement = f"SELECT {SELECTED} FROM records WHERE {sql} ORDER BY time {order}, seq {order} LIMIT {page}"
            rows = self._ask(statement, parameters, since, until, found.services, budget)
            size = 0
            for row in rows:
                last = line_row(row)
                size += len(last.body) + len(last.attributes) + len(last.resource)
                budget.read(last.body)
                key = (last.service, last.resource, last.severity)
                labels = known.get(key)
                if labels is None:
                    if found.streams is not None:
                        continue
                    labels = known[key] = stream_labels(last.service, last.severity, json_object(last.resource))
                yield LogEntry.of(last.time, last.body, labels, metadata_of(last))
            if len(rows) < page or last is None:
                return
            since, until = (last.time, until) if is_ascending else (since, last.time + 1)
            page = max(LEAST_PAGE, min(MOST_PAGE, PAGE_BYTES * len(rows) // max(size, 1)))

    def cells(
        self, wanted: Wanted, part: int, by: Collection[str] | None, budget: LogBudget, *, counts_bytes: bool
    ) -> Sequence[LogCell]:
        """Counts of lines in parts of the time."""
        found = self._conditions(wanted, budget)
        if found is None:
            return []
        value = "sum(whole(length(hex(body)), 2))" if counts_bytes else "count(*)"
        by_service = by is not None and {SERVICE_NAME_LABEL}.issuperset(by) and found.streams is None
        columns = "service" if by_service else "service, resource, severity"
        width = 1 if by_service else 3
        groups = ", ".join(str(place) for place in range(1, width + 2))
        statement = (
            f"SELECT {columns}, whole(time - ?, ?), {value} FROM records WHERE {found.sql} GROUP BY {groups}"
            f" ORDER BY {groups} LIMIT {MOST_CELLS + 1}"
        )
        parameters = [wanted.since, part, *found.parameters]
        rows = self._ask(statement, parameters, wanted.since, wanted.until, found.services, budget)
        if len(rows) > MOST_CELLS:
            raise BadLogQuery("the query counts too many streams and times; narrow its selector or take a longer step")
        if by_service:
            return [LogCell({SERVICE_NAME_LABEL: service}, index, float(amount)) for service, index, amount in rows]
        cells: list[LogCell] = []
        known: dict[StreamKey, Labels] = found.streams or {}
        for service, resource, severity, index, amount in rows:
            key = (service, resource, severity)
            labels = known.get(key)
            if labels is None:
                if found.streams is not None:
                    continue
                labels = known[key] = stream_labels(service, severity, json_object(resource))
            cells.append(LogCell(labels, index, float(amount)))
        return cells

    def streams(self, wanted: Wanted, budget: LogBudget) -> list[StreamCounts]:
        """The streams of a selector that have lines in a time, in the order of their labels."""
        sql, parameters, services = _service_condition(wanted.matchers)
        counts: dict[tuple[tuple[str, str], ...], StreamCounts] = {}
        matches = matches_stream(wanted.matchers)
        for (service, resource, severity), lines, size in self._keys(wanted, sql, parameters, services, budget):
            labels = stream_labels(service, severity, json_object(resource))
            if matches(labels):
                key = tuple(sorted(labels.items()))
                before = counts.get(key)
                lines, size = (lines, size) if before is None else (lines + before.lines, size + before.size)
                counts[key] = StreamCounts(labels, lines, size)
        return [counts[key] for key in sorted(counts)]

    def _keys(
        self, wanted: Wanted, sql: str, parameters: list[Any], services: tuple[str, ...] | None, budget: LogBudget
    ) -> Iterator[tuple[StreamKey, int, int]]:
        """What decides about the labels of streams."""
        statement = (
            "SELECT service, resource, severity, count(*), sum(length(body)) FROM records WHERE time >= ? AND time < ?"
            f"{sql} GROUP BY 1, 2, 3 LIMIT {MOST_STREAMS + 1}"
        )
        given = [wanted.since, wanted.until, *parameters]
        rows = self._ask(statement, given, wanted.since, wanted.until, services, budget)
        if len(rows) > MOST_STREAMS:
            raise BadLogQuery(
                f"there are more than {MOST_STREAMS:,} streams; select by {SERVICE_NAME_LABEL}, or narrow the range"
            )
        for service, resource, severity, lines, size in rows:
            yield (service, resource, severity), int(lines), int(size or 0)

    def _conditions(self, wanted: Wanted, budget: LogBudget) -> _Conditions | None:
        """What lines have to fulfil; None where there are none."""
        matches = matches_stream(wanted.matchers)  # also finds expressions that are not valid
        sql, parameters, services = _service_condition(wanted.matchers)
        streams: dict[StreamKey, Labels] | None = None
        if any(matcher.name != SERVICE_NAME_LABEL for matcher in wanted.matchers):
            streams, keys = {}, 0
            for key, _, _ in self._keys(wanted, sql, parameters, services, budget):
                service, resource, severity = key
                labels = stream_labels(service, severity, json_object(resource))
                keys += 1
                if matches(labels):
                    streams[key] = labels
            if not streams:
                return None
            if len(streams) < keys:
                sql, parameters = _stream_condition(streams, sql, parameters)
                services = tuple({service for service, _, _ in streams})
        conditions = ["time >= ? AND time < ?"]
        given: list[Any] = [wanted.since, wanted.until]
        for filter_ in wanted.filters:
            condition, values = _line_condition(filter_)
            conditions.append(condition)
            given += values
        return _Conditions(" AND ".join(conditions) + sql, given + parameters, streams, services)

    def _ask(
        self,
        statement: str,
        parameters: Sequence[Any],
        since: int,
        until: int,
        services: tuple[str, ...] | None,
        budget: LogBudget,
    ) -> list[list[Any]]:
        budget.rest()
        query = RecordQuery("logs", statement, parameters, since, until, services, seconds=budget.seconds_left)
        return self._records.ask(query, budget.is_wanted)


def metadata_of(line: LineRow) -> dict[str, str]:
    """The labels of a line itself: its attributes, and what else is known about it."""
    found = {label_name(name): label_text(value) for name, value in json_object(line.attributes).items()}
    found[DETECTED_LEVEL] = level_of(line.severity)
    more = (
        ("trace_id", line.trace_id),
        ("span_id", line.span_id),
        ("severity_text", line.severity_text),
        ("scope_name", line.scope),
    )
    found.update({name: text for name, text in more if text})
    return {name: text for name, text in found.items() if text}


def _service_condition(matchers: Sequence[LabelMatch]) -> tuple[str, list[Any], tuple[str, ...] | None]:
    """The conditions on services in SQL, after others, with parameters, and the services if they are named."""
    sql, parameters, services = "", list[Any](), None
    for matcher in matchers:
        if matcher.name != SERVICE_NAME_LABEL:
            continue
        match matcher.operator:
            case "=":
                sql += " AND service = ?"
                services = (matcher.value,)
                parameters.append(matcher.value)
            case "!=":
                sql += " AND service <> ?"
                parameters.append(matcher.value)
            case operator:
                expression(matcher.value)
                sql += f" AND {'NOT ' if operator == '!~' else ''}regexp_matches(service, ?)"
                parameters.append(f"^(?:{matcher.value})$")
    return sql, parameters, services


def _stream_condition(streams: Collection[StreamKey], sql: str, parameters: list[Any]) -> tuple[str, list[Any]]:
    """Conditions that all of these streams fulfil, and few others."""
    columns = zip(("service", "resource", "severity"), zip(*streams, strict=True), strict=True)
    given = list(parameters)
    for name, values in columns:
        different = list(dict.fromkeys(values))
        if len(different) <= MOST_NAMED:
            sql += f" AND {name} IN ({', '.join('?' * len(different))})"
            given += different
    return sql, given


def _line_condition(node: LineFilter) -> tuple[str, list[Any]]:
    """A line filter in SQL."""
    sign = node.operator[1]
    values = list(node.values)
    if sign != "=":
        values = [value if sign == "~" else pattern_expression(value) for value in values]
        for value in values:
            expression(value)
    each = "instr(body, ?) > 0" if sign == "=" else "regexp_matches(body, ?)"
    if sign == "=" and "" in values:  # everything contains it, which engines see differently
        each, values = "1 = 1", []
        return ("1 = 0" if node.operator.startswith("!") else each), values
    joined = " OR ".join([each] * len(values))
    return (f"NOT ({joined})" if node.operator.startswith("!") else f"({joined})"), values
