"""The keyring: all keys, by which the secret of a request is recognised."""

import hmac
import math
from collections.abc import Callable, Iterable
from typing import TypedDict

from analytics.clock import Clock
from analytics.identity import ADMIN, EVERY_SCOPE
from analytics.keys.key import SECRET, Key, digest, is_admin, key_of
from analytics.resources import Resource

FROM_SETTINGS = "ANALYTICS_ADMIN_KEY"
OPEN = (
    "Everybody who can reach this service may read and write everything: set ANALYTICS_AUTH=required, or listen on "
    "HOST=127.0.0.1."
)


class AccessReport(TypedDict):
    """The part of `/health` about access: whether requests need a key, and why the service should not be run so."""

    keys_required: bool
    warning: str | None


class Keyring:
    """The keys of the catalog, and the admin key of the settings. Keys are read again when the catalog changed them.

    Args:
        admin_key: the admin key of the settings; empty for none.
        is_required: whether requests need a key even if there is none yet.
        has_admin_people: whether people can sign in who may do everything.
        version: returns a number that changes whenever a key does.
        resources: returns the resources of the collection `keys`.
        is_exposed: whether other machines can reach the service.
    """

    def __init__(
        self,
        admin_key: str,
        clock: Clock,
        version: Callable[[], int],
        resources: Callable[[], Iterable[Resource]],
        *,
        is_required: bool,
        has_admin_people: bool = False,
        is_exposed: bool = False,
    ) -> None:
        self._clock, self._version, self._resources = clock, version, resources
        self._from_settings = (
            Key("settings", FROM_SETTINGS, ((digest(admin_key), None),), EVERY_SCOPE) if admin_key else None
        )
        self._is_required, self._is_exposed = is_required or bool(admin_key), is_exposed
        self._has_admin_people = has_admin_people
        self._read = -1
        self._keys: dict[str, Key] = {}
        self._has_admin = False

    @property
    def is_locked(self) -> bool:
        """Whether requests need a key: one is set or required, or the catalog has an admin key, expired or not."""
        return self._is_required or bool(self._current() and self._has_admin)

    @property
    def has_admin(self) -> bool:
        """Whether somebody can manage keys: a person, or with an admin key that has not expired."""
        if self._has_admin_people or self._from_settings is not None:
            return True
        now = self._clock.wall()
        return any(ADMIN in key.scopes and not key.is_expired(now) for key in self._current().values())

    @property
    def warning(self) -> str | None:
        """Why the service should not be run like this; None if nothing is wrong."""
        return OPEN if self._is_exposed and not self.is_locked else None

    def describe(self) -> AccessReport:
        """For /health: whether requests need a key, and the warning."""
        return {"keys_required": self.is_locked, "warning": self.warning}

    def find(self, secret: str) -> Key | None:
        """The key with this secret, expired or not; None if there is none."""
        hashed, form = digest(secret), SECRET.fullmatch(secret)
        key = self._from_settings if form is None else self._current().get(form[1])
        if key is None:
            key = self._from_settings  # an admin key of the settings may have the form of the others
        return key if key is not None and key.accepts(hashed, self._clock) else None

    def by_id(self, id_: str) -> Key | None:
        """The key with this id."""
        if self._from_settings is not None and id_ == self._from_settings.id:
            return self._from_settings
        return self._current().get(id_)

    def may_read_until(self, id_: str, hashed: bytes) -> float:
        """Until when the key with this id may read by the secret with this SHA-256; in the past if it may not."""
        key = self.by_id(id_)
        if key is None or not key.may_read:
            return -math.inf
        return key.valid_until(lambda each: hmac.compare_digest(each, hashed))

    def _current(self) -> dict[str, Key]:
        version = self._version()
        if version != self._read:
            resources = list(self._resources())
            self._keys = {resource.name: key_of(resource) for resource in resources}
            self._has_admin = any(map(is_admin, resources))
            self._read = version
        return self._keys
