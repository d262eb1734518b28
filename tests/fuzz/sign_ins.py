"""Decoder of sign-ins with a provider: what the browser brings back from it, and what it answers then."""

import json
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

import msgspec
import requests
from flask import Flask, Response
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet
from requests.adapters import BaseAdapter

from analytics.api.oidc import ATTEMPT_COOKIE, oidc_blueprint
from analytics.api.sign_ins import SignIns
from analytics.people.discovery import Discovery, Metadata
from analytics.people.provider import Provider
from analytics.people.roles import Roles
from analytics.people.sign_in import Attempt
from tests.fakes import FakeClock
from tests.fuzz.decoder import Decoder
from tests.fuzz.people import CLAIMS, CLIENT, DEEP, ISSUER, METADATA

SECRET = "secret-of-the-browser"


class _Answers(BaseAdapter):
    """Answers requests to the provider with what it was given last, by path."""

    def __init__(self) -> None:
        super().__init__()
        self.by_path: dict[str, bytes] = {}

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        answer = requests.Response()
        answer.request, answer.url, answer.status_code = request, request.url or "", 200
        answer.headers["Content-Type"] = "application/json"
        answer._content = self.by_path[request.path_url]
        return answer

    def close(self) -> None:
        pass


class _Discovery(Discovery):
    """What a provider says about itself, without asking it; there is user info if there is an answer with it."""

    def __init__(self, keys: KeySet, answers: _Answers) -> None:
        super().__init__(ISSUER, FakeClock())
        self._found, self._answers = keys, answers

    def metadata(self) -> Metadata:
        address = f"{ISSUER}/me" if self._answers.by_path["/me"] else ""
        return msgspec.convert({**METADATA, "userinfo_endpoint": address}, Metadata)

    def keys(self, *, renew: bool = False) -> KeySet:
        return self._found


class _Provider(Provider):
    """A provider without a network, whose token endpoint and user info are in `answers`."""

    def __init__(self, keys: KeySet) -> None:
        super().__init__(ISSUER, CLIENT, "hidden", "groups", FakeClock())
        self.answers = _Answers()
        self._discovery = _Discovery(keys, self.answers)

    def _session(self, callback: str) -> Any:
        session = super()._session(callback)
        session.mount("https://", self.answers)
        return session


class _Opened:
    """Stands in for `SignIns`: encodes the sessions that it opens, as the journal does."""

    def limit(self, who: str | None = None) -> None:
        pass

    def open(self, response: Response, who: str, body_of: Callable[[str], dict[str, Any]]) -> None:
        msgspec.json.encode([who, body_of("token")])


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    key = ECKey.generate_key("P-256", {"kid": "ec"})
    provider = _Provider(KeySet([ECKey.import_key(dict(key.as_dict(private=False)))]))
    app = Flask(__name__)
    app.testing = True
    app.register_blueprint(
        oidc_blueprint(provider, "groups", Roles(("ops",), (), ("@shop.example",)), cast(SignIns, _Opened()))
    )
    client = app.test_client(use_cookies=False)
    attempt = Attempt(SECRET)
    claims = {name: value for name, value in CLAIMS.items() if name != "at_hash"} | {"nonce": attempt.nonce}

    def sign_in(data: bytes) -> None:
        """Come back from the provider: the query, the answer of the token endpoint, and the user info, after NULs."""
        query, token, info = (*data.split(b"\0", 2), b"", b"")[:3]
        provider.answers.by_path = {"/token": token, "/me": info}
        answer = client.get(
            "/session/oidc/callback",
            query_string=quote(query.decode("latin-1"), safe="=&%+"),
            environ_overrides={"HTTP_COOKIE": f"{ATTEMPT_COOKIE}={SECRET}"},
        )
        assert answer.status_code == 302, answer.text

    token = {"id_token": jwt.encode({"alg": "ES256", "kid": "ec"}, claims, key), "access_token": "of access"}
    half = json.dumps({**claims, "sub": "\ud83d", "preferred_username": "\ud83d", "email": None})
    odd = jws.serialize_compact({"alg": "ES256", "kid": "ec"}, half, key)
    right = f"state={attempt.state}&code=c&iss={quote(ISSUER, safe='')}".encode()
    answers = (
        *({**token, "token_type": "Bearer", "expires_in": seconds} for seconds in (60, "x", None)),
        {**token, "id_token": odd},
        {"error": "invalid_grant", "error_description": "used"},
        [token],
    )
    user = json.dumps({"sub": "ann", "email": "ann@shop.example", "groups": ["ops"]}).encode()
    infos = (user, user.replace(b"ann", b"eve"), b'{"sub":"ann","a":%b}' % DEEP, b"[]")
    return [
        Decoder(
            "sign-ins with a provider",
            sign_in,
            (),
            (
                *(b"%b\0%b\0%b" % (right, json.dumps(answer).encode(), user) for answer in answers),
                *(b"%b\0%b\0%b" % (right, json.dumps(token).encode(), info) for info in infos),
                b"%b\0%b" % (right, json.dumps({**token, "id_token": odd}).encode()),
                b'%b\0{"id_token":"a.b.c","access_token":"x","expires_in":1e999}' % right,
                b"state=%b&error=access_denied&error_description=%%ff" % attempt.state.encode(),
                b"state=&state=&code=\xff&%00",
            ),
        )
    ]
