"""Names of metrics and labels, translated as Prometheus translates those of OpenTelemetry.

Names are made of ASCII letters, digits and underscores, the unit is appended in words, and counters end with `_total`.

Source: opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/, and Prometheus' setting
`translation_strategy: UnderscoreEscapingWithSuffixes`, its default
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from analytics.short_texts import remembers_short

UNITS = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tibibytes",
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "1": "",
    "%": "percent",
}
"""Words of units in UCUM's notation; others stay as they are."""
RATES = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}
"""Words of the units after a slash."""
SHORT = 1_024
"""Characters of the names that are remembered."""
_TOKEN = re.compile(r"[a-zA-Z0-9:]+")
_NO_LABEL = re.compile(r"[^a-zA-Z0-9]+")
_NO_UNIT = re.compile(r"[^a-zA-Z0-9:]+")


def metric_name(name: str, unit: str, *, is_counter: bool = False, is_gauge: bool = False) -> str:
    """The name of a metric; empty if nothing of the name can be used.

    Example: the counter `http.server.io` with the unit `By` is `http_server_io_bytes_total`.
    """
    make = _kept_metric_name if len(name) + len(unit) <= SHORT else _metric_name
    return make(name, unit, is_counter=is_counter, is_gauge=is_gauge)


def _metric_name(name: str, unit: str, *, is_counter: bool, is_gauge: bool) -> str:
    tokens = _TOKEN.findall(name)
    if not tokens:
        return ""
    tokens += [part for part in _unit_words(unit) if part and part not in tokens]
    if is_counter:
        tokens = [*_without(tokens, "total"), "total"]
    if is_gauge and unit == "1":
        tokens = [*_without(tokens, "ratio"), "ratio"]
    joined = "_".join(tokens)
    return f"_{joined}" if joined[0].isdigit() else joined


_kept_metric_name = lru_cache(maxsize=4096)(_metric_name)


@remembers_short(4096, SHORT)
def label_name(name: str) -> str:
    """The name of a label; empty if nothing of the name can be used.

    Example: `http.request.method` is `http_request_method`.
    """
    if len(name) > 4 and name.startswith("__") and name.endswith("__"):
        return name if name == "__name__" else f"__{_NO_LABEL.sub('_', name[2:-2])}__"
    plain = _NO_LABEL.sub("_", name)
    if not plain.strip("_"):
        return ""
    return f"key_{plain}" if plain[0].isdigit() else plain


def _unit_words(unit: str) -> Iterable[str]:
    main, _, per = unit.partition("/")
    yield _words(main, UNITS)
    rate = _words(per, RATES)
    if rate:
        yield f"per_{rate}"


def _words(unit: str, words: dict[str, str]) -> str:
    """The word of a unit; empty for an annotation such as `{request}`."""
    unit = unit.strip()
    if not unit or "{" in unit or "}" in unit:
        return ""
    return _NO_UNIT.sub("_", words.get(unit, unit)).strip("_")


def _without(tokens: list[str], word: str) -> list[str]:
    return [token for token in tokens if token != word]
