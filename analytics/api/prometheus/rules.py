"""Filters of `/api/v1/rules`."""

from typing import Any

from werkzeug.datastructures import MultiDict

from analytics.promql.errors import BadQuery

TYPES = {"": ("alerting", "recording"), "alert": ("alerting",), "record": ("recording",)}


def chosen_rules(groups: list[dict[str, Any]], asked: "MultiDict[str, str]") -> list[dict[str, Any]]:
    """The groups and rules that `type`, `rule_name[]`, `rule_group[]` and `file[]` select.

    Raises:
        BadQuery: there is no such type.
    """
    if asked.get("type", "") not in TYPES:
        raise BadQuery(f'not supported value "{asked["type"]}"')
    types = TYPES[asked.get("type", "")]
    names, wanted, files = (asked.getlist(f"{name}[]") for name in ("rule_name", "rule_group", "file"))
    found = []
    for group in groups:
        if (wanted and group["name"] not in wanted) or (files and group["file"] not in files):
            continue
        rules = [each for each in group["rules"] if each["type"] in types and (not names or each["name"] in names)]
        if rules or not (names or asked.get("type")):
            found.append({**group, "rules": rules})
    return found
