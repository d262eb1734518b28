"""Vectors over all steps of a query at once: values and presence as arrays `[step, series]`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.points import Labels
from analytics.promql.dense import DenseHistograms
from analytics.promql.errors import CannotEvaluate
from analytics.promql.series_labels import SeriesLabels, without_name

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Times = NDArray[np.int64]
Indices = NDArray[np.int64]
Objects = NDArray[Any]

SAME_LABELS = "vector cannot contain metrics with the same labelset"


class Block:
    """An instant vector at each step.

    Attributes:
        values: floats; what stands where no float is present means nothing.
        present: whether there is a sample, float or histogram.
        unnamed: for each series, whether its name is dropped from the answer. Until then, functions that read labels
            still see it.
        dense: the histograms in arrays, if they were made so: then `histograms` are made when they are asked for.
    """

    __slots__ = ("_histograms", "dense", "present", "series", "unnamed", "values")

    def __init__(
        self,
        series: SeriesLabels,
        values: Floats,
        present: Mask,
        histograms: Objects | None = None,
        unnamed: Mask | None = None,
        dense: Sequence[DenseHistograms] = (),
    ) -> None:
        self.series = series
        self.values = values
        self.present = present
        self._histograms = histograms
        self.dense = dense
        self.unnamed = np.zeros(len(series), bool) if unnamed is None else unnamed

    @property
    def histograms(self) -> Objects | None:
        """An object array with None where there is no histogram; None if there are none at all."""
        if self._histograms is None and self.dense:
            self._histograms = no_objects(self.present.shape)
            for each in self.dense:
                for step, column, histogram in each.objects(self.present):
                    self._histograms[step, column] = histogram
        return self._histograms

    @property
    def are_histograms(self) -> Mask:
        """Where a histogram is present."""
        if self.dense:
            return self.present
        if self.histograms is None:
            return np.zeros(self.present.shape, bool)
        return self.present & not_none(self.histograms)

    @property
    def are_floats(self) -> Mask:
        """Where a float is present."""
        if self.dense:
            return np.zeros(self.present.shape, bool)
        return self.present if self.histograms is None else self.present & ~not_none(self.histograms)

    def nameless(self) -> "Block":
        """The same without names."""
        unnamed = np.ones(len(self.series), bool)
        return Block(self.series, self.values, self.present, self._histograms, unnamed, self.dense)

    def taken(self, indices: Indices) -> "Block":
        """Some of its series."""
        if len(indices) == len(self.series) and bool((indices == np.arange(len(indices))).all()):
            return self
        return Block(
            self.series.taken(indices.tolist()),
            self.values[:, indices],
            self.present[:, indices],
            None if self.histograms is None else self.histograms[:, indices],
            self.unnamed[indices],
        )

    def floats_only(self) -> "Block":
        """The same without histograms."""
        return Block(self.series, self.values, self.are_floats, None, self.unnamed)


def not_none(objects: Objects) -> Mask:
    """Where an object array holds something."""
    flat = [each is not None for each in objects.ravel().tolist()]
    return np.array(flat, bool).reshape(objects.shape)


def empty(steps: int) -> Block:
    """A block without series."""
    return Block(SeriesLabels([]), np.zeros((steps, 0)), np.zeros((steps, 0), bool))


def joined(blocks: Sequence[Block], steps: int) -> Block:
    """The series of all blocks side by side."""
    blocks = [block for block in blocks if len(block.series)]
    if not blocks:
        return empty(steps)
    if len(blocks) == 1:
        return blocks[0]
    histograms = None
    if any(block.histograms is not None for block in blocks):
        histograms = np.concatenate([objects_of(block) for block in blocks], axis=1)
    return Block(
        SeriesLabels([row for block in blocks for row in block.series.rows]),
        np.concatenate([block.values for block in blocks], axis=1),
        np.concatenate([block.present for block in blocks], axis=1),
        histograms,
        np.concatenate([block.unnamed for block in blocks]),
    )


def objects_of(block: Block) -> Objects:
    """Its histograms, as an array in any case."""
    return no_objects(block.present.shape) if block.histograms is None else block.histograms


def no_objects(shape: tuple[int, ...]) -> Objects:
    """An object array of None."""
    return np.full(shape, None, object)


def named(block: Block) -> Block:
    """The block with its final labels, each once.

    Raises:
        CannotEvaluate: several series have the same labels at the same time.
    """
    series, unnamed = block.series, block.unnamed
    if unnamed.all():
        series = series.nameless
    elif unnamed.any():
        rows = zip(series.rows, unnamed.tolist(), strict=True)
        series = SeriesLabels([without_name(row) if drop else row for row, drop in rows])
    return merged(Block(series, block.values, block.present, block.histograms))


def merged(block: Block) -> Block:
    """The block with series of the same labels made one. Raises `CannotEvaluate` if they are present at once."""
    if block.series.are_unique:
        return block
    places: dict[tuple[Labels, bool], list[int]] = {}
    for place, key in enumerate(zip(block.series.rows, block.unnamed.tolist(), strict=True)):
        places.setdefault(key, []).append(place)
    if len(places) == len(block.series):
        return block
    firsts = np.array([each[0] for each in places.values()], np.int64)
    result = block.taken(firsts)
    values, present = result.values.copy(), result.present.copy()
    histograms = None if result.histograms is None else result.histograms.copy()
    for target, members in enumerate(places.values()):
        for member in members[1:]:
            mask = block.present[:, member]
            if (mask & present[:, target]).any():
                raise CannotEvaluate(SAME_LABELS)
            values[mask, target] = block.values[mask, member]
            present[:, target] |= mask
            if histograms is not None and block.histograms is not None:
                histograms[mask, target] = block.histograms[mask, member]
    return Block(result.series, values, present, histograms, result.unnamed)
