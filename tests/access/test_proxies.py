"""Trust in proxies: what X-Forwarded-* says counts if the peer's address is trusted, and not at all otherwise."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.access.proxies import PREFIX, Proxies
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


def seen(asked: dict[str, Any]) -> tuple[str, str, str, str]:
    """Client, scheme, host and prefix of a request once the trusted proxies were believed."""
    Proxies(TRUSTED)(asked)
    assert asked.get(SCHEME, asked["wsgi.url_scheme"]) == asked["wsgi.url_scheme"]
    return asked["REMOTE_ADDR"], asked["wsgi.url_scheme"], asked["HTTP_HOST"], asked.get(PREFIX, "")


@pytest.mark.parametrize(
    "peer", ["127.0.0.1", "10.1.2.3", "2001:db8:1::5", "::ffff:10.1.2.3", "2001:0DB8:0001:0::0005"]
)
def test_a_trusted_proxy_is_believed(peer: str) -> None:
    asked = environ(peer, FOR=CLIENT, PROTO="https", HOST="shop.example:8443", PREFIX="/stats")
    assert seen(asked) == (CLIENT, "https", "shop.example:8443", "/stats")
    assert asked[SCHEME] == "https"


@pytest.mark.parametrize("peer", ["127.0.0.2", "11.0.0.1", "::1", "2001:db8:2::5", "::ffff:11.0.0.1", "", "unix:", "x"])
def test_nobody_else_is(peer: str) -> None:
    asked = {**environ(peer), **FORGED}
    assert seen(asked) == (peer, "http", "here:8099", "")
    assert SCHEME not in asked


TRUSTED_HOPS = st.lists(st.ip_addresses(v=4, network="10.0.0.0/8"), max_size=3)


@given(st.ip_addresses(), TRUSTED_HOPS, st.lists(st.text(), max_size=3))
def test_the_client_is_the_nearest_address_that_is_not_trusted(client: Any, hops: list[Any], forged: list[str]) -> None:
    assume(seen(environ(str(client), PREFIX="/any"))[3] == "")
    told = ", ".join(map(str, [*forged, client, *hops]))
    assert seen(environ("127.0.0.1", FOR=told))[0] == str(client)


@pytest.mark.parametrize(
    ("told", "client"),
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
def test_an_address_may_have_a_port_and_what_is_none_ends_the_chain(told: str, client: str) -> None:
    assert seen(environ("127.0.0.1", FOR=told))[0] == client


@pytest.mark.parametrize(
    ("told", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("wss", "https"), ("ws", "http"), ("http", "http")],
)
def test_schemes_of_websockets_are_those_of_http(told: str, scheme: str) -> None:
    assert environ("127.0.0.1")["wsgi.url_scheme"] == "http"
    asked = environ("127.0.0.1", PROTO=told)
    assert seen(asked)[1] == scheme
    assert SCHEME in asked


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
def test_what_makes_no_sense_is_ignored(headers: dict[str, str]) -> None:
    asked = environ("127.0.0.1", **headers)
    assert seen(asked) == ("127.0.0.1", "http", "here:8099", "")
    assert SCHEME not in asked


def test_a_slash_at_the_end_of_a_prefix_does_not_matter() -> None:
    assert seen(environ("127.0.0.1", PREFIX="/stats/"))[3] == "/stats"


def test_of_a_chain_the_outermost_trusted_proxy_counts_and_no_client() -> None:
    chain = {"FOR": f"{CLIENT}, 10.0.0.1", "PROTO": "ftp, https, http", "HOST": "evil.example, shop.example, inner:80"}
    assert seen(environ("127.0.0.1", **chain)) == (CLIENT, "https", "shop.example", "")
    assert seen(environ("127.0.0.1", FOR=CLIENT, PROTO="https, http"))[1] == "http", "only one hop is trusted"


def test_prefixes_that_trusted_proxies_took_off_one_after_the_other_are_joined() -> None:
    chain = {"FOR": f"{CLIENT}, 10.0.0.1", "PREFIX": "/evil, /ops, /stats/"}
    assert seen(environ("127.0.0.1", **chain))[3] == "/ops/stats"
