"""Tickets: short-lived credentials for URLs, where no key may stand: WebSocket, Socket.IO and downloads."""

import secrets
from collections import OrderedDict
from typing import NamedTuple

from analytics.clock import Clock
from analytics.identity import Identity

SECONDS = 30.0
MAX_TICKETS = 10_000
"""Tickets that wait to be used; the oldest are dropped beyond that."""


class Ticket(NamedTuple):
    """A ticket that was not used yet. `origin` is that of the page that asked for it, empty outside browsers."""

    identity: Identity
    origin: str
    expires: float


class Tickets:
    """Tickets that were given out. Each is used once, by the origin that asked for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._given: OrderedDict[str, Ticket] = OrderedDict()

    def give(self, identity: Identity, origin: str) -> str:
        """A new ticket, valid for `SECONDS`."""
        now = self._clock.monotonic()
        while self._given and (len(self._given) >= MAX_TICKETS or next(iter(self._given.values())).expires <= now):
            self._given.popitem(last=False)
        ticket = secrets.token_urlsafe(32)
        self._given[ticket] = Ticket(identity, origin, now + SECONDS)
        return ticket

    def use(self, ticket: str, origin: str) -> Identity | None:
        """Who asked for a ticket, which is then used up.

        None if it is unknown, used, late or of another origin, or if its sender may not read any more.
        """
        found = self._given.pop(ticket, None)
        if found is None or found.expires <= self._clock.monotonic() or (origin and origin != found.origin):
            return None
        return found.identity if found.identity.may_read_at(self._clock.wall()) else None
