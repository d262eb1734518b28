"""The forms of a JSON body."""

import json
from typing import Any

import msgspec
import pytest

from analytics.doors.forms import LARGE, decode
from analytics.errors import AnalyticsError, TooLarge, ValidationFailed
from analytics.schemas.compiled import DecodedBatch, SchemaDecoder
from analytics.schemas.event import EventSchema
from tests.schemas import decoders
from tests.schemas.decoders import MAX_ITEMS, NewEvent

A, B = b'{"type":"a","service":"s"}', b'{"type":"b","service":"s"}'
BAD = b'{"type":5,"service":"s"}'


def types(body: bytes, *, is_lines: bool = False) -> Any:
    """The type of a single event, or of each one in a batch."""
    found = decode(decoders.events, body, "events", is_lines=is_lines)
    return [event.type for event in found.items] if isinstance(found, DecodedBatch) else found.type


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (A, "a"),
        (b" \r\n\t" + A + b"\n", "a"),
        (b"[" + A + b"]", ["a"]),
        (b" [ " + A + b" , " + B + b" ] ", ["a", "b"]),
        (b'{"events":[' + A + b"," + B + b"]}", ["a", "b"]),
        (b'\n{ "events" : [' + A + b"] }", ["a"]),
        (b'{"type":"events","service":"s"}', "events"),
        (b'{"service":"s","type":"a","data":{"events":[1]}}', "a"),
    ],
)
def test_one_object_an_array_and_an_object_around_an_array_are_distinguished(body: bytes, expected: Any) -> None:
    assert types(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (A, ["a"]),
        (A + b"\n" + B, ["a", "b"]),
        (A + b"\r\n" + B + b"\r\n", ["a", "b"]),
        (b"\n\n  \n" + A + b"\n\t\n" + B + b"\n\n", ["a", "b"]),
        (b"  " + A + b"  ", ["a"]),
    ],
)
def test_each_line_is_an_item_and_blank_lines_are_skipped(body: bytes, expected: list[str]) -> None:
    assert types(body, is_lines=True) == expected


@pytest.mark.parametrize(
    ("body", "is_lines", "status", "code"),
    [
        (b"", False, 400, "empty_body"),
        (b" \n\t ", False, 400, "empty_body"),
        (b"[]", False, 400, "empty_batch"),
        (b'{"events":[]}', False, 400, "empty_batch"),
        (b"", True, 400, "empty_batch"),
        (b"\n \n", True, 400, "empty_batch"),
        (b"[", False, 400, "malformed_json"),
        (b"[" + A[:-1], False, 400, "malformed_json"),
        (b"[]]", False, 400, "malformed_json"),
        (b'{"events":[', False, 400, "malformed_json"),
        (b'{"events":[]', False, 400, "malformed_json"),
        (b'{"events":[' + A[:-1], False, 400, "malformed_json"),
        (b'{"events":nonsense}', False, 400, "malformed_json"),
        (b'{"events":nonsense,"more":[' + A + b"]}", False, 400, "malformed_json"),
        (b"{", False, 400, "malformed_json"),
        (b"nonsense", False, 400, "malformed_json"),
        (b"[" * 100_000, False, 400, "nested_too_deeply"),
        (b'{"events":' + b"[" * 100_000, False, 400, "nested_too_deeply"),
        (b'{"events":5}', False, 422, "validation_failed"),
        (b'{"events":' + A + b"}", False, 422, "validation_failed"),
        (b'{"events":null}', False, 422, "validation_failed"),
        (b'{"events":[' + A + b'],"more":1}', False, 422, "validation_failed"),
        (b'{"metrics":[' + A + b"]}", False, 422, "validation_failed"),
        (b"null", False, 422, "validation_failed"),
        (b"5", False, 422, "validation_failed"),
        (b"{}", False, 422, "validation_failed"),
        (b"[" + b",".join([A] * (MAX_ITEMS + 1)) + b"]", False, 413, "batch_too_large"),
        (b'{"events":[' + b",".join([A] * (MAX_ITEMS + 1)) + b"]}", False, 413, "batch_too_large"),
        (b"\n".join([A] * (MAX_ITEMS + 1)), True, 413, "batch_too_large"),
        (b"[" + b",".join([BAD] * (MAX_ITEMS + 1)) + b"]", False, 413, "batch_too_large"),
        (b"[NaN," + b",".join([A] * MAX_ITEMS) + b"]", False, 413, "batch_too_large"),
        (b'{"events":[NaN,' + b",".join([A] * MAX_ITEMS), False, 413, "batch_too_large"),
    ],
)
def test_a_body_of_no_known_form_is_refused_as_a_whole(body: bytes, is_lines: bool, status: int, code: str) -> None:
    with pytest.raises(AnalyticsError) as refused:
        decode(decoders.events, body, "events", is_lines=is_lines)
    assert (refused.value.status, refused.value.code) == (status, code)


def test_unknown_fields_beside_the_array_are_named() -> None:
    with pytest.raises(AnalyticsError) as refused:
        decode(decoders.events, b'{"events":[],"sent_at":1,"source":2}', "events", is_lines=False)
    assert refused.value.fields == {"sent_at": ["Unknown field."], "source": ["Unknown field."]}


@pytest.mark.parametrize("count", [1, MAX_ITEMS - 1, MAX_ITEMS])
def test_a_batch_may_be_as_large_as_the_limit(count: int) -> None:
    assert len(types(b"[" + b",".join([A] * count) + b"]")) == count
    assert len(types(b"\n".join([A] * count), is_lines=True)) == count


@pytest.mark.parametrize("is_lines", [False, True])
def test_invalid_items_do_not_affect_the_others(is_lines: bool) -> None:
    items = [A, b"5", B, BAD, b'{"type":"c","service":"s","color":1}', A]
    body = b"\n".join(items) if is_lines else b"[" + b",".join(items) + b"]"
    batch = decode(decoders.events, body, "events", is_lines=is_lines)
    assert isinstance(batch, DecodedBatch)
    assert ([event.type for event in batch.items], list(batch.places)) == (["a", "b", "a"], [0, 2, 5])
    assert [(error.index, error.code, error.field) for error in batch.errors] == [
        (1, "validation_failed", None),
        (3, "validation_failed", "type"),
        (4, "validation_failed", "color"),
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "malformed_json"),
        (b"\xff", "malformed_json"),
        (b"[" * 100_000, "nested_too_deeply"),
        (b"[" + A + b"]", "validation_failed"),
    ],
)
def test_a_line_that_is_not_json_does_not_affect_the_others(line: bytes, code: str) -> None:
    batch = decode(decoders.events, A + b"\n" + line + b"\n" + B, "events", is_lines=True)
    assert isinstance(batch, DecodedBatch)
    assert [event.type for event in batch.items] == ["a", "b"]
    assert [(error.index, error.code) for error in batch.errors] == [(1, code)]


def test_an_item_that_is_not_utf8_does_not_affect_the_others() -> None:
    batch = decode(decoders.events, b"[" + A + b',{"type":"\xff","service":"s"},' + B + b"]", "events", is_lines=False)
    assert isinstance(batch, DecodedBatch)
    assert (len(batch.items), [error.code for error in batch.errors]) == (2, ["malformed_json"])


def test_data_that_is_not_utf8_is_refused_too() -> None:
    batch = decode(
        decoders.events, b'[{"type":"a","service":"s","data":{"a":"\xff"}},' + A + b"]", "events", is_lines=False
    )
    assert isinstance(batch, DecodedBatch)
    assert (len(batch.items), [error.code for error in batch.errors]) == (1, ["malformed_json"])


def test_decoding_a_faulty_batch_yields() -> None:
    pauses: list[int] = []
    decoder = SchemaDecoder(EventSchema(), NewEvent, MAX_ITEMS, lambda: pauses.append(1))
    decoder.many(b"[" + b",".join([A] * 500) + b"]")
    assert pauses == []
    decoder.many(b"[" + b",".join([BAD] + [A] * 499) + b"]")
    assert len(pauses) == 500


def test_blank_lines_neither_count_nor_stay() -> None:
    blank = b"\n \t\r\n\x0b\x0c\n" * 20 * MAX_ITEMS
    batch = decode(decoders.events, blank + A + blank + b" " + B + b"\r" + blank, "events", is_lines=True)
    assert isinstance(batch, DecodedBatch)
    assert (len(batch.items), batch.errors) == (2, [])
    with pytest.raises(TooLarge, match=f"more than {MAX_ITEMS} items"):
        decode(decoders.events, (A + b"\n \t\r\n\n\n\n\n") * (MAX_ITEMS + 1), "events", is_lines=True)


def test_the_first_of_very_many_fields_next_to_the_array_is_named() -> None:
    others = b",".join(b'"field %d":1' % number for number in range(LARGE // 10))
    with pytest.raises(ValidationFailed, match=r"next to 'events': field 0\Z") as refused:
        decode(decoders.events, b'{"events":[' + A + b"]," + others + b"}", "events", is_lines=False)
    assert refused.value.fields == {"field 0": ["Unknown field."]}


def test_metrics_have_the_same_forms() -> None:
    metric = json.dumps({"name": "m", "value": 1}).encode()
    for body, is_lines in ((b'{"metrics":[' + metric + b"]}", False), (b"[" + metric + b"]", False), (metric, True)):
        batch = decode(decoders.metrics, body, "metrics", is_lines=is_lines)
        assert isinstance(batch, DecodedBatch)
        assert [msgspec.structs.asdict(item)["name"] for item in batch.items] == ["m"]
    single = decode(decoders.metrics, metric, "metrics", is_lines=False)
    assert isinstance(single, decoders.NewMetric)
    assert (single.name, single.value) == ("m", 1.0)


@pytest.mark.parametrize(
    "body",
    [
        b'{"events":[' + A + b'],"events":[' + B + b"]}",
        b'{"events":[' + A + b'],"events":[' + A + b"]}",
        b'{"events":[],"events":[' + A + b"]}",
    ],
)
def test_a_duplicate_array_is_refused(body: bytes) -> None:
    with pytest.raises(AnalyticsError) as caught:
        types(body)
    assert "once" in caught.value.message


def test_the_number_of_messages_about_unknown_names_is_bounded() -> None:
    flood = {f"name-{number}": 1 for number in range(50_000)}
    for body in ({"events": [], **flood}, {"type": "a", "service": "s", **flood}, flood):
        with pytest.raises(AnalyticsError) as caught:
            types(msgspec.json.encode(body))
        assert len(caught.value.message) < 1_000
        assert len(caught.value.fields) <= 100
    metric = {"name": "n", "value": 1, "tags": dict.fromkeys(flood, "v")}
    with pytest.raises(AnalyticsError) as caught:
        decode(decoders.metrics, msgspec.json.encode(metric), "metrics", is_lines=False)
    assert caught.value.fields == {"tags": ["Must have at most 32 tags."]}


@pytest.mark.parametrize("is_lines", [False, True])
def test_items_far_above_the_limit_are_only_counted(monkeypatch: pytest.MonkeyPatch, *, is_lines: bool) -> None:
    monkeypatch.setattr(SchemaDecoder, "_each", lambda *_: pytest.fail("made"))
    body = b"1\n" * (MAX_ITEMS + 1) if is_lines else b"[1" + b",1" * MAX_ITEMS + b"]"
    with pytest.raises(AnalyticsError) as caught:
        types(body, is_lines=is_lines)
    assert caught.value.code == "batch_too_large"


def test_any_number_of_blank_lines_is_skipped() -> None:
    assert types(b"\n \n" * MAX_ITEMS + A + b"\n" * MAX_ITEMS, is_lines=True) == ["a"]
