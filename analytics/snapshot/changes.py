"""Changes since the last tick: which buckets closed, and how the health of services changed."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from analytics.bus import BucketClosed, Bus, HealthChanged
from analytics.query.reader import Reader
from analytics.state.history import Change
from analytics.state.state import DAY, HOUR, MINUTE, State

RUNGS = (MINUTE, HOUR, DAY)


class Changes:
    """Publishes what the state says has changed since the last look.

    All that it compares with is its own: the state holds nothing for it. The first look, and the first one after a time
    without listeners, only remembers how things are.
    """

    def __init__(self, reader: Reader, bus: Bus) -> None:
        self._reader, self._bus = reader, bus
        self._opened: dict[int, int] | None = None
        self._health: dict[str, Change] | None = None

    def publish(self) -> None:
        """Look, and publish what changed, oldest first."""
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
        """The buckets that closed, in the order of their ends; of two that end together the shorter one first."""
        before, self._opened = self._opened, {rung: state.series.open(rung) for rung in RUNGS}
        closed = []
        for rung, start in (before or {}).items():
            size = state.series.rungs[rung].size
            first = max(start, state.series.oldest(rung))  # after a long sleep of the machine, only those that are kept
            closed += [BucketClosed(size, each) for each in range(first, self._opened[rung], size)]
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


def _since(service: str, changes: Sequence[Change], last: Change | None) -> Iterator[HealthChanged]:
    """The changes after `last`, the one that was published before; None where there was none.

    If `last` is not among them, it was forgotten or a late heartbeat undid it: then the newest one is all that counts.
    """
    new = list(takewhile(lambda change: change != last, reversed(changes)))[::-1]
    if last is not None and len(new) == len(changes):
        new = new[-1:]
    state = last.to if last else "unknown"
    for change in new:
        if change.to != state:
            yield HealthChanged(service, state, change.to, change.at, change.reason)
        state = change.to
