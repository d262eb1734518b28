"""Searches log lines: pages of them, their number over time, and those around one of them."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from analytics.errors import NotFound
from analytics.filters.line_sql import SqlCondition
from analytics.log_lines import LEVELS, level_of
from analytics.query.records.line_filter import LineQuestion
from analytics.query.records.lines import (
    NANOSECONDS,
    SELECTED,
    LineJson,
    LineRow,
    line_json,
    line_row,
    nanosecond_text,
)
from analytics.query.records.source import RecordQuery, RecordSource

SPANS = (3_600 * NANOSECONDS, 86_400 * NANOSECONDS)
"""The last hour and day are searched before all that is kept: the newest lines are usually asked for."""
MOST_BYTES = 4 << 20
"""Bytes of a page, beyond which it has fewer lines than asked for."""
MOST_EXAMINED_BYTES = 16 << 20
"""Characters of lines that are examined together, beyond which fewer lines are."""
FIRST_ROWS, LEAST_ROWS = 100, 20
"""Lines that are read at once: at first, and at least; the others are about `MOST_BYTES` together."""
CONTEXT_NANOSECONDS = 86_400 * NANOSECONDS


class LineCursor(Struct, frozen=True):
    """Where a page goes on: with lines before this place, or after it."""

    is_after: bool
    time: int
    seq: int

    @property
    def text(self) -> str:
        """As clients have it."""
        return f"{'after' if self.is_after else 'before'}-{self.time}-{self.seq}"


class LinesPage(Struct):
    """Lines, newest first, and the cursors of the older and the newer ones."""

    lines: list[LineJson]
    count: int
    limit: int
    next_cursor: str | None
    previous_cursor: str | None


class LinesBucket(Struct):
    """The number of lines by level in a time."""

    time: str
    count: int
    levels: dict[str, int]


class LinesHistogram(Struct):
    """The number of lines in times of `step` seconds, oldest first; those without lines are there too."""

    start: str
    end: str
    step: float
    count: int
    buckets: list[LinesBucket]


class LinesContext(Struct):
    """A line, with those of the same stream around it, all oldest first."""

    before: list[LineJson]
    line: LineJson
    after: list[LineJson]


class LineSearch:
    """Searches the lines of a source.

    Args:
        wall: returns the time in seconds since the epoch.
        is_wanted: whether somebody waits for the answer.
    """

    def __init__(
        self, records: RecordSource, wall: Callable[[], float], is_wanted: Callable[[], bool] = lambda: True
    ) -> None:
        self._records, self._wall, self._is_wanted = records, wall, is_wanted

    def page(self, asked: LineQuestion, cursor: LineCursor | None, limit: int) -> LinesPage:
        """The newest lines, those before a place, or those after it that are the nearest."""
        condition = asked.condition()
        is_after = cursor is not None and cursor.is_after
        if cursor is not None:
            sign = ">" if is_after else "<"
            place = (cursor.time, cursor.time, cursor.seq)
            condition &= SqlCondition(f"(time {sign} ? OR (time = ? AND seq {sign} ?))", place)
        rows = self._rows(asked, cursor, condition, limit + 1, is_after=is_after)
        has_more = len(rows) > limit
        kept = _within(rows[:limit])
        has_more = has_more or len(kept) < len(rows[:limit])
        if is_after:
            kept.reverse()
        is_last = not has_more and not is_after
        older = None if is_last or not kept else LineCursor(False, kept[-1].time, kept[-1].seq).text
        newer = (
            LineCursor(True, kept[0].time, kept[0].seq).text if kept else cursor.text if is_after and cursor else None
        )
        return LinesPage([line_json(row) for row in kept], len(kept), limit, older, newer)

    def histogram(self, asked: LineQuestion, step: int) -> LinesHistogram:
        """Lines by level in each step between the times of a question, which has both."""
        assert asked.since is not None
        assert asked.until is not None
        first = asked.since // step * step
        condition = asked.condition()
        statement = f"SELECT whole(time - ?, ?), severity, count(*) FROM records WHERE {condition.sql} GROUP BY 1, 2"
        rows = self._ask(asked, statement, (first, step, *condition.values))
        counts: list[dict[str, int]] = [{} for _ in range(-(-(asked.until - first) // step))]
        for place, severity, count in rows:
            levels, level = counts[place], level_of(severity)
            levels[level] = levels.get(level, 0) + count
        ordered = [{level: levels[level] for level in LEVELS if level in levels} for levels in counts]
        buckets = [
            LinesBucket(nanosecond_text(first + place * step), sum(levels.values()), levels)
            for place, levels in enumerate(ordered)
        ]
        ends = (nanosecond_text(asked.since), nanosecond_text(asked.until))
        return LinesHistogram(*ends, step / NANOSECONDS, sum(bucket.count for bucket in buckets), buckets)

    def context(self, id_: str, near: int | None, before: int, after: int) -> LinesContext:
        """The lines of the same service and resource around a line, at most a day away.

        Args:
            near: a time of the line in nanoseconds, which makes it faster to find.

        Raises:
            NotFound: there is no line with this id.
        """
        ends = (None, None) if near is None else (near - NANOSECONDS, near + NANOSECONDS + 1)
        condition = LineQuestion(since=ends[0], until=ends[1]).condition() & SqlCondition("id = ?", (id_,))
        statement = f"SELECT {SELECTED} FROM records WHERE {condition.sql} ORDER BY time DESC LIMIT 1"
        rows = self._records.ask(RecordQuery("logs", statement, condition.values, *ends), self._is_wanted)
        if not rows:
            raise NotFound("There is no log line with this id, or it is no longer kept.", code="unknown_line")
        line = line_row(rows[0])
        older = self._around(line, before, is_after=False)
        newer = self._around(line, after, is_after=True)
        return LinesContext(
            [line_json(row) for row in reversed(older)], line_json(line), [line_json(row) for row in newer]
        )

    def rows(self, asked: LineQuestion, columns: Sequence[str], limit: int) -> list[list[Any]]:
        """Some columns of the newest lines: `limit` of them, or fewer where they are very long."""
        found: list[list[Any]] = []
        size, count, until = 0, min(FIRST_ROWS, limit), asked.until
        condition = asked.condition()
        while count > 0:
            statement = (
                f"SELECT {', '.join(columns)}, time, seq FROM records WHERE {condition.sql}"
                f" ORDER BY time DESC, seq DESC LIMIT {count}"
            )
            rows = self._ask(asked, statement, condition.values, until=until)
            found += [row[:-2] for row in rows]
            size += sum(len(value) for row in rows for value in row if isinstance(value, str))
            if len(rows) < count or size >= MOST_EXAMINED_BYTES:
                break
            time, seq = rows[-1][-2:]
            until = time + 1
            condition = asked.condition() & SqlCondition("(time < ? OR (time = ? AND seq < ?))", (time, time, seq))
            count = min(limit - len(found), max(LEAST_ROWS, MOST_BYTES * len(found) // max(size, 1)))
        return found

    def count(self, asked: LineQuestion) -> int:
        """How many lines there are."""
        condition = asked.condition()
        ((count,),) = self._ask(asked, f"SELECT count(*) FROM records WHERE {condition.sql}", condition.values)
        return int(count)

    def _rows(
        self, asked: LineQuestion, cursor: LineCursor | None, condition: SqlCondition, limit: int, *, is_after: bool
    ) -> list[LineRow]:
        """Lines in the direction of a cursor; where the newest are asked for, first in short spans of time."""
        order = "ASC" if is_after else "DESC"
        until = asked.until
        if cursor is not None and not is_after:
            until = min(cursor.time + 1, cursor.time + 1 if until is None else until)
        since = asked.since
        if is_after and cursor is not None:
            since = cursor.time if since is None else max(cursor.time, since)
        end = until if until is not None else round(self._wall() * NANOSECONDS)
        starts = [] if is_after else [end - span for span in SPANS if since is None or end - span > since]
        for start in (*starts, None):
            narrowed = condition if start is None else condition & SqlCondition("time >= ?", (start,))
            statement = (
                f"SELECT {SELECTED} FROM records WHERE {narrowed.sql} ORDER BY time {order}, seq {order} LIMIT {limit}"
            )
            rows = self._ask(asked, statement, narrowed.values, since if start is None else start, until)
            if len(rows) >= limit or start is None:
                return [line_row(row) for row in rows]
        return []

    def _around(self, line: LineRow, limit: int, *, is_after: bool) -> list[LineRow]:
        if limit == 0:
            return []
        sign, order = (">", "ASC") if is_after else ("<", "DESC")
        since, until = (
            (line.time, line.time + CONTEXT_NANOSECONDS)
            if is_after
            else (line.time - CONTEXT_NANOSECONDS, line.time + 1)
        )
        condition = LineQuestion(service=line.service, since=since, until=until).condition() & SqlCondition(
            f"resource = ? AND (time {sign} ? OR (time = ? AND seq {sign} ?))",
            (line.resource, line.time, line.time, line.seq),
        )
        statement = (
            f"SELECT {SELECTED} FROM records WHERE {condition.sql} ORDER BY time {order}, seq {order} LIMIT {limit}"
        )
        query = RecordQuery("logs", statement, condition.values, since, until, (line.service,))
        return _within([line_row(row) for row in self._records.ask(query, self._is_wanted)])

    def _ask(
        self,
        asked: LineQuestion,
        statement: str,
        values: Sequence[Any],
        since: int | None = None,
        until: int | None = None,
    ) -> list[list[Any]]:
        services = None if asked.service is None else (asked.service,)
        traces = None if asked.trace_id is None else (asked.trace_id.lower(),)
        since, until = (asked.since if since is None else since), (asked.until if until is None else until)
        query = RecordQuery("logs", statement, values, since, until, services, traces)
        return self._records.ask(query, self._is_wanted)


def _within(rows: list[LineRow]) -> list[LineRow]:
    """The first lines that are not too large together; at least one."""
    size = 0
    for place, row in enumerate(rows):
        size += len(row.body) + len(row.attributes) + len(row.resource)
        if size > MOST_BYTES and place:
            return rows[:place]
    return rows
