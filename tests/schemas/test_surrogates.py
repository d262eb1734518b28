"""Half a character in JSON becomes U+FFFD, and nothing else changes."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.schemas.surrogates import without_unpaired
from tests.schemas.decoders import events, metrics, plain
from tests.schemas.payloads import anything

HIGH, LOW, WHOLE = r"\ud83d", r"\uDE80", r"\uD83d\ude80"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HIGH, "\ufffd"),
        (LOW, "\ufffd"),
        (WHOLE, "🚀"),
        (HIGH + WHOLE, "\ufffd🚀"),
        (WHOLE + LOW, "🚀\ufffd"),
        (LOW + HIGH, "\ufffd\ufffd"),
        (HIGH + "x" + LOW, "\ufffdx\ufffd"),
        (HIGH + r"\n", "\ufffd\n"),
        (HIGH + r"\u0041", "\ufffdA"),
        (r"\\ud83d", r"\ud83d"),
        (r"\\" + HIGH, "\\\ufffd"),
        (r"\\ud83d" + LOW, "\\ud83d\ufffd"),
        (HIGH + r"\\ude80", "\ufffd\\ude80"),
        (r"\\\\" * 3 + WHOLE + r"\\" + LOW, "\\" * 6 + "🚀\\\ufffd"),
    ],
)
def test_a_lone_surrogate_becomes_the_replacement_character_and_a_pair_stays(text: str, expected: str) -> None:
    body = f'{{"a":"{text}"}}'.encode()
    found = without_unpaired(body)
    assert msgspec.json.decode(found) == {"a": expected}
    assert len(found) == len(body)


@given(st.lists(st.sampled_from([HIGH, LOW, "\\\\", "\\n", r"\u00e9", "u", "d83d", "é", '\\"', "/"]), max_size=12))
def test_any_mixture_is_decoded_like_by_python(parts: list[str]) -> None:
    body = f'"{"".join(parts)}"'.encode()
    as_python_has_it = re.sub("[\ud800-\udfff]", "\ufffd", json.loads(body))
    assert msgspec.json.decode(without_unpaired(body)) == as_python_has_it


@given(anything)
def test_valid_json_stays_as_it_is(value: Any) -> None:
    try:
        body = msgspec.json.encode(value)
    except (OverflowError, UnicodeEncodeError):
        return
    assert without_unpaired(body) == body
    body = json.dumps(value).encode()
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return
    assert without_unpaired(body) == body


def test_a_lone_surrogate_is_replaced_wherever_text_is_allowed() -> None:
    half = "a\ufffd"
    event = json.dumps(
        dict.fromkeys(("type", "service", "user_id", "id"), "a\ud83d") | {"data": {"k\udc00": ["\ud83d"]}}
    )
    assert plain(events.one(event.encode())) == {
        **dict.fromkeys(("type", "service", "user_id", "id"), half),
        "timestamp": None,
        "data": {"k\ufffd": ["\ufffd"]},
    }
    metric = json.dumps(
        {**dict.fromkeys(("name", "unit", "id"), "a\ud83d"), "value": 1, "tags": {"a\ud83d": "a\ud83d"}}
    )
    assert plain(metrics.one(metric.encode())) == {
        **dict.fromkeys(("name", "unit", "id"), half),
        "value": 1.0,
        "timestamp": None,
        "tags": {half: half},
        "kind": "gauge",
        "instance": None,
    }


def test_data_keeps_its_bytes_except_lone_surrogates() -> None:
    record = events.one(rb'{"type":"a","service":"b","data":{ "n" : 1.50, "s":"\ud83d \u00e9"}}')
    assert bytes(record.data) == rb'{ "n" : 1.50, "s":"\ufffd \u00e9"}'


@pytest.mark.parametrize(
    "half", [HIGH, LOW, HIGH + HIGH, LOW + HIGH, HIGH + r"\u0041", HIGH + "-------", HIGH + r"\n-----"]
)
@pytest.mark.parametrize("where", ['{"q":"%s"}', '{"%s":"q"}', '{"q":["%s",{"%s":1}]}', '{"q":"------%s------"}'])
def test_data_never_keeps_a_lone_surrogate(half: str, where: str) -> None:
    """Raw data is sent to every reader, so the fast path has to detect them too."""
    body = b'{"type":"a","service":"b","data":' + (where.replace("%s", half)).encode() + b"}"
    with pytest.raises(msgspec.DecodeError):
        events._one.decode(body)
    for record in (events.one(body), *events.many(b"[" + body + b"]").items, *events.lines(body).items):
        data = msgspec.json.decode(record.data)
        assert "\ufffd" in json.dumps(data, ensure_ascii=False)
