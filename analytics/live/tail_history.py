"""The lines before live ones: a reader gets the newest that are kept first, and then each that comes in, once."""

from collections import Counter
from collections.abc import Callable, Sequence

from analytics.live.delayed_lines import DelayedLines
from analytics.live.line_tails import BATCH_LINES
from analytics.live.live_line import LiveLine, Select
from analytics.live.messages import Message, MessageBatch
from analytics.live.outbox import Outbox

MOST_HELD = 10_000
"""Live lines that wait for the lines before them; of more, the ones that came last are left out, which is told."""
History = Callable[[], Sequence[bytes]]
"""Returns lines that are kept, encoded as live ones, the oldest first."""
Beginning = tuple[History, float]
"""How a tail begins: what reads the lines before live ones, and for how many seconds live ones are held back."""


class AfterHistory:
    """Holds live lines back until the lines before them were sent.

    A line that came in meanwhile may be among both: it is sent once.

    Args:
        delayed: where lines go that are held back for longer; None where they are not.
    """

    def __init__(self, select: Select, delayed: DelayedLines | None = None) -> None:
        self._select, self._delayed = select, delayed
        self._held: list[tuple[LiveLine, bytes]] = []
        self._is_held, self._missed = True, 0
        self._known: Counter[bytes] = Counter()

    def select(self, live: LiveLine) -> bytes | None:
        """What the reader gets of a live line now."""
        data = self._select(live)
        if data is None:
            return None
        if not self._is_held:
            return data if self._is_new(data) else None
        if len(self._held) < MOST_HELD:
            self._held.append((live, data))
        else:
            self._missed += 1
        return None

    def send(self, lines: Sequence[bytes], outbox: Outbox) -> None:
        """Put these lines into the outbox, and those that were held back after them."""
        self._known, self._is_held = Counter(lines), False
        held, self._held = [(live, data) for live, data in self._held if self._is_new(data)], []
        found = list(lines)
        if self._delayed is None:
            found += [data for _, data in held]
        else:
            for live, data in held:
                self._delayed.add(live, data)
        for start in range(0, len(found), BATCH_LINES):
            messages = [Message("line", None, data) for data in found[start : start + BATCH_LINES]]
            outbox.add_events(MessageBatch(messages), self._missed)
            self._missed = 0

    def _is_new(self, data: bytes) -> bool:
        if self._known[data] <= 0:
            return True
        self._known[data] -= 1
        return False
