"""Length and number of measurements, and interleaved runs, so that noise affects all of them alike."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = _CORES[0]  # for the measured server only
CLIENT_CORE = _CORES[-1]  # this process and all load generators


@dataclass(frozen=True)
class Plan:
    seconds: float  # of one measurement
    repeat: int  # measurements of one thing


def interleaved(plan: Plan, runs: dict[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Call every run once, then again, `plan.repeat` times; returns the results of each run."""
    results: dict[str, list[T]] = {name: [] for name in runs}
    for number in range(plan.repeat):
        for name, run in runs.items():
            say(f"{name}, {number + 1} of {plan.repeat}")
            results[name].append(run())
    return results


def say(text: str) -> None:
    """Print progress to standard error, not into the table."""
    print(f"  {text}", file=sys.stderr, flush=True)
