"""A log line as those who tail lines see it, and what they get of it."""

from collections.abc import Callable

import msgspec

from analytics.log_lines import NewLogLine
from analytics.query.records.lines import LineRow, line_json


class LiveLine:
    """A line that came in.

    Attributes:
        line: as it was received.
        id, time, received: what the service added; times are in nanoseconds since the epoch.
        is_erased: whether it was erased since, so that nobody gets it any more.
    """

    __slots__ = ("_json", "id", "is_erased", "line", "received", "time")

    def __init__(self, line: NewLogLine, id_: str, received: int) -> None:
        self.line, self.id, self.received = line, id_, received
        self.time = received if line.time is None else line.time
        self._json: bytes | None = None
        self.is_erased = False

    @property
    def row(self) -> LineRow:
        """As the source of records will have it."""
        line, texts = self.line, (bytes(self.line.attributes).decode(), bytes(self.line.resource).decode())
        ids = (line.trace_id, line.span_id)
        named = (line.service, line.severity, line.severity_text, line.body)
        return LineRow(0, self.id, self.time, self.received, *named, *ids, *texts, line.scope)

    @property
    def json(self) -> bytes:
        """As it is served; made once for all readers."""
        if self._json is None:
            self._json = msgspec.json.encode(line_json(self.row))
        return self._json


Select = Callable[[LiveLine], bytes | None]
"""What a reader gets of a line; None if nothing."""
