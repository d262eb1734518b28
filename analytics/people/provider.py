"""Provider: the client of an OpenID Connect provider, with the authorization code flow and PKCE; needs Authlib."""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote_plus

import gevent
import msgspec
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import InvalidKeyIdError
from requests.auth import HTTPBasicAuth

from analytics.clock import Clock
from analytics.people.discovery import TIMEOUT, UNUSABLE, Discovery, Metadata, failure, read
from analytics.people.id_token import Claims, Expected, Token, verified
from analytics.people.sign_in import Attempt, SignInFailed

T = TypeVar("T")
OPENID_SCOPES = ("openid", "email", "profile")
MOST_SECONDS = 20.0
"""Seconds for everything that one request of a browser needs of the provider."""


class Provider:
    """Signs people in with an OpenID Connect provider.

    Args:
        issuer: its address, exactly as it names itself.
        client_secret: empty for a public client.
        groups_claim: the claim with a person's groups; asked for as a scope, too, where the provider has one.
    """

    def __init__(self, issuer: str, client_id: str, client_secret: str, groups_claim: str, clock: Clock) -> None:
        self._issuer, self._client_id, self._client_secret = issuer, client_id, client_secret
        self._groups_claim, self._clock = groups_claim, clock
        self._discovery = Discovery(issuer, clock)

    def address(self, attempt: Attempt, callback: str) -> str:
        """Where the browser signs in; the provider then sends it to `callback`.

        Raises:
            SignInFailed: the provider cannot be reached or used.
        """
        return _in_time(lambda: self._address(attempt, callback))

    def claims(self, attempt: Attempt, callback: str, answer: Mapping[str, str]) -> Claims:
        """The claims of the provider about the person whose browser it sent back with `answer`, a query.

        Raises:
            SignInFailed: the answer is not for this attempt, or not valid, or the provider refuses it.
        """
        return _in_time(lambda: self._claims(attempt, callback, answer))

    def _address(self, attempt: Attempt, callback: str) -> str:
        metadata = self._discovery.metadata()
        extra = [self._groups_claim] if self._groups_claim in metadata.scopes_supported else []
        with self._session(callback) as session:
            address, _ = session.create_authorization_url(
                metadata.authorization_endpoint,
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
                scope=" ".join((*OPENID_SCOPES, *extra)),
            )
        return str(address)

    def _claims(self, attempt: Attempt, callback: str, answer: Mapping[str, str]) -> Claims:
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise SignInFailed("expired", "the state is not that of this browser")
        if error := answer.get("error"):
            raise SignInFailed("refused", f"{error[:100]}: {answer.get('error_description', '')[:500]}")
        metadata = self._discovery.metadata()
        says_issuer = metadata.authorization_response_iss_parameter_supported or "iss" in answer  # RFC 9207
        if says_issuer and answer.get("iss") != self._issuer:
            raise SignInFailed("invalid", "the answer is of another issuer")
        with self._session(callback) as session:
            fetched = session.fetch_token(
                metadata.token_endpoint,
                auth=self._basic(metadata),
                grant_type="authorization_code",
                code=answer.get("code", ""),
                code_verifier=attempt.verifier,
            )
            token = msgspec.convert(dict(fetched), Token)
            claims = self._verify(metadata, token, attempt.nonce)
            if not metadata.userinfo_endpoint:
                return claims
            more = read(session.get(metadata.userinfo_endpoint), Claims)
        if more.get("sub") != claims["sub"]:
            raise SignInFailed("invalid", "the user info is about somebody else")
        return {**more, **claims}

    def _verify(self, metadata: Metadata, token: Token, nonce: str) -> Claims:
        algorithms = metadata.id_token_signing_alg_values_supported
        expected, now = Expected(self._issuer, self._client_id, nonce, algorithms), int(self._clock.wall())
        try:
            return verified(token, self._discovery.keys(), expected, now)
        except InvalidKeyIdError:  # the provider has new keys
            return verified(token, self._discovery.keys(renew=True), expected, now)

    def _basic(self, metadata: Metadata) -> HTTPBasicAuth | None:
        """The secret in a header, for a provider that does not take it in the body."""
        if not self._client_secret or "client_secret_post" in metadata.token_endpoint_auth_methods_supported:
            return None
        return HTTPBasicAuth(quote_plus(self._client_id), quote_plus(self._client_secret))  # RFC 6749, 2.3.1

    def _session(self, callback: str) -> Any:
        return OAuth2Session(
            self._client_id,
            self._client_secret,
            token_endpoint_auth_method="client_secret_post" if self._client_secret else "none",
            redirect_uri=callback,
            code_challenge_method="S256",
            default_timeout=TIMEOUT,
        )


def _in_time(ask: Callable[[], T]) -> T:
    """The answer to what is asked of the provider.

    Raises:
        SignInFailed: it takes too long, or the provider cannot be used.
    """
    try:
        with gevent.Timeout(MOST_SECONDS, SignInFailed("unreachable", f"no answer within {MOST_SECONDS:g} s")):
            return ask()
    except UNUSABLE as error:
        raise failure(error) from None
