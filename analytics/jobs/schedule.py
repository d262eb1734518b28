"""When jobs run: the next tick of a fixed interval, and the pause before a failed job is restarted."""

from typing import NamedTuple


def next_due(due: float, now: float, interval: float) -> tuple[float, int]:
    """First tick after `now`, counted in intervals from `due`, and the number of ticks missed in between."""
    missed = max(0, int((now - due) // interval))
    return due + (missed + 1) * interval, missed


class Backoff(NamedTuple):
    """Exponential backoff: pauses of `first` seconds before a restart, then doubled each time up to `most`.

    After `calm` seconds without a failure the next pause is `first` again.
    """

    first: float = 1.0
    most: float = 30.0
    calm: float = 60.0

    def pause(self, failures: int) -> float:
        """Seconds to wait after that many failures in a row (at least 1)."""
        return min(self.most, self.first * 2.0 ** min(failures - 1, 30))
