"""The encoded snapshot: rebuilt when the state changed or a second has passed, otherwise served again.

The number of clients is inserted afterwards, since a client that joins changes nothing else.
"""

from collections.abc import Callable

import msgspec

from analytics.query.reader import Reader
from analytics.snapshot.build import build_snapshot
from analytics.snapshot.unusual import UnusualServices
from analytics.state.state import State

COUNT = b"\0"
"""Placeholder for the number of clients; a NUL byte, which encoded JSON never contains."""


class SnapshotSource:
    """Serves the snapshot, encoded once.

    Args:
        connections: returns the number of live clients.

    Attributes:
        unusual: the services whose figures are unusual.
    """

    def __init__(self, state: State, reader: Reader, connections: Callable[[], int]) -> None:
        self._state, self._reader, self._connections = state, reader, connections
        self.unusual = UnusualServices()
        self._made_of: tuple[int, int] | None = None
        self._around: tuple[bytes, bytes] = b"", b""
        self._counted = -1
        self._json = b""

    def current(self) -> bytes:
        """The snapshot as of now, as JSON; it includes every acknowledged record."""
        return self._reader.ask(self._current)

    def look(self) -> None:
        """Look for services whose figures are unusual, unless that was done a moment ago."""
        self._reader.ask(self.unusual.look)

    def _current(self, state: State, now: float) -> bytes:
        connections = self._connections()
        made_of = (state.version, int(now))
        is_same = made_of == self._made_of
        if not is_same:
            self.unusual.look(state, now)
            seen = self.unusual.services, self.unusual.usual
            encoded = msgspec.json.encode(build_snapshot(state, now, msgspec.Raw(COUNT), *seen))
            before, _, after = encoded.partition(COUNT)
            self._around, self._made_of = (before, after), made_of
        if not is_same or connections != self._counted:
            self._json = (b"%d" % connections).join(self._around)
            self._counted = connections
        return self._json
