"""Questions about events: what their answers mean at the edges, and the ways in which they are found."""

import re
from datetime import UTC, datetime
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from analytics.errors import ValidationFailed
from analytics.store.explore import answering, few
from analytics.store.explore.answering import answered
from analytics.store.explore.figures import FigureTooLarge, figures_answer, figures_sql
from analytics.store.explore.periods import start_of, starts, text_of_start
from analytics.store.explore.questions import FiguresQuestion, FunnelQuestion, RetentionQuestion
from tests.store.explore.table import Event, Table

START = datetime(2026, 10, 26, tzinfo=UTC)  # a Monday
DAY = 86_400
TYPES = ("view", "cart", "buy")


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START.timestamp() + seconds, UTC)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(TYPES),
        st.sampled_from(["web", "app"]),
        st.sampled_from([None, "ann", "bob", "cy"]),
        st.integers(0, 40 * DAY // 3600).map(lambda hours: hours * 3600.0),
        st.sampled_from([{}, {"c": "x"}, {"c": "y", "n": 1.5}, {"n": "7"}, {"n": 1e300}, {"c": None, "n": -2}]),
    ),
    max_size=40,
).map(
    lambda rows: [
        Event(seq, kind, service, user, START.timestamp() + seconds, data)
        for seq, (kind, service, user, seconds, data) in enumerate(rows)
    ]
)


@given(EVENTS, st.sampled_from(["minute", "hour", "day", "week"]), st.integers(0, 30), st.integers(1, 200))
def test_users_by_time_alone(events: list[Event], interval: Any, first: int, hours: int) -> None:
    since, until = at(first * DAY + 1_800), at(first * DAY + hours * 3_600)
    question = FiguresQuestion(since, until, "-type:cart", "users", interval=interval)
    answer: Any = answered(question, table := Table(events), table.db)
    kept = [
        each
        for each in events
        if each.type != "cart" and each.user_id and since.timestamp() <= each.at < until.timestamp()
    ]
    assert (answer["value"], answer["groups"]) == (len({each.user_id for each in kept}), [])
    expected = {text_of_start(start): set[str]() for start in starts(since, until, interval)}
    for each in kept:
        expected[text_of_start(start_of(datetime.fromtimestamp(each.at, UTC), interval))].add(each.user_id or "")
    assert dict(zip(answer["times"], answer["points"], strict=True)) == {at: len(each) for at, each in expected.items()}


def test_users_of_more_days_than_a_bigint_has_bits() -> None:
    users = [[f"u{number}" for number in range(9) if number % (day % 7 + 1) == 0] for day in range(100)]
    events = [
        Event(seq, "view", "web", user, START.timestamp() + day * DAY + 5.0, {})
        for seq, (day, user) in enumerate((day, user) for day, of_day in enumerate(users) for user in [*of_day, None])
    ]
    answer: Any = answered(FiguresQuestion(START, at(100 * DAY), "", "users", interval="day"), t := Table(events), t.db)
    assert (answer["value"], answer["points"]) == (9, [len(of_day) for of_day in users])


@pytest.mark.parametrize("measure", ["count", "users", "avg", "max", "p90"])
def test_few_groups_have_the_figures_of_one_statement(monkeypatch: pytest.MonkeyPatch, measure: Any) -> None:
    datas = [{}, {"c": "x"}, {"c": "y", "n": 3}, {"c": None, "n": -1}, {"c": "z", "n": 3}]
    rows = [
        ("buy", ["web", "app"][seq % 2], [None, "ann", "bob"][seq % 3], seq % 9 * 7_200.0, datas[seq % 5])
        for seq in range(99)
    ]
    table = Table(
        [
            Event(seq, kind, by, user, START.timestamp() + ago, data)
            for seq, (kind, by, user, ago, data) in enumerate(rows)
        ]
    )
    for by in ((), ("service",), ("data.c", "service")):
        for interval in (None, "hour"):
            question = FiguresQuestion(START, at(DAY), "", measure, "n", by, interval, 3)
            monkeypatch.setattr(answering, "MOST_PARTS", 10_000)
            by_parts = answered(question, table, table.db)
            assert by_parts == figures_answer(question, rows_of(table, *figures_sql(question, table)))
            monkeypatch.setattr(answering, "MOST_PARTS", 0)
            assert by_parts == answered(question, table, table.db)


def rows_of(table: Table, statement: str, parameters: Any) -> Any:
    return table.db.execute(statement, parameters.values).fetchall()


class Counting:
    """A connection that counts its statements."""

    def __init__(self, table: Table) -> None:
        self._db, self.statements = table.db, 0

    def execute(self, query: str, parameters: list[Any]) -> Any:
        self.statements += 1
        return self._db.execute(query, parameters)

    def fetchall(self) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize("measure", ["count", "users", "sum", "p90"])
@pytest.mark.parametrize("interval", [None, "hour"])
def test_groups_that_may_be_many_are_grouped_once(monkeypatch: pytest.MonkeyPatch, measure: Any, interval: Any) -> None:
    monkeypatch.setattr(answering, "MOST_PARTS", 30)
    monkeypatch.setattr(few, "MOST_ROWS", 50)
    table = Table(
        [
            Event(seq, "buy", "web", f"u{seq % 90}", START.timestamp() + seq, {"c": f"c{seq % 80}", "n": seq})
            for seq in range(100)
        ]
    )
    for by in (("user_id",), ("id",), ("service", "user_id"), ("data.c",), ("data.c", "service")):
        question = FiguresQuestion(START, at(DAY), "", measure, "n", by, interval, 3)
        answer: Any = answered(question, table, counting := Counting(table))
        assert counting.statements == 1
        assert answer == figures_answer(question, rows_of(table, *figures_sql(question, table)))
        assert len(answer["groups"]) == 3
    for by, until in ((("service",), at(DAY)), (("data.c",), at(10))):
        few_groups = FiguresQuestion(START, until, "", measure, "n", by, interval, 3)
        monkeypatch.setattr(answering, "figures_sql", None)
        answered(few_groups, table, table.db)


@pytest.mark.parametrize(
    ("values", "measure"), [(["1e308", "1e308"], "sum"), (["-1e308", "-1e308"], "avg"), (["1", "1e400"], "max")]
)
def test_a_figure_that_no_number_of_json_holds_is_an_error_and_the_filter_in_it_helps(
    values: list[str], measure: Any
) -> None:
    table = Table([])
    for seq, value in enumerate(values):
        table.db.execute(
            "INSERT INTO t VALUES (?, '', 'buy', 'web', 'ann', TIMESTAMP '2026-10-27', now(), true, ?)",
            [seq, f'{{"n": {value}}}'],
        )
    question = FiguresQuestion(START, at(41 * DAY), "", measure, "n")
    with pytest.raises(FigureTooLarge) as error:
        answered(question, table, table.db)
    (advice,) = re.findall(r"filter (\S+)\.$", str(error.value))
    answer: Any = answered(msgspec.structs.replace(question, q=advice), table, table.db)
    assert answer["value"] == (1 if "1" in values else None)


def test_the_largest_groups_are_answered_and_the_others_counted() -> None:
    events = [Event(n, f"t{n % 7}", "web", None, START.timestamp(), {}) for n in range(30)]
    answer: Any = answered(FiguresQuestion(START, at(1), by=("type",), limit=2), table := Table(events), table.db)
    assert [(group["values"], group["value"]) for group in answer["groups"]] == [(["t0"], 5), (["t1"], 5)]
    assert (answer["value"], answer["group_count"]) == (30, 7)


def test_no_events_have_figures_too() -> None:
    table = Table([])
    answer: Any = answered(FiguresQuestion(START, at(2 * DAY), interval="day", by=("type",)), table, table.db)
    assert answer == {
        "times": ["2026-10-26T00:00:00Z", "2026-10-27T00:00:00Z"],
        "value": 0,
        "points": [0, 0],
        "groups": [],
        "group_count": 0,
    }


WINDOW = 30 * 3600.0


def test_a_user_who_starts_twice_counts_once_and_by_the_start_that_gets_furthest() -> None:
    rows = [("view", 0, "old"), ("view", 100, "new"), ("buy", 100 + WINDOW, "x")]
    events = [
        Event(seq, kind, "web", "ann", START.timestamp() + seconds, {"c": value})
        for seq, (kind, seconds, value) in enumerate(rows)
    ]
    question = FunnelQuestion(START, at(41 * DAY), ("type:view", "type:buy"), window=WINDOW, by="data.c")
    answer: Any = answered(question, table := Table(events), table.db)
    assert answer["steps"] == [{"users": 1, "median_seconds": 0}, {"users": 1, "median_seconds": WINDOW}]
    assert [group["values"] for group in answer["groups"]] == [["new"]]


def test_one_event_is_not_two_steps() -> None:
    events = [Event(0, "view", "web", "ann", START.timestamp(), {})]
    answer: Any = answered(FunnelQuestion(START, at(DAY), ("type:view", "type:view")), table := Table(events), table.db)
    assert [step["users"] for step in answer["steps"]] == [1, 0]


def test_periods_that_have_not_begun_are_null() -> None:
    events = [Event(0, "view", "web", "ann", START.timestamp(), {})]
    answer: Any = answered(
        RetentionQuestion(START, at(2 * DAY), interval="day", periods=3), table := Table(events), table.db
    )
    assert answer["cohorts"] == [{"time": "2026-10-26T00:00:00Z", "users": 1, "back": [0, 0, None, None]}]


@pytest.mark.parametrize(
    "question",
    [
        FiguresQuestion(START, at(1), "type:("),
        FunnelQuestion(START, at(1), ("type:view", "a )")),
        RetentionQuestion(START, at(1), back=")"),
    ],
)
def test_a_filter_that_is_not_valid_is_refused(question: Any) -> None:
    table = Table([])
    with pytest.raises(ValidationFailed):
        answered(question, table, table.db)


def test_filters_look_at_fields_and_texts_of_data() -> None:
    events = [Event(n, "view", "web", None, START.timestamp(), {"c": f"gift {n}"}) for n in range(3)]
    table = Table(events)
    for q in ('data.c:"gift 1"', '"Gift 1"', "data.c:*IFT?1", "-data.c:*2 -data.c:*0"):
        answer: Any = answered(FiguresQuestion(START, at(1), q=q.replace("?", "*")), table, table.db)
        assert answer["value"] == 1, q
