"""Which parts of a path become placeholders."""

import pytest

from analytics.sdk.templates import template


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("", "/"),
        ("/products", "/products"),
        ("/products/42", "/products/<number>"),
        ("/products/42/reviews/7/", "/products/<number>/reviews/<number>/"),
        ("/prices/-1.50", "/prices/<number>"),
        ("/users/550e8400-e29b-41d4-a716-446655440000", "/users/<uuid>"),
        ("/users/550E8400E29B41D4A716446655440000", "/users/<uuid>"),
        ("/commits/0106546abc", "/commits/<id>"),
        ("/users/user-123", "/users/<id>"),
        ("/orders/ORDER_4711", "/orders/<id>"),
        ("/keys/ya29.a0AfH6SMBx_3kZq7", "/keys/<id>"),
        ("/api/v2/search", "/api/v2/search"),
        ("/oauth2/callback", "/oauth2/callback"),
        ("/static/deadbeef", "/static/deadbeef"),
        ("/products/OLJCESPC7Z", "/products/OLJCESPC7Z"),
        ("/straße/größe", "/straße/größe"),
        ("/a/long-and-readable-name-of-an-article", "/a/long-and-readable-name-of-an-article"),
        ("/a" * 20, "/a" * 11 + "/…"),
        ("/" + "a" * 500, "/" + "a" * 199),
    ],
)
def test_a_path_has_a_template(path: str, expected: str) -> None:
    assert template(path) == expected
