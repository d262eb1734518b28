"""Blueprints whose views are made with the first request."""

from http import HTTPStatus

import pytest
from flask import Blueprint

from analytics.api.application import Application
from analytics.api.late import late_blueprint, views_of


def shop() -> Blueprint:
    blueprint = Blueprint("shop", __name__, url_prefix="/shop")
    blueprint.get("/", endpoint="read")(lambda: "the shop")
    blueprint.get("/<name:item>", endpoint="show")(lambda item: f"a {item}")
    blueprint.post("/<name:item>", endpoint="sell")(lambda item: f"sold a {item}")
    return blueprint


def test_views_are_made_once_with_the_first_request() -> None:
    made = []

    def make() -> Blueprint:
        made.append(shop())
        return made[-1]

    app = Application()
    app.register_blueprint(late_blueprint("shop", "GET /shop/, GET /shop/<name:item>, POST /shop/<name:item>", make))
    client = app.test_client()
    assert made == []
    assert client.get("/shop/").text == "the shop"
    assert client.get("/shop/red/hat").text == "a red/hat"
    assert client.post("/shop/hat").text == "sold a hat"
    assert client.head("/shop/hat").status_code == HTTPStatus.OK
    assert client.delete("/shop/hat").status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert len(made) == 1


def test_views_are_found_by_method_and_rule() -> None:
    assert set(views_of(shop())) == {("GET", "/shop/"), ("GET", "/shop/<name:item>"), ("POST", "/shop/<name:item>")}


def test_rules_without_a_view_are_a_mistake() -> None:
    app = Application()
    app.register_blueprint(late_blueprint("shop", "GET /shop/", shop))
    with app.test_request_context("/shop/"), pytest.raises(AssertionError, match="were made"):
        app.view_functions["shop.GET /shop/"]()
