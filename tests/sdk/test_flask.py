"""The Flask extension: endpoints are URL rules, with errors and users."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, g

from analytics.sdk.flask import FlaskAnalytics
from tests.sdk.conftest import MakeClient
from tests.sdk.unruly import Unruly


def shop() -> Flask:
    """An application with a route of each kind."""
    app = Flask("shop")

    @app.get("/products/<int:number>")
    def product(number: int) -> str:
        g.user = f"user-{number}"
        return f"product {number}"

    @app.get("/stream/<path:name>")
    def stream(name: str) -> Iterator[str]:
        yield from name

    @app.route("/fails")
    def fails() -> str:
        raise LookupError("gone")

    @app.get("/teapot")
    def teapot() -> tuple[str, int]:
        return "short and stout", 418

    return app


def recorded_requests(service: Unruly) -> list[tuple[Any, ...]]:
    names = ("endpoint", "method", "status", "error")
    return [tuple(item["data"].get(name) for name in names) for item in service.items.values()]


def test_requests_are_reported_with_their_rule(service: Unruly, make_client: MakeClient) -> None:
    client, app = make_client(), shop()
    FlaskAnalytics(app, client, user_id=lambda: g.get("user"))
    browser = app.test_client()
    assert browser.get("/products/7", buffered=True).text == "product 7"
    assert browser.get("/stream/a/b", buffered=True).text == "a/b"
    assert browser.get("/fails", buffered=True).status_code == 500
    assert browser.get("/teapot", buffered=True).status_code == 418
    assert browser.post("/teapot", buffered=True).status_code == 405
    assert browser.get("/wp-login.php", buffered=True).status_code == 404
    assert client.flush(10)
    assert recorded_requests(service) == [
        ("/products/<int:number>", "GET", 200, None),
        ("/stream/<path:name>", "GET", 200, None),
        ("/fails", "GET", 500, "LookupError"),
        ("/teapot", "GET", 418, None),
        ("/teapot", "POST", 405, None),
        ("(no rule)", "GET", 404, None),
    ]
    assert [item.get("user_id") for item in service.items.values()] == ["user-7", *[None] * 5]


def test_exceptions_that_flask_lets_through_are_counted_too(service: Unruly, make_client: MakeClient) -> None:
    client, app = make_client(), shop()
    app.testing = True
    FlaskAnalytics(app, client)
    with pytest.raises(LookupError, match="gone"):
        app.test_client().get("/fails", buffered=True)
    assert client.flush(10)
    assert recorded_requests(service) == [("/fails", "GET", 500, "LookupError")]


def test_one_extension_serves_many_applications(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    analytics = FlaskAnalytics(client=client)
    for app in (shop(), shop()):
        analytics.init_app(app)
        app.test_client().get("/products/1", buffered=True)
    assert client.flush(10)
    assert recorded_requests(service) == [("/products/<int:number>", "GET", 200, None)] * 2


def test_a_failing_user_id_is_ignored(service: Unruly, make_client: MakeClient) -> None:
    client, app = make_client(), shop()
    FlaskAnalytics(app, client, user_id=lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert app.test_client().get("/products/7", buffered=True).text == "product 7"
    assert client.flush(10)
    assert len(service.items) == 1


def test_a_missing_client_is_an_error() -> None:
    with pytest.raises(ValueError, match="needs a client"):
        FlaskAnalytics(Flask("shop"))


def test_an_outage_does_not_affect_the_application(make_client: MakeClient) -> None:
    client, app = make_client("http://127.0.0.1:9"), shop()
    FlaskAnalytics(app, client)
    assert app.test_client().get("/products/7", buffered=True).text == "product 7"
    client.close(0.01)
    assert app.test_client().get("/products/8", buffered=True).text == "product 8"
