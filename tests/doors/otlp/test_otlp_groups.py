"""What a request may hold besides its items: resources, scopes, attributes and nested values have limits, too."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from analytics import addresses
from analytics.doors.groups import MOST_GROUPS, PAUSE_EVERY
from analytics.doors.loki.labels import LONGEST_LABELS, BadLabelsError, parse_labels
from analytics.doors.loki.pushes import PushDecoder
from analytics.doors.message_limit import DATA_POINTS, LARGE, check_messages
from analytics.doors.otlp import names, record_resources, values
from analytics.doors.otlp.door import parse
from analytics.doors.otlp.forms import json_form, protobuf_form
from analytics.doors.otlp.log_records import LogDecoder
from analytics.doors.otlp.points import decode_points
from analytics.doors.otlp.spans import SpanDecoder
from analytics.doors.records import names as record_names
from analytics.doors.records.attributes import MOST_RECORD_ATTRIBUTES
from analytics.errors import TooLarge
from tests.doors.otlp.messages import PROTOBUF

Decode = Callable[[bytes, Callable[[], None]], Any]


def field(number: int, content: bytes) -> bytes:
    """A field of protobuf with a length."""
    size, left = bytearray(), len(content)
    while left > 127:
        size.append(left & 127 | 128)
        left >>= 7
    return bytes([number << 3 | 2, *size, left]) + content


def ignore(*args: Any) -> None:
    """Neither check nor count."""


DECODE: dict[str, Decode] = {
    "logs": lambda body, pause: LogDecoder(protobuf_form(), ignore, ignore, pause).decode(body),
    "spans": lambda body, pause: SpanDecoder(protobuf_form(), ignore, ignore, pause).decode(body),
    "metrics": lambda body, pause: decode_points(parse(body, PROTOBUF), ignore, pause),
    "Loki": lambda body, pause: PushDecoder(ignore, ignore, pause).protobuf(body),
}
EMPTY: dict[str, Callable[[int], bytes]] = {
    "resources": lambda number: field(1, b"") * number,
    "scopes": lambda number: field(1, field(2, b"") * (number - 1)),
}
CASES = [(kind, of) for kind in DECODE for of in EMPTY if (kind, of) != ("Loki", "scopes")]


@pytest.mark.parametrize(("kind", "of"), CASES)
def test_empty_groups_are_limited_in_number(kind: str, of: str) -> None:
    with pytest.raises(TooLarge, match=str(MOST_GROUPS)) as refused:
        DECODE[kind](EMPTY[of](MOST_GROUPS + 1), ignore)
    assert refused.value.code == "batch_too_large"


@pytest.mark.parametrize(("kind", "of"), CASES)
def test_others_have_their_turn_between_empty_groups(kind: str, of: str) -> None:
    pauses = Counter[str]()
    try:
        DECODE[kind](EMPTY[of](100 * PAUSE_EVERY + 1), lambda: pauses.update(["pause"]))
    finally:
        assert pauses["pause"] >= 100


def line(*parts: bytes) -> bytes:
    """A request with a log record of these fields."""
    return field(1, field(2, field(2, b"".join(parts))))


def test_attributes_beyond_the_limit_are_not_even_read() -> None:
    malformed = field(6, b"\xff")
    right = [field(6, field(1, b"k%d" % number)) for number in range(MOST_RECORD_ATTRIBUTES)]
    dropped = Counter[str]()
    decoder = LogDecoder(protobuf_form(), ignore, lambda reason, number: dropped.update({reason: number}), ignore)
    batch = decoder.decode(line(*right, malformed * 1_000))
    assert (len(batch.items), batch.errors, dropped) == (1, [], {"attribute_cut": 1_000})


def test_a_list_of_values_is_cut_at_all_levels_together() -> None:
    value = AnyValue()
    for _ in range(3):
        inner = value.array_value.values.add()
        for _ in range(20_000):
            inner.array_value.values.add(int_value=1)
    found = values.plain_value(value)
    assert 3 + sum(map(len, found)) == values.MOST_VALUES
    assert values.plain_value(value, [10]) == [[1] * 7, [], []]


@pytest.mark.parametrize("form", [protobuf_form, json_form])
def test_others_have_their_turn_after_a_long_attribute(form: Callable[[], Any]) -> None:
    pauses = Counter[str]()
    reader = LogDecoder(form(), ignore, ignore, lambda: pauses.update(["pause"]))._reader
    text = b"v" * 300
    in_json = b'{"key":"k","value":{"stringValue":"%b"}}' % text
    reader.find(b"\n" + in_json if form is json_form else field(1, b"k") + field(2, field(1, text)))
    assert pauses["pause"] == 1


def test_long_labels_of_a_stream_are_refused() -> None:
    assert len(parse_labels('{a="%s"}' % ("x" * (LONGEST_LABELS - 6)))["a"]) == LONGEST_LABELS - 6
    with pytest.raises(BadLabelsError, match="more than 65536 characters"):
        parse_labels('{a="%s"}' % ("x" * LONGEST_LABELS))


def cache_of(function: Any) -> Any:
    """The cache of a function that remembers short texts."""
    return function.__wrapped__


LONG = "x" * 100_000
REMEMBER: dict[str, tuple[Callable[[str], object], Any]] = {
    "metric": (lambda text: names.metric_name(text, "s"), names._kept_metric_name),
    "label": (names.label_name, cache_of(names.label_name)),
    "name": (record_resources.name_of, cache_of(record_resources.name_of)),
    "origin": (addresses.parse_origin, addresses._kept),
}


@pytest.mark.parametrize("name", REMEMBER)
def test_long_texts_are_not_remembered(name: str) -> None:
    function, kept = REMEMBER[name]
    before = kept.cache_info().currsize
    function(LONG + name)
    assert kept.cache_info().currsize == before


def test_of_a_long_name_only_what_is_left_of_it_is_remembered() -> None:
    left = LONG[: record_names.LONGEST_NAME]
    assert record_names.clean_name(LONG) == left
    before = record_names._kept.cache_info().currsize
    assert record_names.clean_name(LONG + "y") == record_names.clean_name(left) == left
    assert record_names._kept.cache_info().currsize == before


@pytest.mark.parametrize(
    ("decode", "data"),
    [
        (protobuf_form().traces, field(1, field(2, field(2, b"") * 600_000))),
        (protobuf_form().traces, b"\x08\x00" * 600_000),
        (protobuf_form().logs, field(1, field(2, field(2, b"")) * 300_000)),
        (lambda data: parse(data, PROTOBUF), field(1, field(2, field(2, field(5, field(1, b"") * 600_000))))),
        (lambda data: PushDecoder(ignore, ignore, ignore).protobuf(data), field(1, field(2, b"") * 600_000)),
    ],
)
def test_a_large_request_is_not_decoded_if_it_has_too_many_messages(decode: Any, data: bytes) -> None:
    with pytest.raises(TooLarge, match="more than 500000 messages"):
        decode(data)


def test_as_many_metrics_of_one_number_as_a_request_may_have_are_decoded() -> None:
    point = field(5, field(1, b"\x19" + bytes(8) + b"\x21" + bytes(8)))
    data = field(1, field(2, field(2, field(1, b"queue.length") + field(3, b"1") + point) * 100_000))
    assert len(data) > LARGE
    (resource,) = parse(data, PROTOBUF).resource_metrics
    assert len(resource.scope_metrics[0].metrics) == 100_000


@given(st.binary(max_size=200))
def test_any_bytes_are_counted_as_messages_to_the_end(data: bytes) -> None:
    with mock.patch("analytics.doors.message_limit.LARGE", 0):
        check_messages(data, DATA_POINTS)
