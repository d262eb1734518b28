"""Unique users over many small files, in the memory that a question may use."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.clock import DAY_SECONDS
from analytics.store.explore.answering import answered
from analytics.store.explore.periods import start_of, text_of_start
from analytics.store.explore.questions import FiguresQuestion, Interval
from analytics.store.files.figures import figures_by_day
from analytics.store.files.writer import FileWriter, Reach
from analytics.store.process.engine import DuckEngine
from analytics.store.process.view import View

DAYS, FILES, ROWS, USERS = 32, 4, 300, 5_000
START = datetime(2026, 9, 1, tzinfo=UTC)
FIRST = round(START.timestamp()) // DAY_SECONDS
MEMORY: dict[Interval, int] = {"day": 32 * 2**20, "hour": 64 * 2**20}
"""Bytes: hours need 40 MB, and 96 with a statement of all days; days need 12."""


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """Files of users whose numbers follow each other; each has the events of some hours of a day."""
    folder = tmp_path_factory.mktemp("store")
    connection, writer = DuckEngine(folder, 2**28, 2).connect(), FileWriter(folder)
    columns = (
        "range AS seq, '' AS id, 'view' AS type, 'web' AS service, 'user-' || (range * 7 % {users}) AS user_id,"
        " make_timestamp(({start} + (range - {first}) * {step}) * 1000000) AS time, time AS received,"
        " true AS is_timed, 0::SMALLINT AS shape, '{{}}' AS rest"
    )
    files = []
    for number in range(DAYS * FILES):
        day, step = FIRST + number // FILES, DAY_SECONDS // FILES // ROWS
        start, first = day * DAY_SECONDS + number % FILES * (DAY_SECONDS // FILES), number * ROWS
        made = columns.format(users=USERS, start=start, first=first, step=step)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE made AS SELECT {made} FROM range({first}, {first + ROWS})")
        figures = figures_by_day(connection, "made")[day]
        files.append(writer.write(connection, "made", day, figures, Reach(0, number, number, 0), {}, None))
    return View(folder, files, (), {}, (), DAYS * FILES * ROWS)


@pytest.mark.parametrize("interval", ["day", "hour"])
def test_unique_users_over_many_small_files_need_little_memory(view: View, interval: Interval) -> None:
    since, until = START + timedelta(hours=7), START + timedelta(days=DAYS - 1, hours=5)
    question = FiguresQuestion(since, until, measure="users", interval=interval)
    answer: Any = answered(question, view, DuckEngine(view.folder, MEMORY[interval], 2).connect())
    periods = {text: set[int]() for text in answer["times"]}
    for seq in range(DAYS * FILES * ROWS):
        part, place = divmod(seq, ROWS)
        at = START + timedelta(seconds=part * (DAY_SECONDS // FILES) + place * (DAY_SECONDS // FILES // ROWS))
        if since <= at < until:
            periods[text_of_start(start_of(at, interval))].add(seq * 7 % USERS)
    assert answer["points"] == [len(users) for users in periods.values()]
    assert answer["value"] == len(set().union(*periods.values())) == USERS
