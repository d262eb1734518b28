"""Typed series: memory of 10,000 over hours and days, of histograms, and of series that come and go; CPU of recording.

Each is measured in a process of its own that applies records to a state, with the times of hours and days, but without
waiting for them. Decoding and the journal are left out.
"""

import subprocess
import sys
from collections.abc import Callable
from math import exp
from random import Random
from time import process_time
from typing import Any

from bench.plan import Plan, say
from bench.table import Row

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
        _row("histograms", f"memory of {HISTOGRAMS:,} histograms, {VALUES} values/s, 180 minutes", "MB more"),
        _row("churn", f"memory with {SERIES:,} series that live {LIFE // MINUTE} minutes, after a day", "MB in all"),
        _row("recording", f"recording a metric, {BATCH:,} in a batch", "µs CPU"),
    ]


def _row(name: str, what: str, unit: str) -> Row:
    say(what)
    done = subprocess.run([sys.executable, "-m", "bench.series", name], capture_output=True, text=True, check=True)
    figure = float(done.stdout)
    return Row(what, f"{figure:.3g} {unit}", target=f"≤ {LIMITS[name]:g}", reached=figure <= LIMITS[name])


def _resident() -> float:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4_096 / 1e6


def _measured(name: str) -> float:
    """One figure, measured in this process."""
    from analytics import factory  # noqa: F401  # what a server has in memory
    from tests.state.rig import NOON, Rig

    rig = Rig(NOON, max_series=4 * SERIES)
    before = _resident()
    measures: dict[str, Callable[[], None]] = {
        "minutes": lambda: _feed(rig, 185 * MINUTE, EVERY),
        "days": lambda: _days(rig),
        "histograms": lambda: _histograms(rig, 185 * MINUTE),
        "churn": lambda: _churn(rig),
    }
    if name == "recording":
        return _recording(rig)
    measures[name]()
    return _resident() - (before if name == "histograms" else 0.0)


def _items(random: Random, numbers: range, alive: int = 0) -> list[Any]:
    from analytics.records import NewMetric

    return [
        NewMetric(
            f"metric{number % 50}" + ("_total" if number % 2 else ""),
            random.random() * 100,
            None,
            {"service": f"service{number % 40}", "host": f"host-{number // 20}-{alive}", "env": "prod"},
            kind="counter" if number % 2 else "gauge",
        )
        for number in numbers
    ]


def _feed(rig: Any, seconds: int, every: int) -> None:
    """Send one value of each series every `every` seconds, spread over them."""
    random = Random(1)
    each = SERIES // min(every, EVERY)
    for second in range(0, seconds, max(1, every // EVERY)):
        first = (second // max(1, every // EVERY)) * each % SERIES
        rig.metrics(*_items(random, range(first, min(SERIES, first + each))))
        rig.clock.advance(max(1, every // EVERY))


def _days(rig: Any) -> None:
    """Fill every bucket of days and hours, then those of minutes."""
    _feed(rig, 83 * DAY, 12 * HOUR)
    _feed(rig, 7 * DAY, 30 * MINUTE)
    _feed(rig, 185 * MINUTE, EVERY)


def _histograms(rig: Any, seconds: int) -> None:
    from analytics.records import NewMetric

    random = Random(2)
    for _ in range(seconds):
        for _ in range(VALUES):
            rig.metrics(
                *(
                    NewMetric(
                        f"wait{number % 20}",
                        exp(random.gauss(4, 0.7)),
                        None,
                        {"service": f"service{number % 40}", "host": f"host-{number}"},
                        kind="histogram",
                    )
                    for number in range(HISTOGRAMS)
                )
            )
        rig.clock.advance(1)


def _churn(rig: Any) -> None:
    """Let each series live for half an hour, and a new one follow it; one value a minute."""
    random = Random(3)
    for minute in range(24 * 60):
        for part in range(10):
            numbers = range(part * SERIES // 10, (part + 1) * SERIES // 10)
            rig.metrics(*_items(random, numbers, (minute + 3 * part) * MINUTE // LIFE))
        rig.clock.advance(MINUTE)


def _recording(rig: Any) -> float:
    """The least CPU of a metric, once all series are known."""
    random = Random(4)
    items = _items(random, range(SERIES))
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
