"""Changes of the state since the last tick: closed buckets, and changed health of services."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from analytics.bus import BucketClosed, Bus, HealthChanged
from analytics.query.reader import Reader
from analytics.state.history import HealthChange
from analytics.state.resolution import Resolution
from analytics.state.state import State

REPORTED = (Resolution.MINUTE, Resolution.HOUR, Resolution.DAY)


class ChangeDetector:
    """Publishes what changed in the state since the last call.

    The previous values are kept here, not in the state. The first call, and the first one with listeners after a time
    without, only remembers the current values.
    """

    def __init__(self, reader: Reader, bus: Bus) -> None:
        self._reader, self._bus = reader, bus
        self._opened: dict[int, int] | None = None
        self._health: dict[str, HealthChange] | None = None

    def publish(self) -> None:
        """Compare and publish the changes, oldest first."""
        if self._bus.has_listeners(BucketClosed):
            for closed in self._reader.ask(self._closed):
                self._bus.publish(closed)
        else:
            self._opened = None
        if self._bus.has_listeners(HealthChanged):
            for changed in self._reader.ask(self._changed):
                self._bus.publish(changed)
        else:
            self._health = None

    def _closed(self, state: State, now: float) -> list[BucketClosed]:
        """The buckets that closed, ordered by end; of equal ends the shorter first."""
        before, self._opened = self._opened, {level: state.series.open(level) for level in REPORTED}
        closed = []
        for level, start in (before or {}).items():
            size, keep = state.series.levels[level]
            first = max(start, self._opened[level] - size * (keep - 1))  # no more than are kept, after a long sleep
            closed += [BucketClosed(size, each) for each in range(first, self._opened[level], size)]
        return sorted(closed, key=lambda each: (each.start + each.seconds, each.seconds))

    def _changed(self, state: State, now: float) -> list[HealthChanged]:
        before, self._health = self._health, {}
        found: list[HealthChanged] = []
        for service in state.services.all():
            changes = service.changes(now)
            if not changes:
                continue
            self._health[service.name] = changes[-1]
            if before is not None:
                found += _since(service.name, changes, before.get(service.name))
        return sorted(found, key=lambda each: each.at)


def _since(service: str, changes: Sequence[HealthChange], last: HealthChange | None) -> Iterator[HealthChanged]:
    """The changes after `last`, the one published before, or all if it is None.

    If `last` is not among them, it was forgotten or undone by a late heartbeat; then only the newest one counts.
    """
    new = list(takewhile(lambda change: change != last, reversed(changes)))[::-1]
    if last is not None and len(new) == len(changes):
        new = new[-1:]
    state = last.to if last else "unknown"
    for change in new:
        if change.to != state:
            yield HealthChanged(service, state, change.to, change.at, change.reason)
        state = change.to
