"""Minutes that the other database never got are filled from their hours."""

import pytest

from analytics.query.far.filling import FILLED, read_filled
from analytics.query.far.reading import FarQuery
from analytics.state.resolution import Resolution
from tests.query.far.rig import FarRig, depth, shop
from tests.query.far.test_storage import columns, over
from tests.state.rig import HOUR, MINUTE, NOON

LOST = range(20, 50)
"""Minutes after NOON that are missing."""


@pytest.fixture(scope="module")
def rig() -> FarRig:
    rig = FarRig()
    lost = {NOON + minute * MINUTE for minute in LOST}
    for key in [key for key in rig.database.points if key[0] == "analytics_minutes" and key[2] in lost]:
        del rig.database.points[key]
    return rig


def test_sums_are_those_of_the_hour(rig: FarRig) -> None:
    answer = over(
        rig, 'increase(requests_total{service="shop"}[30m])', NOON + 30 * MINUTE, NOON + 2 * HOUR, 30 * MINUTE
    )
    (found,) = columns(answer).values()
    first, second, *others = found
    assert first is not None
    assert second is not None
    assert first + second == pytest.approx(sum(map(shop, range(60))))
    per_minute = sum(map(shop, LOST)) / len(LOST)
    assert first == pytest.approx(sum(map(shop, range(20))) + 10 * per_minute)
    assert others == [sum(map(shop, range(60, 90))), sum(map(shop, range(90, 120)))]
    assert any(FILLED in info for info in answer.infos)


def test_points_of_series_have_no_hole(rig: FarRig) -> None:
    found = rig.series(name="requests", service="shop", agg="sum", start=NOON, end=NOON + HOUR, step=MINUTE)
    values = [point["value"] or 0 for point in found["points"]]
    assert sum(values) == pytest.approx(sum(map(shop, range(60))))
    assert values[:20] == [shop(m) for m in range(20)]
    assert min(values[20:50]) > 0
    assert found["annotations"][1] == FILLED


def test_gauges_have_the_figures_of_the_hour(rig: FarRig) -> None:
    at = NOON + 40 * MINUTE
    assert rig.value('max_over_time(depth{host="a"}[5m])', at) == depth(59, "a")
    assert rig.value('min_over_time(depth{host="a"}[5m])', at) == depth(0, "a")
    assert rig.value('avg_over_time(depth{host="a"}[30m])', NOON + 50 * MINUTE) == pytest.approx(
        sum(depth(m, "a") for m in LOST) / len(LOST)
    )


def test_days_and_complete_hours_stay_as_they_are(rig: FarRig) -> None:
    levels = rig.state.series.levels
    query = FarQuery(Resolution.MINUTE, "requests_total", {}, ("increase",), NOON + HOUR, NOON + 2 * HOUR)
    found, is_filled = read_filled(rig.database, levels, query)
    assert not is_filled
    assert {len(series.points) for series in found} == {60}
    assert read_filled(rig.database, levels, query._replace(level=Resolution.DAY)) == ([], False)


def test_what_came_too_late_for_its_minute_is_spread_over_all(rig: FarRig) -> None:
    levels = rig.state.series.levels
    key = next(key for key in rig.database.points if key[0] == "analytics_hours" and key[2] == NOON + HOUR
               and {("metric", "requests_total"), ("service", "mail")} <= key[1])  # fmt: skip
    before = rig.database.points[key]
    rig.database.points[key] = {"count": before["count"] + 6, "increase": before["increase"] + 6}
    query = FarQuery(
        Resolution.MINUTE, "requests_total", {"service": "mail"}, ("increase",), NOON + HOUR, NOON + 2 * HOUR
    )
    (series,), is_filled = read_filled(rig.database, levels, query)
    rig.database.points[key] = before
    assert is_filled
    assert sum(each["increase"] for each in series.points.values()) == pytest.approx(66)
