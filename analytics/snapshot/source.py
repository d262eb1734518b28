"""The current snapshot as bytes: built again when the state has moved or a second has passed, else served again."""

from collections.abc import Callable

import msgspec

from analytics.query.reader import Reader
from analytics.snapshot.build import build_snapshot
from analytics.state.state import State


class SnapshotSource:
    """Gives the snapshot to whoever asks, encoded once.

    Args:
        connections: tells how many live clients there are now.
    """

    def __init__(self, state: State, reader: Reader, connections: Callable[[], int]) -> None:
        self._state, self._reader, self._connections = state, reader, connections
        self._made_of: tuple[int, int, int] | None = None
        self._json = b""

    def current(self) -> bytes:
        """The snapshot of now, as JSON; it sees every record that was acknowledged."""
        return self._reader.ask(self._current)

    def _current(self, state: State, now: float) -> bytes:
        connections = self._connections()
        made_of = (state.version, int(now), connections)
        if made_of != self._made_of:
            self._json = msgspec.json.encode(build_snapshot(state, now, connections))
            self._made_of = made_of
        return self._json
