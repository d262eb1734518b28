"""The derived decoders and marshmallow accept and refuse the same payloads, with equal results."""

import json
import random
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import MalformedBody, ValidationFailed
from analytics.records import NewEvent, NewMetric
from analytics.schemas.compiled import SchemaDecoder, load
from analytics.schemas.derived import derive
from analytics.schemas.event import EventSchema
from analytics.schemas.metric import MetricSchema
from tests.randomness import costly
from tests.schemas import decoders
from tests.schemas.decoders import outcome
from tests.schemas.payloads import bodies, events, metrics

CASES = [(decoders.events, EventSchema(), NewEvent, events), (decoders.metrics, MetricSchema(), NewMetric, metrics)]


@pytest.mark.parametrize(("decoder", "schema", "record", "payload"), CASES, ids=["events", "metrics"])
def test_one_item_is_decoded_like_by_marshmallow(
    decoder: SchemaDecoder[Any], schema: Any, record: Any, payload: st.SearchStrategy[Any]
) -> None:
    derived = msgspec.json.Decoder(derive(schema, record))
    taken = fast = 0

    @costly(300)
    @given(bodies(payload))
    def check(body: bytes) -> None:
        nonlocal taken, fast
        expected = outcome(partial(load, schema, body))
        assert outcome(partial(decoder.one, body)) == expected
        taken += expected[0] == "taken"
        try:
            derived.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        fast += 1

    check()
    assert taken >= 60, "most examples were refused: they test little"
    assert fast >= 60, "the derived decoder refused most examples: they test little"


@pytest.mark.parametrize(("decoder", "schema", "record", "payload"), CASES, ids=["events", "metrics"])
def test_arrays_and_lines_are_decoded_like_their_items_one_by_one(
    decoder: SchemaDecoder[Any], schema: Any, record: Any, payload: st.SearchStrategy[Any]
) -> None:
    @costly()
    @given(st.lists(bodies(payload).filter(lambda body: body.strip()), min_size=1, max_size=5))
    def check(items: list[bytes]) -> None:
        items = [item.replace(b"\n", b" ").replace(b"\r", b" ") for item in items]
        compare(decoder, items, decoder.lines(b"\n".join(items)))
        readable = [item for item in items if _is_json(item)]
        if readable:
            compare(decoder, readable, decoder.many(b" [" + b" , ".join(readable) + b"]\n"))

    check()


def _is_json(item: bytes) -> bool:
    try:
        msgspec.json.decode(item, type=msgspec.Raw)
        json.loads(item)
    except ValueError:
        return False
    return True


def compare(decoder: SchemaDecoder[Any], items: list[bytes], batch: Any) -> None:
    taken, errors = [], []
    for place, item in enumerate(items):
        try:
            taken.append((place, decoders.plain(decoder.one(item))))
        except (MalformedBody, ValidationFailed) as error:
            errors.append((place, error.code, next(iter(error.fields), None)))
    assert list(zip(batch.places, map(decoders.plain, batch.items), strict=True)) == taken
    assert [(error.index, error.code, error.field) for error in batch.errors] == errors


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":[' + b",".join([b"1e15"] * 4_000) + b"]}",
        b'{"a":[' + b",".join([b"1E5"] * 7_000) + b"]}",
        b'{"a":"' + b"\\u00e9" * 5_000 + b'"}',
        b'{"a":"' + b"\\u00e9" * 17_000 + b'"}',
        b'{"a":' + b" " * 40_000 + b"1}",
        b'{"a":"' + b"[{" * 500 + b'"}',
        b'{"a":1e999}',
        b'{"a":[1,-1E+0400]}',
        b'{"a":1e308,"b":1e-999}',
        b'{"a":' + b"9" * 309 + b"}",
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":' + b"9" * 250 + b"e99}",
        b'{"a":1,"a":' + b"[" * 70 + b"]" * 70 + b"}",
        b'{"a":' + b"[" * 70 + b"]" * 70 + b',"a":1}',
    ],
)
def test_the_size_of_data_is_checked_alike_in_any_format(data: bytes) -> None:
    body = b'{"type":"a","service":"b","data":' + data + b"}"
    assert outcome(partial(decoders.events.one, body)) == outcome(partial(load, EventSchema(), body))


@pytest.mark.parametrize("data", [b"null", b"[]", b'"text"', b"5", b"true", b'{"a":1e999}', b'{"a":"\xff"}', b"{}"])
def test_the_data_of_each_item_of_a_batch_is_checked(data: bytes) -> None:
    items = [b'{"type":"a","service":"b","data":' + each + b"}" for each in (b'{"a":1}', data, b"{}", data)]
    compare(decoders.events, items, decoders.events.many(b"[" + b",".join(items) + b"]"))
    compare(decoders.events, items, decoders.events.lines(b"\n".join(items)))


GOOD, NESTED = b'{"type":"a","service":"b"}', b'{"type":"a","service":"b","data":{"a":{"b":"}"}}}'


@pytest.mark.parametrize(
    "body",
    [
        b"\n".join([GOOD, NESTED]),
        b"\r\n".join([GOOD, NESTED, GOOD, b""]),
        b"\n\n" + GOOD + b"\n \t\n  " + NESTED + b" \r\n\r\n",
        GOOD + NESTED + b"\n" + GOOD,
        GOOD + b" " + GOOD,
        GOOD + b" " + GOOD + b'\n{"type":"a",\n"service":"b"}',
        GOOD + GOOD + b"\n" + b'{"type":"a","service":"b","data":{"a":{}\n{}}}',
        b'{"type":"a","service":"b","data":{"a":{}\n,"b":{}}}\n' + GOOD,
        GOOD + b"\n{}\n" + NESTED,
        GOOD + b"\n{\n" + NESTED,
        GOOD + b"\n\x0b" + GOOD,
    ],
)
def test_each_line_is_one_item(body: bytes) -> None:
    compare(decoders.events, [line for line in body.split(b"\n") if line.strip()], decoders.events.lines(body))


@pytest.mark.parametrize("levels", [62, 63, 64, 65])
@pytest.mark.parametrize("others", [0, 1, 100])
def test_the_depth_of_data_is_checked_alike_beside_others(levels: int, others: int) -> None:
    deep = b'{"type":"a","service":"b","data":{"a":' + b"[" * levels + b"]" * levels + b',"b":"' + b"x" * 100 + b'"}}'
    items = [deep, *[NESTED] * others]
    compare(decoders.events, items, decoders.events.lines(b"\n".join(items)))


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_times_at_the_ends_of_the_calendar_are_decoded_alike(time: str) -> None:
    body = json.dumps({"type": "a", "service": "b", "timestamp": time}).encode()
    assert outcome(partial(decoders.events.one, body)) == outcome(partial(load, EventSchema(), body))


def test_random_damage_raises_no_other_error(dice: random.Random) -> None:
    fields = {"type": "a", "service": "b", "user_id": "u", "timestamp": "2024-01-15T10:30:00Z", "id": "x"}
    good = json.dumps({**fields, "data": {"a": [1, 2.5, "é"]}}).encode()
    for _ in range(3_000):
        body = bytearray(good)
        for _ in range(dice.randint(1, 3)):
            body[dice.randrange(len(body))] = dice.randrange(256)
        assert outcome(partial(decoders.events.one, bytes(body)))[0] in ("taken", "refused")
