"""The service's own page may always open live connections: same scheme, host and port, also behind a proxy."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from analytics.access.live_origin import LiveOrigin
from analytics.access.origins import Origins
from analytics.access.proxies import Proxies
from analytics.errors import OriginNotAllowed

LISTED = "https://Listed.example:443"
PROXY = "127.0.0.1"
PORTS = {"http": 80, "https": 443}


class Place(NamedTuple):
    """The address of a page or of the service."""

    scheme: str
    host: str
    port: int

    def authority(self, *, is_explicit: bool) -> str:
        """Host and port, as in a Host header; the default port only if `is_explicit`."""
        return self.host if self.port == PORTS[self.scheme] and not is_explicit else f"{self.host}:{self.port}"


PLACES = st.builds(
    Place,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["stats.example", "STATS.example", "stats.example.evil.example", "127.0.0.1", "[::1]", "[0:0::1]"]),
    st.sampled_from([80, 443, 8443]),
)


def is_same(one: Place, other: Place, *, schemes: bool) -> bool:
    def key(place: Place) -> tuple[str, int]:
        return place.host.lower().replace("[0:0::1]", "[::1]"), place.port

    return key(one) == key(other) and (one.scheme == other.scheme or not schemes)


def may_connect(origin: str, host: str, forwarded: Mapping[str, str] | None = None, peer: str = PROXY) -> bool:
    """Whether a page at `origin` may connect; `forwarded` are X-Forwarded-… headers sent by `peer`."""
    environ: dict[str, Any] = EnvironBuilder("/ws/dashboard").get_environ()
    environ.update(HTTP_ORIGIN=origin, HTTP_HOST=host, REMOTE_ADDR=peer)
    environ.update({f"HTTP_X_FORWARDED_{name}": value for name, value in (forwarded or {}).items()})
    Proxies((PROXY,))(environ)
    try:
        LiveOrigin(Origins((LISTED,)))(environ)
    except OriginNotAllowed:
        return False
    return True


@given(PLACES, PLACES, st.booleans(), st.booleans())
def test_with_scheme_and_host_from_a_trusted_proxy_all_three_must_be_equal(
    page: Place, service: Place, page_explicit: bool, service_explicit: bool
) -> None:
    origin = f"{page.scheme}://{page.authority(is_explicit=page_explicit)}"
    host = service.authority(is_explicit=service_explicit)
    expected = is_same(page, service, schemes=True)
    assert may_connect(origin, host, {"PROTO": service.scheme}) == expected
    assert may_connect(origin, "127.0.0.1:8099", {"PROTO": service.scheme, "HOST": host}) == expected


@given(PLACES, PLACES, st.booleans())
def test_with_only_a_host_header_either_scheme_is_accepted(page: Place, service: Place, is_explicit: bool) -> None:
    origin = f"{page.scheme}://{page.authority(is_explicit=is_explicit)}"
    # as browsers write a Host header: without the default port of the page's own scheme
    host = Place(page.scheme, service.host, service.port).authority(is_explicit=False)
    assert may_connect(origin, host) == is_same(page, service, schemes=False)


@given(PLACES)
def test_an_untrusted_peer_cannot_forge_the_own_origin(page: Place) -> None:
    origin = f"{page.scheme}://{page.authority(is_explicit=False)}"
    forged = {"HOST": page.authority(is_explicit=False), "PROTO": page.scheme, "FOR": PROXY}
    assert not may_connect(origin, "service.example", forged, "203.0.113.7")
    assert may_connect(origin, "service.example", forged)


@pytest.mark.parametrize("origin", ["https://listed.example", "https://LISTED.example", "https://listed.example:443"])
def test_allowed_origins_connect_in_any_spelling(origin: str) -> None:
    assert may_connect(origin, "service.example")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "null"),
        ("", ""),
        ("https://", ""),
        ("https://user@stats.example", "user@stats.example"),
        ("https://stats.example/", "stats.example/"),
        ("https://stats.example", ""),
        ("https://stats.example", "stats.example:8443"),
        ("https://stats.example:8443", "stats.example"),
        ("https://stats.example", "stats.example:80"),
        ("ftp://stats.example", "stats.example"),
    ],
)
def test_invalid_origins_and_hosts_are_never_equal(origin: str, host: str) -> None:
    assert not may_connect(origin, host)
