"""Attributes in OTLP's JSON, however a client writes them."""

import json
from typing import Any

import pytest
from msgspec import Raw

from analytics.doors.otlp.attribute_reader import AttributeReader
from analytics.doors.otlp.bad_item import BadItem
from analytics.doors.otlp.forms import json_form


def read(attributes: bytes) -> dict[str, Any]:
    """The attributes in an array."""
    form = json_form()
    reader = AttributeReader(form.raws, form.safe_raws, form.attribute, lambda reason, count: None, lambda: None)
    found = [json.loads(bytes(reader.object(Raw(attributes)))) for _ in range(2)]
    assert found[0] == found[1], "those that are remembered are the same"
    return dict(found[0])


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (b"", {}),
        (b"[]", {}),
        (b"null", {}),
        (b'[{"key":"a","value":{"stringValue":"x"}}]', {"a": "x"}),
        (b'[{"key":"a","value":{"intValue":"1"}},{"key":"b","value":{"boolValue":true}}]', {"a": 1, "b": True}),
        (b'[{"key": "a", "value": {"intValue": 1}}, {"key": "b", "value": {"intValue": 2}}]', {"a": 1, "b": 2}),
        (b'[{"key":"a","value":{"intValue":1}}, {"key":"b","value":{"intValue":2}}]', {"a": 1, "b": 2}),
        (b'[{"key":"a","value":{"intValue":1}},\n{"key":"b","value":{"intValue":2}} ]', {"a": 1, "b": 2}),
        (b'[{"value":{"intValue":1},"key":"a"},{"key":"b","value":{"intValue":2}}]', {"a": 1, "b": 2}),
        (b'[{"key":"a","value":{"intValue":1}},{"value":{"intValue":2},"key":"b"}]', {"a": 1, "b": 2}),
        (b'[{"key":"a","value":{"intValue":1}},{"value":{"intValue":2}}]', {"a": 1, "": 2}),
        (b'[{"key":"{","value":{"intValue":1}},{"key":"{}","value":{"intValue":2}}]', {"{": 1, "{}": 2}),
        (b'[{"key":"a","value":{"stringValue":"},{\\"key\\":["}},{"key":"c"}]', {"a": '},{"key":[', "c": None}),
        (b'[{"key":"a","value":{"stringValue":"},{\\"key\\":"}},{"key":"c"}]', {"a": '},{"key":', "c": None}),
        (
            b'[{"key":"m","value":{"kvlistValue":{"values":[{"key":"x","value":{"intValue":1}},'
            b'{"key":"y","value":{"intValue":2}}]}}},{"key":"b","value":{"intValue":3}}]',
            {"m": {"x": 1, "y": 2}, "b": 3},
        ),
        (b'[{"key":"l","value":{"arrayValue":{"values":[{"intValue":1}]}}},{"key":"b"}]', {"l": [1], "b": None}),
        (b'[{"key":"a","value":{"intValue":1}},{"key":"a","value":{"intValue":2}}]', {"a": 2}),
    ],
)
def test_attributes_are_read_however_they_are_written(attributes: bytes, expected: dict[str, Any]) -> None:
    assert read(attributes) == expected


@pytest.mark.parametrize(
    "attributes", [b"{}", b"1", b'"a"', b"[1]", b'[{"key":{"key":"a"}}]', b'[{"key":"a"},1]', b'[{"key":1}]']
)
def test_what_are_no_attributes_is_refused(attributes: bytes) -> None:
    with pytest.raises(BadItem):
        read(attributes)
