"""Answers to random questions about random events equal those of plain loops over the events."""

from datetime import UTC, datetime
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from analytics.store.explore.answering import answered
from analytics.store.explore.questions import FiguresQuestion, FunnelQuestion, RetentionQuestion
from tests.store.explore.plain import DATA, FIELDS, FILTERS, MEASURES, check_figures, funnel, retention
from tests.store.explore.table import Event, Table

START = datetime(2026, 10, 26, tzinfo=UTC).timestamp()  # a Monday
DAY = 86_400


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


offsets = st.one_of(
    st.integers(0, 8).map(lambda minutes: minutes * 60.0),  # many at the same time
    st.integers(0, 8).map(lambda hours: hours * 3_600.0),
    st.integers(0, 40).map(lambda days: days * 86_400.0),
    st.integers(0, 40 * DAY * 4).map(lambda quarters: quarters / 4),
)
histories = st.lists(
    st.tuples(
        st.sampled_from(["view", "cart", "buy"]),
        st.sampled_from(["web", "app"]),
        st.sampled_from([None, "ann", "ann", "bob", "cy", ""]),
        offsets,
        st.sampled_from(DATA),
    ),
    max_size=25,
).map(
    lambda rows: [
        Event(seq, kind, service, user, START + seconds, data)
        for seq, (kind, service, user, seconds, data) in enumerate(rows)
    ]
)
filters = st.sampled_from(list(FILTERS))
spans = st.tuples(offsets, st.just(41.0 * DAY) | offsets).map(sorted).map(lambda ends: (at(ends[0]), at(ends[1] + 1)))
groupings = st.lists(st.sampled_from(FIELDS), max_size=2, unique=True).map(tuple)


@given(histories, spans, filters, st.sampled_from(MEASURES), groupings, st.sampled_from([1, 2, 100]), st.data())
def test_figures(
    events: list[Event], span: Any, q: str, measure: Any, by: tuple[str, ...], limit: int, data: st.DataObject
) -> None:
    lengths = ["day", "week", "month", *(["hour"] if span[1] - span[0] < at(9 * DAY) - at(0) else [])]
    interval: Any = data.draw(st.none() | st.sampled_from(lengths))
    since, until = span
    question = FiguresQuestion(since, until, q, measure, "n", by, interval, limit)
    answer: Any = answered(question, table := Table(events), table.db)
    check_figures(answer, events, question)


@given(
    histories,
    spans,
    filters,
    st.lists(filters, min_size=1, max_size=4).map(tuple),
    st.sampled_from([1.0, 60.0, 3_600.0, 30 * 3_600.0, 50.0 * DAY]),
    st.none() | st.sampled_from(FIELDS),
    st.sampled_from([1, 2, 100]),
)
def test_funnels(
    events: list[Event], span: Any, q: str, steps: tuple[str, ...], window: float, by: str | None, limit: int
) -> None:
    since, until = span
    question = FunnelQuestion(since, until, steps, q, window, by, limit)
    answer = answered(question, table := Table(events), table.db)
    assert answer == funnel(events, question)


@given(histories, spans, filters, filters, filters, st.sampled_from(["day", "week", "month"]), st.integers(1, 5))
def test_retention(events: list[Event], span: Any, q: str, first: str, back: str, interval: Any, periods: int) -> None:
    since, until = span
    question = RetentionQuestion(since, until, first, back, q, interval, periods)
    answer = answered(question, table := Table(events), table.db)
    assert answer == retention(events, question)
