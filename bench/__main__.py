"""`python -m bench [FIGURE …]`: measure, print one table, and end with 1 when a target was missed."""

import os
import platform
import signal
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import click

from bench import (
    alerts,
    attacks,
    batches,
    bounds,
    dashboard,
    export,
    exposition,
    flood,
    gate,
    history,
    journal,
    latency,
    live,
    memory,
    promql,
    queries,
    reads,
    records,
    recordsin,
    series,
    singles,
    sink,
    store,
)
from bench.decode import Speedometer
from bench.plan import CLIENT_CORE, Plan, say
from bench.servers import BenchError, NotInstalledError
from bench.table import Row, as_markdown, as_text, failed

FIGURES: dict[str, Callable[[Plan], list[Row]]] = {
    "batches": batches.rows,
    "singles": singles.rows,
    "latency": latency.rows,
    "dashboard": dashboard.rows,
    "live": live.rows,
    "gate": gate.rows,
    "journal": journal.rows,
    "reads": reads.rows,
    "records": records.rows,
    "recordsin": recordsin.rows,
    "export": export.rows,
    "exposition": exposition.rows,
    "promql": promql.rows,
    "queries": queries.rows,
    "memory": memory.rows,
    "store": store.rows,
    "history": history.rows,
    "series": series.rows,
    "sink": sink.rows,
    "alerts": alerts.rows,
    "bounds": bounds.rows,
    "flood": flood.rows,
    "attacks": attacks.rows,
}
MOST_SECONDS = 600.0
"""For one figure, at the default length of a measurement, so that one that hangs does not prevent the others."""
USUAL = 14.0
"""Seconds of measuring each thing, by default."""


class OutOfTimeError(Exception):
    """A figure has used up its time."""


@click.command(help=__doc__)
@click.argument("figures", nargs=-1, type=click.Choice(list(FIGURES)))
@click.option("--seconds", default=2.0, show_default=True, help="Length of one measurement.")
@click.option("--repeat", default=7, show_default=True, help="Measurements of each thing; the median counts.")
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
def main(figures: tuple[str, ...], seconds: float, repeat: int, markdown: bool) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGALRM, _out_of_time)
    os.sched_setaffinity(0, {CLIENT_CORE})
    plan = Plan(seconds, repeat)
    most = MOST_SECONDS * max(1.0, seconds * repeat / USUAL)
    rows: list[Row] = []
    speed = Speedometer()
    for name in figures or FIGURES:
        say(f"— {name}")
        speed.look()
        rows += _measure(name, plan, most)
    speed.look()
    print(f"{_machine()}; {speed}")
    print()
    print(as_markdown(rows) if markdown else as_text(rows))
    sys.exit(any(row.reached is False for row in rows))


def _measure(name: str, plan: Plan, most: float) -> list[Row]:
    """The rows of one figure, within `most` seconds; an error becomes a row of its own."""
    signal.setitimer(signal.ITIMER_REAL, most)
    try:
        return FIGURES[name](plan)
    except NotInstalledError as error:
        return [failed(name, f"not installed: apt-get install {error}")]
    except BenchError as error:
        return [failed(name, str(error))]
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        return [failed(name, f"{type(error).__name__}: {error}")]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _out_of_time(*_: object) -> None:
    raise OutOfTimeError("the figure took too long")


def _machine() -> str:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    packages = ", ".join(f"{name} {version(name)}" for name in ("gunicorn", "gevent", "Flask"))
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, {packages}"


if __name__ == "__main__":
    main()
