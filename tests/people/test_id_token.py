"""ID tokens: which are valid, with real keys and signatures."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, Key, KeySet, OctKey, RSAKey

from analytics.people.id_token import LEEWAY_SECONDS, Expected, Token, verified

NOW = 1_700_000_000
ISSUER, CLIENT, NONCE = "https://login.shop.example", "analytics", "of this attempt"
RIGHT: Mapping[str, Any] = {
    "iss": ISSUER,
    "sub": "ann",
    "aud": CLIENT,
    "exp": NOW + 60,
    "iat": NOW,
    "nonce": NONCE,
}
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
FOREIGN = RSAKey.generate_key(2048, {"kid": "rsa"})
SHARED = OctKey.generate_key(256, {"kid": "shared"})
PUBLIC = KeySet([RSAKey.import_key(RSA.as_dict(private=False)), ECKey.import_key(EC.as_dict(private=False)), SHARED])


def signed(claims: Mapping[str, Any], algorithm: str = "RS256", key: Key = RSA, kid: str = "rsa") -> str:
    return jwt.encode({"alg": algorithm, "kid": kid}, dict(claims), key)


def check(token: str, now: int = NOW, algorithms: tuple[str, ...] = ("RS256", "ES256", "HS256", "none")) -> Any:
    return verified(Token(token, "of access"), PUBLIC, Expected(ISSUER, CLIENT, NONCE, algorithms), now)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "another"], "azp": CLIENT},
        {"exp": NOW - LEEWAY_SECONDS + 1},
        {"iat": NOW + LEEWAY_SECONDS - 1},
    ],
)
def test_a_valid_token_is_accepted(more: dict[str, Any]) -> None:
    assert check(signed({**RIGHT, **more}))["sub"] == "ann"


def test_a_token_may_be_signed_with_any_key_of_the_provider() -> None:
    assert check(signed(RIGHT, "ES256", EC, "ec"))["sub"] == "ann"


@pytest.mark.parametrize(
    "more",
    [
        {"iss": f"{ISSUER}/"},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": []},
        {"aud": ["another"], "azp": CLIENT},
        {"aud": [CLIENT, "another"]},
        {"azp": "another"},
        {"exp": NOW - LEEWAY_SECONDS - 1},
        {"exp": "never"},
        {"nbf": NOW + LEEWAY_SECONDS + 1},
        {"nonce": "of another attempt"},
        {"nonce": ""},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        *({name: None} for name in RIGHT),
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_is_refused(more: dict[str, Any]) -> None:
    claims = {name: value for name, value in {**RIGHT, **more}.items() if value is not None}
    with pytest.raises(JoseError):
        check(signed(claims))


def test_a_foreign_signature_is_refused() -> None:
    with pytest.raises(JoseError):
        check(signed(RIGHT, key=FOREIGN))
    head, _, signature = signed(RIGHT).split(".")
    _, body, _ = signed({**RIGHT, "sub": "eve"}).split(".")
    with pytest.raises(JoseError):
        check(f"{head}.{body}.{signature}")


def test_an_unknown_key_has_an_error_of_its_own() -> None:
    with pytest.raises(InvalidKeyIdError):
        check(signed(RIGHT, key=FOREIGN, kid="new"))


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
@pytest.mark.parametrize("kid", ["rsa", "ec", "shared"])
def test_a_forgeable_signature_is_refused_whatever_the_provider_offers(algorithm: str, kid: str) -> None:
    secret = SHARED.raw_value if kid == "shared" else PUBLIC.get_by_kid(kid).as_pem(private=False)
    text = ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": algorithm, "kid": kid}, RIGHT))
    signature = b"" if algorithm == "none" else hmac.digest(secret, text.encode(), "sha256")
    with pytest.raises(JoseError):
        check(f"{text}.{_base64(signature)}")


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def test_only_algorithms_that_the_provider_offers_are_accepted() -> None:
    with pytest.raises(JoseError):
        check(signed(RIGHT), algorithms=("ES256",))
