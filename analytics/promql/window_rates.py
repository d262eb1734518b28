"""Rates: `rate`, `increase`, `delta`, extrapolated to the window as in Prometheus 3; `irate` and `idelta`.

Source: prometheus.io/docs/prometheus/latest/querying/functions/#rate. The difference of the last and first sample is
extended to the window's ends, but not by more than half the mean distance of samples where an end is further away
than 1.1 of it, and not below 0 for a counter.
"""

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from analytics.promql import annotations as notes
from analytics.promql.block import Floats, Mask
from analytics.promql.histogram import GAUGE, NativeHistogram
from analytics.promql.histogram_sums import Mixed, added, started_anew, subtracted
from analytics.promql.window_samples import histograms_of
from analytics.promql.windows import Ranges, Result, SampleWindow, first_rows, last_rows, new_result


def rate(ranges: Ranges) -> Result:
    """Increase a second."""
    return _extrapolated(ranges, is_counter=True, is_rate=True)


def increase(ranges: Ranges) -> Result:
    """Increase over the window."""
    return _extrapolated(ranges, is_counter=True, is_rate=False)


def delta(ranges: Ranges) -> Result:
    """Difference of a gauge over the window."""
    return _extrapolated(ranges, is_counter=False, is_rate=False)


def irate(ranges: Ranges) -> Result:
    """Increase a second between the last two samples."""
    return _instant(ranges, is_rate=True)


def idelta(ranges: Ranges) -> Result:
    """Difference of the last two samples."""
    return _instant(ranges, is_rate=False)


def _extrapolated(ranges: Ranges, *, is_counter: bool, is_rate: bool) -> Result:
    result = new_result(ranges)
    seconds = ranges.length / 1000.0
    for step, window in ranges.each():
        if not len(window.times):
            continue
        has_floats, counts = window.floats.any(0), window.floats.sum(0)
        has_histograms = (window.present & ~window.floats).any(0)
        for series in np.flatnonzero(has_floats & has_histograms).tolist():
            ranges.warn(notes.mixed_floats_and_histograms, series)
        present = (counts >= 2) & ~has_histograms
        if present.any():
            with np.errstate(all="ignore"):
                gained = _gained(window, is_counter)
                factor = _factor(window, window.floats, gained, _first_values(window), is_counter)
                result.values[step] = gained * (factor / seconds if is_rate else factor)
        result.present[step] = present
        for series in np.flatnonzero(has_histograms & ~has_floats).tolist():
            histograms = histograms_of(window, series)
            if len(histograms) < 2:
                continue
            found = _gained_histogram(ranges, series, histograms, is_counter)
            if found is None:
                continue
            mask = window.present[:, [series]]
            first, gained = np.array([histograms[0].count]), np.array([found.count])
            with np.errstate(all="ignore"):
                extension = float(_factor(window, mask, gained, first, is_counter)[0])
            result.histograms[step, series] = found.scaled(extension / seconds if is_rate else extension)
            result.present[step, series] = True
    if is_counter:
        _inform_of_non_counters(ranges, result)
    return result


def _first_values(window: SampleWindow) -> Floats:
    return np.asarray(window.values[first_rows(window.floats), np.arange(window.values.shape[1])])


def _gained(window: SampleWindow, is_counter: bool) -> Floats:
    """Last less first value, plus what was lost by resets."""
    values, floats = window.values, window.floats
    columns = np.arange(values.shape[1])
    first, last = first_rows(floats), last_rows(floats)
    gained: Floats = values[last, columns] - values[first, columns]
    if not is_counter:
        return gained
    if floats.all():
        before, after, both = values[:-1], values[1:], np.ones((len(values) - 1, 1), bool)
    else:
        row = np.maximum.accumulate(np.where(floats, np.arange(len(values))[:, None], -1), axis=0)[:-1]
        before, after = values[np.maximum(row, 0), columns], values[1:]
        both = floats[1:] & (row >= 0)
    lost: Floats = np.where(both & (after < before), before, 0.0).sum(0)
    return gained + lost


def _factor(window: SampleWindow, present: Mask, gained: Floats, first_value: Floats, is_counter: bool) -> Floats:
    """By how much the sampled difference is extended, for each column of `present`."""
    times, gaps = window.times, present.sum(0) - 1
    first, last = times[first_rows(present)], times[last_rows(present)]
    to_start, to_end = (first - window.start) / 1000.0, (window.end - last) / 1000.0
    sampled = (last - first) / 1000.0
    mean_gap = sampled / gaps
    threshold = mean_gap * 1.1
    to_start = np.where(to_start >= threshold, mean_gap / 2, to_start)
    if is_counter:
        to_zero = np.where((gained > 0) & (first_value >= 0), sampled * (first_value / gained), to_start)
        to_start = np.where(to_zero < to_start, to_zero, to_start)
    to_end = np.where(to_end >= threshold, mean_gap / 2, to_end)
    return np.asarray((sampled + to_start + to_end) / sampled)


def _inform_of_non_counters(ranges: Ranges, result: Result) -> None:
    plain = result.present & np.array([[each is None for each in row] for row in result.histograms.tolist()], bool)
    if not plain.size:
        return
    for series in np.flatnonzero(plain.any(0)).tolist():
        name = ranges.name(series)
        if name and not name.endswith(notes.COUNTER_ENDINGS):
            ranges.inform(notes.possible_non_counter, series)


def _gained_histogram(
    ranges: Ranges, series: int, found: list[NativeHistogram], is_counter: bool
) -> NativeHistogram | None:
    """Last less first histogram, plus what was lost by resets; None with a warning where they do not fit."""
    first, last = found[0], found[-1]
    hints = {each.hint for each in (found if is_counter else (first, last))}
    if is_counter and GAUGE in hints:
        ranges.warn(notes.not_a_counter, series)
    if is_counter and started_anew(first, found[1]):
        first = NativeHistogram(schema=found[1].schema, bounds=found[1].bounds, zero_threshold=found[1].zero_threshold)
    others = found[1:] if is_counter else [last]
    if any(each.is_custom != first.is_custom for each in others):
        ranges.warn(notes.mixed_schemas, series)
        return None
    if not is_counter and hints != {GAUGE}:
        ranges.warn(notes.not_a_gauge, series)
    try:
        outcome = subtracted(last, first)
        reconciled, gained = outcome.reconciled, outcome.histogram
        previous = first
        for current in found[1:] if is_counter else ():
            if started_anew(previous, current):
                more = added(gained, previous)
                reconciled, gained = reconciled or more.reconciled, more.histogram
            previous = current
    except Mixed:
        ranges.warn(notes.mixed_schemas, series)
        return None
    if reconciled:
        ranges.annotations.inform(notes.reconciled_bounds("subtraction"), ranges.at)
    return replace(gained, hint=GAUGE)


def _instant(ranges: Ranges, *, is_rate: bool) -> Result:
    result = new_result(ranges)
    columns = np.arange(len(ranges.samples.series))
    for step, window in ranges.each():
        if not len(window.times):
            continue
        enough = window.present.sum(0) >= 2
        if not enough.any():
            continue
        last = last_rows(window.present)
        earlier = window.present.copy()
        earlier[last, columns] = False
        before = last_rows(earlier)
        seconds = (window.times[last] - window.times[before]) / 1000.0
        old, new = window.values[before, columns], window.values[last, columns]
        with np.errstate(all="ignore"):
            gained = np.where(new < old, new, new - old) if is_rate else new - old
            result.values[step] = gained / seconds if is_rate else gained
        result.present[step] = enough
        if window.histograms is None:
            continue
        for series in np.flatnonzero(enough).tolist():
            pair = window.histograms[before[series], series], window.histograms[last[series], series]
            if pair == (None, None):
                continue
            found = None
            if pair[0] is None or pair[1] is None:
                ranges.warn(notes.mixed_floats_and_histograms, series)
            else:
                found = _instant_histogram(ranges, series, pair, is_rate)
            if found is not None and is_rate:
                found = found.divided(float(seconds[series]))
            result.histograms[step, series] = found
            result.present[step, series] = found is not None
    return result


def _instant_histogram(
    ranges: Ranges, series: int, pair: tuple[NativeHistogram, NativeHistogram], is_rate: bool
) -> NativeHistogram | None:
    old, new = pair
    if is_rate and GAUGE in (old.hint, new.hint):
        ranges.warn(notes.not_a_counter, series)
    if not is_rate and {old.hint, new.hint} != {GAUGE}:
        ranges.warn(notes.not_a_gauge, series)
    if is_rate and started_anew(old, new):
        return replace(new, hint=GAUGE)
    try:
        outcome = subtracted(new, old)
    except Mixed:
        ranges.warn(notes.mixed_schemas, series)
        return None
    if outcome.reconciled:
        ranges.annotations.inform(notes.reconciled_bounds("subtraction"), ranges.at)
    return replace(outcome.histogram, hint=GAUGE)


RATE_FUNCTIONS: dict[str, Callable[[Ranges], Result]] = {
    "rate": rate,
    "increase": increase,
    "delta": delta,
    "irate": irate,
    "idelta": idelta,
}
