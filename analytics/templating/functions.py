"""Functions of templates: Go's, and those of Prometheus' that need no other data."""

import html
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from analytics.templating.errors import TemplateFailed
from analytics.templating.humanized import (
    humanize,
    humanize1024,
    humanize_duration,
    humanize_percentage,
    humanize_timestamp,
    parse_duration,
)
from analytics.templating.printing import printed, printf
from analytics.templating.replacing import replaced

NOT_SUPPORTED = frozenset(
    (
        *("query", "first", "value", "label", "strvalue", "sortByLabel", "graphLink", "tableLink", "args", "tmpl"),
        *("toTime", "call", "js", "slice"),
    )
)
"""Functions of Go and Prometheus that are left out here; some of them are in templates of rules."""


def holds(value: Any) -> bool:
    """Whether a value counts as true: not false, 0, nil or empty."""
    return bool(value)


def _and(*values: Any) -> Any:
    return next((value for value in values if not holds(value)), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if holds(value)), values[-1])


def _index(container: Any, *keys: Any) -> Any:
    for key in keys:
        try:
            container = container[key]
        except (KeyError, IndexError, TypeError):
            raise TemplateFailed(f"error calling index: there is no {key!r}") from None
    return container


def _length(value: Any) -> int:
    if not isinstance(value, str | dict | list):
        raise TemplateFailed("error calling len: the value has no length")
    return len(value.encode()) if isinstance(value, str) else len(value)


def _equal(first: Any, *others: Any) -> bool:
    return any(first == other for other in others)


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(first: Any, second: Any) -> bool:
        try:
            return compare(first, second)
        except TypeError:
            raise TemplateFailed("incompatible types for comparison") from None

    return compared


def _match(pattern: Any, text: Any) -> bool:
    return bool(_expression(pattern).search(str(text)))


def _replace(pattern: Any, replacement: Any, text: Any) -> str:
    return replaced(_expression(pattern), str(text), str(replacement))


def _expression(pattern: Any) -> Any:
    import re2  # its time is linear, whatever the pattern

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(str(pattern), options)
    except re2.error:
        raise TemplateFailed(f"{pattern!r} is no regular expression") from None


def _strip_domain(host_port: Any) -> str:
    host, colon, port = str(host_port).partition(":")
    return host.partition(".")[0] + colon + port


def _title(text: Any) -> str:
    words = str(text).split(" ")
    return " ".join(word[:1].upper() + word[1:] for word in words)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": _and,
    "or": _or,
    "not": lambda value: not holds(value),
    "len": _length,
    "index": _index,
    "eq": _equal,
    "ne": lambda first, second: first != second,
    "lt": _compared(lambda first, second: first < second),
    "le": _compared(lambda first, second: first <= second),
    "gt": _compared(lambda first, second: first > second),
    "ge": _compared(lambda first, second: first >= second),
    "print": lambda *values: "".join(map(printed, values)),
    "println": lambda *values: " ".join(map(printed, values)) + "\n",
    "printf": printf,
    "html": lambda value: html.escape(printed(value)),
    "urlquery": lambda value: quote_plus(printed(value)),
    "humanize": humanize,
    "humanize1024": humanize1024,
    "humanizeDuration": humanize_duration,
    "humanizePercentage": humanize_percentage,
    "humanizeTimestamp": humanize_timestamp,
    "parseDuration": parse_duration,
    "title": _title,
    "toUpper": lambda text: str(text).upper(),
    "toLower": lambda text: str(text).lower(),
    "match": _match,
    "reReplaceAll": _replace,
    "stripPort": lambda host_port: str(host_port).rpartition(":")[0] or str(host_port),
    "stripDomain": _strip_domain,
    "safeHtml": str,
}
