"""Sign-in with a provider: the attempt of one browser, what is found out about its person, and why it can fail."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import NamedTuple

ATTEMPT_SECONDS = 600
"""How long a person may take to sign in with the provider."""
MAX_NAME = 200
SIGN_IN_FAILURES = {
    "expired": "Signing in took too long, or began in another browser: sign in again.",
    "refused": "The sign-in provider did not let you in: sign in again, or ask who runs this service.",
    "no_role": "You signed in, but none of your groups may use this service: ask who runs it.",
    "unreachable": "The sign-in provider cannot be reached: try again in a moment.",
    "invalid": "The answer of the sign-in provider is not valid: ask who runs this service, its log says more.",
}
"""Messages for people by the reason why they could not sign in."""


class SignInFailed(Exception):
    """A person cannot sign in.

    Attributes:
        reason: a key of `SIGN_IN_FAILURES`.
        detail: for the log.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class Attempt(NamedTuple):
    """The attempt of one browser to sign in; `secret` stands in a cookie, and everything else follows from it."""

    secret: str

    @property
    def state(self) -> str:
        """Text that the provider sends back with the browser: an answer without it is for somebody else."""
        return self._derive("state")

    @property
    def nonce(self) -> str:
        """Text that the provider puts into the ID token, which is valid for this attempt only."""
        return self._derive("nonce")

    @property
    def verifier(self) -> str:
        """The secret of PKCE (RFC 7636), without which nobody else can use the code."""
        return self._derive("verifier")

    def _derive(self, purpose: str) -> str:
        hashed = hashlib.sha256(f"{purpose}:{self.secret}".encode()).digest()
        return urlsafe_b64encode(hashed).decode().rstrip("=")


class Person(NamedTuple):
    """A person whom the provider knows.

    Attributes:
        who: name for the audit log and `updated_by`.
        groups: names of their groups.
        mail: their address if the provider verified it.
    """

    who: str
    groups: tuple[str, ...]
    mail: str | None


def new_attempt() -> Attempt:
    """An attempt with a random secret."""
    return Attempt(secrets.token_urlsafe(32))


def person_of(claims: Mapping[str, object], groups_claim: str) -> Person:
    """The person that the claims of a provider describe.

    An address counts only if `email_verified` says so; some providers write that as text.
    """
    subject, mail, groups = claims["sub"], claims.get("email"), claims.get(groups_claim)
    verified = mail if isinstance(mail, str) and claims.get("email_verified") in (True, "true") else None
    name = claims.get("preferred_username")
    who = verified or (f"{name} ({subject})" if isinstance(name, str) and name else str(subject))
    listed = groups if isinstance(groups, list) else [groups]
    texts = tuple(group for group in listed if isinstance(group, str))
    return Person(_without_unpaired(who[:MAX_NAME]), texts, verified)


def _without_unpaired(text: str) -> str:
    """A text with U+FFFD for each unpaired surrogate, which a claim may have, but no record."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
