"""Typed series: memory of 10,000 over hours and days, of histograms, and of series that come and go; CPU of recording.

Each is measured in a process of its own that applies records to a state, with the times of hours and days, but without
waiting for them. Decoding and the journal are left out, and freed memory is returned to the system, as the server does
each minute. The days of histograms would hold 31 billion values: there, the state is given the contents of all buckets
but the newest, as from a checkpoint.
"""

import ctypes
import subprocess
import sys
from collections.abc import Callable, Iterator
from random import Random
from time import process_time
from typing import TYPE_CHECKING, Any

from analytics.jobs.memory import LARGE_BLOCK, M_MMAP_THRESHOLD
from bench.plan import Plan, say
from bench.table import Row

if TYPE_CHECKING:
    import numpy as np

    from analytics.state.series.contents import BucketContent

SERIES, HISTOGRAMS = 10_000, 1_000
EVERY = 15  # seconds between two values of a series
VALUES = 4  # of a histogram in a second
LIFE = 1_800  # seconds, of a series that comes and goes
BATCH = 1_000
MINUTE, HOUR, DAY = 60, 3_600, 86_400
LIMITS = {"minutes": 220.0, "days": 320.0, "histograms": 100.0, "churn": 320.0, "recording": 1.5}


def rows(plan: Plan) -> list[Row]:
    del plan  # each takes as long as it takes
    return [
        _row("minutes", f"memory with {SERIES:,} series, 180 minutes", "MB in all"),
        _row("days", f"memory with {SERIES:,} series, all hours and days", "MB in all"),
        _row("histograms", f"memory of {HISTOGRAMS:,} histograms, {VALUES} values/s, all hours and days", "MB more"),
        _row("churn", f"memory with {SERIES:,} series that live {LIFE // MINUTE} minutes, after a day", "MB in all"),
        _row("recording", f"recording a metric, {BATCH:,} in a batch", "µs CPU"),
    ]


def _row(name: str, what: str, unit: str) -> Row:
    say(what)
    done = subprocess.run([sys.executable, "-m", "bench.series", name], capture_output=True, text=True, check=True)
    *notes, figure = done.stdout.splitlines()
    limit, found = LIMITS[name], float(figure)
    return Row(what, f"{found:.3g} {unit}", "; ".join(notes), target=f"≤ {limit:g}", reached=found <= limit)


def _resident() -> float:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4_096 / 1e6


def _trimmer() -> Callable[[], None]:
    """Returns freed memory to the system, as the server's job does; large blocks at once from now on."""
    library = ctypes.CDLL(None)
    library.mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
    return lambda: library.malloc_trim(0)


def _measured(name: str) -> float:
    """One figure, measured in this process."""
    import numpy.random  # noqa: F401  # of this file: no part of the figure

    from analytics import factory  # noqa: F401  # what a server has in memory
    from tests.state.rig import NOON, Rig

    trimmed = _trimmer()
    rig = Rig(NOON, max_series=4 * SERIES)
    before = _resident()
    measures: dict[str, Callable[[], None]] = {
        "minutes": lambda: _feed(rig, 185 * MINUTE, EVERY),
        "days": lambda: _days(rig),
        "histograms": lambda: _histograms(rig),
        "churn": lambda: _churn(rig),
    }
    if name == "recording":
        return _recording(rig)
    measures[name]()
    trimmed()
    return _resident() - (before if name == "histograms" else 0.0)


def _metrics(numbers: range, host: str = "") -> list[Any]:
    """A metric of each series, gauges and counters in turn."""
    from analytics.records import NewMetric

    return [
        NewMetric(
            f"metric{number % 50}" + ("_total" if number % 2 else ""),
            0.0,
            None,
            {"service": f"service{number % 40}", "host": f"host-{number // 20}{host}", "env": "prod"},
            kind="counter" if number % 2 else "gauge",
        )
        for number in numbers
    ]


def _send(rig: Any, metrics: list[Any], random: Random) -> None:
    """Record these metrics with other values."""
    from msgspec.structs import replace

    value = random.random
    rig.metrics(*[replace(metric, value=value() * 100) for metric in metrics])


def _feed(rig: Any, seconds: int, every: int) -> None:
    """Send one value of each series every `every` seconds, spread over them."""
    random = Random(1)
    metrics = _metrics(range(SERIES))
    parts = [metrics[part::EVERY] for part in range(EVERY)]
    for number in range(seconds * EVERY // every):
        _send(rig, parts[number % EVERY], random)
        rig.clock.advance(every / EVERY)


def _days(rig: Any) -> None:
    """Fill every bucket of days and hours, then those of minutes."""
    _feed(rig, 83 * DAY, 12 * HOUR)
    _feed(rig, 7 * DAY, 30 * MINUTE)
    _feed(rig, 185 * MINUTE, EVERY)


def _churn(rig: Any) -> None:
    """Let each series live for half an hour, and a new one follow it; one value a minute."""
    random = Random(3)
    parts = 10
    metrics: list[list[Any]] = [[] for _ in range(parts)]
    for minute in range(DAY // MINUTE):
        for part in range(parts):
            if not minute or (minute + 3 * part) % (LIFE // MINUTE) == 0:
                first = part * SERIES // parts
                metrics[part] = _metrics(range(first, first + SERIES // parts), f"-{minute}")
            _send(rig, metrics[part], random)
            rig.clock.advance(MINUTE // parts)
    ids = rig.state.series_store.ids
    born = SERIES * DAY // LIFE
    print(f"{born:,} series came, {len(ids):,} are known, the greatest id is {ids.size - 1:,}")


def _histograms(rig: Any) -> None:
    """Give the state all buckets, then record the values of five minutes second by second."""
    import numpy as np

    from analytics.points import HISTOGRAM
    from analytics.records import NewMetric
    from analytics.state.resolution import Resolution
    from analytics.state.rollup import Bucket
    from analytics.state.series.observed import Observed

    dice = np.random.default_rng(2)
    rig.metrics(
        *(
            NewMetric(f"wait{number % 20}", 50.0, None, {"host": f"host-{number}"}, kind=HISTOGRAM)
            for number in range(HISTOGRAMS)
        )
    )
    store, state = rig.state.series_store, rig.state
    buckets = store.buckets[HISTOGRAM]
    opened = [buckets.open(level) for level in Resolution]
    oldest = [start - level.size * (level.keep - 1) for start, level in zip(opened, store.levels, strict=True)]
    contents: dict[Bucket, BucketContent] = {}
    for level in (Resolution.MINUTE, Resolution.HOUR, Resolution.DAY):
        starts = range(oldest[level], opened[level], store.levels[level].size)
        made = _contents(dice, VALUES * store.levels[level].size)
        contents |= {Bucket(level, start): next(made) for start in starts}
    buckets.restore(opened, oldest, contents, buckets.waiting())
    ids = list(store.ids) * VALUES
    for _ in range(5 * MINUTE):
        now = rig.clock.wall()
        state.set_time(now)
        values = np.exp(dice.normal(4, 0.7, len(ids))).tolist()
        store.observe(HISTOGRAM, Observed(ids.copy(), values, [now] * len(ids), [None] * len(ids)), now)
        rig.clock.advance(1)


def _contents(dice: "np.random.Generator", values: int) -> "Iterator[BucketContent]":
    """Contents of buckets in which each histogram has so many values; the figures are those of few, in turns."""
    import numpy as np

    from analytics.points import HISTOGRAM
    from analytics.state.series.contents import BucketContent
    from analytics.state.series.packing import packed
    from analytics.state.series.sketches import Sketches, keys_of, row_keys
    from analytics.state.series.table import LAYOUTS, Table

    keys, counts = np.unique(keys_of(np.exp(dice.normal(4, 0.7, 5_000_000))), return_counts=True)
    drawn = dice.multinomial(values, counts / counts.sum(), 8 * HISTOGRAMS)
    ids = np.arange(HISTOGRAMS, dtype=np.int32)
    sums = dice.normal(70.0 * values, 70.0, HISTOGRAMS)
    while True:
        found = drawn[dice.permutation(len(drawn))[:HISTOGRAMS]]
        series, places = np.nonzero(found)
        sketches = Sketches.restore(packed(row_keys(ids[series], keys[places]), found[series, places]), {})
        columns = [np.full(HISTOGRAMS, float(values)), sums.copy()]
        yield BucketContent(Table(LAYOUTS[HISTOGRAM], ids.copy(), columns), sketches)


def _recording(rig: Any) -> float:
    """The least CPU of a metric, once all series are known."""
    from msgspec.structs import replace

    random = Random(4)
    items = [replace(metric, value=random.random() * 100) for metric in _metrics(range(SERIES))]
    best = float("inf")
    for _ in range(20):
        start = process_time()
        for first in range(0, SERIES, BATCH):
            rig.metrics(*items[first : first + BATCH])
        rig.clock.advance(EVERY)
        rig.recorder.tick()
        best = min(best, (process_time() - start) / SERIES * 1e6)
    return best


if __name__ == "__main__":
    print(_measured(sys.argv[1]))
