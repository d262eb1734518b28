"""Door for StatsD: receives datagrams, adds them up, and records their points once a second."""

from collections.abc import Callable

from analytics.addresses import sender_at
from analytics.doors.point_recorder import PointBatch, PointRecorder
from analytics.doors.statsd.aggregation import Aggregation
from analytics.doors.statsd.lines import BadLine, parse
from analytics.doors.statsd.listener import Datagram, StatsdListener
from analytics.errors import AnalyticsError
from analytics.points import NewPoint
from analytics.yielding import yield_if_due

FLUSH_SECONDS = 1.0
SET_FLUSHES = 10
"""Flushes after which the members of a set are counted anew: the ten seconds of StatsD."""
NOT_ALLOWED, LOST, RATE = "statsd_address", "statsd_lost", "statsd_rate"
"""Reasons of datagrams from addresses that may not send, of those that the system had no room for, and of samples
beyond the rate of an address."""


class StatsdDoor:
    """Records what arrives at a UDP port; the owner runs `listen` and `flush` as jobs.

    Args:
        open_listener: opens the port; raises OSError.
        dropped: counts what was dropped, by reason.
        admit: returns what takes samples from the rate of the address of another machine; None for no limit.
    """

    def __init__(
        self,
        recorder: PointRecorder,
        open_listener: Callable[[], StatsdListener],
        dropped: Callable[[str, int], None],
        admit: Callable[[str], Callable[[int], None] | None],
    ) -> None:
        self._recorder, self._open, self._dropped, self._admit = recorder, open_listener, dropped, admit
        self._samples = Aggregation()
        self._flushes = 0
        self._lost = 0
        self.port: int | None = None
        """The port that is listened on now."""

    def listen(self) -> None:
        """Receive datagrams for ever; at the end, whatever arrived is recorded.

        Raises:
            OSError: the port cannot be listened on.
        """
        with self._open() as listener:
            self.port, self._lost = listener.port, 0
            try:
                while True:
                    self.take(listener.receive(), listener.may_send)
                    yield_if_due()
            finally:
                self.port = None
                self.close()

    def take(self, datagram: Datagram, may_send: Callable[[str], bool]) -> None:
        """Add the samples of a datagram."""
        if datagram.lost != self._lost:
            self._dropped(LOST, datagram.lost - self._lost)
            self._lost = datagram.lost
        if not may_send(datagram.address):
            self._dropped(NOT_ALLOWED, 1)
            return
        sender = sender_at(datagram.address)
        admit = None if sender is None else self._admit(sender)
        for sample in parse(datagram.data):
            if admit is not None:
                try:
                    admit(1)
                except AnalyticsError:
                    self._dropped(RATE, 1)
                    continue
            if isinstance(sample, BadLine):
                self._dropped(sample.reason, 1)
            else:
                self._samples.add(sample)

    def flush(self) -> None:
        """Record the points since the last flush.

        Raises:
            Unavailable: nothing could be written; the recorder has counted the points as rejected.
        """
        self._flushes += 1
        points = self._samples.take()
        if self._flushes % SET_FLUSHES == 0:
            points += self._samples.take_sets()
        self._record(points)

    def close(self) -> None:
        """Record everything that is left, sets included."""
        self._record([*self._samples.take(), *self._samples.take_sets()])

    def _record(self, points: list[NewPoint]) -> None:
        for reason, count in self._samples.dropped.items():
            self._dropped(reason, count)
        self._samples.dropped.clear()
        if points:
            self._recorder.record(PointBatch(points, range(len(points)), []))
