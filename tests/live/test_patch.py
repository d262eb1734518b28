"""Patches: who applies them as RFC 7396 says has exactly the new document, or is told that there is none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.live.patch import NoPatchError, merge_patch

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.0, 1.0, -2.5]), st.text(max_size=2)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def applied(target: Any, patch: Any) -> Any:
    """MergePatch of RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = applied(merged.get(name), value)
    return merged


def text(value: Any) -> str:
    """JSON with sorted names: tells 1 from 1.0 and from true."""
    return json.dumps(value, sort_keys=True)


@given(OBJECTS, OBJECTS)
def test_the_patched_document_is_the_new_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    try:
        patch = merge_patch(old, new)
    except NoPatchError:
        assert "null" in text(new), "only a null cannot be said"
    else:
        assert text(applied(old, patch)) == text(new)


@given(OBJECTS)
def test_nothing_changed_is_an_empty_patch(document: dict[str, Any]) -> None:
    assert merge_patch(document, json.loads(json.dumps(document))) == {}


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1, "b": 2}, {"b": 2}, {"a": None}),
        ({"a": {"b": 1, "c": None}}, {"a": {"b": 2, "c": None}}, {"a": {"b": 2}}),
        ({"a": [1]}, {"a": [1, None]}, {"a": [1, None]}),
        ({"a": 1}, {"a": {}}, {"a": {}}),
        ({"a": 1}, {"a": 1.0}, {"a": 1.0}),
        ({"a": 1}, {"a": True}, {"a": True}),
    ],
)
def test_what_is_said(old: dict[str, Any], new: dict[str, Any], patch: dict[str, Any]) -> None:
    assert text(merge_patch(old, new)) == text(patch)


@pytest.mark.parametrize("new", [{"a": None}, {"a": {"b": None}}, {"a": {"b": {"c": None}}}])
def test_a_null_cannot_be_set(new: dict[str, Any]) -> None:
    with pytest.raises(NoPatchError):
        merge_patch({"a": 1}, new)
