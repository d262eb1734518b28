"""Flask application: routing settings and the error handler."""

from flask import Flask

from analytics.api.names import NameConverter
from analytics.api.problems import handle_problems
from analytics.internals.routing import LightRule


class Application(Flask):
    """Routes requests to the registered blueprints, and answers all errors in one shape."""

    url_rule_class = LightRule

    def __init__(self) -> None:
        super().__init__("analytics", static_folder=None)
        self.url_map.converters["name"] = NameConverter
        self.url_map.strict_slashes = False
        self.url_map.merge_slashes = False  # a service's name may start with a slash
        handle_problems(self)
