"""Event numbers, counted as the state does: one for each kept event, and a jump at each start of the service."""

from analytics.clock import first_number
from analytics.state.rings import last_before


class Numbering:
    """Numbers events in the order of arrival. `last` is the number of the newest one."""

    def __init__(self, last: int) -> None:
        self.last = last

    def take(self, count: int) -> int:
        """Number `count` events; returns the first number."""
        first = self.last + 1
        self.last += count
        return first

    def start(self, received: float) -> None:
        """Continue after a start of the service at `received`, in seconds since the epoch."""
        self.last = last_before(first_number(self.last, received))
