"""JSON with more values than may be decoded at once is refused, by a count that decodes nothing."""

import json
from typing import Any

import pytest
from hypothesis import given

from analytics.errors import MalformedBody, TooLarge
from analytics.records import NewMetric
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.metric import MetricSchema
from analytics.schemas.surrogates import MOST_REPLACED, without_unpaired
from analytics.schemas.value_limit import MOST_VALUES, check_values, has_more_values
from tests.doors.records.record_rig import JSON, RecordRig
from tests.schemas.decoders import events, metrics
from tests.schemas.payloads import anything

EMPTY_LISTS = b"[" + b"[]," * MOST_VALUES + b"[]]"
MANY_KEYS = b"{" + b",".join(b'"%d":0' % number for number in range(MOST_VALUES + 1)) + b"}"
SPAN = b'{"trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174","service":"s","name":"n",'
SPAN += b'"start":1700000000000000000,"duration_ms":1,"events":[{"name":"e","time":1700000000000000000,"attributes":'


def values_in(value: Any) -> int:
    """How many values there are, in this one, and with it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(values_in, inner))


@given(anything)
def test_values_are_counted_wherever_they_stand(value: Any) -> None:
    body = json.dumps(value).encode()
    count = values_in(value)
    assert not has_more_values(body, 2 * count)  # an empty list or object may count as two
    assert has_more_values(body + b" " * len(body) * 4, count - 2) or count == 1


@pytest.mark.parametrize("text", [r"[{,", r"\"[{,", r"\\", r"\\\"[,", "\u00e9,", r"\u005b,"])
def test_what_stands_in_texts_does_not_count(text: str) -> None:
    body = json.dumps([text * 1_000] * 10).encode()
    assert not has_more_values(body, 12)
    assert has_more_values(body, 8)
    assert has_more_values(body.removesuffix(b'"]'), 8), "also where the last one has no end"


def test_the_limit_is_named_in_the_error() -> None:
    check_values(b"[" + b"0," * (MOST_VALUES - 1) + b"0]")
    with pytest.raises(MalformedBody, match="more than 100,000 values") as refused:
        check_values(EMPTY_LISTS)
    assert refused.value.code == "too_many_values"


@pytest.mark.parametrize("data", [EMPTY_LISTS, b'{"a":%b}' % EMPTY_LISTS, MANY_KEYS])
def test_an_item_with_too_many_values_does_not_affect_the_others(data: bytes) -> None:
    bad = b'{"type":"a","service":"s","data":%b}' % data
    good = b'{"type":"a","service":"s"}'
    for batch in (events.many(b"[%b,%b]" % (bad, good)), events.lines(bad + b"\n" + good)):
        assert [(error.index, error.code) for error in batch.errors] == [(0, "too_many_values")]
        assert len(batch.items) == 1
    for broken in (MANY_KEYS, b'{"name":"m","value":1,"tags":%b}' % MANY_KEYS):
        with pytest.raises(MalformedBody, match="values"):
            metrics.one(broken)


def test_others_run_between_items_with_many_values_together() -> None:
    pauses: list[int] = []
    decoder: SchemaDecoder[NewMetric] = SchemaDecoder(MetricSchema(), NewMetric, 10_000, lambda: pauses.append(1))
    tags = b",".join(b'"%d":"a"' % number for number in range(30))
    metric = b'{"name":"m","value":1,"tags":{%b}}' % tags
    for count, paused in ((7_000, 0), (8_000, 8_000)):
        items = [metric] * count
        forms = ((decoder.many, b"[" + b",".join(items) + b"]"), (decoder.lines, b"\n".join(items)))
        for decode, body in forms:
            batch = decode(body)
            assert (len(batch.items), batch.errors, len(pauses)) == (count, [], paused)
            pauses.clear()


def test_very_many_items_are_counted_while_others_run() -> None:
    pauses: list[int] = []
    decoder: SchemaDecoder[NewMetric] = SchemaDecoder(MetricSchema(), NewMetric, 10_000, lambda: pauses.append(1))
    with pytest.raises(TooLarge, match="more than 10000 items"):
        decoder.many(b" [" + b"0," * 600_000 + b"0]")
    assert len(pauses) == 2, "it stops after the items that are allowed"
    item = b'{"name":"%b"},' % (b"," * 600_000)
    assert [error.code for error in decoder.many(b"[" + item * 2 + b"0]").errors] == ["validation_failed"] * 3


@pytest.mark.parametrize(
    ("path", "start", "part", "end"),
    [
        ("/logs", b'{"service":"s","message":"m","attributes":{"a":[', b"[],", b"[]]}}"),
        ("/spans", SPAN + b'{"a":[', b"[],", b"[]]}}]}"),
        ("/v1/traces", b'{"resourceSpans":[{"scopeSpans":[{"spans":[', b"{},", b"{}]}]}]}"),
        ("/v1/logs", b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[', b"{},", b"{}]}]}]}"),
        ("/loki/api/v1/push", b'{"streams":[{"values":[["1","l",{"a":[', b"[],", b"[]]}]]}]}"),
    ],
)
def test_doors_for_records_refuse_them(path: str, start: bytes, part: bytes, end: bytes) -> None:
    rig = RecordRig()
    answer = rig.post(path, start + part * 600_000 + end, JSON)
    assert (answer.status, answer.error_code) == (400, "too_many_values")
    assert b"values" in answer.body
    assert rig.drops == {"too_many_values": 1}


def test_no_more_halves_of_characters_are_replaced_than_a_text_may_have() -> None:
    half = rb"\ud800"
    assert without_unpaired(half * MOST_REPLACED) == rb"\ufffd" * MOST_REPLACED
    assert without_unpaired(half * (MOST_REPLACED + 1)) == half * (MOST_REPLACED + 1)
    whole = rb"\ud83d\ude80" * 2 * MOST_REPLACED
    assert without_unpaired(whole + half) == whole + rb"\ufffd"
