"""The notation of series in tests of rules and queries: `name{labels} 1+2x3 _ stale {{schema:0 count:1}}`."""

import re
from collections.abc import Iterator
from itertools import islice, repeat

from msgspec.structs import replace

from analytics.points import NAME_LABEL, Labels, labels_of
from analytics.promql.histogram import CUSTOM, NativeHistogram, filled
from analytics.promql.histogram_sums import Mixed, added, subtracted
from analytics.promql.raw_samples import STALE

Value = float | NativeHistogram | object | None
"""None where a sample is left out."""

_TOKEN = re.compile(r"(\{\{[^{}]*\}\}(?:[+-]\{\{[^{}]*\}\})?(?:x\d+)?|\S+)")
_NUMBERS = re.compile(
    r"(?P<first>[-+]?[^\sx+-]*?(?:[eE][-+]?\d+)?)(?P<step>[-+](?:[\d.]+(?:[eE][-+]?\d+)?|[iI]nf))?x(?P<times>\d+)"
)
_HISTOGRAMS = re.compile(r"(\{\{[^{}]*\}\})(?:([+-])(\{\{[^{}]*\}\}))?(?:x(\d+))?")
_FIELD = re.compile(r"(\w+):(\[[^\]]*\]|\S+)")
_LABEL = re.compile(r'(?:"((?:\\.|[^"\\])*)"|([\w.:]+))\s*(?:=\s*("(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'))?\s*,?')
_METRIC = re.compile(r"([a-zA-Z_:][\w:]*)?\s*(\{(?:[^\"'{}]|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')*\})?(?=\s|$)")
MOST_SUMS = 10_000
"""How often a histogram may be added to another one, which is slow."""
NO_HINT = ""
"""Hint of a histogram that leaves it open."""


def series(line: str) -> tuple[Labels, str]:
    """Labels at the start of a line, and the rest of it."""
    found = _METRIC.match(line)
    if not found or not found.group():
        raise ValueError(f"no series: {line!r}")
    pairs = [(NAME_LABEL, found[1])] if found[1] else []
    for label in _LABEL.finditer((found[2] or "{}")[1:-1]):
        name, value = label[1] if label[1] is not None else label[2], label[3]
        pairs.append((NAME_LABEL, unquoted(f'"{name}"')) if value is None else (name, unquoted(value)))
    return labels_of(pairs), line[found.end() :].strip()


def unquoted(text: str) -> str:
    """A quoted text's value."""
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text[1:-1])


def values(text: str, most: int | None = None) -> list[Value]:
    """All values of a series, one a step.

    Raises:
        ValueError: the text is not valid, or has more than `most` values.
    """
    try:
        found = list(islice(_all(text), None if most is None else most + 1))
    except OverflowError as error:
        raise ValueError(f"a number is too large: {error}") from None
    if most is not None and len(found) > most:
        raise ValueError(f"more than {most:,} values")
    return found


def _all(text: str) -> Iterator[Value]:
    for each in _TOKEN.findall(text):
        yield from _expanded(each)


def _expanded(text: str) -> Iterator[Value]:
    if text.startswith("{{"):
        yield from _histograms(text)
    elif text == "_":
        yield None
    elif text.startswith("_x"):
        yield from repeat(None, int(text[2:]))
    elif text == "stale":
        yield STALE
    elif found := _NUMBERS.fullmatch(text):
        value, step = number(found["first"]), number(found["step"] or "0")
        for _ in range(int(found["times"]) + 1):
            yield value
            value += step
    else:
        yield number(text)


def number(text: str) -> float:
    """A number of the notation."""
    if text.lower().lstrip("+-").startswith("0x"):
        return float(int(text, 16))
    return float(text)


def _histograms(text: str) -> Iterator[NativeHistogram]:
    found = _HISTOGRAMS.fullmatch(text)
    if not found:
        raise ValueError(f"no histogram: {text!r}")
    current, times = histogram(found[1]), int(found[4] or 0)
    if not found[3]:
        yield from repeat(current, times + 1)
        return
    if times > MOST_SUMS:
        raise ValueError(f"a histogram is added more than {MOST_SUMS:,} times")
    more, merge = replace(histogram(found[3]), hint=current.hint), added if found[2] == "+" else subtracted
    yield current
    try:
        for _ in range(times):
            current = replace(merge(current, more).histogram, hint=current.hint)
            yield current
    except Mixed:
        raise ValueError(f"histograms with exponential and with custom buckets cannot be added: {text!r}") from None


def histogram(text: str) -> NativeHistogram:
    """A histogram in double braces; its hint is `NO_HINT` unless it names one."""
    fields = dict(_FIELD.findall(text[2:-2]))
    numbers = {
        name: float(value)
        for name, value in fields.items()
        if not value.startswith("[") and name != "counter_reset_hint"
    }
    custom = tuple(map(float, fields.get("custom_values", "[]")[1:-1].split()))
    return NativeHistogram(
        schema=int(numbers.get("schema", 0)),
        count=numbers.get("count", 0.0),
        sum=numbers.get("sum", 0.0),
        zero_threshold=numbers.get("z_bucket_w", 0.0),
        zero_count=numbers.get("z_bucket", 0.0),
        positive=_buckets(fields.get("buckets", "[]"), int(numbers.get("offset", 0))),
        negative=_buckets(fields.get("n_buckets", "[]"), int(numbers.get("n_offset", 0))),
        bounds=custom if int(numbers.get("schema", 0)) == CUSTOM else (),
        hint=fields.get("counter_reset_hint", NO_HINT),
    )


def _buckets(text: str, offset: int) -> dict[int, float]:
    return filled({offset + place: float(count) for place, count in enumerate(text[1:-1].split())})
