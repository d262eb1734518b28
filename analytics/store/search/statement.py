"""The SQL of one stretch of a search."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.searches import StoreSearch
from analytics.filters.sql import Parameters, SqlColumns, rendered
from analytics.filters.sql_quoting import quoted_name
from analytics.filters.tree import Equals, Every, Fits, InTime, Node, OfData, OfName, both, paths, texts
from analytics.filters.values import as_datetime
from analytics.store.search.stretches import Stretch
from analytics.store.source import EventSource, EventSpan, columns_in, field_columns

COLUMNS = "seq, time, type, service, user_id, data, id, received, is_timed"
ROW = "seq, epoch_us(time), type, service, user_id, data, id, epoch_us(received), is_timed"
"""The columns of the result."""
MOST_GROUPS = 20
"""Files, or groups of them, that events are read from by number."""


def span_of(node: Node) -> EventSpan:
    """The span of the events that a filter can match, by its parts that all have to match."""
    parts = node.parts if isinstance(node, Every) else (node,)
    span = EventSpan()
    for part in parts:
        match part:
            case InTime(since=since, until=until):
                if since is not None:
                    span = span._replace(since=max(since / 1e6, span.since or since / 1e6))
                if until is not None:
                    span = span._replace(until=min(until / 1e6, span.until or until / 1e6))
            case OfName(name="type", test=Equals(text=text, is_exact=True)):
                span = span._replace(types={text})
            case OfName(name="service", test=Equals(text=text, is_exact=True)):
                span = span._replace(services={text})
            case OfData(path=path, test=Fits(pieces=pieces)):
                span = span._replace(contained=[*span.contained, *((path, piece) for piece in pieces)])
    return span


class Sql(NamedTuple):
    """A statement and its parameters."""

    text: str
    values: list[Any]


class Selection(NamedTuple):
    """The events of a stretch that a search wants: from where, which, and in which order."""

    source: EventSource
    fields: tuple[str, ...]
    texts: tuple[str, ...]
    span: EventSpan
    condition: str
    order: str
    values: list[Any]

    def numbers(self) -> Sql:
        """The numbers of the events, which takes less than all columns of a few among many."""
        return self._sql("seq", self.span)

    def rows(self) -> Sql:
        """The events."""
        return self._sql(ROW, self.span)

    def rows_of(self, numbers: Sequence[int]) -> Sql:
        """The events with these numbers, which `numbers` found, from those files alone that have them.

        They are found by the condition once more where that reads names alone: a list of numbers takes longer to plan.
        """
        if not self.fields and not self.texts:
            return self._sql(ROW, self._around(numbers), f"seq BETWEEN {min(numbers)} AND {max(numbers)} AND ")
        extents = self.source.extents(self.span)
        groups: dict[int, list[int]] = {}
        for number in numbers:
            at = next((index for index, each in enumerate(extents) if each.first <= number <= each.last), -1)
            groups.setdefault(at if len(groups) < MOST_GROUPS else -1, []).append(number)
        parts = [
            f"SELECT {COLUMNS} FROM {self.source.events((), self._around(group))}"
            f" WHERE seq BETWEEN {min(group)} AND {max(group)} AND seq IN ({', '.join(map(str, group))})"
            for group in groups.values()
        ]
        return Sql(f"SELECT {ROW} FROM ({' UNION ALL '.join(parts)}) {self.order}", [])

    def _around(self, numbers: Sequence[int]) -> EventSpan:
        return self.span._replace(after=min(numbers) - 1, before=max(numbers) + 1)

    def _sql(self, columns: str, span: EventSpan, more: str = "") -> Sql:
        where = f"WHERE {more}{self.condition} {self.order}"
        source = self.source.events(self.fields, span, self.texts, columns_in(f"{columns} {where}"))
        return Sql(f"SELECT {columns} FROM {source} {where}", self.values)


def selection(source: EventSource, node: Node, asked: StoreSearch, stretch: Stretch, limit: int) -> Selection:
    """The first `limit` events of a stretch that match."""
    parameters, fields = Parameters(), paths(node)
    below, above = asked.below, asked.above
    after, before = list[int](), [] if asked.before is None else [asked.before]
    if asked.by_time:
        node = both(node, InTime(stretch.low, stretch.high))
        node = both(node, InTime(above.at if above else None, below.at + 1 if below else None))
    else:
        after += [] if stretch.low is None else [stretch.low - 1]
        after += [above.number] if above else []
        before += [] if stretch.high is None else [stretch.high]
        before += [below.number] if below else []
    span = span_of(node)._replace(after=max(after, default=None), before=min(before, default=None))
    searched = texts(node)
    columns = SqlColumns(
        {field: quoted_name(name) for field, name in field_columns(fields).items()},
        {text: quoted_name(f"text.{index}") for index, text in enumerate(searched)},
    )
    conditions = [rendered(node, EVENT_FIELDS, columns, parameters)]
    for sign, number in ((">", span.after), ("<", span.before)):
        if number is not None:
            conditions.append(f"seq {sign} {parameters.add(number)}")
    for sign, key in (("<", below), (">", above)):
        if key is not None and asked.by_time:
            time = parameters.add(as_datetime(key.at))
            conditions.append(f"(time {sign} {time} OR (time = {time} AND seq {sign} {parameters.add(key.number)}))")
    order = "ASC" if asked.is_ascending else "DESC"
    ordered = f"time {order}, seq {order}" if asked.by_time else f"seq {order}"
    return Selection(
        source,
        fields,
        searched,
        span,
        " AND ".join(conditions),
        f"ORDER BY {ordered} LIMIT {limit:d}",
        parameters.values,
    )
