"""Trusted proxies: X-Forwarded-* headers are used if the peer's address is trusted, and ignored otherwise."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.access.proxies import PATH_PREFIX, Proxies
from analytics.addresses import SCHEME

TRUSTED = ("127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48")
CLIENT = "203.0.113.7"
FORGED = {
    "HTTP_X_FORWARDED_FOR": "198.51.100.1",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "evil.example",
    "HTTP_X_FORWARDED_PREFIX": "/evil",
}


def environ(peer: str, **headers: str) -> dict[str, Any]:
    """A request that comes from `peer`; `headers` are those that begin with X-Forwarded-."""
    forwarded = {f"HTTP_X_FORWARDED_{name}": value for name, value in headers.items()}
    return {"REMOTE_ADDR": peer, "HTTP_HOST": "here:8099", "wsgi.url_scheme": "http", **forwarded}


def applied(request: dict[str, Any]) -> tuple[str, str, str, str]:
    """Client, scheme, host and prefix of a request after the headers of trusted proxies were applied."""
    Proxies(TRUSTED)(request)
    assert request.get(SCHEME, request["wsgi.url_scheme"]) == request["wsgi.url_scheme"]
    return request["REMOTE_ADDR"], request["wsgi.url_scheme"], request["HTTP_HOST"], request.get(PATH_PREFIX, "")


@pytest.mark.parametrize(
    "peer", ["127.0.0.1", "10.1.2.3", "2001:db8:1::5", "::ffff:10.1.2.3", "2001:0DB8:0001:0::0005"]
)
def test_headers_of_a_trusted_proxy_are_applied(peer: str) -> None:
    request = environ(peer, FOR=CLIENT, PROTO="https", HOST="shop.example:8443", PREFIX="/stats")
    assert applied(request) == (CLIENT, "https", "shop.example:8443", "/stats")
    assert request[SCHEME] == "https"


@pytest.mark.parametrize("peer", ["127.0.0.2", "11.0.0.1", "::1", "2001:db8:2::5", "::ffff:11.0.0.1", "", "unix:", "x"])
def test_headers_of_other_peers_are_ignored(peer: str) -> None:
    request = {**environ(peer), **FORGED}
    assert applied(request) == (peer, "http", "here:8099", "")
    assert SCHEME not in request


TRUSTED_HOPS = st.lists(st.ip_addresses(v=4, network="10.0.0.0/8"), max_size=3)


@given(st.ip_addresses(), TRUSTED_HOPS, st.lists(st.text(), max_size=3))
def test_the_client_is_the_nearest_address_that_is_not_trusted(client: Any, hops: list[Any], forged: list[str]) -> None:
    assume(applied(environ(str(client), PREFIX="/any"))[3] == "")
    header = ", ".join(map(str, [*forged, client, *hops]))
    assert applied(environ("127.0.0.1", FOR=header))[0] == str(client)


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("203.0.113.7:5000", "203.0.113.7"),
        ("[2001:db8::1]:5000", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("unknown", "127.0.0.1"),
        ("203.0.113.7, unknown", "127.0.0.1"),
        ("203.0.113.7, unknown, 10.0.0.1", "10.0.0.1"),
        ("", "127.0.0.1"),
        (",", "127.0.0.1"),
        ("10.0.0.2, 10.0.0.1", "10.0.0.2"),
    ],
)
def test_an_address_may_have_a_port_and_an_invalid_one_ends_the_chain(header: str, client: str) -> None:
    assert applied(environ("127.0.0.1", FOR=header))[0] == client


@pytest.mark.parametrize(
    ("header", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("wss", "https"), ("ws", "http"), ("http", "http")],
)
def test_schemes_of_websockets_are_those_of_http(header: str, scheme: str) -> None:
    assert environ("127.0.0.1")["wsgi.url_scheme"] == "http"
    request = environ("127.0.0.1", PROTO=header)
    assert applied(request)[1] == scheme
    assert SCHEME in request


@pytest.mark.parametrize(
    "headers",
    [
        {"PROTO": "ftp"},
        {"PROTO": ""},
        {"HOST": ""},
        {"HOST": "shop.example/path"},
        {"HOST": "user@shop.example"},
        {"HOST": "<script>"},
        {"HOST": "shop.example:port"},
        {"PREFIX": "stats"},
        {"PREFIX": "//evil.example"},
        {"PREFIX": "/a/../b"},
        {"PREFIX": '/a"b'},
        {"PREFIX": "/"},
    ],
)
def test_invalid_forwarded_values_are_ignored(headers: dict[str, str]) -> None:
    request = environ("127.0.0.1", **headers)
    assert applied(request) == ("127.0.0.1", "http", "here:8099", "")
    assert SCHEME not in request


def test_a_trailing_slash_of_a_prefix_is_ignored() -> None:
    assert applied(environ("127.0.0.1", PREFIX="/stats/"))[3] == "/stats"


def test_scheme_and_host_come_from_the_outermost_trusted_proxy() -> None:
    chain = {"FOR": f"{CLIENT}, 10.0.0.1", "PROTO": "ftp, https, http", "HOST": "evil.example, shop.example, inner:80"}
    assert applied(environ("127.0.0.1", **chain)) == (CLIENT, "https", "shop.example", "")
    assert applied(environ("127.0.0.1", FOR=CLIENT, PROTO="https, http"))[1] == "http", "only one hop is trusted"


def test_prefixes_removed_by_a_chain_of_trusted_proxies_are_joined() -> None:
    chain = {"FOR": f"{CLIENT}, 10.0.0.1", "PREFIX": "/evil, /ops, /stats/"}
    assert applied(environ("127.0.0.1", **chain))[3] == "/ops/stats"
