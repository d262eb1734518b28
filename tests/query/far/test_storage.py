"""PromQL over what is kept here and what another database has."""

from collections.abc import Iterator

import numpy as np
import pytest

from analytics.promql.block import Block
from analytics.promql.budget import Budget
from analytics.promql.engine import QueryAnswer
from tests.query.cells.rig import row
from tests.query.far.rig import END, FarRig, depth, shop
from tests.state.rig import HOUR, MINUTE, NOON


@pytest.fixture(scope="module")
def shared_rig() -> FarRig:
    return FarRig()


@pytest.fixture
def rig(shared_rig: FarRig) -> Iterator[FarRig]:
    shared_rig.database.queries.clear()
    yield shared_rig
    shared_rig.database.is_unreadable = False


def over(rig: FarRig, query: str, start: float, end: float, step: float) -> QueryAnswer:
    return rig.engine.range(query, int(start * 1000), int(end * 1000), int(step * 1000), Budget())


def columns(answer: QueryAnswer) -> dict[tuple[tuple[str, str], ...], list[float | None]]:
    block = answer.value
    assert isinstance(block, Block)
    return {
        labels: [value if there else None for value, there in zip(values, present, strict=True)]
        for labels, values, present in zip(
            block.series.rows, block.values.T.tolist(), block.present.T.tolist(), strict=True
        )
    }


def test_windows_of_minutes_that_expired_are_exact(rig: FarRig) -> None:
    at = NOON + HOUR
    found = rig.query('increase(requests_total{service="shop"}[5m])', at)
    assert columns(found) == {row(service="shop"): [sum(map(shop, range(55, 60)))]}
    assert found.infos == ["PromQL info: what is before 2023-11-14T13:00:00Z comes from a test's database (1:10)"]
    assert not found.warnings
    assert rig.value('max_over_time(depth{host="b"}[10m])', at) == depth(59, "b")
    assert rig.value('avg_over_time(depth{host="a"}[4m])', at) == np.mean([depth(m, "a") for m in range(56, 60)])
    assert rig.value('depth{host="a"}', at) == depth(59, "a")
    assert rig.value('count_over_time(depth{host="a"}[10m])', at) == 10
    assert rig.value('quantile_over_time(0.5, depth{host="a"}[5m])', at) == depth(57, "a")


def test_a_range_across_both_has_no_seam(rig: FarRig) -> None:
    answer = over(rig, "increase(requests_total[5m])", NOON + 5 * MINUTE, END, 5 * MINUTE)
    wanted = [float(sum(map(shop, range(first, first + 5)))) for first in range(0, 360, 5)]
    found = columns(answer)
    assert found[row(service="shop")] == wanted
    assert found[row(service="mail")] == [5.0] * len(wanted)
    assert len(answer.infos) == 1
    summed = columns(over(rig, "sum(increase(requests_total[5m]))", NOON + 5 * MINUTE, END, 5 * MINUTE))
    assert summed == {(): [value + 5 for value in wanted]}
    gauges = columns(over(rig, "sum by (service) (depth)", NOON + MINUTE, END, MINUTE))
    assert gauges == {row(service="shop"): [depth(m, "a") + depth(m, "b") for m in range(360)]}


def test_single_samples_across_both_are_one_series(rig: FarRig) -> None:
    answer = rig.query('depth{host="a"}[6h]', END)
    samples = answer.value
    assert not isinstance(samples, Block)
    values = samples.values[samples.present[:, 0], 0].tolist()  # type: ignore[union-attr]
    assert values == [depth(m, "a") for m in range(360)]


def test_recent_windows_and_windows_of_hours_are_read_here(rig: FarRig) -> None:
    assert rig.value('increase(requests_total{service="shop"}[5m])', END) == sum(map(shop, range(355, 360)))
    assert rig.value('increase(requests_total{service="shop"}[1h])', NOON + HOUR) == sum(map(shop, range(60)))
    assert not rig.database.queries


def test_what_the_other_database_does_not_have_is_read_here(rig: FarRig) -> None:
    at = NOON + HOUR
    wide = rig.query('histogram_count(increase(latency_milliseconds{service="shop"}[5m]))', at)
    assert any("cover 3600 seconds" in info for info in wide.infos)
    assert rig.values("absent_metric", at) == {}
    assert rig.values('{service="nobody"}', at) == {}


def test_other_matchers_are_applied_to_what_was_read(rig: FarRig) -> None:
    at = NOON + HOUR
    assert rig.values('depth{host=~"b|c"}', at) == {
        row(__name__="depth", host="b", service="shop"): depth(59, "b"),
    }
    assert rig.values('depth{host!="b"}', at).keys() == {row(__name__="depth", host="a", service="shop")}


def test_without_an_answer_what_is_kept_here_is_shown_with_a_warning(rig: FarRig) -> None:
    rig.database.is_unreadable = True
    found = rig.query('increase(requests_total{service="shop"}[5m])', NOON + HOUR)
    assert columns(found)[row(service="shop")] == [sum(map(shop, range(60)))]
    assert "a test's database could not be read" in found.warnings[0]
    assert "connection refused" in found.warnings[0]
    raw = rig.query("depth[6h]", END)
    assert raw.warnings
