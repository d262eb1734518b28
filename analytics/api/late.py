"""Blueprints whose views are made with the first request, and load what they need then: few servers need them."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from flask import Blueprint

from analytics.api.application import Application
from analytics.lazy import Lazy

Key = tuple[str, str]
"""A method and a rule."""
Views = Mapping[Key, Callable[..., Any]]


def late_blueprint(name: str, rules: str, make: Callable[[], Blueprint]) -> Blueprint:
    """A blueprint with the rules of another one, which is made with the first request to one of them.

    Args:
        name: that of the other one.
        rules: its methods and rules, such as `GET /keys, POST /keys`.
        make: makes it, and imports what it needs; it has nothing but rules.

    Example:
        >>> def make() -> Blueprint:
        ...     from analytics.api.audit import audit_blueprint
        ...
        ...     return audit_blueprint(reader)
        >>> blueprint = late_blueprint("audit", "GET /audit", make)
    """
    keys: list[Key] = [(method, rule) for method, rule in map(str.split, rules.split(", "))]
    views = Lazy(lambda: _checked(views_of(make()), keys))
    blueprint = Blueprint(name, __name__)
    for method, rule in keys:
        endpoint = f"{method} {rule}".replace(".", "_")
        blueprint.add_url_rule(rule, endpoint, partial(_answer, views, (method, rule)), methods=[method])
    return blueprint


def _checked(views: Views, keys: Collection[Key]) -> Views:
    if views.keys() != set(keys):
        raise AssertionError(f"Views for {sorted(views)} were made, and not for {sorted(keys)}.")
    return views


def _answer(views: Lazy[Views], key: Key, **given: Any) -> Any:
    return views()[key](**given)


def views_of(blueprint: Blueprint) -> Views:
    """The views of a blueprint by method and rule."""
    app = Application()
    app.register_blueprint(blueprint)
    return {
        (method, rule.rule): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
