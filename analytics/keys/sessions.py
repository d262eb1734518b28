"""Sessions: people who signed in on the page. Each is a resource of the catalog, known by the SHA-256 of its cookie."""

import hmac
from collections.abc import Callable

from analytics.clock import Clock
from analytics.identity import Identity
from analytics.keys.key import Key, digest
from analytics.keys.keyring import Keyring
from analytics.people.roles import Roles
from analytics.resources import Resource


class Sessions:
    """Finds the person behind a session cookie.

    A session of a key has the key's present scopes, and ends when the key is revoked, rotated or expires. A session of
    a person has the scopes that the settings give to their groups now, and ends when none of them has a role any more.

    Args:
        resource: returns the resource of the collection `sessions` with this name.
    """

    def __init__(
        self, keyring: Keyring, roles: Roles, clock: Clock, resource: Callable[[str], Resource | None]
    ) -> None:
        self._keyring, self._roles, self._clock, self._resource = keyring, roles, clock, resource

    def find(self, token: str) -> Identity | None:
        """Who signed in with this token; None if the session is unknown, over or revoked."""
        session = self._resource(session_name(token))
        now = self._clock.wall()
        if session is None or session.end is None or now >= session.end:
            return None
        key_id = session.body.get("key")
        if key_id is None:
            scopes = self._roles.scopes(session.body["groups"])
            return Identity(session.body["who"], scopes) if scopes else None
        key = self._keyring.by_id(key_id)
        if key is None or key.is_expired(now) or not _is_of(key, token, session.body["proof"], now):
            return None
        return Identity(key.who, key.scopes, key.services, key.types)


def proof(token: str, secret: str) -> str:
    """What the session of a key keeps to know whether that secret is still accepted.

    It is keyed with the token, which is not kept, so that nobody can use it to try secrets.
    """
    return _proof(token, digest(secret))


def _proof(token: str, hashed: bytes) -> str:
    return hmac.digest(token.encode(), hashed, "sha256").hex()


def _is_of(key: Key, token: str, kept: str, now: float) -> bool:
    return any(hmac.compare_digest(_proof(token, hashed), kept) for hashed in key.accepted(now))


def session_name(token: str) -> str:
    """The name of the resource of a session; the token itself is not kept."""
    return digest(token).hex()
