"""Differences of JSON objects as JSON Merge Patches (RFC 7396)."""

from typing import Any

import msgspec

encode = msgspec.json.Encoder().encode


class NoPatchError(Exception):
    """There is a null to be set, which a merge patch cannot say."""


def merge_patch(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """What turns `old` into `new` when it is merged.

    Raises:
        NoPatchError: it cannot be said.
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
