"""Leases: the connections that stay open, each until the key or session that opened it ends."""

import hmac
import logging
import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from wsgiref.types import WSGIEnvironment

from analytics.identity import Identity, identity_of
from analytics.keys.own_page import is_sent_from
from analytics.yielding import yield_to_others

YIELD_EVERY = 200
"""Leases checked between two yields."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class Lease:
    """One open connection.

    Attributes:
        identity: who opened it.
        origin: the origin of the page that opened it; empty if the request named none.
        end: ends the connection; does not block.
    """

    identity: Identity
    origin: str
    end: Callable[[], None]

    def is_of_ticket(self, hashed: bytes) -> bool:
        """Whether it was opened with the ticket of this SHA-256."""
        return hmac.compare_digest(self.identity.ticket, hashed)

    def may_be_used(self, identity: Identity, environ: WSGIEnvironment) -> bool:
        """Whether a further request of it comes from the sender and the page that opened it."""
        return identity.who == self.identity.who and is_sent_from(self.origin, environ)


class Leases:
    """All connections that stay open: WebSockets, sessions of Socket.IO, and exports.

    A check looks at each connection only if a key or session changed since the previous check, or the first of them
    expired; otherwise it costs a comparison.

    Args:
        now: returns seconds since the epoch.
        version: returns a value that changes whenever a key or session does.
        is_locked: whether requests need a key.
    """

    def __init__(
        self, now: Callable[[], float], version: Callable[[], Hashable], is_locked: Callable[[], bool]
    ) -> None:
        self._now, self._version, self._is_locked = now, version, is_locked
        self._leases: dict[Lease, None] = {}
        self._checked: Hashable = None
        self._earliest = math.inf

    def __len__(self) -> int:
        return len(self._leases)

    def add(self, environ: WSGIEnvironment, end: Callable[[], None]) -> Lease:
        """Add the connection that a request opens; `end` is called once its sender may not read any more."""
        lease = Lease(identity_of(environ), environ.get("HTTP_ORIGIN", ""), end)
        self._leases[lease] = None
        self._earliest = min(self._earliest, self._until(lease))
        return lease

    def remove(self, lease: Lease) -> None:
        """Remove a connection that has ended."""
        self._leases.pop(lease, None)

    def check(self) -> None:
        """End the connections whose sender may not read any more; to be called once a second."""
        version = self._version()
        if version == self._checked and self._now() < self._earliest:
            return
        self._checked, self._earliest = version, math.inf
        for number, lease in enumerate(list(self._leases), 1):
            until = self._until(lease)
            if self._now() < until:
                self._earliest = min(self._earliest, until)
            else:
                self._end(lease)
            if number % YIELD_EVERY == 0:
                yield_to_others()

    def _until(self, lease: Lease) -> float:
        if lease.identity.valid_until is not None:
            return lease.identity.valid_until()
        return -math.inf if self._is_locked() else math.inf

    def _end(self, lease: Lease) -> None:
        self.remove(lease)
        try:
            lease.end()
        except Exception:
            log.exception("a connection whose key or session ended could not be closed")
