"""Functions over ranges that take floats and histograms: counts, ends, changes, sums and means."""

from collections.abc import Callable, Sequence

import numpy as np

from analytics.promql import annotations as notes
from analytics.promql import kahan
from analytics.promql.block import Floats, Mask
from analytics.promql.histogram import NativeHistogram
from analytics.promql.histogram_sums import Mixed, mean, started_anew, total
from analytics.promql.windows import Ranges, Result, SampleWindow, first_rows, last_rows, new_result

Sample = float | NativeHistogram


def count(ranges: Ranges) -> Result:
    """How many samples there are."""
    return _each(ranges, lambda window: window.present.sum(0).astype(float))


def presence(ranges: Ranges) -> Result:
    """1 where there is any sample."""
    return _each(ranges, lambda window: window.present.any(0).astype(float))


def first(ranges: Ranges) -> Result:
    """The oldest sample."""
    return _picked(ranges, first_rows)


def last(ranges: Ranges) -> Result:
    """The newest sample."""
    return _picked(ranges, last_rows)


def first_time(ranges: Ranges) -> Result:
    """When the oldest sample was observed, in seconds."""
    return _each(ranges, lambda window: window.times[first_rows(window.present)] / 1000.0)


def last_time(ranges: Ranges) -> Result:
    """When the newest sample was observed, in seconds."""
    return _each(ranges, lambda window: window.times[last_rows(window.present)] / 1000.0)


def changes(ranges: Ranges) -> Result:
    """How often the value changed."""
    return _steps(ranges, lambda old, new: (old != new) & ~(np.isnan(old) & np.isnan(new)), _differ)


def resets(ranges: Ranges) -> Result:
    """How often a counter was reset."""
    return _steps(ranges, lambda old, new: new < old, _was_reset)


def sums(ranges: Ranges) -> Result:
    """Sum of the samples."""
    return _combined(ranges, kahan.sums, means=False)


def means(ranges: Ranges) -> Result:
    """Mean of the samples."""
    return _combined(ranges, kahan.means, means=True)


def _each(ranges: Ranges, function: Callable[[SampleWindow], Floats]) -> Result:
    result = new_result(ranges)
    for step, window in ranges.each():
        if len(window.times):
            result.values[step] = function(window)
            result.present[step] = window.present.any(0)
    return result


def _picked(ranges: Ranges, rows_of: Callable[[Mask], "np.ndarray[tuple[int], np.dtype[np.int64]]"]) -> Result:
    result = new_result(ranges)
    columns = np.arange(len(ranges.samples.series))
    for step, window in ranges.each():
        if not len(window.times):
            continue
        rows = rows_of(window.present)
        result.values[step] = window.values[rows, columns]
        present = window.present.any(0)
        result.present[step] = present
        if window.histograms is not None:
            result.histograms[step, present] = window.histograms[rows, columns][present]
    return result


def _steps(
    ranges: Ranges,
    of_floats: Callable[[Floats, Floats], Mask],
    of_samples: Callable[[Sample, Sample], bool],
) -> Result:
    """Counts of pairs of neighbours for which a condition holds."""
    result = new_result(ranges)
    for step, window in ranges.each():
        if not len(window.times):
            continue
        result.present[step] = window.present.any(0)
        if window.floats.all():
            result.values[step] = of_floats(window.values[:-1], window.values[1:]).sum(0)
            continue
        for series in np.flatnonzero(result.present[step]).tolist():
            samples = samples_of(window, series)
            result.values[step, series] = sum(map(of_samples, samples, samples[1:]))
    return result


def _differ(old: Sample, new: Sample) -> bool:
    if isinstance(old, NativeHistogram) and isinstance(new, NativeHistogram):
        return not old.equals(new)
    return old != new and not (old != old and new != new)


def _was_reset(old: Sample, new: Sample) -> bool:
    if isinstance(old, NativeHistogram) and isinstance(new, NativeHistogram):
        return started_anew(old, new)
    if isinstance(old, NativeHistogram) or isinstance(new, NativeHistogram):
        return True
    return new < old


def _combined(ranges: Ranges, of_floats: Callable[[Floats, Mask], Floats], *, means: bool) -> Result:
    result = new_result(ranges)
    for step, window in ranges.each():
        if not len(window.times):
            continue
        has_floats = window.floats.any(0)
        has_histograms = (window.present & ~window.floats).any(0)
        for series in np.flatnonzero(has_floats & has_histograms).tolist():
            ranges.warn(notes.mixed_floats_and_histograms, series)
        result.values[step] = of_floats(window.values, window.floats)
        result.present[step] = has_floats & ~has_histograms
        for series in np.flatnonzero(has_histograms & ~has_floats).tolist():
            found = combined(ranges, series, histograms_of(window, series), means=means)
            result.histograms[step, series] = found
            result.present[step, series] = found is not None
    return result


def combined(
    ranges: Ranges, series: int, histograms: Sequence[NativeHistogram], *, means: bool
) -> NativeHistogram | None:
    """Sum or mean of a series' histograms; None with a warning if they have nothing in common."""
    try:
        outcome = mean(histograms) if means else total(histograms)
    except Mixed:
        ranges.warn(notes.mixed_schemas, series)
        return None
    if outcome.collides:
        ranges.annotations.warn(notes.reset_collision("aggregation"), ranges.at)
    if outcome.reconciled:
        ranges.annotations.inform(notes.reconciled_bounds("aggregation"), ranges.at)
    return outcome.histogram


def samples_of(window: SampleWindow, series: int) -> list[Sample]:
    """The samples of one series in their order."""
    mask = window.present[:, series]
    values = window.values[mask, series].tolist()
    if window.histograms is None:
        return list(values)
    histograms = window.histograms[mask, series].tolist()
    return [value if found is None else found for value, found in zip(values, histograms, strict=True)]


def histograms_of(window: SampleWindow, series: int) -> list[NativeHistogram]:
    """The histograms of one series in their order."""
    return [each for each in samples_of(window, series) if isinstance(each, NativeHistogram)]


SAMPLE_FUNCTIONS: dict[str, Callable[[Ranges], Result]] = {
    "count_over_time": count,
    "present_over_time": presence,
    "first_over_time": first,
    "last_over_time": last,
    "ts_of_first_over_time": first_time,
    "ts_of_last_over_time": last_time,
    "changes": changes,
    "resets": resets,
    "sum_over_time": sums,
    "avg_over_time": means,
}
