"""Functions that only templates of rules have: queries, what reads their samples, and other templates.

Source: prometheus.io/docs/prometheus/latest/configuration/template_reference
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, urlsplit

from analytics.templating.errors import TemplateFailed
from analytics.templating.functions import FUNCTIONS
from analytics.templating.humanized import humanize_timestamp
from analytics.templating.scope import Scope, ScopedFunction
from analytics.templating.sizes import Arguments

TEXT_VALUE = "__value__"
"""The label with the value as a text, of queries that have such ones."""


def _query(scope: Scope, text: Any) -> list[dict[str, Any]]:
    if scope.query is None:
        raise TemplateFailed("error calling query: there are no series here")
    return scope.query(str(text))


def _external_url(scope: Scope) -> str:
    return str(scope.get("$externalURL"))


def _path_prefix(scope: Scope) -> str:
    return urlsplit(_external_url(scope)).path


def _first(vector: Any) -> Any:
    if not _vector(vector, "first"):
        raise TemplateFailed("error calling first: first() called on vector with no elements")
    return vector[0]


def _sorted_by_label(name: Any, vector: Any) -> list[Any]:
    return sorted(_vector(vector, "sortByLabel"), key=lambda sample: _label(name, sample))


def _label(name: Any, sample: Any) -> str:
    return str(_part(sample, "Labels", "label").get(str(name), ""))


def _part(sample: Any, field: str, function: str) -> Any:
    if not isinstance(sample, dict) or field not in sample:
        raise TemplateFailed(f"error calling {function}: the value is not a sample of a query")
    return sample[field]


def _vector(vector: Any, function: str) -> list[Any]:
    if not isinstance(vector, list):
        raise TemplateFailed(f"error calling {function}: the value is not the result of a query")
    return vector


def _expanded(scope: Scope, name: Any, dot: Any = None) -> str:
    into: list[str] = []
    scope.put_defined(str(name), dot, into)
    return "".join(into)


def _link(tab: int) -> Callable[[Any], str]:
    return lambda expression: f"/graph?g0.expr={quote_plus(str(expression))}&g0.tab={tab}"


RULE_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **FUNCTIONS,
    "query": ScopedFunction(_query),
    "first": _first,
    "value": lambda sample: _part(sample, "Value", "value"),
    "label": _label,
    "strvalue": lambda sample: _label(TEXT_VALUE, sample),
    "sortByLabel": _sorted_by_label,
    "tmpl": ScopedFunction(_expanded),
    "externalURL": ScopedFunction(_external_url),
    "pathPrefix": ScopedFunction(_path_prefix),
    "args": Arguments,
    "graphLink": _link(0),
    "tableLink": _link(1),
    "toTime": humanize_timestamp,
}
