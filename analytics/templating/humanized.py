"""Numbers for people, as Prometheus' template functions write them.

Source: prometheus.io/docs/prometheus/latest/configuration/template_reference
"""

import math
from datetime import UTC, datetime
from typing import Any

from analytics.promql.errors import BadQuery
from analytics.promql.text import milliseconds, parsed_float
from analytics.templating.errors import TemplateFailed

_LARGE = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_SMALL = ("m", "u", "n", "p", "f", "a", "z", "y")


def number(value: Any) -> float:
    """A number, or a text that is one.

    Raises:
        TemplateFailed: it is neither.
    """
    try:
        return parsed_float(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        raise TemplateFailed(f"can't convert {value!r} to float") from None


def _short(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return f"{value:.4g}" if math.isfinite(value) else ("+Inf" if value > 0 else "-Inf")


def humanize(given: Any) -> str:
    """With a metric prefix: 1.235k."""
    value = number(given)
    if value == 0 or not math.isfinite(value):
        return _short(value)
    prefix = ""
    if abs(value) >= 1:
        for each in _LARGE:
            if abs(value) < 1000:
                break
            prefix, value = each, value / 1000
    else:
        value, prefix = _scaled_up(value)
    return f"{value:.4g}{prefix}"


def humanize1024(given: Any) -> str:
    """With a binary prefix: 1.205ki."""
    value, prefix = number(given), ""
    if abs(value) <= 1 or not math.isfinite(value):
        return _short(value)
    for each in _LARGE:
        if abs(value) < 1024:
            break
        prefix, value = f"{each}i", value / 1024
    return f"{value:.4g}{prefix}"


def humanize_duration(given: Any) -> str:
    """Seconds as days to seconds, or with a prefix: 1h 2m 3s, 15ms."""
    value = number(given)
    if not math.isfinite(value):
        return _short(value)
    if value == 0:
        return "0s"
    sign, value = ("-", -value) if value < 0 else ("", value)
    if value < 1:
        value, prefix = _scaled_up(value)
        return f"{sign}{value:.4g}{prefix}s"
    whole = int(value)
    days, hours, minutes, rest = whole // 86_400, whole // 3_600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {rest}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {rest}s"
    return f"{sign}{minutes}m {rest}s" if minutes else f"{sign}{value:.4g}s"


def humanize_percentage(given: Any) -> str:
    """A ratio as a percentage: 4.2%."""
    return f"{_short(number(given) * 100)}%"


def humanize_timestamp(given: Any) -> str:
    """Seconds since the epoch as a time in UTC."""
    value = number(given)
    if not math.isfinite(value):
        return _short(value)
    try:
        at = datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise TemplateFailed(f"{value} is out of range for a time") from None
    fraction = f".{at.microsecond:06d}".rstrip("0") if at.microsecond else ""
    return f"{at:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"


def parse_duration(given: Any) -> float:
    """A duration such as 5m in seconds."""
    try:
        return milliseconds(str(given)) / 1000
    except BadQuery as error:
        raise TemplateFailed(error.message) from None


def _scaled_up(value: float) -> tuple[float, str]:
    prefix = ""
    for each in _SMALL:
        if abs(value) >= 1:
            break
        prefix, value = each, value * 1000
    return value, prefix
