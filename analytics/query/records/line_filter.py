"""What a question about log lines asks for: its parameters as one condition, in SQL and in memory."""

from msgspec import Struct

from analytics.filters.levels import severity_range
from analytics.filters.line_sql import SqlCondition, line_sql
from analytics.filters.lines import LineTest, line_test
from analytics.filters.names import LINE_FIELDS
from analytics.filters.parse import parse
from analytics.filters.tree import EVERYTHING, Node

ALL_LINES = SqlCondition("1 = 1")


class LineQuestion(Struct, frozen=True):
    """Conditions on lines that combine; None matches everything. Times are in nanoseconds since the epoch.

    `severity` is a level or a number: lines of it and above match. `q` is in the filter language.
    """

    service: str | None = None
    severity: str | None = None
    trace_id: str | None = None
    since: int | None = None
    until: int | None = None
    q: str | None = None

    def condition(self) -> SqlCondition:
        """All of it in SQL.

        Raises:
            ValidationFailed: `q` or `severity` is not valid.
        """
        found = ALL_LINES
        if self.since is not None:
            found &= SqlCondition("time >= ?", (self.since,))
        if self.until is not None:
            found &= SqlCondition("time < ?", (self.until,))
        if self.service is not None:
            found &= SqlCondition("service = ?", (self.service,))
        if self.severity is not None:
            found &= SqlCondition("severity >= ?", (severity_range(self.severity)[0],))
        if self.trace_id is not None:
            found &= SqlCondition("trace_id = ?", (self.trace_id.lower(),))
        node = self._tree()
        return found if node == EVERYTHING else found & line_sql(node)

    def test(self) -> LineTest:
        """All of it but the times, for lines in memory.

        Raises:
            ValidationFailed: `q` or `severity` is not valid.
        """
        service, trace_id = self.service, self.trace_id and self.trace_id.lower()
        least = None if self.severity is None else severity_range(self.severity)[0]
        is_found = line_test(self._tree())
        return lambda line, id_, time: (
            (service is None or line.service == service)
            and (least is None or line.severity >= least)
            and (not trace_id or line.trace_id == trace_id)
            and is_found(line, id_, time)
        )

    def _tree(self) -> Node:
        return parse(self.q or "", LINE_FIELDS)
