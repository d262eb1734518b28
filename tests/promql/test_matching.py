"""Operators between vectors: which series belong together, and what is refused."""

import pytest

from analytics.promql.errors import CannotEvaluate
from tests.promql.rig import ask, storage, values

KEPT = storage(
    'a{x="1", y="1"} 1',
    'a{x="1", y="2"} 2',
    'b{x="1", z="q"} 10',
    'twice{x="1", k="1"} 1',
    'twice{x="1", k="2"} 1',
)


def test_many_series_share_the_one_of_the_other_side() -> None:
    assert values("a * on(x) group_left(z) b", KEPT) == {
        (("x", "1"), ("y", "1"), ("z", "q")): 10.0,
        (("x", "1"), ("y", "2"), ("z", "q")): 20.0,
    }
    assert values("b - on(x) group_right a", KEPT) == {
        (("x", "1"), ("y", "1")): 9.0,
        (("x", "1"), ("y", "2")): 8.0,
    }


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("a * on(x) b", "many-to-one matching must be explicit"),
        ("b * on(x) a", "many-to-many matching not allowed"),
        ("a * on(x) group_left twice", "found duplicate series for the match group"),
        ("a * on(x) group_left(y) b or a * on(x) group_left(y) b", "grouping labels must ensure unique matches"),
        ('label_replace(a, "y", "", "y", ".*")', "metrics with the same labelset"),
    ],
)
def test_ambiguous_matches_are_refused(query: str, message: str) -> None:
    with pytest.raises(CannotEvaluate, match=message):
        ask(query, KEPT)


def test_set_operators_match_all_labels_but_the_name() -> None:
    assert len(values("a and a", KEPT)) == 2
    assert values("a unless on(y) a{y='2'}", KEPT) == {(("__name__", "a"), ("x", "1"), ("y", "1")): 1.0}
    assert len(values("a or b", KEPT)) == 3


def test_utf8_names_are_selected_and_grouped_by() -> None:
    kept = storage('{"heap.größe", "host.name"="ä"} 3', '{"heap.größe", "host.name"="b"} 4')
    assert values('{"heap.größe", "host.name"="ä"}', kept) == {(("__name__", "heap.größe"), ("host.name", "ä")): 3.0}
    assert values('sum by ("host.name") ({"heap.größe"})', kept) == {
        (("host.name", "ä"),): 3.0,
        (("host.name", "b"),): 4.0,
    }
