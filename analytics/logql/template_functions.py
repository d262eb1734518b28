"""Functions of the templates in `line_format` and `label_format`, besides those of Go.

Source: grafana.com/docs/loki/latest/query/template_functions/
"""

import base64
import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, unquote_plus
from zoneinfo import ZoneInfo

from analytics.logql.errors import BadLogQuery
from analytics.logql.patterns import expression
from analytics.logql.tokens import byte_count, seconds
from analytics.templating.errors import TemplateFailed
from analytics.templating.functions import FUNCTIONS
from analytics.templating.printing import printed
from analytics.templating.replacing import check_length, replaced

LONGEST = 10_000
"""Characters up to which a text is repeated or aligned."""
_GO_TIME = (
    *(("2006", "%Y"), ("January", "%B"), ("Jan", "%b"), ("Monday", "%A"), ("Mon", "%a"), ("01", "%m"), ("02", "%d")),
    *(("15", "%H"), ("03", "%I"), ("04", "%M"), ("05", "%S"), (".000000", ".%f"), ("PM", "%p"), ("Z07:00", "Z")),
    *(("-0700", "+0000"), ("MST", "UTC")),
)
_FRACTION = re.compile(r"\.[09]+(?![0-9])")
_LEFT_OUT = ("safeHtml", "stripPort", "stripDomain", "match", "reReplaceAll")


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _int(value: Any) -> int:
    if type(value) is int:
        return _wrapped(value)
    found = _float(value)
    return max(-(1 << 63), min(int(found), (1 << 63) - 1)) if math.isfinite(found) else 0


def _wrapped(value: int) -> int:
    """A number of 64 bits with a sign, as those of Go, which start again at the least one after the greatest."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def _divided(first: int, second: int) -> int:
    if second == 0:
        raise TemplateFailed("division by zero")
    quotient = abs(first) // abs(second)
    return quotient if (first < 0) == (second < 0) else -quotient


def _remainder(first: int, second: int) -> int:
    return first - second * _divided(first, second)


def _folded(calculate: Callable[[Any, Any], Any], convert: Callable[[Any], Any]) -> Callable[..., Any]:
    def fold(first: Any, *others: Any) -> Any:
        found = convert(first)
        for value in others:
            found = convert(calculate(found, convert(value)))
        return found

    return fold


def _replaced(pattern: Any, text: Any, replacement: Any, *, is_literal: bool) -> str:
    try:
        compiled = expression(str(pattern))
    except BadLogQuery as error:
        raise TemplateFailed(error.message) from None

    return replaced(compiled, str(text), str(replacement), is_literal=is_literal)


def _exchanged(text: Any, old: Any, new: Any, count: int = -1) -> str:
    whole, before, after = str(text), str(old), str(new)
    found = whole.count(before) if count < 0 else min(whole.count(before), count)
    check_length(len(whole) + found * (len(after) - len(before)))
    return whole.replace(before, after, count)


def _count(pattern: Any, text: Any) -> int:
    try:
        return sum(1 for _ in expression(str(pattern)).finditer(str(text)))
    except BadLogQuery as error:
        raise TemplateFailed(error.message) from None


def _part(start: Any, end: Any, text: Any) -> str:
    first, last, whole = _int(start), _int(end), str(text)
    if first < 0:
        return whole[: max(last, 0)]
    return whole[first:] if last < 0 or last > len(whole) else whole[first:last]


def _cut(length: Any, text: Any) -> str:
    count, whole = _int(length), str(text)
    return whole[:count] if count >= 0 else whole[count:]


def _bounded(count: Any) -> int:
    return max(0, min(_int(count), LONGEST))


def _repeated(count: Any, text: Any) -> str:
    whole = str(text)
    return whole * min(_bounded(count), LONGEST // max(len(whole), 1) + 1)


def _from_json(text: Any) -> Any:
    try:
        found = json.loads(str(text))
        if "\\u" in str(text):
            json.dumps(found, ensure_ascii=False).encode()  # fails for halves of surrogate pairs
        return found
    except (ValueError, RecursionError):
        raise TemplateFailed("fromJson needs JSON") from None


def _decoded(text: Any) -> str:
    try:
        return base64.b64decode(str(text), validate=True).decode(errors="replace")
    except ValueError:
        raise TemplateFailed("b64dec needs Base64") from None


def _date(layout: Any, at: Any) -> str:
    form = str(layout).replace("%", "%%")
    for go, directive in _GO_TIME:
        form = form.replace(go, directive)
    return _moment(at).strftime(form)


def _parsed(layout: Any, text: Any, zone: Any = "UTC") -> datetime:
    """The time that a text says in a layout of Go, whose fractions of a second have at most six digits here."""
    form = _FRACTION.sub(".%f", str(layout).replace("%", "%%"))
    for go, directive in _GO_TIME:
        form = form.replace(go, directive)
    whole = re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", str(text))
    try:
        known = UTC if zone in ("UTC", "Local") else ZoneInfo(str(zone))
        return datetime.strptime(whole, form).replace(tzinfo=known)
    except (ValueError, KeyError, OSError, re.error):  # re.error: a part of a time is twice in the layout
        raise TemplateFailed(f"{str(text)[:100]!r} is no time like {str(layout)[:100]!r} in {str(zone)[:50]}") from None


def _moment(at: Any) -> datetime:
    try:
        return at if isinstance(at, datetime) else datetime.fromtimestamp(int(at) / 1e9, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise TemplateFailed("a time is needed") from None


def _rounded(value: Any, digits: Any = 0) -> float:
    return round(_float(value), max(-20, min(_int(digits), 20)))


def _default(default: Any, value: Any = None) -> Any:
    return value or default


def _aligned(count: Any, text: Any, *, is_left: bool) -> str:
    width, whole = _bounded(count), str(text)
    if len(whole) > width:
        return whole[:width] if is_left else whole[len(whole) - width :]
    return whole.ljust(width) if is_left else whole.rjust(width)


def _indented(count: Any, text: Any) -> str:
    lines, margin = str(text).split("\n"), " " * _bounded(count)
    check_length(len(lines) * len(margin))
    return "\n".join(margin + line for line in lines)


LINE_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: function for name, function in FUNCTIONS.items() if name not in _LEFT_OUT},
    "ToLower": lambda text: str(text).lower(),
    "ToUpper": lambda text: str(text).upper(),
    "lower": lambda text: str(text).lower(),
    "upper": lambda text: str(text).upper(),
    "Title": FUNCTIONS["title"],
    "Trim": lambda text, signs: str(text).strip(str(signs)),
    "TrimLeft": lambda text, signs: str(text).lstrip(str(signs)),
    "TrimRight": lambda text, signs: str(text).rstrip(str(signs)),
    "TrimPrefix": lambda text, prefix: str(text).removeprefix(str(prefix)),
    "TrimSuffix": lambda text, suffix: str(text).removesuffix(str(suffix)),
    "TrimSpace": lambda text: str(text).strip(),
    "trim": lambda text: str(text).strip(),
    "trimAll": lambda signs, text: str(text).strip(str(signs)),
    "trimPrefix": lambda prefix, text: str(text).removeprefix(str(prefix)),
    "trimSuffix": lambda suffix, text: str(text).removesuffix(str(suffix)),
    "Replace": lambda text, old, new, count: _exchanged(text, old, new, _int(count)),
    "replace": lambda old, new, text: _exchanged(text, old, new),
    "regexReplaceAll": lambda pattern, text, new: _replaced(pattern, text, new, is_literal=False),
    "regexReplaceAllLiteral": lambda pattern, text, new: _replaced(pattern, text, new, is_literal=True),
    "count": _count,
    "contains": lambda part, text: str(part) in str(text),
    "hasPrefix": lambda prefix, text: str(text).startswith(str(prefix)),
    "hasSuffix": lambda suffix, text: str(text).endswith(str(suffix)),
    "substr": _part,
    "trunc": _cut,
    "repeat": _repeated,
    "alignLeft": lambda count, text: _aligned(count, text, is_left=True),
    "alignRight": lambda count, text: _aligned(count, text, is_left=False),
    "indent": _indented,
    "nindent": lambda count, text: "\n" + _indented(count, text),
    "default": _default,
    "fromJson": _from_json,
    "b64enc": lambda text: base64.b64encode(str(text).encode()).decode(),
    "b64dec": _decoded,
    "urlencode": lambda text: quote_plus(printed(text)),
    "urldecode": lambda text: unquote_plus(str(text)),
    "bytes": lambda text: byte_count(str(text)) or 0.0,
    "duration": lambda text: seconds(str(text)) or 0.0,
    "duration_seconds": lambda text: seconds(str(text)) or 0.0,
    "int": _int,
    "float64": _float,
    "add": _folded(lambda a, b: a + b, _int),
    "sub": _folded(lambda a, b: a - b, _int),
    "mul": _folded(lambda a, b: a * b, _int),
    "div": _folded(_divided, _int),
    "mod": _folded(_remainder, _int),
    "addf": _folded(lambda a, b: a + b, _float),
    "subf": _folded(lambda a, b: a - b, _float),
    "mulf": _folded(lambda a, b: a * b, _float),
    "divf": _folded(lambda a, b: a / b if b else math.inf, _float),
    "max": _folded(max, _int),
    "min": _folded(min, _int),
    "maxf": _folded(max, _float),
    "minf": _folded(min, _float),
    "ceil": lambda value: float(math.ceil(_float(value))),
    "floor": lambda value: float(math.floor(_float(value))),
    "round": _rounded,
    "date": _date,
    "toDate": _parsed,
    "toDateInZone": lambda layout, zone, text: _parsed(layout, text, zone),
    "unixToTime": lambda text: _moment(int(str(text)) * 10 ** (19 - len(str(text)))),
    "unixEpoch": lambda at: str(int(_moment(at).timestamp())),
    "unixEpochMillis": lambda at: str(int(_moment(at).timestamp() * 1000)),
    "unixEpochNanos": lambda at: str(int(at) if not isinstance(at, datetime) else int(at.timestamp() * 1e9)),
}
"""The functions by their names in templates."""
