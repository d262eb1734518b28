"""The lines before live ones: a reader gets the newest that are kept first, and then each that comes in, once."""

from collections import Counter
from collections.abc import Callable, Sequence

from analytics.live.line_tails import BATCH_LINES, LiveLine, Select
from analytics.live.messages import Message, MessageBatch
from analytics.live.outbox import Outbox

MOST_HELD = 10_000
"""Live lines that wait for the lines before them; of more, the ones that came last are left out, which is told."""
History = Callable[[], Sequence[bytes]]
"""Returns lines that are kept, encoded as live ones, the oldest first."""


class AfterHistory:
    """Holds live lines back until the lines before them were sent.

    A line that came in meanwhile may be among both: it is sent once.
    """

    def __init__(self, select: Select) -> None:
        self._select = select
        self._held: list[bytes] = []
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
            self._held.append(data)
        else:
            self._missed += 1
        return None

    def send(self, lines: Sequence[bytes], outbox: Outbox) -> None:
        """Put these lines into the outbox, and those that were held back after them."""
        self._known, self._is_held = Counter(lines), False
        found = [*lines, *filter(self._is_new, self._held)]
        self._held = []
        for start in range(0, len(found), BATCH_LINES):
            messages = [Message("line", None, data) for data in found[start : start + BATCH_LINES]]
            outbox.add_events(MessageBatch(messages), self._missed)
            self._missed = 0

    def _is_new(self, data: bytes) -> bool:
        if self._known[data] <= 0:
            return True
        self._known[data] -= 1
        return False
