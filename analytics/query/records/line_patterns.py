"""Groups log lines by their pattern: their text with `<_>` in place of what varies."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from analytics.log_lines import level_of
from analytics.patterns import LONGEST, pattern_of
from analytics.query.records.lines import nanosecond_text

PATTERN_COLUMNS = ("time", "service", "severity", f"substr(body, 1, {LONGEST})")


class LinePattern(Struct):
    """A pattern with the number of its lines, their first and last time, and the newest of them."""

    pattern: str
    count: int
    level: str
    services: list[str]
    first: str
    last: str
    example: str


class _LinesOfPattern:
    """The lines of a pattern, newest first."""

    def __init__(self, time: int, body: str) -> None:
        self.count, self.first, self.last, self.example = 0, time, time, body
        self.services: dict[str, None] = {}


def grouped(rows: Iterable[Sequence[Any]], limit: int) -> list[LinePattern]:
    """The patterns of lines, the most frequent first.

    Args:
        rows: `PATTERN_COLUMNS` of lines, newest first.
    """
    groups: dict[tuple[str, str], _LinesOfPattern] = {}
    for time, service, severity, body in rows:
        key = (pattern_of(body), level_of(severity))
        group = groups.get(key)
        if group is None:
            group = groups[key] = _LinesOfPattern(time, body[:LONGEST])
        group.count += 1
        group.first = time
        if len(group.services) < 10:
            group.services[service] = None
    ordered = sorted(groups.items(), key=lambda item: (-item[1].count, item[0]))[:limit]
    return [
        LinePattern(
            pattern,
            group.count,
            level,
            sorted(group.services),
            nanosecond_text(group.first),
            nanosecond_text(group.last),
            group.example,
        )
        for (pattern, level), group in ordered
    ]


class Patterns(Struct):
    """Patterns of lines.

    Attributes:
        lines: how many lines match.
        examined: how many of them, the newest, the patterns are of.
    """

    patterns: list[LinePattern]
    lines: int
    examined: int
    is_sampled: bool
