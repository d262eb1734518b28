"""Classic histograms as native ones with custom buckets, for `load_with_nhcb`."""

import math

from analytics.points import NAME_LABEL, Labels
from analytics.promql.histogram import CUSTOM, NativeHistogram, filled
from analytics.promql.notation import NO_HINT, Value
from analytics.promql.raw_samples import STALE

_ENDINGS = ("_bucket", "_count", "_sum")
Loaded = dict[Labels, list[Value]]


def converted(loaded: Loaded) -> Loaded:
    """Native histograms of the classic ones among the series, named without `_bucket`."""
    parts: dict[Labels, dict[str, dict[float, list[Value]]]] = {}
    for labels, values in loaded.items():
        named = dict(labels)
        name = named.pop(NAME_LABEL, "")
        ending = next((each for each in _ENDINGS if name.endswith(each)), None)
        if ending is None or (ending == "_bucket" and "le" not in named):
            continue
        bound = float(named.pop("le", "inf"))
        key = tuple(sorted({**named, NAME_LABEL: name.removesuffix(ending)}.items()))
        parts.setdefault(key, {}).setdefault(ending, {})[bound] = values
    return {key: _native(found) for key, found in parts.items() if "_bucket" in found}


def _native(parts: dict[str, dict[float, list[Value]]]) -> list[Value]:
    buckets = dict(sorted(parts["_bucket"].items()))
    length = max(len(values) for group in parts.values() for values in group.values())
    bounds = tuple(bound for bound in buckets if bound != math.inf)
    result: list[Value] = []
    for step in range(length):
        cumulative = {bound: _at(values, step) for bound, values in buckets.items()}
        if any(value is STALE for value in cumulative.values()):
            result.append(STALE)
            continue
        if all(value is None for value in cumulative.values()):
            result.append(None)
            continue
        total = _at(next(iter(parts.get("_count", {}).values()), []), step)
        counts = [value for value in cumulative.values() if isinstance(value, float)]
        count = total if isinstance(total, float) else cumulative.get(math.inf, counts[-1])
        summed = _at(next(iter(parts.get("_sum", {}).values()), []), step)
        assert isinstance(count, float)
        running = [*(cumulative[bound] for bound in bounds), count]
        previous, positive = 0.0, {}
        for index, value in enumerate(running):
            if isinstance(value, float):
                positive[index] = value - previous
                previous = value
        result.append(
            NativeHistogram(
                schema=CUSTOM,
                count=count,
                sum=summed if isinstance(summed, float) else 0.0,
                positive=filled(positive),
                bounds=bounds,
                hint=NO_HINT,
            )
        )
    return result


def _at(values: list[Value], step: int) -> Value:
    return values[step] if step < len(values) else None
