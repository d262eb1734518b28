"""Rules of routes that do not compile what would build their URLs."""

from unittest.mock import patch

from werkzeug.routing import Map, Rule

from analytics.internals.routing import LightRule


def test_paths_are_matched_without_compiling_what_builds_urls() -> None:
    with patch.object(Rule, "_compile_builder", side_effect=AssertionError):
        urls = Map([LightRule("/services/<name>", endpoint="service"), LightRule("/events", endpoint="events")])
        assert urls.bind("here").match("/services/shop") == ("service", {"name": "shop"})


def test_urls_can_be_built_all_the_same() -> None:
    urls = Map([LightRule("/services/<name>", endpoint="service")]).bind("here")
    assert urls.build("service", {"name": "a shop"}) == "/services/a%20shop"
    assert urls.build("service", {"name": "shop", "hours": 2}) == "/services/shop?hours=2"
    assert urls.build("service", {"name": "shop", "hours": 2}, append_unknown=False) == "/services/shop"
