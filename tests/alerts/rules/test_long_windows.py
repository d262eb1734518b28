"""Windows longer than seconds are kept, in rules and objectives, beside a slow model over single records."""

from collections.abc import Iterator
from random import Random

import pytest

from analytics.alerts.slo.report import report
from analytics.alerts.slo.slo import Slo
from analytics.promql.block import Block
from analytics.promql.budget import Budget
from analytics.promql.engine import PromqlEngine
from tests.alerts.rules.rig import RuleRig
from tests.sinks.long_term.rig import StoredRig
from tests.state.rig import DAY, HOUR, MIDNIGHT, MINUTE, NOON, metric

WINDOWS = {"5m": 300, "30m": 1_800, "2h": 7_200}
SOLD, HIGHEST, AVERAGE = 14.0, 100.0, 36.0
"""What the rules compare with; the first one is for five minutes."""
EVERY = 30


def test_rules_over_minutes_and_hours_fire_when_the_single_records_say_so() -> None:
    random, rig = Random(7), RuleRig(NOON)
    rules = []
    for name, seconds in WINDOWS.items():
        rules += [
            {"alert": f"sold {name}", "expr": f"increase(sold_total[{name}]) > {SOLD * seconds / 300}"},
            {"alert": f"highest {name}", "expr": f"max_over_time(depth[{name}]) > {HIGHEST}"},
            {"alert": f"average {name}", "expr": f"avg_over_time(depth[{name}]) > {AVERAGE}"},
        ]
    rig.put("g", {"interval": "1m", "rules": rules})
    rig.evaluator.run_due()
    rig.evaluator.groups["g"].due = NOON + MINUTE
    records: list[tuple[float, int, float]] = []
    total, seen = 0, set[str]()
    for step in range(7 * HOUR // 2 // EVERY):
        at, busy = NOON + step * EVERY + 7, HOUR <= step * EVERY < 2 * HOUR
        records.append(
            (at, random.randrange(6) if busy else random.randrange(3), random.uniform(0, 101 if busy else 60))
        )
        rig.rig.clock.set(at)
        total += records[-1][1]
        rig.counter("sold_total", total)
        rig.gauge("depth", records[-1][2])
        if step % 2:
            now = NOON + (step // 2 + 1) * MINUTE
            rig.set(now)
            firing = {alert.key.rule for alert in rig.alerts if alert.is_firing}
            assert firing == expected(records, now), now - NOON
            seen |= firing
    assert seen == {rule["alert"] for rule in rules}


def expected(records: list[tuple[float, int, float]], now: float) -> set[str]:
    """The alerts that must fire, by the single records of each window; the first one of a counter is no increase."""
    found = set()
    for name, seconds in WINDOWS.items():
        inside = [record for record in records if now - seconds <= record[0] < now]
        sold = sum(count for at, count, _ in inside if at != records[0][0])
        depths = [depth for _, _, depth in inside]
        found |= {f"sold {name}"} if sold > SOLD * seconds / 300 else set()
        found |= {f"highest {name}"} if max(depths) > HIGHEST else set()
        found |= {f"average {name}"} if sum(depths) / len(depths) > AVERAGE else set()
    return found


DAYS = 10


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StoredRig, list[tuple[float, int, int]]]]:
    """Ten days of requests, once an hour, in memory and the store; and the single records."""
    random, records = Random(11), list[tuple[float, int, int]]()
    with StoredRig(tmp_path_factory.mktemp("store") / "data", MIDNIGHT) as rig:
        for hour in range(DAYS * 24):
            at, bad = MIDNIGHT + hour * HOUR + 20 * MINUTE, random.randrange(4 if hour // 24 == 6 else 2)
            records.append((at, random.randrange(20, 90), bad))
            rig.clock.advance(50 * MINUTE)
            rig.metrics(metric("requests", records[-1][1], at=at))
            if bad:
                rig.metrics(metric("errors", bad, at=at))
            if hour % 6 == 5:
                rig.forget(10 * MINUTE)  # the writer sends six hours at once
            else:
                rig.clock.advance(10 * MINUTE)
        yield rig, records


@pytest.mark.parametrize("window", ["1d", "3d", "7d", "9d"])
def test_objectives_over_days_are_those_of_the_single_records(
    stored: tuple[StoredRig, list[tuple[float, int, int]]], window: str
) -> None:
    rig, records = stored
    now = rig.clock.wall()

    def shares(given: str) -> tuple[int, int]:
        """Requests and errors in a window until now."""
        start = now - int(given[:-1]) * {"h": HOUR, "d": DAY}[given[-1]]
        inside = [(sent, bad) for at, sent, bad in records if at >= start]
        return sum(sent for sent, _ in inside), sum(bad for _, bad in inside)

    slo = Slo("shop", 0.99, window, bad="errors_total", total="requests_total")
    row = report(slo, lambda query: value(rig.engine, query, int(now)), [])
    assert row["error"] is None
    total, bad = shares(window)
    assert row["total"] == total
    assert row["budget"] is not None
    assert row["budget"]["bad"] == pytest.approx(bad, abs=0.001)
    assert row["budget"]["spent"] == pytest.approx(bad / total / 0.01, abs=1e-6)
    for burn in row["burn"]:
        total, bad = shares(burn["window"])
        assert burn["rate"] == pytest.approx(bad / total / 0.01, abs=1e-4), burn


def value(engine: PromqlEngine, query: str, at: int) -> float | None:
    """The one value of a query; None without one."""
    found = engine.instant(query, at * 1_000, Budget()).value
    assert isinstance(found, Block)
    values = found.values[0][found.present[0]].tolist()
    return values[0] if values else None
