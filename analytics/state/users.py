"""Active users: distinct users of the last five minutes, exact to the second at the edges of the window."""

from collections.abc import Mapping

from analytics.state.distinct import Distinct

ACTIVE_SECONDS = 300
"""Length of the window in seconds."""


class ActiveUsers:
    """One small sketch per second, and their union, updated as users arrive."""

    def __init__(self, now: float) -> None:
        self._seconds: dict[int, Distinct] = {}
        self._window = Distinct()
        self._now = int(now)

    def add(self, at: float, users: Distinct) -> None:
        """Count `users` as active at `at`; the future counts as now."""
        second = min(int(at), self._now)
        if second <= self._now - ACTIVE_SECONDS:
            return
        if second not in self._seconds:
            self._seconds[second] = Distinct()
        self._seconds[second].merge(users)
        self._window.merge(users)

    def advance(self, now: float) -> None:
        """Drop the seconds before the window."""
        self._now = max(self._now, int(now))
        gone = [second for second in self._seconds if second <= self._now - ACTIVE_SECONDS]
        if gone:
            for second in gone:
                del self._seconds[second]
            self._window = Distinct()
            for users in self._seconds.values():
                self._window.merge(users)

    def between(self, seconds: range) -> Distinct:
        """Distinct users of those seconds, as far as they are in the window."""
        found = Distinct()
        for second in seconds:
            if second in self._seconds:
                found.merge(self._seconds[second])
        return found

    def dump(self) -> tuple[int, dict[int, bytes]]:
        """The current second, and the packed sketches by second, for `restore`."""
        return self._now, {second: users.pack() for second, users in self._seconds.items()}

    def restore(self, now: int, seconds: Mapping[int, bytes]) -> None:
        """Replace the content by a dump."""
        self._now = now
        self._seconds = {second: Distinct.unpack(packed) for second, packed in seconds.items()}
        self._window = Distinct()
        for users in self._seconds.values():
            self._window.merge(users)

    def clear(self) -> None:
        """Drop all users."""
        self._seconds.clear()
        self._window = Distinct()

    @property
    def count(self) -> int:
        """Number of distinct users in the window."""
        return self._window.estimate
