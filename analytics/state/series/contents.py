"""The content of one bucket: a table of figures, and sketches."""

from typing import NamedTuple

import numpy as np

from analytics.points import COUNTER, HISTOGRAM
from analytics.state.series.observed import ObservationArrays
from analytics.state.series.sketches import Sketches
from analytics.state.series.table import LAYOUTS, Table, merged_all


class BucketContent(NamedTuple):
    """The figures of one bucket, and the sketches of the series that have them."""

    table: Table
    sketches: Sketches | None


def content_of(kind: str, observed: ObservationArrays, start: int) -> BucketContent:
    """Observations of series of a kind, in the order of the log, as the content of the bucket from `start`."""
    ids, values = observed.ids, observed.values
    if kind == HISTOGRAM:
        return _of_histograms(observed)
    table = Table.of_values(kind, ids, values, observed.ats - start)
    return BucketContent(table, None if kind == COUNTER else Sketches.of_values(ids, values))


def _of_histograms(observed: ObservationArrays) -> BucketContent:
    ids, values, histograms = observed.ids, observed.values, observed.histograms
    if histograms.count(None) == len(histograms):
        table = Table.of_sums(LAYOUTS[HISTOGRAM], ids, (np.ones(len(ids)), values))
        return BucketContent(table, Sketches.of_values(ids, values))
    counts = np.array([1.0 if each is None else each.count for each in histograms])
    table = Table.of_sums(LAYOUTS[HISTOGRAM], ids, (counts, values))
    singles = [place for place, each in enumerate(histograms) if each is None]
    whole = [(number, each) for number, each in zip(ids.tolist(), histograms, strict=True) if each is not None]
    sketches = Sketches.of_values(ids[singles], values[singles])
    return BucketContent(table, sketches.merged(Sketches.of_histograms(whole)) if whole else sketches)


def shifted(table: Table, shift: float) -> Table:
    """The table of a bucket that starts so many seconds earlier."""
    moved = merged_all(((table, shift),)) if shift else table
    assert moved is not None
    return moved


def sum_of(mine: Sketches | None, more: Sketches | None) -> Sketches | None:
    """The sum of two sketches, either of which may be missing."""
    if mine is None or more is None:
        return mine or more
    return mine.merged(more)
