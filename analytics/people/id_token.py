"""ID token: what a provider signs about a person, and how it is verified; needs Authlib."""

from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from msgspec import Struct

Claims = dict[str, Any]
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures with a key pair. Those with a shared secret, and `none`, are not accepted, whatever a provider offers."""
LEEWAY_SECONDS = 60
"""How far the clocks of the provider and of this machine may differ."""


class Token(Struct, frozen=True):
    """The answer of the token endpoint."""

    id_token: str
    access_token: str


class Expected(Struct, frozen=True):
    """The values that an ID token must have; `algorithms` are those that the provider says it signs with."""

    issuer: str
    client: str
    nonce: str
    algorithms: tuple[str, ...] = ("RS256",)


def verified(token: Token, keys: KeySet, expected: Expected, now: int) -> Claims:
    """The claims of an ID token (OpenID Connect Core 1.0, section 3.1.3.7).

    Args:
        now: seconds since the epoch.

    Raises:
        InvalidKeyIdError: none of the keys signed it.
        JoseError: it is not valid.
    """
    allowed = [name for name in expected.algorithms if name in ALGORITHMS]
    decoded = jwt.decode(token.id_token, keys, algorithms=allowed)
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {"iss": {"essential": True, "value": expected.issuer}, "aud": {"essential": True, "value": expected.client}},
        {"nonce": expected.nonce, "client_id": expected.client, "access_token": token.access_token},
    )
    claims.validate(now=now, leeway=LEEWAY_SECONDS)
    return dict(claims)
