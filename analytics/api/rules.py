"""/rules: groups of rules, and how their newest evaluation went. Groups are sent as JSON or YAML."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from analytics.alerts.rules.listing import Known, rule_list
from analytics.api.answers import answer
from analytics.api.catalog import Resources
from analytics.api.params import arguments
from analytics.catalog.bad_document import BadDocument
from analytics.catalog.rule_files import one_group
from analytics.doors.body import Body
from analytics.errors import MalformedBody
from analytics.schemas.parsing import parse
from analytics.schemas.queries import NoQuery
from analytics.yielding import yield_to_others

YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
RULE_BODY_LIMIT = 1024 * 1024
NO_ARGUMENTS = NoQuery()


def rules_blueprint(resources: Resources, known: Callable[[], Known]) -> Blueprint:
    """The blueprint of /rules: that of any collection, and a list of all groups."""
    blueprint = resources.blueprint()

    @blueprint.get("/rules")
    def read() -> Response:
        arguments(NO_ARGUMENTS)
        return answer(rule_list(known()))

    return blueprint


def decode_group(body: Body) -> Any:
    """The group in a body, which may be a rule file of Prometheus with one group.

    Raises:
        MalformedBody: it is neither JSON nor YAML, or holds several groups.
    """
    try:
        if body.media_type not in YAML_TYPES:
            return one_group(parse(body.data))
        from analytics.catalog import yaml_text

        return one_group(yaml_text.parse(body.data.decode(), {}, yield_to_others))
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8.", code="malformed_yaml") from None
    except BadDocument as error:
        place = f" (line {error.line})" if error.line else ""
        raise MalformedBody(f"The body{place} {error.reason}.", code="malformed_yaml") from None
