"""The sink for InfluxDB: CPU of making the lines of closed minutes and zipping them, without the state's own work."""

import subprocess
import sys
from statistics import median
from time import process_time

from bench.plan import Plan, say
from bench.table import Row

SERIES = {"counters and gauges": ("counter", "gauge"), "histograms": ("histogram",)}
COUNT, SERIES_MINUTES, RUNS = 2_000, 5, 5
LIMIT = {"counters and gauges": 5.0, "histograms": 8.0}


def rows(plan: Plan) -> list[Row]:
    del plan  # each takes as long as it takes
    return [_row(name) for name in SERIES]


def _row(name: str) -> Row:
    what = f"sink for InfluxDB, 1,000 series-minutes of {name}"
    say(what)
    done = subprocess.run([sys.executable, "-m", "bench.sink", name], capture_output=True, text=True, check=True)
    figure = float(done.stdout)
    return Row(what, f"{figure:.3g} ms CPU", target=f"≤ {LIMIT[name]:g}", reached=figure <= LIMIT[name])


def _measured(kinds: tuple[str, ...]) -> float:
    """Milliseconds for 1,000 series-minutes, measured in this process."""
    from analytics.records import NewMetric
    from analytics.sinks.influx.client import _zipped
    from analytics.sinks.influx.rows import ClosedBuckets
    from analytics.state.resolution import Resolution
    from analytics.state.rollup import Bucket
    from tests.state.rig import MINUTE, NOON, Rig

    rig = Rig(NOON, max_series=4 * COUNT)
    for _ in range(SERIES_MINUTES):
        for value in (1.5, 20.25, 300.125):
            items = [
                NewMetric(
                    f"metric{number % 50}_{kinds[number % len(kinds)]}",
                    value + number,
                    None,
                    {"service": f"service{number % 40}", "host": f"host-{number // 40}", "env": "prod"},
                    kind=kinds[number % len(kinds)],
                )
                for number in range(COUNT)
            ]
            rig.metrics(*items)
        rig.clock.advance(MINUTE)
        rig.recorder.advance()
    buckets = ClosedBuckets(rig.reader, lambda: None)

    def once() -> float:
        started, lines = process_time(), 0
        for minute in range(SERIES_MINUTES):
            found = list(buckets.lines(Bucket(Resolution.MINUTE, NOON + minute * MINUTE)))
            lines += len(found)
            _zipped("".join(found))
        assert lines >= COUNT * SERIES_MINUTES
        return (process_time() - started) * 1e6 / lines

    once()
    return median(once() for _ in range(RUNS))


if __name__ == "__main__":
    print(_measured(SERIES[sys.argv[1]]))
