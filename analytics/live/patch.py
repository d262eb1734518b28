"""Differences between JSON objects as JSON Merge Patches (RFC 7396)."""

from typing import Any

import msgspec

encode = msgspec.json.Encoder().encode


class NoPatchError(Exception):
    """The new object sets a null, which a merge patch cannot express."""


def merge_patch(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Make the patch that turns `old` into `new`; empty where they are equal.

    Example: `merge_patch({"a": 1, "b": 2}, {"b": 3})` is `{"a": None, "b": 3}`.

    Raises:
        NoPatchError: no patch can express the difference.
    """
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = merge_patch(before, value)
            if inner:
                patch[name] = inner
        elif name not in old or encode(before) != encode(value):
            if _sets_null(value):
                raise NoPatchError(name)
            patch[name] = value
    return patch


def _sets_null(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and any(map(_sets_null, value.values())))
