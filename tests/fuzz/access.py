"""Decoders of credentials, origins, addresses and proxy headers."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any
from wsgiref.types import WSGIEnvironment

from analytics.access.cross_origin import CrossOrigin
from analytics.access.live_origin import LiveOrigin
from analytics.access.origins import Origins
from analytics.access.proxies import Proxies
from analytics.addresses import is_base_path, is_issuer, is_loopback, own_origin, parse_origin, sender_at
from analytics.errors import OriginNotAllowed
from analytics.identity import READ, NotAllowed
from analytics.keys.own_page import is_other_page
from analytics.people.proxy_users import ProxyUsers
from analytics.people.roles import Roles
from tests.access.rig import ADMIN, Rig
from tests.fuzz.decoder import Decoder

GATE = ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_COOKIE", "QUERY_STRING", "HTTP_ORIGIN", "REMOTE_ADDR")
PROXY = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PREFIX"),
    *("HTTP_REMOTE_USER", "HTTP_REMOTE_GROUPS"),
)
PAGE = ("HTTP_ORIGIN", "HTTP_HOST", "HTTP_SEC_FETCH_SITE", "analytics.scheme")
TEXTS = (
    *(b"https://shop.example", b"HTTP://[::1]:8099", b"http://a:99999", b"https://login.example/realm?x#y"),
    *(b"203.0.113.7", b"::ffff:127.0.0.1", b"2001:db8::1%eth0", b"[::1]", b"LocalHost", b"/ops/live", b"/a/../b"),
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    rig = Rig(read_rate=0.0, address_read_rate=0.0)
    key, session, ticket = rig.key(READ).encode(), rig.session(rig.key(READ)).encode(), rig.ticket(ADMIN).encode()
    basic = b64encode(b"user:" + key)
    return [
        Decoder(
            "credentials",
            _request(rig),
            (),
            (
                _lines(b"Bearer " + key),
                _lines(b"Token " + key, origin=b"https://shop.example"),
                _lines(b"Basic " + basic),
                _lines(b"Basic :" + basic[3:]),
                _lines(api_key=key),
                _lines(cookie=b"a=b; " + session),
                _lines(query=b"limit=5&ticket=" + ticket),
                _lines(query=b"key=" + key + b"&%00=%ff&key"),
            ),
        ),
        Decoder("tickets", lambda data: _tickets(rig, data), (), (ticket + b"\nhttps://shop.example",)),
        Decoder("sessions", lambda data: _session(rig, data), (), (session, b"analytics_session=")),
        Decoder("addresses", _addresses, (), TEXTS, size=256),
        Decoder("headers of proxies", _proxy(), (NotAllowed,), (PROXY_SEED, b"unix:\nwss\n[::1]\n/a/b/\n@\n,,")),
        Decoder("origins", _page(), (OriginNotAllowed,), (PAGE_SEED, b"null\n[::1]:1\ncross-site\nhttp")),
    ]


PROXY_SEED = b"198.51.100.1, [2001:db8::1]:443, 127.0.0.1\nhttps\nshop.example\n/ops\nann@shop.example\nadmins, viewers"
PAGE_SEED = b"https://shop.example\nshop.example:443\nsame-origin\nhttps"


def _lines(
    authorization: bytes = b"", api_key: bytes = b"", cookie: bytes = b"", query: bytes = b"", origin: bytes = b""
) -> bytes:
    return b"\n".join((authorization, api_key, cookie, query, origin, b"127.0.0.1"))


def _environ(names: Sequence[str], data: bytes) -> WSGIEnvironment:
    """An environ with a line of `data` for each name, in the characters that WSGI has."""
    return {name: line for name, line in zip(names, data.decode("latin-1").split("\n"), strict=False) if line}


def _request(rig: Rig) -> Callable[[bytes], None]:
    """Ask the service with these credentials."""

    def ask(data: bytes) -> None:
        environ: dict[str, Any] = _environ(GATE, data)
        answer = rig.client.open("/services", query_string=environ.pop("QUERY_STRING", ""), environ_overrides=environ)
        assert answer.status_code in (200, 401, 403, 422, 429), answer.text

    return ask


def _tickets(rig: Rig, data: bytes) -> None:
    ticket, _, origin = data.decode("latin-1").partition("\n")
    answer = rig.client.open(
        "/export/services", query_string={"ticket": ticket}, environ_overrides={"HTTP_ORIGIN": origin}
    )
    assert answer.status_code in (200, 401, 403), answer.text
    answer.close()


def _session(rig: Rig, data: bytes) -> None:
    answer = rig.client.open("/session", environ_overrides={"HTTP_COOKIE": data.decode("latin-1")})
    assert answer.status_code in (200, 403), answer.text
    if answer.json is None or answer.json["who"] == "anonymous":  # the session of the seeds goes on
        rig.client.open("/session", method="DELETE", environ_overrides={"HTTP_COOKIE": data.decode("latin-1")})


def _addresses(data: bytes) -> None:
    for text in {data.decode("latin-1"), data.decode(errors="replace")}:
        parse_origin(text)
        is_loopback(text)
        is_issuer(text)
        is_base_path(text)
        sender_at(text)


def _proxy() -> Callable[[bytes], object]:
    proxies = Proxies(("127.0.0.0/8", "10.0.0.0/8", "::1/128"))
    users = ProxyUsers("Remote-User", "Remote-Groups", Roles(("admins",), (), ("viewers", "@shop.example")))

    def decode(data: bytes) -> object:
        environ = {"REMOTE_ADDR": "127.0.0.1", "PATH_INFO": "/", **_environ(PROXY, data)}
        proxies(environ)
        return users(environ)

    return decode


def _page() -> Callable[[bytes], None]:
    origins = Origins(("https://shop.example",))
    live, cross = LiveOrigin(origins), CrossOrigin(origins)

    def decode(data: bytes) -> None:
        environ = {"REQUEST_METHOD": "OPTIONS", "PATH_INFO": "/ws/dashboard", **_environ(PAGE, data)}
        cross(environ, "200 OK", [])
        is_other_page(environ)
        own_origin(environ, "http")
        live(environ)

    return decode
