"""Reads the parts of a file of tests of rules: mappings with known fields, lists, texts and durations.

What is not valid raises `BadTestFile`.
"""

from collections.abc import Mapping
from typing import Any

from analytics.logql.rules import LOGQL, PROMQL, Language
from analytics.promql.errors import BadQuery
from analytics.promql.text import milliseconds

QUERY_TESTS: dict[str, Language] = {"promql_expr_test": PROMQL, "logql_expr_test": LOGQL}
"""Lists of tests of queries, with the language of these."""
PLACES: dict[str, set[str]] = {
    "file": {"rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "tests"},
    "test": {
        *("name", "interval", "input_series", "input_lines", "alert_rule_test", *QUERY_TESTS),
        *("external_labels", "external_url"),
    },
    "series": {"series", "values"},
    "input_lines": {"stream", "lines"},
    "lines": {"line", "at", "times", "every", "metadata"},
    "alert_rule_test": {"eval_time", "alertname", "exp_alerts"},
    "exp_alerts": {"exp_labels", "exp_annotations"},
    **{kind: {"expr", "eval_time", "exp_samples"} for kind in QUERY_TESTS},
    "exp_samples": {"labels", "value", "histogram"},
}
"""The fields that each part may have."""
MAY_BE_ZERO = ("eval_time", "at")


class BadTestFile(Exception):
    """The error of a file of tests."""


def milliseconds_of(text: Any, field: str) -> int:
    """A duration in milliseconds."""
    try:
        found = milliseconds(str(text))
    except BadQuery:
        raise BadTestFile(f"{field}: {text!r} is no duration such as 1m or 90s") from None
    if found < 0 or (found == 0 and field not in MAY_BE_ZERO):
        raise BadTestFile(f"{field}: must be more than 0")
    return found


def list_of(of: Mapping[str, Any], field: str) -> list[Any]:
    """A list; empty where there is none."""
    found = of.get(field)
    if found is None:
        return []
    if not isinstance(found, list):
        raise BadTestFile(f"{field}: must be a list")
    return found


def texts_of(of: Mapping[str, Any], field: str) -> list[tuple[str, str]]:
    """The pairs of a mapping of texts; empty where there is none."""
    found = of.get(field) or {}
    if not isinstance(found, Mapping):
        raise BadTestFile(f"{field}: must be a mapping")
    return [(str(name), str(value)) for name, value in found.items()]


def mapping_of(value: Any, kind: str) -> Mapping[str, Any]:
    """A mapping that has only the fields of its kind, as `PLACES` lists them."""
    if not isinstance(value, Mapping):
        raise BadTestFile(f"{kind}: must be a mapping")
    unknown = [str(name) for name in value if name not in PLACES[kind]]
    if unknown:
        raise BadTestFile(f"{kind}: {unknown[0]} is not supported")
    return value
