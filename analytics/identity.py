"""Identity: who sent a request, and what it may do. `access/` puts it into the environ, doors and views read it."""

import math
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple
from wsgiref.types import WSGIEnvironment

from analytics.errors import AnalyticsError

INGEST, READ, ADMIN = "ingest", "read", "admin"
SCOPES = (INGEST, READ, ADMIN)
"""The scopes of keys. `admin` includes the others."""
EVERY_SCOPE = frozenset(SCOPES)
KEY = "analytics.identity"
"""Environ key of the identity."""


COOKIE = "analytics_session"
"""Name of the cookie of a session."""


class Unauthorized(AnalyticsError):
    """The request has no credentials, or wrong ones."""

    status = 401
    code = "unauthorized"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message, code=code, headers={"WWW-Authenticate": 'Bearer realm="analytics"'})


class NotAllowed(AnalyticsError):
    """The sender is known, but may not do this."""

    status = 403
    code = "missing_scope"


class NameBudget:
    """The new services, event types and series that a key may create until the next restart.

    Args:
        most: how many.
    """

    __slots__ = ("_created", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self._created: set[Hashable] = set()

    def take(self, unknown: frozenset[Hashable]) -> NotAllowed | None:
        """Let the key create names that the service does not know yet, all or none; returns why it may not."""
        new = unknown - self._created  # names from an earlier request may not be applied yet
        if len(self._created) + len(new) > self.most:
            return NotAllowed(
                f"This key may create {self.most:,} new services, event types and series, and has done so: use known "
                "names, or create a key with more `new_names`.",
                code="too_many_new_names",
            )
        self._created |= new
        return None


class Identity(NamedTuple):
    """Who sent a request.

    Attributes:
        who: name for the audit log and `updated_by`.
        scopes: what it may do.
        services: the only services whose records it may send; empty for all.
        types: the only event types that it may send; empty for all.
        is_browser: whether it is a public key of web pages, which may send events, metrics and heartbeats only.
        names: what limits the new names that it may create; None for any number.
        admit: takes that many items from its rate. Raises TooManyRequests if nothing is left, also for 0 items.
        read: takes one read from its rate. Raises TooManyRequests if none is left.
        ticket: SHA-256 of the ticket that the request presented; empty for none.
        valid_until: returns until when it may read, as keys and sessions are now, in seconds since the epoch; a time in
            the past if it may not. Set where a connection stays open. None: as long as no keys are required.
    """

    who: str
    scopes: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    is_browser: bool = False
    names: NameBudget | None = None
    admit: Callable[[int], None] = lambda items: None
    read: Callable[[], None] = lambda: None
    ticket: bytes = b""
    valid_until: Callable[[], float] | None = None

    @property
    def is_bound(self) -> bool:
        """Whether it may send some records only."""
        return bool(self.services or self.types)

    @property
    def has_own_ids(self) -> bool:
        """Whether ids that it sends are compared with its own earlier ones alone, so that it cannot use up others'."""
        return self.is_bound or self.is_browser

    def may(self, scope: str) -> bool:
        """Whether it has a scope."""
        return scope in self.scopes or ADMIN in self.scopes

    def may_read_at(self, now: float) -> bool:
        """Whether it may read at `now`, in seconds since the epoch, where keys are required."""
        return self.valid_until is not None and now < self.valid_until()

    def why_not(self, record: Any) -> NotAllowed | None:
        """Why it may not send a record of its kind; None if it may."""
        tags = getattr(record, "tags", None)
        service = getattr(record, "service", None) or (tags or {}).get("service")
        if self.services and service not in self.services:
            return NotAllowed(
                f"This key may not send records of the service {_short(service)}.",
                code="service_not_allowed",
                fields={"service": ["Is not among the services of this key."]},
            )
        event_type = getattr(record, "type", None)
        if self.types and event_type not in self.types:
            return NotAllowed(
                f"This key may not send events of the type {_short(event_type)}.",
                code="type_not_allowed",
                fields={"type": ["Is not among the event types of this key."]},
            )
        return None


def always() -> float:
    """For `valid_until` of senders whose end the service does not learn."""
    return math.inf


EVERYBODY = Identity("anonymous", EVERY_SCOPE)
"""The sender of every request as long as no keys are required."""
NOBODY = Identity("anonymous")
"""The sender of a request without credentials where keys are required."""


def identity_of(environ: WSGIEnvironment) -> Identity:
    """Who sent a request; everybody where nothing checks it."""
    found: Identity = environ.get(KEY, EVERYBODY)
    return found


def _short(name: object) -> str:
    return "none" if name is None else repr(str(name)[:40])
