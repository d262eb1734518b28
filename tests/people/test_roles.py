"""Roles: what people may do by their groups and their verified mail domain."""

from collections.abc import Mapping

import pytest

from analytics.identity import ADMIN, INGEST, READ
from analytics.people.roles import Roles
from analytics.people.sign_in import Attempt, person_of

ROLES = Roles(["ops"], ["staff", "@shop.example"], ["guests", "@Partner.Example"])


def scopes(groups: list[str], mail: str | None = None) -> frozenset[str]:
    return ROLES.scopes(ROLES.groups_of(groups, mail))


@pytest.mark.parametrize(
    ("groups", "mail", "expected"),
    [
        (["ops"], None, {ADMIN}),
        (["staff"], None, {READ, INGEST}),
        (["guests", "others"], None, {READ}),
        (["guests", "ops"], None, {READ, ADMIN}),
        ([], "ann@shop.example", {READ, INGEST}),
        ([], "ann@SHOP.example", {READ, INGEST}),
        ([], "ann@partner.example", {READ}),
        ([], None, set()),
        (["OPS", "op", "ops ", ""], None, set()),
        ([], "ann@eu.shop.example", set()),
        ([], "ann@evilshop.example", set()),
        ([], "ann@shop.example@evil.example", set()),
        ([], "shop.example", set()),
        (["@shop.example"], None, set()),
        (["@shop.example"], "eve@evil.example", set()),
    ],
)
def test_each_group_and_domain_gives_its_scopes(groups: list[str], mail: str | None, expected: set[str]) -> None:
    assert scopes(groups, mail) == expected


@pytest.mark.parametrize(
    ("claims", "who", "groups", "mail"),
    [
        ({"email": "a@b.example", "email_verified": True, "groups": ["x"]}, "a@b.example", ("x",), "a@b.example"),
        ({"email": "a@b.example", "email_verified": "true"}, "a@b.example", (), "a@b.example"),
        ({"email": "a@b.example", "email_verified": False}, "42", (), None),
        ({"email": "a@b.example", "email_verified": "false"}, "42", (), None),
        ({"email": "a@b.example", "email_verified": 2}, "42", (), None),
        ({"email": "a@b.example"}, "42", (), None),
        ({"email": ["a@b.example"], "email_verified": True}, "42", (), None),
        ({"groups": "x", "preferred_username": "ANALYTICS_ADMIN_KEY"}, "ANALYTICS_ADMIN_KEY (42)", ("x",), None),
        ({"groups": [1, None, ["y"], "x"]}, "42", ("x",), None),
        ({"groups": {"x": True}}, "42", (), None),
        ({"preferred_username": 7}, "42", (), None),
        ({"preferred_username": "Ann \ud83d"}, "Ann \ufffd (42)", (), None),
        ({"preferred_username": "Ann \U0001f600"}, "Ann \U0001f600 (42)", (), None),
    ],
)
def test_a_person_has_only_verified_claims(
    claims: Mapping[str, object], who: str, groups: tuple[str, ...], mail: str | None
) -> None:
    assert person_of({"sub": "42", **claims}, "groups") == (who, groups, mail)


def test_another_claim_can_have_the_groups() -> None:
    claims = {"sub": "42", "groups": ["ops"], "https://shop.example/roles": ["guests"]}
    assert person_of(claims, "https://shop.example/roles").groups == ("guests",)


def test_state_nonce_and_verifier_of_an_attempt_are_independent() -> None:
    one, other = Attempt("one"), Attempt("other")
    derived = [value for each in (one, other) for value in (each.state, each.nonce, each.verifier, each.secret)]
    assert len(set(derived)) == len(derived)
    assert one == Attempt("one")
    assert 43 <= len(one.verifier) <= 128, "RFC 7636, 4.1"
