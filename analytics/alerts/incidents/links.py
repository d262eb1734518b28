"""Signed links in messages: with one, people see an incident and act on it without a key, for a week."""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

LINK_SECONDS = 7 * 86_400
SIGNATURE_LENGTH = 32


class IncidentLink(NamedTuple):
    """Content of a link: the incident, and the receiver whose message had it."""

    incident: str
    receiver: str


class IncidentLinks:
    """Makes and reads the tokens of links: `SIGNATURE.INCIDENT.EXPIRES.RECEIVER`.

    Args:
        key: returns the secret key; called at the first use.
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._find_key = key
        self._key: bytes | None = None

    def token(self, link: IncidentLink, now: float) -> str:
        """The token of a link, valid for `LINK_SECONDS` from `now`, in seconds since the epoch."""
        said = f"{link.incident}.{int(now) + LINK_SECONDS}.{link.receiver}"
        return f"{self._signature(said)}.{said}"

    def read(self, token: str, now: float) -> IncidentLink | None:
        """The content of a token; None if it is not valid, or has expired."""
        signature, _, said = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(said).encode()):
            return None
        incident, expires, receiver = said.split(".", 2)
        return IncidentLink(incident, receiver) if now < int(expires) else None

    def _signature(self, said: str) -> str:
        if self._key is None:
            self._key = hmac.digest(self._find_key(), b"links to incidents", sha256)
        return hmac.new(self._key, said.encode(), sha256).hexdigest()[:SIGNATURE_LENGTH]
