"""How long and how often to measure, and runs that take turns, so that noise meets all of them alike."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = _CORES[0]  # what is measured has it for itself
CLIENT_CORE = _CORES[-1]  # this process and all that makes load


@dataclass(frozen=True)
class Plan:
    seconds: float  # of one measurement
    repeat: int  # measurements of one thing


def interleaved(plan: Plan, runs: dict[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Every run once, then every run again: the results of each, `plan.repeat` of them."""
    results: dict[str, list[T]] = {name: [] for name in runs}
    for number in range(plan.repeat):
        for name, run in runs.items():
            say(f"{name}, {number + 1} of {plan.repeat}")
            results[name].append(run())
    return results


def say(text: str) -> None:
    """Progress, beside the table and not in it."""
    print(f"  {text}", file=sys.stderr, flush=True)
