"""When jobs run: the next tick of a fixed phase, and the pause before a job that failed is started again."""

from typing import NamedTuple


def next_due(due: float, now: float, interval: float) -> tuple[float, int]:
    """The first time after `now` in the phase of `due`, and how many ticks were missed in between."""
    missed = max(0, int((now - due) // interval))
    return due + (missed + 1) * interval, missed


class Backoff(NamedTuple):
    """Pauses between a failure and the next start, in seconds: `first`, then doubled each time up to `most`.

    A job that ran for `calm` seconds before it failed begins with `first` again.
    """

    first: float = 1.0
    most: float = 30.0
    calm: float = 60.0

    def pause(self, failures: int) -> float:
        """The pause after so many failures in a row, the first of which is 1."""
        return min(self.most, self.first * 2.0 ** min(failures - 1, 30))
