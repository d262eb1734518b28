"""What memory said before it forgot, memory and store say afterwards."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from analytics.promql.block import Block
from analytics.promql.budget import Budget
from tests.sinks.long_term.rig import StoredRig
from tests.state.rig import DAY, HOUR, MINUTE, NOON, event, metric

QUERIES = (
    "increase(requests_total[5m])",
    "sum(rate(requests_total[10m]))",
    "sum by (type) (increase(events_total[15m]))",
    "requests_total",
    "histogram_quantile(0.9, sum(rate(latency_milliseconds[5m])))",
    "max_over_time(depth[7m])",
    "avg_over_time(depth[11m])",
    'depth{host="a"}',
    "quantile_over_time(0.5, depth[10m])",
    "increase(endpoint_requests_total[5m])",
    'increase({__name__=~"requests_total|errors_total"}[9m])',
)
SERIES: tuple[dict[str, Any], ...] = (
    *({"name": "latency", "agg": agg, "service": "shop"} for agg in ("avg", "min", "max", "last", "p50", "p99")),
    {"name": "latency", "agg": "p95"},
    *({"name": "events", "agg": agg} for agg in ("count", "sum", "unique")),
    {"name": "events", "agg": "unique", "service": "shop"},
    {"name": "requests", "agg": "rate", "service": "shop"},
    *({"name": "depth", "agg": agg} for agg in ("avg", "min", "max", "last", "p50", "count")),
    {"name": "depth", "agg": "p95", "tags": (("host", "a"),)},
)
MINUTES = 50
START, END = NOON + 16 * MINUTE, NOON + 40 * MINUTE
Answer = tuple[dict[Any, list[float | None]], list[str]]


def fill(rig: StoredRig, dice: random.Random) -> None:
    for minute in range(MINUTES):
        at = rig.clock.wall()
        for _ in range(dice.randrange(4)):
            data = {"latency": dice.randrange(1, 500), "endpoint": f"/{dice.randrange(3)}"}
            late = dice.choice([0, 0, 0, 3, 11]) * MINUTE if minute > 20 else 0
            rig.events(event("request", "shop", at=at - late, user_id=f"u{dice.randrange(9)}", data=data))
        rig.events(event("view", "mail", at=at + 1, user_id=f"m{minute}"))
        rig.metrics(*[metric("depth", dice.randrange(100), tags={"host": host}, at=at + 2) for host in ("a", "bb")])
        rig.wait(MINUTE)
    rig.wait(20)


def answers(rig: StoredRig) -> list[Answer]:
    found = []
    for query in QUERIES:
        answer = rig.engine.range(query, int(START * 1000), int(END * 1000), 4 * MINUTE * 1000, Budget())
        block = answer.value
        assert isinstance(block, Block)
        columns = {
            labels: [round(value, 6) if there else None for value, there in zip(values, present, strict=True)]
            for labels, values, present in zip(
                block.series.rows, block.values.T.tolist(), block.present.T.tolist(), strict=True
            )
        }
        found.append((columns, [*answer.warnings, *answer.infos]))
    return found


def points(rig: StoredRig, step: int) -> list[Any]:
    return [rig.series(**query, start=START, end=END, step=step)["points"] for query in SERIES]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=2, deadline=None, phases=[Phase.generate])
def test_what_memory_forgot_is_answered_as_before(seed: int) -> None:
    with TemporaryDirectory() as folder, StoredRig(Path(folder) / "data") as rig:
        fill(rig, random.Random(seed))
        before, was = answers(rig), [points(rig, step) for step in (MINUTE, 8 * MINUTE)]
        assert all(columns for columns, _ in before)
        rig.store.keep()
        rig.forget(4 * HOUR)
        assert not rig.state.series.starts(1)
        assert answers(rig) == before
        assert [points(rig, step) for step in (MINUTE, 8 * MINUTE)] == was
        rig.store.restart()
        assert answers(rig) == before


def test_a_range_across_the_seam_has_no_hole_and_no_double(tmp_path: Path) -> None:
    with StoredRig(tmp_path / "data") as rig:
        for minute in range(240):
            rig.events(*[event("request", "shop", at=rig.clock.wall())] * (minute % 7 + 1))
            rig.wait(MINUTE)
        rig.wait(30)
        query = "increase(requests_total[4m])"
        answer = rig.engine.range(query, int(NOON + 4 * MINUTE) * 1000, int(rig.clock.wall()) * 1000, 60_000, Budget())
        assert isinstance(answer.value, Block)
        expected = [sum(each % 7 + 1 for each in range(first, first + 4)) for first in range(237)]
        assert answer.value.values[:, 0].tolist() == expected
        assert not answer.infos
        found = rig.series(name="requests", agg="sum", start=NOON, end=rig.clock.wall(), step=60)["points"]
        assert [point["value"] for point in found] == [minute % 7 + 1 for minute in range(240)] + [0]


def test_series_that_memory_knows_no_more_are_found(tmp_path: Path) -> None:
    with StoredRig(tmp_path / "data", daily_days=90) as rig:
        rig.metrics(metric("gone", 5.0, tags={"host": "a"}, at=NOON))
        rig.wait(2 * MINUTE)
        rig.forget(2 * DAY)
        rig.forget(100 * DAY)
        assert rig.state.series_store.kind_of("gone") is None
        assert rig.value('max_over_time(gone{host="a"}[5m])', NOON + 3 * MINUTE) == 5.0
        assert not rig.query('max_over_time(gone{host="b"}[5m])', NOON + 3 * MINUTE).value.series.rows  # type: ignore[union-attr]


def test_without_an_answer_memory_answers_with_a_warning(tmp_path: Path) -> None:
    with StoredRig(tmp_path / "data") as rig:
        rig.events(event("request", "shop", at=NOON))
        rig.wait(2 * MINUTE)
        rig.forget(4 * HOUR)
        rig.store.is_away = True
        answer = rig.query("increase(requests_total[1h])", NOON + HOUR)
        assert answer.warnings
        assert answer.value.values.tolist() == [[1.0]]  # type: ignore[union-attr]
        found = rig.series(name="requests", agg="sum", start=NOON, end=NOON + HOUR, step=3600)
        assert found["points"][0]["value"] == 1
