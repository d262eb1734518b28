"""Rules for `user_id` redact the users of log lines and spans, in every field by which an erasure finds them."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.log_lines import NewLogLine
from analytics.privacy.hashing import HASH_PATTERN
from analytics.record_users import users_of_line, users_of_span
from analytics.spans import NewSpan
from tests.privacy.test_redaction import Door, hashed, no_import

_ids = st.text('ab7-é"\\\n', min_size=1, max_size=5) | st.integers(0, 10**9)
_names = st.sampled_from(("user.id", "enduser.id", "userId", "EndUserID", "user_id", "user", "id", "note"))
_fields: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(_names, _ids, max_size=3), lambda inner: st.dictionaries(_names, _ids | inner, max_size=3)
)


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def logfmt(fields: dict[str, Any]) -> str:
    return " ".join(f"{name}={json.dumps(value)}" for name, value in fields.items() if not isinstance(value, dict))


def body_of(kind: str, fields: dict[str, Any]) -> str:
    return {"json": json.dumps(fields), "text": f"paid {json.dumps(fields)}.", "logfmt": logfmt(fields)}[kind]


def redacted_line(door: Door, line: NewLogLine) -> NewLogLine:
    door.redactor.lines([line], no_import)
    return line


@given(_fields, _fields, st.sampled_from(("json", "text", "logfmt")))
def test_the_users_of_a_line_are_hashed(attributes: dict[str, Any], fields: dict[str, Any], kind: str) -> None:
    line = NewLogLine("shop", body_of(kind, fields), attributes=raw(attributes), resource=raw(fields))
    before = users_of_line(line)
    after = users_of_line(redacted_line(Door(mine={"user_id": "hash"}), line))
    assert {user for user in after if not HASH_PATTERN.fullmatch(user)} == set()
    assert {hashed(user) for user in before} <= set(after)


@given(_fields, _fields, st.sampled_from(("json", "text", "logfmt")))
def test_the_users_of_a_line_are_dropped(attributes: dict[str, Any], fields: dict[str, Any], kind: str) -> None:
    line = NewLogLine("shop", body_of(kind, fields), attributes=raw(attributes), resource=raw(fields))
    assert not users_of_line(redacted_line(Door(mine={"user_id": "drop"}), line))


@given(_fields, _fields)
def test_the_users_of_a_span_are_hashed(attributes: dict[str, Any], events: dict[str, Any]) -> None:
    happened = raw([{"time": 1, "name": "e", "attributes": events}])
    span = NewSpan("0" * 31 + "1", "0" * 15 + "1", "GET /", "shop", 1, 2, attributes=raw(attributes), events=happened)
    before = users_of_span(span)
    Door(mine={"user_id": "hash"}).redactor.spans([span], no_import)
    after = users_of_span(span)
    assert all(HASH_PATTERN.fullmatch(user) for user in after)
    assert {hashed(user) for user in before} <= set(after)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("user_id=7 paid", "user_id={7} paid"),
        ('userId="jo ann", paid', 'userId="{jo ann}", paid'),
        ('paid {"user": {"id": 7}, "n": 1}', 'paid {"user": {"id": "{7}"}, "n": 1}'),
        ("user jo paid", "user jo paid"),
        ('{"user_id":null, "users":3}', '{"user_id":null, "users":3}'),
    ],
)
def test_the_rest_of_a_text_stays(body: str, expected: str) -> None:
    line = redacted_line(Door(mine={"user_id": "hash"}), NewLogLine("shop", body))
    for user in ("jo ann", "7"):
        expected = expected.replace(f"{{{user}}}", hashed(user))
    assert line.body == expected


def test_without_a_rule_users_stay() -> None:
    line = NewLogLine("shop", "user_id=7", attributes=raw({"user.id": "7"}))
    assert redacted_line(Door(), line) == NewLogLine("shop", "user_id=7", attributes=raw({"user.id": "7"}))
