"""Tickets: short-lived credentials for URLs, where no key may stand: WebSocket, Socket.IO and downloads."""

import secrets
from collections import OrderedDict
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from analytics.clock import Clock
from analytics.identity import Identity
from analytics.keys.key import digest
from analytics.keys.own_page import is_sent_from

TICKET_SECONDS = 30.0
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
        """A new ticket, valid for `TICKET_SECONDS`."""
        now = self._clock.monotonic()
        while self._given and (len(self._given) >= MAX_TICKETS or next(iter(self._given.values())).expires <= now):
            self._given.popitem(last=False)
        ticket = secrets.token_urlsafe(32)
        self._given[ticket] = Ticket(identity, origin, now + TICKET_SECONDS)
        return ticket

    def use(self, ticket: str, environ: WSGIEnvironment, *, is_download: bool) -> Identity | None:
        """Who asked for a ticket, which is then used up by this request.

        None if it is unknown, used, late or of another origin, or if its sender may not read any more. Browsers name no
        origin for a download, but for every live connection.
        """
        found = self._given.pop(ticket, None)
        if found is None or found.expires <= self._clock.monotonic():
            return None
        is_anonymous = is_download and "HTTP_ORIGIN" not in environ
        if not (is_anonymous or is_sent_from(found.origin, environ)):
            return None
        identity = found.identity
        return identity._replace(ticket=digest(ticket)) if identity.may_read_at(self._clock.wall()) else None
