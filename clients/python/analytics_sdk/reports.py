"""Reports to the host program: counts of outcomes, two callbacks, and few log lines."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable

from .outcome import Outcome

log = logging.getLogger("analytics.sdk")

OnDropped = Callable[[int, str], object]
"""Called with the number of dropped items and the reason: queue_full, closed, superseded or internal_error."""
OnError = Callable[[str], object]
"""Called with one line for each failed request and each rejected item."""

TOLD_IN_FULL = 100
"""Maximum number of different rejection codes that are logged."""


class Reports:
    """Counts and reports outcomes; any thread may call it, and callbacks run in that thread."""

    def __init__(self, on_dropped: OnDropped | None, on_error: OnError | None) -> None:
        self._on_dropped, self._on_error = on_dropped, on_error
        self.forget()

    def forget(self) -> None:
        """Reset, in a forked child."""
        self._lock, self._telling = threading.RLock(), threading.local()
        self._outcomes: Counter[str] = Counter()
        self._drops: Counter[str] = Counter()
        self._rejections: set[str] = set()
        self._in_trouble = self._is_denied = False

    def counts(self) -> dict[str, int]:
        """Number of items accepted, duplicate, rejected and dropped."""
        with self._lock:
            return {status: self._outcomes[status] for status in ("accepted", "duplicate", "rejected", "dropped")}

    def settled(self, outcomes: Iterable[Outcome]) -> None:
        """Count and report the outcomes of items."""
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
        """Report a failed request that will be retried."""
        if not self._in_trouble:
            self._in_trouble = True
            log.warning("analytics are kept and sent later: %s", why)
        self.error(why)

    def denied(self, why: str) -> None:
        """Report that the key is not accepted: once, until it is."""
        if not self._is_denied:
            self._is_denied = True
            self.trouble(why)

    def recovered(self) -> None:
        """Note a successful request."""
        self._is_denied = False
        if self._in_trouble:
            self._in_trouble = False
            log.info("analytics are sent again")

    def error(self, why: str) -> None:
        """Call `on_error`."""
        if self._on_error is not None:
            _call(self._on_error, why)

    def closing(self) -> None:
        """Log how many items were lost, if any."""
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
            return  # a callback that tracks items, which are dropped too, would be called endlessly
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
