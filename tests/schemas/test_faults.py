"""Random batches with random faults: each faulty item is reported at its index and affects no other item."""

import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.doors.forms import decode
from analytics.schemas.compiled import DecodedBatch, SchemaDecoder
from tests.randomness import costly
from tests.schemas import decoders
from tests.schemas.faults import HOLE, REFUSED_IN_DATA, TAKEN, TWICE, WHOLE, Fault, content, with_fault
from tests.schemas.payloads import styles

GOOD = b'{"type":"a","service":"s"}'

EVENT_HOLES: tuple[Callable[[str], dict[str, Any]], ...] = (
    lambda hole: {"type": "t", "service": "s", "data": {"q": hole}},
    lambda hole: {"type": "t", "service": "s", "data": {"list": [1, {"deep": [hole, 2]}]}},
    lambda hole: {"data": {"q": hole, "z": [{}]}, "type": "t", "service": "s"},
    lambda hole: {"type": hole, "service": "s"},
)
EVENT_TEXTS: tuple[Callable[[str], dict[str, Any]], ...] = (
    *EVENT_HOLES,
    lambda hole: {"type": "t", "service": hole, "data": {"a": 1}},
    lambda hole: {"type": "t", "service": "s", "user_id": hole},
    lambda hole: {"type": "t", "service": "s", "id": hole},
    lambda hole: {"type": "t", "service": "s", "data": {hole: 1}},
)
METRIC_HOLES: tuple[Callable[[str], dict[str, Any]], ...] = (
    lambda hole: {"name": "n", "value": hole},
    lambda hole: {"value": 1.0, "name": "n", "tags": {"a": hole}},
)
METRIC_TEXTS: tuple[Callable[[str], dict[str, Any]], ...] = (
    lambda hole: {"name": hole, "value": 1.0},
    lambda hole: {"name": "n", "value": 1.0, "unit": hole},
    lambda hole: {"name": "n", "value": 1.0, "id": hole},
    lambda hole: {"name": "n", "value": 1.0, "tags": {"a": hole}},
    lambda hole: {"name": "n", "value": 1.0, "tags": {hole: "a"}},
)


class Kind(NamedTuple):
    """Items of a kind: valid ones, and ones with a placeholder as a value or within a text."""

    name: str
    decoder: SchemaDecoder[Any]
    right: st.SearchStrategy[dict[str, Any]]
    holes: tuple[Callable[[str], dict[str, Any]], ...]
    texts: tuple[Callable[[str], dict[str, Any]], ...]


words = st.text(st.sampled_from('ab é😀"\\[]{},:'), min_size=1, max_size=8)
KINDS = (
    Kind(
        "events",
        decoders.events,
        st.fixed_dictionaries(
            {"type": words, "service": words, "id": words},
            optional={"data": st.dictionaries(words, st.recursive(words | st.integers(-9, 9), st.lists, max_leaves=4))},
        ),
        EVENT_HOLES,
        EVENT_TEXTS,
    ),
    Kind(
        "metrics",
        decoders.metrics,
        st.fixed_dictionaries(
            {"name": words, "value": st.floats(-1e9, 1e9), "id": words},
            optional={"unit": words, "tags": st.dictionaries(words, words, max_size=3)},
        ),
        METRIC_HOLES,
        METRIC_TEXTS,
    ),
)


class Sent(NamedTuple):
    """An item as sent, and its fields if it is accepted."""

    body: bytes
    taken: dict[str, Any] | None


DEFAULTS: dict[str, dict[str, Any]] = {"events": {"data": {}}, "metrics": {}}
"""Fields of an accepted item that were not sent."""


@st.composite
def sent(draw: st.DrawFn, kind: Kind, *, lines: bool) -> Sent:
    """A valid item (mostly), or one with a fault."""
    style = draw(styles)

    def dump(value: Any) -> bytes:
        body = json.dumps(value, **style).encode()
        return body.replace(b"\n", b" ") if lines else body

    fate = draw(st.integers(0, 9))
    if fate < 5:
        item = draw(kind.right)
        return Sent(dump(item), {**DEFAULTS[kind.name], **item})
    if fate < 7:
        make, fault = draw(st.sampled_from(kind.texts)), draw(st.sampled_from(TAKEN))
        taken = {**DEFAULTS[kind.name], **make(fault.becomes)}
        return Sent(with_fault(make(HOLE), fault, dump), taken)
    if fate < 9:
        return Sent(
            with_fault(draw(st.sampled_from(kind.holes))(HOLE), draw(st.sampled_from(REFUSED_IN_DATA)), dump), None
        )
    return Sent(draw(st.sampled_from([fault.text for fault in WHOLE if fault.text.strip() or not lines])), None)


def send(kind: Kind, form: str, items: list[bytes], space: bytes = b"") -> DecodedBatch[Any]:
    """`items`, unchanged, in one of the forms of a batch."""
    between = space + b"," + space
    body = {
        "lines": b"\n".join(items),
        "array": space + b"[" + space + between.join(items) + space + b"]" + space,
        "object": b'{"%b":%b[' % (kind.name.encode(), space) + between.join(items) + b"]" + space + b"}" + space,
    }[form]
    batch = decode(kind.decoder, body, kind.name, is_lines=form == "lines")
    assert isinstance(batch, DecodedBatch)
    return batch


def check(batch: DecodedBatch[Any], items: list[Sent]) -> None:
    expected = [(place, item.taken) for place, item in enumerate(items) if item.taken is not None]
    assert list(zip(batch.places, map(content, batch.items), strict=True)) == expected
    refused = [place for place, item in enumerate(items) if item.taken is None]
    assert [error.index for error in batch.errors] == refused
    assert all(error.code in ("malformed_json", "nested_too_deeply", "validation_failed") for error in batch.errors)
    assert all(error.message for error in batch.errors)


@pytest.mark.parametrize("form", ["array", "object", "lines"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_fault_affects_only_its_item(kind: Kind, form: str) -> None:
    seen = {"mixed": 0, "damaged": 0}

    @costly(150)
    @given(
        st.lists(sent(kind, lines=form == "lines"), min_size=1, max_size=8).filter(
            lambda items: any(item.body.strip() for item in items)
        ),
        st.sampled_from([b"", b" ", b"\t", b" \n "]),
    )
    def run(items: list[Sent], space: bytes) -> None:
        check(send(kind, form, [item.body for item in items], space), items)
        seen["mixed"] += len({item.taken is None for item in items}) == 2
        seen["damaged"] += any(item.taken is None for item in items)

    run()
    assert min(seen.values()) > 30, "most batches had no fault, or only faults: they test little"


@pytest.mark.parametrize("fault", [*REFUSED_IN_DATA, *TAKEN, TWICE], ids=lambda fault: fault.name)
@pytest.mark.parametrize("form", ["array", "object", "lines"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_fault_is_detected_at_each_place(fault: Fault, form: str, place: int) -> None:
    kind = KINDS[0]
    rights = [{"type": name, "service": "s", "data": {"a": [{"b": name}]}} for name in "xyz"]
    items = [Sent(json.dumps(right).encode(), right) for right in rights]
    taken = {"type": "t", "service": "s", "data": {"q": fault.becomes}} if fault.becomes else None
    items[place] = Sent(with_fault(EVENT_HOLES[0](HOLE), fault, lambda item: json.dumps(item).encode()), taken)
    check(send(kind, form, [item.body for item in items]), items)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("form", ["array", "object"])
def test_a_truncated_body_keeps_its_complete_items(kind: Kind, form: str) -> None:
    """Truncated anywhere: each complete item is accepted, and one error reports that the rest is missing."""
    item = kind.holes[0]("é") if kind.name == "events" else {"name": "é", "value": 1.0, "tags": {"a": "]}"}}
    items = [json.dumps({**item, "id": str(number)}, ensure_ascii=False).encode() for number in range(3)]
    start = b"[" if form == "array" else b'{"%b":[' % kind.name.encode()
    body = start + b",".join(items) + (b"]" if form == "array" else b"]}")
    ends = [len(start) + sum(map(len, items[: count + 1])) + count for count in range(3)]
    for cut in range(ends[0], len(body)):
        batch = decode(kind.decoder, body[:cut], kind.name, is_lines=False)
        assert isinstance(batch, DecodedBatch)
        whole = sum(end <= cut for end in ends)
        assert [record.id for record in batch.items] == [str(number) for number in range(whole)], body[:cut]
        assert [(error.index, error.code) for error in batch.errors] == [(whole, "malformed_json")], body[:cut]
        assert str(cut) in batch.errors[0].message or "begins at byte" in batch.errors[0].message


@pytest.mark.parametrize(
    ("unclosed", "where"),
    [
        (b'{"type":"b","service":"s', "string"),
        (b'{"type":"b","service":"s"', "object"),
        (b'{"type":"b\\"', "escaped quote"),
    ],
)
@pytest.mark.parametrize("form", ["array", "object"])
def test_an_unclosed_item_is_one_error_with_its_position(form: str, unclosed: bytes, where: str) -> None:
    batch = send(KINDS[0], form, [GOOD, GOOD, unclosed, GOOD, GOOD])
    assert [record.type for record in batch.items] == ["a", "a"]
    ((index, code, message, _),) = [(error.index, error.code, error.message, error.field) for error in batch.errors]
    start = (1 if form == "array" else len(b'{"events":[')) + 2 * (len(GOOD) + 1)
    assert (index, code) == (2, "malformed_json")
    assert f"begins at byte {start}:" in message, where


@pytest.mark.parametrize(
    ("rest", "form"),
    [(b"]", "array"), (b"x", "array"), (b",5", "array"), (b'[{"type":"b"}]', "array"), (b'],"more":NaN', "object")],
)
def test_trailing_bytes_are_one_error_and_affect_no_item(rest: bytes, form: str) -> None:
    body = b"[" + GOOD + b"]" + rest if form == "array" else b'{"events":[' + GOOD + rest + b"}"
    batch = decode(decoders.events, body, "events", is_lines=False)
    assert isinstance(batch, DecodedBatch)
    assert ([record.type for record in batch.items], [error.index for error in batch.errors]) == (["a"], [1])
    assert "The array ends at byte" in batch.errors[0].message


def test_the_message_shows_the_fault() -> None:
    minus = b'{"type":"b","service":"s","data":{"n":-Infinity}}'
    body = b"[" + GOOD + b"," + minus + b',{"type":"\xe9"},,{"type":"c\n"}]'
    batch = decode(decoders.events, body, "events", is_lines=False)
    assert isinstance(batch, DecodedBatch)
    assert [error.message for error in batch.errors] == [
        """The item is not valid JSON: invalid character (byte 39, near 's","data":{"n":-Infinity}}').""",
        """The item is not UTF-8 (byte 9, near '{"type":"\ufffd"}').""",
        "The item is empty.",
        """The item is not valid JSON: invalid character (byte 10, near '{"type":"c "}').""",
    ]


def calls(body: bytes) -> int:
    """Number of function calls, in Python and C, to decode `body`."""
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        decode(decoders.events, body, "events", is_lines=False)
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize(
    "piece",
    [
        GOOD + b",",
        GOOD + b",NaN,",
        rb'{"type":"a","service":"s","data":{"q":"\ud83d"}},',
        b'{"type":"a","data":[[[',
        b'{"type":"a","data":{"q":"',
        b'\\"',
        b'["\\',
        b'{"a":[{]}',
        b"[[[",
        b"]]]",
    ],
)
def test_the_work_is_linear_in_the_bytes(piece: bytes) -> None:
    start = b"[" + GOOD + b",NaN,"
    short, long = (calls(start + piece * count) for count in (100, 400))
    assert long <= 4 * short + 100
