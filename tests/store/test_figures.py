"""Figures of events by day, as the manifest has them."""

import duckdb

from analytics.store.files.figures import figures_by_day
from analytics.store.files.hour_counts import HourCounts, decoded_counts

HOUR = 3_600_000_000
"""Microseconds."""


def test_hours_and_days_before_1970_are_told_apart() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE events (time TIMESTAMP, seq BIGINT, service TEXT, type TEXT, shape SMALLINT)")
    hours = (-49.5, -48, -24.5, -0.5, 0, 0.5, 24)
    connection.executemany(
        "INSERT INTO events VALUES (make_timestamp(?), ?, 'shop', 'view', 0)",
        [(int(hour * HOUR), number) for number, hour in enumerate(hours)],
    )
    found = figures_by_day(connection, "events")
    assert {day: figures.rows for day, figures in found.items()} == {-3: 1, -2: 2, -1: 1, 0: 2, 1: 1}
    counts = {day: decoded_counts(figures.counts or "") for day, figures in found.items()}
    assert counts[-2] == [HourCounts("shop", "view", -48, [1, *[0] * 22, 1])]
    assert counts[-1] == [HourCounts("shop", "view", -1, [1])]
    assert (counts[0][0].first, counts[0][0].counts) == (0, [2])
