"""Merges cells of several series and buckets into those of steps, exactly: also percentiles and distinct users."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from analytics.query.far.reading import CellColumns
from analytics.state.cells import UserCell
from analytics.state.quantiles import INITIAL_SCALE
from analytics.state.series.sketches import coarser, quantiles

SHARE_OF = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
USERS_AT_ONCE = 50


def merged_points(
    cells: CellColumns, fields: Sequence[str], step: int, pause: Callable[[], None]
) -> dict[int, dict[str, float]]:
    """By the start of each step the fields of `FarQuery`."""
    order = np.argsort(cells.starts, kind="stable")
    steps = cells.starts[order] // step * step
    starts, firsts = np.unique(steps, return_index=True)
    points: dict[int, dict[str, float]] = {int(at): {} for at in starts}
    if not len(starts):
        return points
    for field in fields:
        if field in SHARE_OF or field == "unique":
            continue
        values = _merged(field, cells, order, firsts)
        for point, value in zip(points.values(), values.tolist(), strict=True):
            if value == value:
                point[field] = value
    shares = [field for field in fields if field in SHARE_OF]
    if shares:
        _add_percentiles(points, cells, shares, step, pause)
    if "unique" in fields:
        _add_users(points, cells, step, pause)
    return points


def _merged(field: str, cells: CellColumns, order: Any, firsts: Any) -> Any:
    """One figure of each step; NaN for none."""
    if field in ("min", "max"):
        function = np.fmin if field == "min" else np.fmax
        return function.reduceat(cells.figures[field][order], firsts)
    if field == "last":
        return _last(cells, order, firsts)
    column = cells.figures["count" if field == "count" else "total"][order]
    sums = np.add.reduceat(np.nan_to_num(column), firsts)
    is_there = np.logical_or.reduceat(~np.isnan(column), firsts)
    return np.where(is_there, sums, np.nan)


def _last(cells: CellColumns, order: Any, firsts: Any) -> Any:
    """The value of the latest time; among equal times the greatest."""
    ats, values = np.nan_to_num(cells.figures["last_at"][order], nan=-np.inf), cells.figures["last"][order]
    latest = np.repeat(np.maximum.reduceat(ats, firsts), np.diff(firsts, append=len(ats)))
    return np.fmax.reduceat(np.where(ats == latest, values, np.nan), firsts)


def _add_percentiles(
    points: dict[int, dict[str, float]],
    cells: CellColumns,
    shares: Sequence[str],
    step: int,
    pause: Callable[[], None],
) -> None:
    owners = cells.starts[cells.sketch_cells] // step * step
    order = np.argsort(owners, kind="stable")
    owners, keys, counts = owners[order], cells.sketch_keys[order], cells.sketch_counts[order]
    scales = cells.scales[cells.sketch_cells[order]]
    starts, firsts = np.unique(owners, return_index=True)
    ends = np.append(firsts[1:], len(owners))
    every = np.argsort(cells.starts, kind="stable")
    steps, step_firsts = np.unique(cells.starts[every] // step * step, return_index=True)
    low, high = (
        dict(zip(steps.tolist(), _merged(name, cells, every, step_firsts).tolist(), strict=True))
        for name in ("min", "max")
    )
    for at, first, end in zip(starts.tolist(), firsts.tolist(), ends.tolist(), strict=True):
        scale = int(scales[first:end].min(initial=INITIAL_SCALE))
        found = keys[first:end].copy()
        for each in np.unique(scales[first:end]).tolist():
            chosen = scales[first:end] == each
            found[chosen] = coarser(found[chosen], each - scale)
        values = quantiles(found, counts[first:end], scale, [SHARE_OF[share] for share in shares])
        for share, value in zip(shares, values, strict=True):
            if value is not None:
                points[at][share] = float(np.fmin(np.fmax(value, low[at]), high[at]))
        pause()


def _add_users(points: dict[int, dict[str, float]], cells: CellColumns, step: int, pause: Callable[[], None]) -> None:
    found: dict[int, UserCell] = {}
    for count, (place, packed) in enumerate(cells.users.items()):
        found.setdefault(int(cells.starts[place]) // step * step, UserCell()).merge(UserCell.unpack(packed))
        if count % USERS_AT_ONCE == 0:
            pause()
    for at, users in found.items():
        points[at]["unique"] = users.users.estimate
