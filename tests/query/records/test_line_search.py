"""Searches of log lines: pages both ways, figures over time, the lines around one, fields and patterns."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import NotFound
from analytics.query.records.line_fields import FIELD_COLUMNS, counted
from analytics.query.records.line_filter import LineQuestion
from analytics.query.records.line_patterns import LONGEST, PATTERN_COLUMNS, grouped, pattern_of
from analytics.query.records.line_search import FIRST_ROWS, MOST_EXAMINED_BYTES, LineCursor, LineSearch
from analytics.query.records.lines import nanosecond_text
from tests.query.records.memory_source import NANOSECONDS, MemorySource, line


def search(lines: list[dict[str, Any]], now: float = 1_000.0) -> LineSearch:
    return LineSearch(MemorySource(lines), lambda: now)


def cursor(text: str | None) -> LineCursor:
    """A cursor as the API reads it."""
    assert text is not None
    way, time, seq = text.split("-")
    return LineCursor(way == "after", int(time), int(seq))


@given(st.lists(st.integers(0, 5), max_size=25), st.integers(1, 6))
def test_pages_have_every_line_once_in_both_directions(times: list[int], limit: int) -> None:
    lines = [line(at, f"{place}") for place, at in enumerate(times)]
    expected = [str(place) for _, place in sorted(((at, place) for place, at in enumerate(times)), reverse=True)]
    found, asked = search(lines, now=6.0), LineQuestion()
    page = found.page(asked, None, limit)
    pages = [page]
    while page.next_cursor is not None:
        page = found.page(asked, cursor(page.next_cursor), limit)
        pages.append(page)
    assert [each.body for page in pages for each in page.lines] == expected
    back: list[str] = [each.body for each in page.lines]
    while page.previous_cursor is not None:
        page = found.page(asked, cursor(page.previous_cursor), limit)
        if not page.lines:
            break
        back = [each.body for each in page.lines] + back
    assert back == expected


def test_the_cursor_of_the_newest_page_finds_lines_that_come_later() -> None:
    source = MemorySource([line(1, "old")])
    found = LineSearch(source, lambda: 10.0)
    newest = found.page(LineQuestion(), None, 10)
    empty = found.page(LineQuestion(), cursor(newest.previous_cursor), 10)
    assert (empty.lines, empty.previous_cursor) == ([], newest.previous_cursor)
    source.add([line(5, "new")])
    assert [each.body for each in found.page(LineQuestion(), cursor(empty.previous_cursor), 10).lines] == ["new"]


def test_the_newest_lines_are_searched_in_short_spans_first() -> None:
    source = MemorySource([line(200_000 - at, f"{at}") for at in range(10)])
    LineSearch(source, lambda: 200_000.0).page(LineQuestion(), None, 5)
    assert [query.since for query in source.asked] == [(200_000 - 3_600) * NANOSECONDS]
    source.asked.clear()
    LineSearch(source, lambda: 200_000.0).page(LineQuestion(service="none"), None, 5)
    assert [query.since for query in source.asked][1:] == [(200_000 - 86_400) * NANOSECONDS, None]
    assert all(query.services == ("none",) for query in source.asked)


@pytest.mark.parametrize(
    ("question", "bodies"),
    [
        (LineQuestion(service="shop"), "ba"),
        (LineQuestion(severity="warn"), "cb"),
        (LineQuestion(severity="13"), "cb"),
        (LineQuestion(trace_id="AB" * 16), "c"),
        (LineQuestion(since=2 * NANOSECONDS), "cb"),
        (LineQuestion(until=2 * NANOSECONDS), "a"),
        (LineQuestion(service="shop", severity="error", q="b"), "b"),
        (LineQuestion(q="attributes.n>5"), "c"),
    ],
)
def test_conditions_combine(question: LineQuestion, bodies: str) -> None:
    lines = [
        line(1, "a"),
        line(2, "b", severity=17),
        line(3, "c", service="api", severity=13, trace_id="ab" * 16, attributes={"n": 7}),
    ]
    assert [each.body for each in search(lines).page(question, None, 10).lines] == list(bodies)


def test_a_page_of_long_lines_has_fewer() -> None:
    lines = [line(at, "x" * 2_000_000) for at in range(5)]
    page = search(lines).page(LineQuestion(), None, 5)
    assert page.count == 2
    assert page.next_cursor is not None


def test_lines_over_time_are_counted_by_level() -> None:
    lines = [line(at, "x", severity=17 if at == 7 else 9) for at in (1, 2, 7, 12)]
    found = search(lines).histogram(LineQuestion(since=1 * NANOSECONDS, until=12 * NANOSECONDS), 5 * NANOSECONDS)
    assert [(bucket.time[17:], bucket.levels) for bucket in found.buckets] == [
        ("00.000Z", {"info": 2}),
        ("05.000Z", {"error": 1}),
        ("10.000Z", {}),
    ]
    assert (found.count, found.step) == (3, 5.0)


def test_the_context_has_lines_of_the_same_stream_alone() -> None:
    lines = [line(at // 2, f"{at}", resource={"pod": f"p{at % 2}"}) for at in range(20)]
    found = search(lines).context("line-11", None, 2, 3)
    assert [each.body for each in (*found.before, found.line, *found.after)] == ["6", "8", "10", "12", "14", "16"]
    assert found == search(lines).context("line-11", 5 * NANOSECONDS, 2, 3)
    with pytest.raises(NotFound):
        search(lines).context("line-11", 900 * NANOSECONDS, 2, 3)
    with pytest.raises(NotFound):
        search(lines).context("none", None, 2, 3)


def test_fields_are_named_as_in_filters_and_counted() -> None:
    lines = [line(at, "x", attributes={"path": f"/{at % 2}", "n": None}, resource={"pod": "p"}) for at in range(5)]
    fields = {field.name: field for field in counted(search(lines).rows(LineQuestion(), FIELD_COLUMNS, 100), 1)}
    assert list(fields) == ["attributes.path", "level", "resource.pod", "service"]
    path = fields["attributes.path"]
    assert (path.count, path.distinct, [(each.value, each.count) for each in path.values]) == (5, 2, [("/0", 3)])


def test_few_lines_are_examined_where_they_are_very_long() -> None:
    long = "x" * 200_000
    source = MemorySource([line(at, "x", attributes={"number": at, "long": long}) for at in range(300)])
    rows = LineSearch(source, lambda: 1_000.0).rows(LineQuestion(), FIELD_COLUMNS, 10_000)
    assert sum(len(row[4]) for row in rows) < MOST_EXAMINED_BYTES + FIRST_ROWS * len(long)
    (number,) = [field for field in counted(rows, 1) if field.name == "attributes.number"]
    assert number.distinct == len(rows)
    short = [line(at, "x", attributes={"number": at}) for at in range(3_000)]
    assert len(search(short).rows(LineQuestion(), FIELD_COLUMNS, 2_500)) == 2_500


def test_all_lines_of_one_time_are_examined_once() -> None:
    lines = [line(1, "x", attributes={"number": number}) for number in range(500)]
    rows = search(lines).rows(LineQuestion(), FIELD_COLUMNS, 1_000)
    assert len({row[4] for row in rows}) == len(rows) == 500


@pytest.mark.parametrize(
    ("body", "pattern"),
    [
        ("user 17 paid 3.50 EUR in 25ms", "user <_> paid <_> EUR in <_>ms"),
        ("opened \"a file\" and 'another'", "opened <_> and <_>"),
        ("id 4bf92f3577b34da6a3ce929d0e0e4736 and 0xFF", "id <_> and <_>"),
        ("job 123e4567-e89b-12d3-a456-426614174000 done", "job <_> done"),
        ("from 10.0.0.1:8080", "from <_>"),
        ('{"n":5,"name":"x"}', '{"n":<_>,"name":<_>}'),
        ("first line\nsecond", "first line"),
        ("nothing varies", "nothing varies"),
        ("", ""),
        ("v1beta is no number", "v1beta is no number"),
        ("\x1b[1;31mfailed\x1b[0m after 3 tries", "failed after <_> tries"),
    ],
)
def test_patterns_have_a_mark_where_lines_vary(body: str, pattern: str) -> None:
    assert pattern_of(body) == pattern


@given(st.text(max_size=200), st.integers(0, 10**12))
def test_lines_that_differ_in_a_number_have_the_same_pattern(text: str, number: int) -> None:
    assert pattern_of(f"{number} a {text}") == pattern_of(f"{number + 1} a {text}")


def test_long_and_odd_lines_have_a_pattern_soon() -> None:
    for body in ("1" * 1_000_000, '"' * 100_000, "a" * 100_000, "0x" * 50_000, "'\\" * 50_000, "1.-" * 50_000):
        assert len(pattern_of(body)) <= LONGEST + 3


def test_patterns_are_grouped_with_their_newest_example() -> None:
    lines = [line(at, f"user {at} paid", service=f"s{at % 2}") for at in range(4)] + [line(9, "other", severity=17)]
    rows = search(lines).rows(LineQuestion(), PATTERN_COLUMNS, 10)
    first, second = grouped(rows, 10)
    assert (first.pattern, first.count, first.services, first.example) == (
        "user <_> paid",
        4,
        ["s0", "s1"],
        "user 3 paid",
    )
    assert (first.first, first.last) == ("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:03.000Z")
    assert (second.pattern, second.level) == ("other", "error")


@pytest.mark.parametrize(
    ("at", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (1, "1970-01-01T00:00:00.000000001Z"), (-1, "1969-12-31T23:59:59.999999999Z")],
)
def test_times_have_nanoseconds(at: int, text: str) -> None:
    assert nanosecond_text(at) == text
