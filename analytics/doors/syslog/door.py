"""Door for syslog: receives datagrams and streams, and records their lines twice a second."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from gevent import Timeout
from gevent.server import StreamServer

from analytics.addresses import sender_at
from analytics.clock import Clock
from analytics.doors.records.attributes import Count
from analytics.doors.records.receiver import RecordReceiver
from analytics.doors.statsd.listener import Datagram
from analytics.doors.syslog.framing import Frames
from analytics.doors.syslog.lines import line_of
from analytics.doors.syslog.messages import parse
from analytics.errors import AnalyticsError
from analytics.log_lines import NewLogLine
from analytics.schemas.compiled import DecodedBatch
from analytics.yielding import yield_if_due

SYSLOG_FLUSH_SECONDS = 0.5
MOST_WAITING = 20_000
"""Lines that wait for the next flush; further ones are dropped."""
MOST_CONNECTIONS = 1_000
READ_BYTES = 64 * 1024
IDLE_SECONDS = 3_600.0
"""Seconds after which a connection that sends nothing is closed."""
NOT_ALLOWED, LOST, RATE, FULL = "syslog_address", "syslog_lost", "syslog_rate", "syslog_full"
"""Reasons: of what comes from addresses that may not send, of datagrams for which the system had no room, of lines
beyond the rate of an address, and of lines that came faster than they could be written."""


class Datagrams(Protocol):
    """An open UDP port."""

    port: int

    def receive(self) -> Datagram: ...

    def may_send(self, address: str) -> bool: ...

    def close(self) -> None: ...


class SyslogDoor:
    """Records what arrives at a port; the owner runs `listen`, `accept` and `flush` as jobs.

    Args:
        receiver: records lines.
        clock: tells the year of times that have none.
        open_datagrams: opens the UDP port; raises OSError.
        dropped: counts what was dropped, by reason.
        admit: returns what takes lines from the rate of the address of another machine; None for no limit.
    """

    def __init__(
        self,
        receiver: RecordReceiver[NewLogLine],
        clock: Clock,
        open_datagrams: Callable[[], Datagrams],
        dropped: Count,
        admit: Callable[[str], Callable[[int], None] | None],
    ) -> None:
        self._receiver, self._clock, self._open = receiver, clock, open_datagrams
        self._dropped, self._admit = dropped, admit
        self._waiting: list[NewLogLine] = []
        self._lost = 0

    def listen(self) -> None:
        """Receive datagrams for ever; at the end, whatever arrived is recorded.

        Raises:
            OSError: the port cannot be listened on.
        """
        listener, self._lost = self._open(), 0
        try:
            while True:
                datagram = listener.receive()
                if datagram.lost != self._lost:
                    self._dropped(LOST, datagram.lost - self._lost)
                    self._lost = datagram.lost
                if listener.may_send(datagram.address):
                    self.take(datagram.data, datagram.address)
                else:
                    self._dropped(NOT_ALLOWED, 1)
                yield_if_due()
        finally:
            listener.close()
            self.flush()

    def accept(self, address: tuple[str, int], may_send: Callable[[str], bool]) -> None:
        """Accept connections at an address for ever.

        Raises:
            OSError: the address cannot be listened on.
        """
        serve = partial(self.converse, may_send=may_send)
        with_pool: Any = StreamServer(address, serve, spawn=MOST_CONNECTIONS)
        with_pool.serve_forever()

    def converse(self, connection: Any, address: tuple[Any, ...], may_send: Callable[[str], bool]) -> None:
        """Take the lines of a connection until it ends."""
        sender = str(address[0])
        if not may_send(sender):
            self._dropped(NOT_ALLOWED, 1)
            return
        frames = Frames()
        try:
            while True:
                with Timeout(IDLE_SECONDS, exception=False):
                    data = connection.recv(READ_BYTES)
                    if data:
                        for message in frames.feed(data):
                            self.take(message, sender)
                            yield_if_due()
                        continue
                break
        except OSError:  # the sender has gone
            pass
        finally:
            rest = frames.rest()
            if rest:
                self.take(rest, sender)

    def take(self, message: bytes, address: str) -> None:
        """Keep the line of a message for the next flush."""
        sender = sender_at(address)
        admit = None if sender is None else self._admit(sender)
        if admit is not None:
            try:
                admit(1)
            except AnalyticsError:
                self._dropped(RATE, 1)
                return
        if len(self._waiting) >= MOST_WAITING:
            self._dropped(FULL, 1)
            return
        self._waiting.append(line_of(parse(message, self._clock.wall()), self._dropped))

    def flush(self) -> None:
        """Record the lines since the last flush; those over the rate of their service are counted as rejected.

        Raises:
            Unavailable: they could not be written; the recorder has counted them as rejected.
        """
        lines, self._waiting = self._waiting, []
        if lines:
            try:
                self._receiver.record(DecodedBatch(lines, range(len(lines)), []))
            except AnalyticsError as error:
                if error.status != 429:
                    raise
