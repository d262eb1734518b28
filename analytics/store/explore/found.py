"""The events that a question is about, as SQL: those in its time that match its filters, with what it reads of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.filters.sql import Parameters, SqlColumns, rendered
from analytics.filters.sql_quoting import quoted_name
from analytics.filters.sql_values import unquoted_sql
from analytics.filters.tree import Node, paths
from analytics.store.source import DAY_NUMBER, EventSource, EventSpan, columns_in

DATA = "data."


class FoundEvents:
    """The events between two times that match a filter; collects parameters and fields before its SQL is made.

    Args:
        q: the filter, as a user wrote it.

    Raises:
        ValidationFailed: the filter is not valid.
    """

    def __init__(self, source: EventSource, since: datetime, until: datetime, q: str) -> None:
        self._source, self._since, self._until = source, since, until
        self.parameters = Parameters()
        self._fields: dict[str, None] = {}
        self._where = self.condition(parse(q, EVENT_FIELDS))

    def condition(self, node: Node) -> str:
        """The SQL of a filter, true or false for each event."""
        read = paths(node)
        self._fields.update(dict.fromkeys(read))
        return rendered(node, EVENT_FIELDS, SqlColumns({path: column_of(path) for path in read}), self.parameters)

    def column(self, path: str) -> str:
        """The SQL of the JSON text of a field of data."""
        self._fields[path] = None
        return column_of(path)

    def stored(self, name: str) -> str:
        """The SQL of the value of a field as it is stored: `type`, or `data.category`; see `text_sql`."""
        return self.column(name.removeprefix(DATA)) if name.startswith(DATA) else EVENT_FIELDS.names[name]

    def sql(self, columns: Sequence[str], day: datetime | None = None) -> str:
        """A SELECT of these expressions, of all events, or of those of the day that begins at `day`."""
        where, selected = self._where, ", ".join(columns)
        since, until = self._since, self._until
        if day is not None:
            since, until = max(since, day), min(until, day + timedelta(days=1))
        span = EventSpan(since.timestamp(), until.timestamp(), is_strict=True)
        events = self._source.events(tuple(self._fields), span, columns=_read(f"{selected} {where}"))
        return f"SELECT {selected} FROM {events} AS events WHERE {where}"


def _read(sql: str) -> list[str]:
    return columns_in(sql) + ([DAY_NUMBER] if DAY_NUMBER in sql else [])


def text_sql(name: str, stored: str) -> str:
    """The SQL of the value of a field as text, from SQL of it as it is stored; null where it is absent.

    Numbers are written in one way, `99.9` for `99.90`: only a column of the field has them as they were sent.
    """
    if not name.startswith(DATA):
        return stored
    return (
        f"CASE WHEN starts_with({stored}, '\"') THEN {unquoted_sql(stored)} WHEN {stored} = '-0' THEN '0'"
        f" WHEN {stored} >= '-' AND {stored} < ':' AND regexp_matches({stored}, '[.eE]')"
        f" THEN TRY_CAST({stored} AS DOUBLE)::VARCHAR ELSE nullif({stored}, 'null') END"
    )


def column_of(path: str) -> str:
    """The name of the column of a field of data, as SQL."""
    return quoted_name(DATA + path)
