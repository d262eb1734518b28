"""Moves custom and tagged metrics of versions before 0.3.0 into the store of typed series.

Those versions kept a cell by name, service and tags, and for each custom metric and service one more with the sum of
all tags. What that one has beyond the tagged series becomes a series without tags.
"""

from collections.abc import Mapping

import numpy as np

from analytics.points import GAUGE, NAME_LABEL, Labels, labels_of
from analytics.records import NO_TAGS, SeriesTags
from analytics.state.cells import Cell
from analytics.state.delta import SeriesKey
from analytics.state.observations import EVENTS_SERIES, EVERY_SERVICE, TRAFFIC
from analytics.state.rollup import Bucket
from analytics.state.series.contents import BucketContent
from analytics.state.series.sketches import Sketches
from analytics.state.series.store import SERVICE_LABEL
from analytics.state.series.table import LAYOUTS, Table
from analytics.state.state import State


def move(state: State) -> None:
    """Move the metrics from the rollup of a restored state into its store, with all kept resolutions."""
    store = state.series_store
    levels = range(len(store.levels))
    contents: dict[Bucket, BucketContent] = {}
    for level in levels:
        for start in state.series.starts(level):
            cells = _by_labels(state.series.take(Bucket(level, start), is_typed))
            if cells:
                numbers = {store.add(labels, GAUGE, state.time): cell for labels, cell in cells.items()}
                contents[Bucket(level, start)] = _content(numbers, start)
    for labels, cell in _by_labels(state.series.take_totals(is_typed)).items():
        life = store.lives[store.add(labels, GAUGE, state.time)]
        life.first, life.heard, life.newest = 0.0, cell.last_at, cell.last_at
        life.last, life.count, life.total = cell.last, cell.count, cell.sum
    for name in sorted(store.kinds):
        store.keep_percentiles(name)
    opened = [state.series.open(level) for level in levels]
    oldest = [state.series.oldest(level) for level in levels]
    for kind, buckets in store.buckets.items():
        buckets.restore(opened, oldest, contents if kind == GAUGE else {}, {})
    for bucket in contents:
        store.buckets[GAUGE].dirty.add(bucket)


def is_typed(key: SeriesKey) -> bool:
    """Whether a series of the rollup is a custom or tagged metric."""
    name, service, tags = key
    return service != EVERY_SERVICE and name != EVENTS_SERIES and (name not in TRAFFIC or tags != NO_TAGS)


def _by_labels(cells: Mapping[SeriesKey, Cell]) -> dict[Labels, Cell]:
    """The cells by labels; those of all tags without what has tags."""
    rest = {key: cell for key, cell in cells.items() if key[2] == NO_TAGS}
    found: dict[Labels, Cell] = {}
    for (name, service, tags), cell in cells.items():
        if tags != NO_TAGS:
            found[_labels(name, service, tags)] = cell
            whole = rest.pop((name, service, NO_TAGS), None)
            left = None if whole is None else _without(whole, cell)
            if left is not None:
                rest[name, service, NO_TAGS] = left
    return {**found, **{_labels(name, service, NO_TAGS): cell for (name, service, _), cell in rest.items()}}


def _labels(name: str, service: str, tags: SeriesTags) -> Labels:
    return labels_of([*tags, (SERVICE_LABEL, service), (NAME_LABEL, name)])


def _without(whole: Cell, part: Cell) -> Cell | None:
    """A cell without a part of it, with the least, greatest and last value of the whole; None if nothing is left."""
    count = whole.count - part.count
    if count <= 0:
        return None
    shift = max(whole.shift, part.shift)
    total = (whole.total << (shift - whole.shift)) - (part.total << (shift - part.shift))
    sketch = whole.quantiles
    if sketch is not None and part.quantiles is not None:
        sketch = sketch.without(part.quantiles)
    return Cell(count, total, shift, whole.min, whole.max, whole.last, whole.last_at, sketch)


def _content(cells: Mapping[int, Cell], start: int) -> BucketContent:
    """The cells of one bucket by id."""
    numbers = sorted(cells)
    ordered = [cells[number] for number in numbers]
    columns = {
        "count": [cell.count for cell in ordered],
        "sum": [cell.sum for cell in ordered],
        "min": [cell.min for cell in ordered],
        "max": [cell.max for cell in ordered],
        "last_at": [cell.last_at - start for cell in ordered],
        "last": [cell.last for cell in ordered],
    }
    layout = LAYOUTS[GAUGE]
    figures = [np.array(columns[column.name], np.float64).astype(column.type) for column in layout]
    histograms = [(number, cells[number].quantiles) for number in numbers]
    sketches = Sketches.of_histograms((number, each.histogram()) for number, each in histograms if each is not None)
    sketches.compact()
    return BucketContent(Table(layout, np.array(numbers, np.int32), figures), sketches)
