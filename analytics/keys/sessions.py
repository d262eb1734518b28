"""Sessions: people who signed in on the page. Each is a resource of the catalog, known by the SHA-256 of its cookie."""

from collections.abc import Callable

from analytics.clock import Clock
from analytics.identity import Identity
from analytics.keys.key import digest
from analytics.keys.keyring import Keyring
from analytics.people.roles import Roles
from analytics.records import Resource


class Sessions:
    """Finds the person behind a session cookie.

    A session of a key has the key's present scopes, and ends when the key is revoked or expires. A session of a person
    has the scopes that the settings give to their groups now, and ends when none of them has a role any more.

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
        if key is None or key.is_expired(now):
            return None
        return Identity(key.who, key.scopes, key.services, key.types)


def session_name(token: str) -> str:
    """The name of the resource of a session; the token itself is not kept."""
    return digest(token).hex()
