"""Percentiles of many sketches at once."""

from collections.abc import Sequence

import numpy as np

from analytics.state.series.sketches import Rows, middles
from analytics.state.series.table import Floats


def percentiles(rows: Rows, shares: Sequence[float]) -> dict[int, list[float]]:
    """By owner the values at `shares` (0-1) by nearest rank, as `sketches.quantiles` finds them."""
    owners, keys, counts, scales = rows
    if not len(owners):
        return {}
    is_first = np.ones(len(owners), bool)
    np.not_equal(owners[1:], owners[:-1], out=is_first[1:])
    firsts = np.flatnonzero(is_first)
    lasts = np.append(firsts[1:], len(owners)) - 1
    seen = np.cumsum(counts)
    before = seen[firsts] - counts[firsts]
    found: Floats = np.empty((len(firsts), len(shares)))
    for column, share in enumerate(shares):
        ranks = np.maximum(np.ceil((seen[lasts] - before) * share), 1)
        places = np.clip(np.searchsorted(seen, before + ranks), firsts, lasts)
        for scale in np.unique(scales[places]).tolist():
            chosen = scales[places] == scale
            found[chosen, column] = middles(keys[places[chosen]], scale)
    return dict(zip(owners[firsts].tolist(), found.tolist(), strict=True))
