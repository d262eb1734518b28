"""A month by minutes, of which memory knows nothing."""

from pathlib import Path

import numpy as np

from analytics.promql.block import Block
from analytics.promql.budget import Budget
from tests.sinks.long_term.rig import StoredRig
from tests.state.rig import DAY, HOUR, MINUTE, NOON

START = int(NOON // DAY * DAY - 29 * DAY)
MINUTES = 28 * 1_440


def fill(rig: StoredRig) -> None:
    """Each minute `m` has m % 7 of a counter."""
    tail = rig.store.open.catalog.cells
    with tail.flushing() as (connection, _, _):
        for kind, size, count in (("minutes", 60, MINUTES), ("hours", 3_600, 672), ("days", 86_400, 28)):
            connection.execute(
                f"INSERT INTO numbers_{kind} SELECT 'old_total', '{{\"service\":\"shop\"}}', 'counter', "
                f"make_timestamp(({START} + m * {size}) * 1000000), 1, m % 7, NULL, NULL, NULL, NULL, NULL, NULL, "
                f"NULL, NULL, 1 FROM range({count}) AS minutes(m)"
            ).fetchall()
    tail._generation, tail.rows = 2, MINUTES + 700
    tail._spans = {
        "minutes": (START, START + 60 * MINUTES - 60),
        "hours": (START, START + 671 * HOUR),
        "days": (START, START + 27 * DAY),
    }
    rig.store.open.numbers.flush()


def test_a_month_by_minutes(tmp_path: Path) -> None:
    with StoredRig(tmp_path / "data") as rig:
        tail = rig.store.open.catalog.cells
        tail._opened()
        fill(rig)
        assert len(rig.store.open.catalog.of_numbers()) >= 28 + 2
        end = START + 60 * MINUTES
        answer = rig.engine.range("increase(old_total[7m])", (START + 420) * 1000, end * 1000, 420_000, Budget())
        block = answer.value
        assert isinstance(block, Block)
        assert len(block.values) == MINUTES // 7
        assert np.array_equal(block.values[:, 0], np.full(MINUTES // 7, 21.0))
        assert not answer.infos
        found = rig.series(name="old_total", agg="sum", service="shop", start=START, end=end, step=14 * MINUTE)
        values = [point["value"] for point in found["points"]]
        assert set(values[1:-1]) == {42}
        assert sum(value or 0 for value in values) == 3 * MINUTES
