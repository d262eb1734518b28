"""Discovery: what an OpenID Connect provider says about itself, and its keys, each asked for once in a while."""

from typing import Any, TypeVar

import msgspec
import requests
from authlib.common.errors import AuthlibBaseError
from gevent.lock import RLock
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from analytics.clock import Clock
from analytics.people.sign_in import SignInFailed

T = TypeVar("T")
FRESH_SECONDS, PROVIDER_RETRY_SECONDS = 3_600.0, 5.0
"""How long an answer is used, and how long the provider is left alone after a failure."""
TIMEOUT = (5.0, 10.0)
"""Seconds to connect to the provider, and between two pieces of its answer."""
UNUSABLE = (
    *(requests.RequestException, AuthlibBaseError, JoseError, msgspec.MsgspecError),
    *(ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError),
)
"""Errors that the libraries raise for a provider that is down, refuses, or answers something else than it should."""


class Metadata(msgspec.Struct, frozen=True):
    """Metadata of a provider (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    scopes_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    authorization_response_iss_parameter_supported: bool = False


class Discovery:
    """Asks a provider, one request at a time, whose answer all use who wait for it."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        self._issuer, self._clock = issuer, clock
        self._lock = RLock()
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None
        self._failure: tuple[str, str] | None = None
        self._until = 0.0

    def metadata(self) -> Metadata:
        """The metadata of the provider.

        Raises:
            SignInFailed: it cannot be reached or used.
        """
        with self._lock:
            if self._clock.monotonic() < self._until:
                if self._failure is not None:
                    raise SignInFailed(*self._failure)
                assert self._metadata is not None
                return self._metadata
            try:
                self._metadata = self._fetch()
            except (SignInFailed, *UNUSABLE) as error:
                failed = failure(error)
                self._failure = failed.reason, failed.detail
                self._until = self._clock.monotonic() + PROVIDER_RETRY_SECONDS
                raise failed from None
            self._failure, self._keys = None, None
            self._until = self._clock.monotonic() + FRESH_SECONDS
            return self._metadata

    def keys(self, *, renew: bool = False) -> KeySet:
        """The keys that the provider signs with; `renew` asks for them again.

        Raises:
            SignInFailed: it cannot be reached or used.
        """
        address = self.metadata().jwks_uri
        with self._lock:
            if self._keys is None or renew:
                found: Any = read(requests.get(address, timeout=TIMEOUT), dict[str, Any])
                self._keys = KeySet.import_key_set(found)
            return self._keys

    def _fetch(self) -> Metadata:
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        metadata = read(requests.get(address, timeout=TIMEOUT), Metadata)
        if metadata.issuer != self._issuer:
            raise SignInFailed(
                "invalid", f"the provider calls itself {metadata.issuer!r}: set ANALYTICS_OIDC_ISSUER to exactly that"
            )
        return metadata


def read(response: requests.Response, kind: type[T]) -> T:
    """The JSON of a successful answer.

    Raises:
        RequestException: the answer is an error.
        MsgspecError: it is not JSON, or not of that kind.
    """
    response.raise_for_status()
    return msgspec.json.decode(response.content, type=kind)


def failure(error: Exception) -> SignInFailed:
    """The failure to sign in that an exception of `UNUSABLE` means."""
    if isinstance(error, SignInFailed):
        return error
    detail = f"{type(error).__name__}: {error}"[:500]
    if isinstance(error, requests.RequestException):
        return SignInFailed("unreachable", detail)
    return SignInFailed("expired" if getattr(error, "error", "") == "invalid_grant" else "invalid", detail)
