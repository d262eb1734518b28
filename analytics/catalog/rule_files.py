"""Rule files of Prometheus: `groups:` with a list of named groups of rules, as resources of the collection `rules`."""

import re
from typing import Any

from analytics.catalog.bad_document import BadDocument

GROUPS = "groups"
RULES_NAME = "rules"
LONGEST_NAME = 128
Lines = dict[tuple[str, ...], int]


def is_rule_file(value: Any) -> bool:
    """Whether a document has a list of groups."""
    return isinstance(value, dict) and isinstance(value.get(GROUPS), list)


def with_groups(value: dict[str, Any], lines: Lines) -> dict[str, Any]:
    """The document with its groups as resources of `rules`; moves the lines of their parts to their new paths.

    Raises:
        BadDocument: a group is no mapping or has no name, or two have the same; or `rules` is no mapping.
    """
    given = value.get(RULES_NAME) or {}
    if not isinstance(given, dict):
        raise BadDocument("must be a mapping of names to resources", lines.get((RULES_NAME,)), RULES_NAME)
    named = dict(given)
    for number, group in enumerate(value[GROUPS]):
        path = (GROUPS, str(number))
        name, body = _resource(group, lines.get(path), ".".join(path))
        if name in named:
            raise BadDocument(f"has the group {name!r} twice", lines.get(path), ".".join(path))
        named[name] = body
        moved = {(RULES_NAME, name, *old[2:]): line for old, line in lines.items() if old[:2] == path}
        lines.update(moved)
    lines.setdefault((RULES_NAME,), lines.get((GROUPS,), 1))
    return {**{key: part for key, part in value.items() if key != GROUPS}, RULES_NAME: named}


def one_group(value: Any) -> Any:
    """The body in a document that holds one group: as it is, or as the only one of a rule file.

    Raises:
        BadDocument: it is a rule file with another number of groups.
    """
    if is_rule_file(value):
        if len(value) > 1 or len(value[GROUPS]) != 1:
            raise BadDocument("must have exactly one group: `analytics apply` takes files with several")
        value = value[GROUPS][0]
    return {key: part for key, part in value.items() if key != "name"} if isinstance(value, dict) else value


def _resource(group: Any, line: int | None, field: str) -> tuple[str, dict[str, Any]]:
    if not isinstance(group, dict):
        raise BadDocument("must be a mapping with `name` and `rules`", line, field)
    title = group.get("name")
    if not isinstance(title, str) or not title:
        raise BadDocument("has no name", line, field)
    name = re.sub(r"[^A-Za-z0-9._~-]+", "-", title).lstrip(".")[:LONGEST_NAME] or "-"
    body = {key: part for key, part in group.items() if key != "name"}
    if body.get("rules", ()) is None:  # as Prometheus takes it
        body["rules"] = []
    return name, body if name == title else {"title": title, **body}
