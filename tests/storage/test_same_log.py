"""Replaying a log gives the same state at any time, in any process, and with reads in between."""

import os
import random
import subprocess
import sys
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from analytics.ingest.refusal import Refused
from tests.server import ROOT
from tests.state.rig import DAY, HOUR, NOON, Rig, batch, event, metric
from tests.storage.acts import LIMITS
from tests.storage.replica import Written, canonical, digest, disturbance, recorded, replica

NUMBERS = (0.1, 0.2, 0.3, 1e17, 1, 1e-9, 2.5e10, 33.3, 1e100, 7)
"""Sums of these differ by the order of the additions, where they are not exact."""
Limits = dict[str, Any]
WAITS = (0, 0, 0.001, 0.2, 0.3, 0.9, 1, 7, 59, 61, 400, HOUR, 7 * HOUR, DAY)


def play(rig: Rig, dice: random.Random, steps: int) -> None:
    """Whatever may happen to a service, at its limits too."""
    for _ in range(steps):
        rig.clock.advance(dice.choice(WAITS))
        now, kind = rig.clock.wall(), dice.random()
        if kind < 0.5:
            rig.recorder.events(batch(*(random_event(dice, now) for _ in range(dice.randrange(1, 6)))))
        elif kind < 0.85:
            rig.recorder.metrics(batch(*(random_metric(dice, now) for _ in range(dice.randrange(1, 6)))))
        else:
            counters = {"request_count": dice.randrange(1000), "error_count": dice.randrange(9)}
            instance = dice.choice((None, None, "a", "b"))
            with suppress(Refused):
                rig.beat(dice.choice("abc"), dice.choice(("healthy", "degraded")), instance=instance, **counters)


def random_event(dice: random.Random, now: float) -> Any:
    status, endpoint = dice.choice((200, 200, 503)), f"/{dice.randrange(9)}"
    data = {"endpoint": endpoint, "status": status, "latency": dice.choice(NUMBERS)}
    at = dice.choice((None, None, None, now - 2, now - 70, now - DAY, now + 200, now - 40 * DAY))
    id_ = dice.choice((None, f"id{dice.randrange(12)}"))
    type_ = dice.choice(("request", "request", "error", "view", "sale", "odd"))
    return event(type_, dice.choice("abcde"), user_id=f"u{dice.randrange(30)}", at=at, id=id_, data=data)


def random_metric(dice: random.Random, now: float) -> Any:
    tags = dice.choice(({}, {"endpoint": f"/{dice.randrange(9)}"}, {"zone": "x"}))
    at = dice.choice((None, None, None, now - 2, now - 70, now - 5 * HOUR))
    name, id_ = dice.choice(("requests", "errors", "latency", "memory", "queue")), dice.choice((None, "x", "y"))
    return metric(name, dice.choice(NUMBERS), dice.choice("abcde"), tags=tags, at=at, id=id_, unit=dice.choice("uv"))


def random_log(dice: random.Random, steps: int, limits: Limits) -> list[Written]:
    rig = Rig(starts=False, **limits)
    log = recorded(rig)
    play(rig, dice, steps)
    return log


@pytest.mark.parametrize(("steps", "limits"), [*[(120, LIMITS)] * 8, (300, {})])
def test_the_same_log_gives_the_same_state(steps: int, limits: Limits, dice: random.Random) -> None:
    log = random_log(dice, steps, limits)
    at = log[-1].received + 1_000
    plain = canonical(replica(log, NOON - 5, **limits), at)
    assert len(plain) > 20
    for _ in range(2):
        wall = dice.choice((NOON - DAY, NOON, at - 2_000))
        disturbed = canonical(replica(log, wall, disturbance(dice, log, wall), **limits), at)
        for expected, found in zip(plain, disturbed, strict=True):
            assert found == expected


def test_neither_hashes_nor_processes_change_it(dice: random.Random) -> None:
    log, limits = random_log(dice, 120, LIMITS), LIMITS
    at = log[-1].received + 1_000
    expected = digest(replica(log, NOON, **limits), at)
    given = msgspec.json.encode((NOON + 60.5, at, limits, log))
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-m", "tests.storage.replica"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            input=given,
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert found.stdout.decode().strip() == expected, found.stderr.decode()
