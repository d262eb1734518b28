"""Sessions: people who signed in on the page. Each is a resource of the catalog, known by the SHA-256 of its cookie."""

import hmac
import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from analytics.clock import Clock
from analytics.identity import READ, Identity
from analytics.keys.key import Key, digest
from analytics.keys.keyring import Keyring
from analytics.people.roles import Roles
from analytics.resources import Resource

MAX_USES = 20_000
"""Sessions whose last use is remembered; all are forgotten beyond that."""


class Use(NamedTuple):
    """The last use of a session: when, in seconds since the epoch, and from which address."""

    time: float
    address: str


class Active(NamedTuple):
    """A session in which somebody is signed in.

    Attributes:
        id: its public name, from which nobody learns the cookie.
        since: when the person signed in.
        expires: when it ends at the latest.
        last: its last use since the start of the service; None if there was none.
    """

    id: str
    who: str
    scopes: frozenset[str]
    since: float
    expires: float
    last: Use | None


class FoundSession(NamedTuple):
    """A session, the time since which it is open, and the time at which it ends, both in seconds since the epoch.

    `key` is the key that opened it; None for the session of a person.
    """

    name: str
    identity: Identity
    since: float
    until: float
    key: Key | None = None


class SignedIn(NamedTuple):
    """Who uses a session, and the key that it stands for; None for a person."""

    identity: Identity
    key: Key | None


class Sessions:
    """Finds the person behind a session cookie.

    A session of a key has the key's present scopes, and ends when the key is revoked, rotated or expires. A session of
    a person has the scopes that the settings give to their groups now, and ends when none of them has a role any more.

    Args:
        resource: returns the resource of the collection `sessions` with this name.
        resources: returns all of them.
    """

    def __init__(
        self,
        keyring: Keyring,
        roles: Roles,
        clock: Clock,
        resource: Callable[[str], Resource | None],
        resources: Callable[[], Iterable[Resource]],
    ) -> None:
        self._keyring, self._roles, self._clock = keyring, roles, clock
        self._resource, self._resources = resource, resources
        self._uses: dict[str, Use] = {}

    def use(self, token: str, address: str) -> SignedIn | None:
        """Who signed in with this token; None if the session is unknown, over or revoked."""
        found, now = self._find(token), self._clock.wall()
        if found is None or now >= found.until:
            return None
        if len(self._uses) >= MAX_USES:
            self._uses.clear()
        self._uses[found.name] = Use(now, address)
        return SignedIn(found.identity._replace(valid_until=partial(self._may_read_until, token)), found.key)

    def active(self) -> list[Active]:
        """All sessions that are not over, the newest first."""
        found = [row for session in self._resources() if (row := self._active(session)) is not None]
        return sorted(found, key=lambda each: each.since, reverse=True)

    def by_id(self, id_: str) -> Active | None:
        """The session with this id; None if there is none, or if it is over."""
        session = self._resource(id_)
        return None if session is None else self._active(session)

    def _active(self, session: Resource) -> Active | None:
        found = self._read(session, lambda key: key.session_until(session.updated_at))
        if found is None or self._clock.wall() >= found.until:
            return None
        identity = found.identity
        return Active(found.name, identity.who, identity.scopes, found.since, found.until, self._uses.get(session.name))

    def _find(self, token: str) -> FoundSession | None:
        session = self._resource(session_name(token))
        if session is None:
            return None
        kept = session.body.get("proof", "")
        return self._read(session, lambda key: key.valid_until(lambda hashed: _is_proof(kept, token, hashed)))

    def _may_read_until(self, token: str) -> float:
        found = self._find(token)
        return found.until if found is not None and found.identity.may(READ) else -math.inf

    def _read(self, session: Resource, end_of: Callable[[Key], float]) -> FoundSession | None:
        """A session, which ends with its key; None if that is revoked, or if none of a person's groups has a role."""
        body, end = session.body, -math.inf if session.end is None else session.end
        if "key" not in body:
            scopes = self._roles.scopes(body["groups"])
            return (
                FoundSession(session.name, Identity(body["who"], scopes), session.updated_at, end) if scopes else None
            )
        key = self._keyring.by_id(body["key"])
        if key is None:
            return None
        identity = Identity(key.who, key.scopes, key.services, key.types)
        return FoundSession(session.name, identity, session.updated_at, min(end, end_of(key)), key)


def proof(token: str, secret: str) -> str:
    """The proof that the session of a key keeps, to know whether that secret is still accepted.

    It is keyed with the token, which is not kept, so that nobody can use it to try secrets.
    """
    return _proof(token, digest(secret))


def _proof(token: str, hashed: bytes) -> str:
    return hmac.digest(token.encode(), hashed, "sha256").hex()


def _is_proof(kept: str, token: str, hashed: bytes) -> bool:
    return hmac.compare_digest(_proof(token, hashed), kept)


def session_name(token: str) -> str:
    """The name of the resource of a session; the token itself is not kept."""
    return digest(token).hex()
