"""Log queries over streams: selectors, line filters in SQL, order and limits."""

import pytest

from analytics.logql.errors import BadLogQuery
from analytics.logql.nodes import LogSelection
from analytics.logql.parse import parse
from analytics.logql.select import selected
from analytics.query.records.log_source import RecordLogSource
from tests.logql.rig import LINES, budget, line, lines
from tests.query.records.memory_source import NANOSECONDS, MemorySource


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("{}", 6),
        ('{service_name="shop"}', 3),
        ('{service_name!="shop"}', 3),
        ('{service_name=~"shop|api"}', 5),
        ('{service_name=~"sho"}', 0),
        ('{service_name!~"shop|api"}', 1),
        ('{app="shop"}', 3),
        ('{app!="shop"}', 3),
        ('{app=""}', 3),
        ('{app=~".+", level="error"}', 1),
        ('{level=~"warn|error"}', 2),
        ('{k8s_pod_name="p1", service_name="shop"}', 2),
        ('{k8s_pod_name!~"p1|"}', 1),
        ('{none="x"}', 0),
        ('{service_name="shop", service_name=~"s.*"}', 3),
    ],
)
def test_selectors(selector: str, count: int) -> None:
    assert len(lines(selector)) == count


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ('|= "took"', 5),
        ('|= "TOOK"', 0),
        ('|= "10ms" or "20ms"', 2),
        ('!= "took"', 1),
        ('!= "GET" or "POST"', 3),
        ('|~ "took \\\\d+ms"', 2),
        ('!~ "^[GP]"', 3),
        ("|> `GET <_> took <_>ms`", 2),
        ("!> `<_>took<_>`", 1),
        ('|= ""', 6),
        ('!= ""', 0),
        ("|= `%_'`", 0),
    ],
)
def test_line_filters_are_the_same_in_sql_and_in_a_pipeline(filters: str, count: int) -> None:
    assert len(lines("{} " + filters)) == count
    assert len(lines('{} | none="" ' + filters)) == count


def test_line_filters_go_into_the_statement() -> None:
    source = MemorySource(LINES)
    found = parse('{service_name="shop"} |= "a" !~ "b" | json |= "c"')
    assert isinstance(found, LogSelection)
    selected(RecordLogSource(source), found, 0, 10**12, budget(), limit=10, is_ascending=False)
    (asked,) = source.asked
    assert asked.services == ("shop",)
    assert list(asked.parameters) == [0, 10**12, "a", "b", "shop"]


@pytest.mark.parametrize("is_ascending", [True, False])
def test_lines_come_in_order_over_several_pages(is_ascending: bool) -> None:
    given = [line(number // 7, f"{number}") for number in range(700)]
    found = parse('{} | none=""')
    assert isinstance(found, LogSelection)
    source = RecordLogSource(MemorySource(given))
    entries = selected(source, found, 0, 10**12, budget(), limit=650, is_ascending=is_ascending)
    numbers = [int(entry.line) for entry in entries]
    assert numbers == (list(range(650)) if is_ascending else list(range(699, 49, -1)))


def test_a_search_that_reads_too_much_is_refused() -> None:
    given = [line(number, "x") for number in range(100)]
    found = parse('{} | none="never"')
    assert isinstance(found, LogSelection)
    with pytest.raises(BadLogQuery, match="more than 50 lines"):
        selected(RecordLogSource(MemorySource(given)), found, 0, 10**12, budget(lines=50), limit=5, is_ascending=True)


def test_lines_can_be_spaced() -> None:
    given = [line(number, f"{number}") for number in range(10)]
    found = parse("{}")
    assert isinstance(found, LogSelection)
    source = RecordLogSource(MemorySource(given))
    spacing = 3 * NANOSECONDS
    entries = selected(source, found, 0, 10**12, budget(), limit=9, is_ascending=True, spacing=spacing)
    assert [entry.line for entry in entries] == ["0", "3", "6", "9"]


def test_an_expression_that_is_not_valid_is_refused_before_it_is_asked() -> None:
    for query in ('{service_name=~"["}', '{app=~"["}', '{} |~ "("'):
        with pytest.raises(BadLogQuery, match="regexp"):
            lines(query)
