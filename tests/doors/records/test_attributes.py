"""Attributes within their limits: what is cut stays JSON, so that its fields are known by their names."""

import json
from typing import Any

import msgspec
import pytest

from analytics.doors.records.attributes import LONGEST_ATTRIBUTE, json_member, json_object
from analytics.log_lines import NewLogLine
from analytics.record_users import users_of_line
from tests.privacy.test_redaction import Door, no_import

LONG = "x" * 5_000


def cut(value: Any) -> Any:
    member, is_cut = json_member("m", value)
    assert is_cut
    assert len(member) <= LONGEST_ATTRIBUTE + len('"m":')
    return json.loads(b"{" + member + b"}")["m"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"a": 1, "b": LONG, "c": 2}, {"a", "b"}),
        ({"a": {"b": {"c": LONG}}, "d": 1}, {"a"}),
        ({str(number): number for number in range(2_000)}, {"0", "1", "300"}),
        ({"a": '"\n' * 3_000}, {"a"}),
        ({"é" * 3_000: 1}, set()),
    ],
)
def test_of_an_object_the_first_members_that_fit_stay(value: dict[str, Any], kept: set[str]) -> None:
    left = cut(value)
    assert kept <= left.keys() <= value.keys()
    assert len(left) < len(value) or left != value


def test_of_an_array_the_first_items_that_fit_stay() -> None:
    left = cut(list(range(3_000)))
    assert left == list(range(len(left)))
    assert len(left) > 500


def test_deeply_nested_values_are_left_out() -> None:
    value: Any = LONG
    for _ in range(200):
        value = {"a": value}
    assert json.dumps(cut(value)).count("a") < 10


def test_a_text_is_cut_as_before() -> None:
    assert json_member("m", LONG) == (b'"m":"%b"' % (b"x" * LONGEST_ATTRIBUTE), True)


def test_redaction_and_erasures_see_the_fields_of_an_object_that_was_cut() -> None:
    given = {"m": {"password": "hunter2", "user.id": "jo", "note": LONG}}
    line = NewLogLine("shop", "x", attributes=json_object(given, lambda *_: None))
    assert set(users_of_line(line)) == {"jo"}
    Door(mine={"fields": ["password"]}).redactor.lines([line], no_import)
    assert b"hunter2" not in bytes(line.attributes)
    assert msgspec.json.decode(line.attributes)["m"]["password"] == "***"
