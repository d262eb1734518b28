"""Live lines that are held back for some seconds, so that those of slower senders come in their place.

Source: grafana.com/docs/loki/latest/reference/loki-http-api/#stream-logs, `delay_for`
"""

from collections.abc import Set
from heapq import heappop, heappush
from itertools import count

from analytics.live.live_line import LiveLine
from analytics.live.outbox import MAX_BYTES, MAX_EVENTS
from analytics.record_users import users_of_line

NANOSECONDS = 1_000_000_000


class DelayedLines:
    """Lines for one reader, in the order of their times; the oldest go out first.

    A line whose time is ahead of the time at which it was received counts as of that time. Beyond as many lines, or
    bytes of them, as an outbox holds, the oldest go out earlier.

    Args:
        delay: seconds after its time at which a line goes out.
    """

    def __init__(self, delay: float) -> None:
        self._delay = round(delay * NANOSECONDS)
        self._lines: list[tuple[int, int, LiveLine, bytes]] = []
        self._numbers, self._bytes = count(), 0

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, line: LiveLine, data: bytes) -> None:
        """Hold a line back; `data` is what the reader gets of it."""
        heappush(self._lines, (min(line.time, line.received), next(self._numbers), line, data))
        self._bytes += len(data)

    def take(self, now: int) -> list[tuple[LiveLine, bytes]]:
        """Remove the lines that are due at `now`, in nanoseconds since the epoch; without those that were erased."""
        found: list[tuple[LiveLine, bytes]] = []
        while self._lines and (self._lines[0][0] + self._delay <= now or self._is_full):
            _, _, line, data = heappop(self._lines)
            self._bytes -= len(data)
            if not line.is_erased:
                found.append((line, data))
        return found

    def erase(self, users: Set[str]) -> None:
        """Discard the lines that name these users."""
        for _, _, line, _ in self._lines:
            line.is_erased |= not users.isdisjoint(users_of_line(line.line))

    @property
    def due(self) -> float | None:
        """Seconds since the epoch at which the oldest line is due; None if none waits."""
        return (self._lines[0][0] + self._delay) / NANOSECONDS if self._lines else None

    @property
    def _is_full(self) -> bool:
        return len(self._lines) > MAX_EVENTS or self._bytes > MAX_BYTES
