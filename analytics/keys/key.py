"""Keys: what the catalog holds of each, and how secrets are made and compared."""

import hashlib
import hmac
import math
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from analytics.clock import Clock
from analytics.identity import ADMIN, READ
from analytics.resources import Resource

SECRET = re.compile(r"ak_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")
"""The form of a secret: the key's id, then 256 random bits. Secret scanners recognise it by its start."""
ID_BYTES, SECRET_BYTES = 8, 32


class Rate(NamedTuple):
    """How much a sender may do: `per_second` on average, `burst` at once."""

    per_second: float
    burst: float


class Key(NamedTuple):
    """A key as requests are compared with it.

    Attributes:
        hashes: SHA-256 of its secret, and after a rotation of the previous one, each with the time until which it is
            accepted in seconds since the epoch; None for always.
        origins: the only origins of web pages that may use it; such a key is public.
        expires: from when it is not accepted any more, in seconds since the epoch.
        ingest, reads: its rates; None for the default.
        new_names: how many new services, types and series it may create; None for any number.
        changed: when it was created or rotated, in seconds since the epoch; 0 if unknown.
    """

    id: str
    name: str
    hashes: tuple[tuple[bytes, float | None], ...]
    scopes: frozenset[str]
    services: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    expires: float | None = None
    ingest: Rate | None = None
    reads: Rate | None = None
    new_names: int | None = None
    changed: float = 0.0

    def valid_until(self, is_secret: Callable[[bytes], bool]) -> float:
        """Until when it is accepted with the secret whose SHA-256 `is_secret` recognises; in the past if it is not.

        In seconds since the epoch.
        """
        return self._latest_end(each for each in self.hashes if is_secret(each[0]))

    def session_until(self, opened: float) -> float:
        """Until when a session can last that was opened with it at `opened`, both in seconds since the epoch.

        A session that is older than the present secret was opened with the previous one.
        """
        return self._latest_end(self.hashes[1:] if opened < self.changed else self.hashes)

    @property
    def may_read(self) -> bool:
        """Whether it may read."""
        return not self.scopes.isdisjoint((READ, ADMIN))

    def _latest_end(self, hashes: Iterable[tuple[bytes, float | None]]) -> float:
        ends = [math.inf if until is None else until for _, until in hashes]
        return min(max(ends, default=-math.inf), math.inf if self.expires is None else self.expires)

    @property
    def who(self) -> str:
        """Its name for the audit log."""
        return f"{self.name} (key {self.id})"

    def accepts(self, hashed: bytes, clock: Clock) -> bool:
        """Whether it is accepted now with the secret that has this SHA-256, unless it has expired."""
        found = False
        for each, until in self.hashes:  # all of them, so that the time does not tell which one it is
            if hmac.compare_digest(each, hashed) and (until is None or clock.wall() < until):
                found = True
        return found

    def is_expired(self, now: float) -> bool:
        """Whether it is not accepted any more at `now`, in seconds since the epoch."""
        return self.expires is not None and now >= self.expires


def new_id() -> str:
    """A random id for a key."""
    return secrets.token_hex(ID_BYTES)


def new_secret(id_: str) -> str:
    """A random secret for the key with this id."""
    return f"ak_{id_}_{secrets.token_urlsafe(SECRET_BYTES)}"


def digest(secret: str) -> bytes:
    """SHA-256 of a secret; random secrets need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def key_of(resource: Resource) -> Key:
    """The key that a resource of the collection `keys` describes."""
    body: dict[str, Any] = resource.body
    hashes = tuple((bytes.fromhex(each["sha256"]), each.get("until")) for each in body["secrets"])
    limits = body.get("limits", {})
    return Key(
        resource.name,
        body["name"],
        hashes,
        frozenset(body["scopes"]),
        frozenset(body.get("services", ())),
        frozenset(body.get("types", ())),
        frozenset(body.get("origins", ())),
        body.get("expires"),
        _rate(limits.get("ingest")),
        _rate(limits.get("reads")),
        body.get("new_names"),
        resource.updated_at,
    )


def is_admin(resource: Resource) -> bool:
    """Whether a resource of the collection `keys` may do everything, expired or not."""
    return ADMIN in resource.body["scopes"]


def has_expired(resource: Resource, now: float) -> bool:
    """Whether a resource of the collection `keys` is not accepted any more at `now`."""
    return bool(now >= resource.body.get("expires", math.inf))


def _rate(limit: dict[str, float] | None) -> Rate | None:
    return None if limit is None else Rate(limit["per_second"], limit["burst"])
