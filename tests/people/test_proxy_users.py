"""People signed in by a proxy: headers are used from trusted peers only."""

from typing import Any

import pytest

from analytics.access.proxies import Proxies
from analytics.identity import ADMIN, READ, Identity, NotAllowed, always
from analytics.people.proxy_users import ProxyUsers
from analytics.people.roles import Roles

USERS = ProxyUsers("X-Forwarded-User", "X-Forwarded-Groups", Roles(["ops"], [], ["staff", "@shop.example"]))


def found(peer: str, users: ProxyUsers = USERS, **headers: str) -> Identity | None:
    """The identity of a request with these headers, after those of trusted proxies were applied."""
    environ: dict[str, Any] = {"REMOTE_ADDR": peer, **{f"HTTP_{name}": value for name, value in headers.items()}}
    Proxies(("10.0.0.0/8",))(environ)
    return users(environ)


def test_a_trusted_proxy_names_people_and_their_groups() -> None:
    ann = {"X_FORWARDED_USER": "ann", "X_FORWARDED_GROUPS": "staff, ops"}
    admin, reader = frozenset((READ, ADMIN)), frozenset((READ,))
    assert found("10.0.0.1", **ann) == Identity("ann", admin, valid_until=always)
    forwarded = found("10.0.0.1", X_FORWARDED_FOR="203.0.113.7", **ann)
    assert forwarded == Identity("ann", admin, valid_until=always)
    bob = "bob@shop.example"
    assert found("10.0.0.1", X_FORWARDED_USER=bob) == Identity(bob, reader, valid_until=always)


@pytest.mark.parametrize("forwarded", [{}, {"X_FORWARDED_FOR": "10.0.0.1"}])
def test_headers_of_untrusted_peers_name_nobody(forwarded: dict[str, str]) -> None:
    assert found("203.0.113.7", X_FORWARDED_USER="ann", X_FORWARDED_GROUPS="ops", **forwarded) is None


def test_nobody_is_named_without_the_header_or_the_setting() -> None:
    assert found("10.0.0.1", X_FORWARDED_GROUPS="ops") is None
    assert found("10.0.0.1", X_FORWARDED_USER=" ", X_FORWARDED_GROUPS="ops") is None
    unset = ProxyUsers("", "", Roles(["ops"], [], []))
    assert found("10.0.0.1", unset, X_FORWARDED_USER="ann", X_FORWARDED_GROUPS="ops") is None


def test_groups_are_read_only_from_the_configured_header() -> None:
    without = ProxyUsers("X-Forwarded-User", "", Roles(["ops"], [], []))
    with pytest.raises(NotAllowed):
        found("10.0.0.1", without, X_FORWARDED_USER="ann", X_FORWARDED_GROUPS="ops")


@pytest.mark.parametrize(
    ("user", "groups"), [("ann", ""), ("ann", "opsen,@shop.example"), ("ann@shop.example,eve@shop.example", "ops")]
)
def test_people_without_a_role_and_doubled_headers_are_refused(user: str, groups: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        found("10.0.0.1", X_FORWARDED_USER=user, X_FORWARDED_GROUPS=groups)
    assert refused.value.code == "no_role"
