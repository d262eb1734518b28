"""People signed in by a real nginx, configured as in the documentation."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import NamedTuple

import pytest
import requests
import websocket

from tests.conftest import StartServer
from tests.docs.pages import blocks_of
from tests.nginx import SIGN_IN, Nginx, make_identity, substituted
from tests.server import Server

SETTINGS = {
    "ANALYTICS_TRUSTED_PROXIES": "127.0.0.1",
    "ANALYTICS_PROXY_USER_HEADER": "X-Forwarded-User",
    "ANALYTICS_PROXY_GROUPS_HEADER": "X-Forwarded-Groups",
    "ANALYTICS_ADMINS": "ops",
    "ANALYTICS_EDITORS": "staff",
    "ANALYTICS_ADMIN_KEY": "a key for the tests of proxies".replace(" ", "-"),
}
FORGED = {"X-Forwarded-User": "ann", "X-Forwarded-Groups": "ops", "X_Forwarded_User": "ann"}
EVENT = {"type": "request", "service": "shop"}


class Front(NamedTuple):
    """nginx in front of a service; `certificate` is nginx's."""

    url: str
    certificate: str

    def ask(self, method: str, path: str, user: str, **arguments: object) -> requests.Response:
        session = requests.Session()
        session.auth = (user, "secret")
        return session.request(method, self.url + path, verify=self.certificate, timeout=10, **arguments)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("proxy")
    passwords = folder / "passwords"
    passwords.write_text("ann:{PLAIN}secret\nbob:{PLAIN}secret\n")
    (block,) = blocks_of("nginx", SIGN_IN)
    text = block.text.replace("/etc/nginx/analytics.passwords", str(passwords))
    with ExitStack() as stack:
        server = stack.enter_context(Server(folder / "server.log", SETTINGS))
        nginx = stack.enter_context(Nginx(folder / "nginx", substituted(text, server.port), make_identity(folder)))
        yield Front(nginx.url, str(nginx.certificate))


@pytest.mark.parametrize(
    ("user", "scopes", "keys"), [("ann", ["ingest", "read", "admin"], 200), ("bob", ["ingest", "read"], 403)]
)
def test_nginx_names_people_and_their_groups(front: Front, user: str, scopes: list[str], keys: int) -> None:
    for headers in ({}, FORGED):
        session = front.ask("GET", "/session", user, headers=headers).json()
        assert (session["who"], session["scopes"], session["keys_required"]) == (user, scopes, True)
        assert front.ask("GET", "/keys", user, headers=headers).status_code == keys
    assert front.ask("GET", "/stats", "eve").status_code == 401


def test_people_may_send_from_the_page_but_not_from_other_pages(front: Front) -> None:
    own = front.ask("POST", "/events", "bob", json=EVENT, headers={"Origin": front.url})
    assert own.status_code == 201
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": front.url, "Sec-Fetch-Site": "cross-site"}):
        answer = front.ask("POST", "/events", "bob", json=EVENT, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site_request")


def test_people_may_connect_live_from_the_page_but_not_from_other_pages(front: Front) -> None:
    def connect(origin: str) -> websocket.WebSocket:
        header = {"Authorization": f"Basic {b64encode(b'bob:secret').decode()}"}
        trust = {"ca_certs": front.certificate}
        url = front.url.replace("https", "wss") + "/ws/dashboard"
        return websocket.create_connection(url, timeout=10, header=header, origin=origin, sslopt=trust)

    with closing(connect(front.url)) as live:
        assert '"snapshot"' in live.recv()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect("https://evil.example")
    assert refused.value.status_code == 403


def test_an_expired_session_does_not_hide_the_person(front: Front) -> None:
    cookies = {"analytics_session": "of-last-year"}
    assert front.ask("GET", "/session", "bob", cookies=cookies).json()["who"] == "bob"


def test_a_key_takes_precedence_over_the_person(front: Front) -> None:
    key = {"X-API-Key": SETTINGS["ANALYTICS_ADMIN_KEY"]}
    assert front.ask("POST", "/events", "bob", json=EVENT, headers=key).status_code == 201
    assert front.ask("GET", "/keys", "bob", headers=key).status_code == 200


def test_headers_of_an_untrusted_proxy_are_ignored(start_server: StartServer) -> None:
    server = start_server({**SETTINGS, "ANALYTICS_TRUSTED_PROXIES": "10.0.0.0/8"})
    for headers in (FORGED, {**FORGED, "X-Forwarded-For": "10.0.0.1"}):
        assert requests.get(f"{server.url}/stats", headers=headers, timeout=10).status_code == 401


def test_a_person_without_a_role_gets_an_explanation(start_server: StartServer) -> None:
    server = start_server(SETTINGS)
    for headers in ({"X-Forwarded-User": "eve"}, {"X-Forwarded-User": "eve", "X-Forwarded-Groups": "others"}):
        answer = requests.get(f"{server.url}/stats", headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "no_role")
        assert server.get("/session", headers=headers)["who"] == "anonymous"
