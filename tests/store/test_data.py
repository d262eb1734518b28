"""The data of events comes back from the store as it was sent: equal as JSON, numbers to the digit."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.records import NewEvent
from analytics.store.files.shapes import COMMON, Fields, Shapes, columns_of
from analytics.store.process.decoding import SplitEvent, decoded_events
from tests.store.rig import Keeping

ODD = [
    '{"a":1,"a":2}',
    '{"a":{"b":1},"a.b":2}',
    '{"a":1e400,"b":-1e-400}',
    '{"a":12345678901234567890,"b":0.1000000000000000055511151231257827}',
    '{"a":1.10,"b":1E5,"c":-0,"d":-0.0}',
    '{"a":"\\u0000x","b":"\\ufffd","c":"\\ud83d\\ude00"}',
    '{"\\u0061":1,"b":2}',
    '{"a":' * 63 + "{}" + "}" * 63,
    json.dumps({"k" * 10_000: 1}),
    '{ "a" : [ 1 , 2.50 ] , "b" : { "c" : null } }',
    '{"A":1,"a":2}',
    '{"":1}',
    '{"seq":1,"id":"x","rest":{}}',
    '{"a\\"b":"it\'s","c":"\\\\"}',
    "{}",
]


def sent(text: str) -> NewEvent:
    """An event with this data."""
    return NewEvent("view", "shop", data=msgspec.Raw(text.encode()))


def same(one: str, other: str) -> bool:
    """Whether two texts are the same JSON, with doubled keys and each digit."""
    pairs: Any = lambda text: json.loads(text, object_pairs_hook=list, parse_float=str, parse_int=str)  # noqa: E731
    return bool(pairs(one) == pairs(other))


def encoded(texts: list[str]) -> list[bytes | Fields]:
    """Texts as bytes."""
    return [text.encode() for text in texts]


def rebuilt(shapes: Shapes, objects: list[bytes | Fields]) -> list[str]:
    """The texts of objects as the store builds them again."""
    found: dict[int, str] = {}
    for shape, places, columns in shapes.split(objects):
        texts = [column.decode().split("\n") for column in columns]
        for place, values in zip(places, zip(*texts, strict=True), strict=True):
            if shape is None:
                (found[place],) = values
            else:
                pairs = zip(shape.fields, values, strict=True)
                found[place] = "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"
    return [found[place] for place in range(len(objects))]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["a", "b", "A", "a.b", "é", "", "x y"]) | st.text(max_size=5)


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), min_size=1, max_size=8), st.booleans(), st.booleans())
def test_objects_are_split_and_built_again(objects: list[dict[str, Any]], ascii_only: bool, spaced: bool) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    texts = [json.dumps(each, ensure_ascii=ascii_only, separators=separators) for each in objects] * COMMON
    again = rebuilt(Shapes(), encoded(texts))
    assert all(map(same, again, texts))


@pytest.mark.parametrize("text", ODD)
def test_odd_objects_are_built_again_and_leave_their_neighbours_alone(text: str) -> None:
    shapes = Shapes()
    plain = ['{"a":1,"b":"x"}'] * COMMON
    for _ in range(2):
        again = rebuilt(shapes, encoded([*plain, *[text] * COMMON, *plain]))
        assert all(map(same, again, [*plain, *[text] * COMMON, *plain]))
    assert ("a", "b") in [shape.fields for shape in shapes.by_number.values()]


def test_a_million_distinct_keys_become_no_columns() -> None:
    shapes = Shapes()
    for start in range(0, 30_000, 1_000):
        texts = [f'{{"k{number}":{number}}}' for number in range(start, start + 1_000)]
        assert rebuilt(shapes, encoded(texts)) == texts
    assert not columns_of(shapes.by_number.values())
    assert len(shapes._counts) < 12_000


def test_data_comes_back_from_tail_and_files(tmp_path: Path) -> None:
    texts = [*ODD, *[f'{{"total":{number}.50,"name":"é"}}' for number in range(COMMON * 2)]]
    with Keeping(tmp_path / "data", options={"seconds": 0.3}) as disk:
        disk.events(*map(sent, texts))
        assert all(map(same, [row[5] for row in disk.stored()], texts))
        disk.until(lambda: disk.client.status.upto >= disk.log.position)
        assert all(map(same, [row[5] for row in disk.stored()], texts))


def test_fields_are_found_in_columns_and_in_whole_texts(tmp_path: Path) -> None:
    cases = [
        ('{"total":1.50,"name":"é"}', ["1.50", '"é"', None, None]),
        ('{"total":null,"cart":{"id":7,"x.y":1}}', ["null", None, "7", None]),
        ('{"cart.id":"flat"}', [None, None, '"flat"', None]),
        ('{"cart":{"deep":{"er":[1]}}}', [None, None, None, "[1]"]),
    ]
    with Keeping(tmp_path / "data", options={"seconds": 600.0}) as disk:
        for _ in range(COMMON):
            disk.events(*(sent(text) for text, _ in cases))
        names = ["total", "name", "cart.id", "cart.deep.er"]
        found = disk.answer("fields", fields=names)
        for place, (text, expected) in enumerate(cases):
            assert [plain(value) for value in found[place]] == [plain(value) for value in expected], text
            assert [plain(value) for value in found[place - len(cases)]] == [plain(value) for value in expected], text


def plain(text: str | None) -> Any:
    """A JSON text as a value: what is in no column loses zeros at the end of a number."""
    return None if text is None else ("json", json.loads(text, parse_float=Decimal))


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=4), st.booleans(), st.sampled_from(ODD))
def test_events_of_the_journal_are_decoded_split_or_whole(
    objects: list[dict[str, Any]], spaced: bool, odd: str
) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    plain = [json.dumps(each, ensure_ascii=False, separators=separators) for each in objects]
    for texts in (plain, [*plain, odd]):
        body = msgspec.json.encode([sent(text) for text in texts])
        events = decoded_events(body)
        data = [each.data if isinstance(each.data, dict) else bytes(each.data) for each in events]
        shapes = Shapes()
        assert all(map(same, rebuilt(shapes, data), texts))
        assert [(each.type, each.service) for each in events] == [("view", "shop")] * len(texts)
    assert isinstance(decoded_events(b'[{"type":"a","service":"b","data":{"c":1.50}}]')[0], SplitEvent)
    assert isinstance(decoded_events(b'[{"type":"a","service":"b","data":{"c":1,"c":2}}]')[0], NewEvent)
