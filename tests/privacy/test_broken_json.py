"""Texts of lines that are JSON, nearly JSON, or were cut: no value of a field that a rule names is left."""

import json

import pytest

from analytics.doors.records.lines import LONGEST_BODY, limited_body
from analytics.log_lines import NewLogLine
from tests.privacy.test_redaction import Door, hashed, no_import

MASK = {"fields": ["password", "authorization"]}


def redacted(body: str, **rule: object) -> str:
    line = NewLogLine("shop", body)
    Door(mine={**MASK, **rule}).redactor.lines([line], no_import)
    return line.body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"password":"hunter2","a":1} ', '{"password":"***","a":1}'),
        ('\n {"password":"hunter2"}\n', '{"password":"***"}'),
        ('[{"password":"hunter2"},2]', '[{"password":"***"},2]'),
        ('{"a":{"password": "hun\\"ter2"},"b":"cu', '{"a":{"password": "***"},"b":"cu'),
        ('{"a":1,"password":"hunt', '{"a":1,"password":"***"'),
        ('{"password":{"old":"hunter2","new":["x"]},"b":"cu', '{"password":"***","b":"cu'),
        ('{"password":{"old":"hunter2","ne', '{"password":"***"'),
        ('{"password":17,"pass\\u0077ord" : true,"b":', '{"password":"***","pass\\u0077ord" : "***","b":'),
        ('{"password":hunter2,"b":1}', '{"password":"***","b":1}'),
        ('{"password":"hunter2"} and more', '{"password":"***"} and more'),
        ('[{"name":"Authorization","value":"hunter2"},{"a"', '[{"name":"Authorization","value":"***"},{"a"'),
        (
            '[{"nam\\u0065":"Authorization","value":"hunter2"},{"a"',
            '[{"nam\\u0065":"Authorization","value":"***"},{"a"',
        ),
        ('\ufeff{"password":"hunter2"}', '\ufeff{"password":"***"}'),
        ('{"note":"the password: hunter2","b', '{"note":"the password: hunter2","b'),
        ('text {"password":"hunter2"}', 'text {"password":"hunter2"}'),
        ("[2024-01-15] GET /", "[2024-01-15] GET /"),
    ],
)
def test_values_of_fields_are_masked_in_whatever_begins_like_json(body: str, expected: str) -> None:
    assert redacted(body) == expected


def test_fields_of_cut_json_are_dropped_or_hashed() -> None:
    body = '{"a":1,"password":"hunter2", "n":{"password":[1, "x"]},"b":"cu'
    assert redacted(body, action="drop") == '{"a":1,"n":{},"b":"cu'
    inner = '[1,"x"]'
    expected = f'{{"a":1,"password":"{hashed("hunter2")}", "n":{{"password":"{hashed(inner)}"}},'
    assert redacted(body, action="hash") == expected + '"b":"cu'


def test_half_a_surrogate_pair_is_hashed_as_what_stands_for_it() -> None:
    assert redacted('{"password": "a\\ud800b", ', action="hash") == f'{{"password": "{hashed("a?b")}", '


def test_a_body_that_the_door_cuts_is_redacted_and_counted() -> None:
    whole = json.dumps({"password": "hunter2", "note": "x" * LONGEST_BODY})
    door, line = Door(mine=MASK), NewLogLine("shop", limited_body(whole, lambda *_: None))
    assert line.body != whole
    door.redactor.lines([line], no_import)
    assert line.body.startswith('{"password": "***", "note": "xxx')
    assert door.counts == {"mine": 1}


def test_hostile_texts_take_no_time() -> None:
    for part in ('{"name":', '"password":', '{"name":{"a":"', '"\\"', '["'):
        redacted("{" + (part * LONGEST_BODY)[:LONGEST_BODY])
