"""Decoders of what a sign-in provider answers: ID tokens, their claims, its keys and its metadata."""

import json
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from analytics.people.discovery import UNUSABLE, Metadata
from analytics.people.id_token import Expected, Token, verified
from analytics.people.roles import Roles
from analytics.people.sign_in import person_of
from tests.fuzz.decoder import Decoder

NOW = 1_700_000_000
ISSUER, CLIENT, NONCE = "https://login.shop.example", "analytics", "of this attempt"
CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "sub": "ann",
    "aud": [CLIENT],
    "exp": NOW + 60,
    "iat": NOW,
    "nonce": NONCE,
    "email": "ann@shop.example",
    "email_verified": True,
    "groups": ["ops", 1],
    "preferred_username": "Ann",
    "azp": CLIENT,
    "at_hash": "x",
    "auth_time": NOW,
    "nbf": NOW,
}
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "scopes_supported": ["openid"],
    "id_token_signing_alg_values_supported": ["ES256"],
}
DEEP = b"[" * 2_000 + b"]" * 2_000
ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA", "HS256", "none")
EXPECTED = Expected(ISSUER, CLIENT, NONCE, ALGORITHMS)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    rsa, ec = RSAKey.generate_key(2048, {"kid": "rsa"}), ECKey.generate_key("P-256", {"kid": "ec"})
    shared = OctKey.generate_key(256, {"kid": "shared"})
    rsa_public, ec_public = dict(rsa.as_dict(private=False)), dict(ec.as_dict(private=False))
    keys = KeySet([RSAKey.import_key(rsa_public), ECKey.import_key(ec_public), shared])
    roles = Roles(("ops",), (), ("@shop.example",))
    right = {name: value for name, value in CLAIMS.items() if name != "at_hash"}
    token = jwt.encode({"alg": "ES256", "kid": "ec"}, right, ec)
    tokens = (
        token.encode(),
        jwt.encode({"alg": "RS256", "kid": "rsa", "typ": "JWT"}, right, rsa).encode(),
        jwt.encode({"alg": "HS256", "kid": "shared"}, right, shared).encode(),
        b"eyJhbGciOiJub25lIn0.e30.",
        b"eyJhbGciOiJFUzI1NiIsImNyaXQiOlsiYjY0Il0sImI2NCI6ZmFsc2V9.e30.AA",
        urlsafe_b64encode(b'{"alg":"ES256","a":%b}' % DEEP).rstrip(b"=") + b".e30.AA",
        b"a.b.c.d.e",
    )

    def verify(data: bytes) -> None:
        who(verified(Token(data.decode(), "of access"), keys, EXPECTED, NOW))

    def claims(data: bytes) -> None:
        """Verify a token with these claims, signed by the provider."""
        verify(jwt.encode({"alg": "ES256", "kid": "ec"}, changed(right, data), ec).encode())

    def who(found: Mapping[str, object]) -> None:
        person = person_of(found, "groups")
        roles.groups_of(person.groups, person.mail)

    def public(data: bytes) -> None:
        given = {"keys": [changed(rsa_public, data), changed(ec_public, data)]}
        with warnings.catch_warnings(action="ignore"):  # short keys
            found = KeySet.import_key_set(given)
        verified(Token(token, "of access"), found, EXPECTED, NOW)

    def metadata(data: bytes) -> object:
        return msgspec.json.decode(data, type=Metadata)

    claim_lines = (lines(CLAIMS), b"a=" + DEEP[:400] + DEEP[-400:], b'sub=""\nexp="never"\naud=[]')
    return [
        Decoder("ID tokens", verify, UNUSABLE, tokens, size=8192),
        Decoder("claims", claims, UNUSABLE, claim_lines),
        Decoder("keys of a provider", public, UNUSABLE, (lines(rsa_public), lines(ec_public), b"kty=oct")),
        Decoder("metadata of a provider", metadata, UNUSABLE, (json.dumps(METADATA).encode(), b'{"a":%b}' % DEEP)),
    ]


def lines(fields: Mapping[str, Any]) -> bytes:
    """Fields of JSON as `changed` takes them."""
    return "\n".join(f"{name}={json.dumps(value)}" for name, value in fields.items()).encode()


def changed(fields: Mapping[str, Any], data: bytes) -> dict[str, Any]:
    """Fields of JSON with the values in lines such as `name="value"`; a value that is not JSON is text."""
    found = dict(fields)
    for line in data.decode(errors="replace").split("\n"):
        name, _, value = line.partition("=")
        try:
            found[name] = json.loads(value)
        except (ValueError, RecursionError):
            found[name] = value
    return found
