"""Capacity: how many live connections there may be, in all and from each address."""

from collections import Counter
from collections.abc import Callable

from analytics.addresses import sender_at
from analytics.errors import AnalyticsError, Unavailable


class TooManyLive(AnalyticsError):
    """The address has the most live connections allowed."""

    status = 429
    code = "too_many_live"


class Capacity:
    """Counts the live connections of all protocols. An address of this machine may have any number.

    Args:
        most: how many in all.
        per_address: how many from each address; of IPv6 from each /64.
        refused: called with the code of each refusal.
    """

    def __init__(self, most: int, per_address: int, refused: Callable[[str], None]) -> None:
        self._most, self._per_address, self._refused = most, per_address, refused
        self._count = 0
        self._by_sender: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._count

    def check(self, address: str) -> None:
        """Check that there is room for another connection.

        Raises:
            TooManyLive: the address has no room.
            Unavailable: the service has none.
        """
        sender = sender_at(address)
        error: AnalyticsError | None = None
        if sender is not None and self._by_sender.get(sender, 0) >= self._per_address:
            error = TooManyLive(
                f"There are {self._per_address:,} live connections from {sender} already "
                "(ANALYTICS_MAX_LIVE_PER_ADDRESS).",
                headers={"Retry-After": "5"},
            )
        elif self._count >= self._most:
            error = Unavailable(
                f"There are {self._most:,} live connections already (ANALYTICS_MAX_LIVE).",
                code="too_many_sessions",
                headers={"Retry-After": "5"},
            )
        if error is not None:
            self._refused(error.code)
            raise error

    def add(self, address: str) -> None:
        """Count a new connection."""
        self._count += 1
        sender = sender_at(address)
        if sender is not None:
            self._by_sender[sender] += 1

    def remove(self, address: str) -> None:
        """Count a connection that ended."""
        self._count -= 1
        sender = sender_at(address)
        if sender is not None:
            self._by_sender[sender] -= 1
            if not self._by_sender[sender]:
                del self._by_sender[sender]
