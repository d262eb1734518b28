"""What the host program is told: counts of outcomes, two callbacks, and few log lines."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable

from .outcome import Outcome

log = logging.getLogger("analytics.sdk")

OnDropped = Callable[[int, str], object]
"""Is told how many items were dropped just now, and why (`queue_full`, `closed`, `superseded`, `internal_error`)."""
OnError = Callable[[str], object]
"""Is told in one line of each try that failed and of each rejected item."""

TOLD_IN_FULL = 100
"""Kinds of rejection that get a log line of their own."""


class Reports:
    """Books of what became of the items; may be told by any thread, and calls back in that thread."""

    def __init__(self, on_dropped: OnDropped | None, on_error: OnError | None) -> None:
        self._on_dropped, self._on_error = on_dropped, on_error
        self.forget()

    def forget(self) -> None:
        """Begin anew: another process keeps the books so far."""
        self._lock, self._telling = threading.RLock(), threading.local()
        self._outcomes: Counter[str] = Counter()
        self._drops: Counter[str] = Counter()
        self._rejections: set[str] = set()
        self._in_trouble = False

    def counts(self) -> dict[str, int]:
        """How many items were accepted, duplicate, rejected and dropped."""
        with self._lock:
            return {status: self._outcomes[status] for status in ("accepted", "duplicate", "rejected", "dropped")}

    def settled(self, outcomes: Iterable[Outcome]) -> None:
        """These became of items."""
        outcomes = list(outcomes)
        drops = Counter(outcome.code for outcome in outcomes if outcome.status == "dropped")
        with self._lock:
            self._outcomes.update(outcome.status for outcome in outcomes)
            self._drops.update(drops)
        for reason, count in drops.items():
            self._tell_dropped(count, reason)
        for outcome in outcomes:
            if outcome.status == "rejected":
                self._rejected(outcome)

    def trouble(self, why: str) -> None:
        """A try failed and will be made again."""
        if not self._in_trouble:
            self._in_trouble = True
            log.warning("analytics are kept and sent later: %s", why)
        self.error(why)

    def recovered(self) -> None:
        """A try succeeded."""
        if self._in_trouble:
            self._in_trouble = False
            log.info("analytics are sent again")

    def error(self, why: str) -> None:
        """Tell the host's own callback."""
        if self._on_error is not None:
            _call(self._on_error, why)

    def closing(self) -> None:
        """Say in one line what got lost, if anything did."""
        with self._lock:
            dropped, rejected = dict(self._drops), self._outcomes["rejected"]
        if dropped or rejected:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items()))
            log.warning(
                "analytics: %d items dropped%s, %d rejected",
                sum(dropped.values()),
                f" ({reasons})" if reasons else "",
                rejected,
            )

    def _tell_dropped(self, count: int, reason: str) -> None:
        if self._on_dropped is None or getattr(self._telling, "now", False):
            return  # a callback that tracks, and has that dropped, would be told without end
        self._telling.now = True
        try:
            _call(self._on_dropped, count, reason)
        finally:
            self._telling.now = False

    def _rejected(self, outcome: Outcome) -> None:
        if outcome.code not in self._rejections and len(self._rejections) < TOLD_IN_FULL:
            self._rejections.add(outcome.code)
            log.warning("analytics: an item was rejected (%s): %s", outcome.code, outcome.message)
        self.error(f"rejected ({outcome.code}): {outcome.message}")


def _call(callback: Callable[..., object], *arguments: object) -> None:
    try:
        callback(*arguments)
    except Exception:
        log.exception("analytics: a callback failed")
