"""Checks and converts the fields of an item as the service requires, when the item is tracked."""

import math
from enum import Enum
from typing import Any

from .items import Kind, UnfitError
from .plain import plain

NAMES = ("type", "service", "name", "status")
"""Fields that name things: they must be text, and are not converted."""
METRIC_NAMES = ("kind", "instance")
"""Such fields of metrics, which may be missing."""


def fit(kind: Kind, fields: dict[str, Any], service: str) -> dict[str, Any]:
    """Convert `fields` of an item to the types that the service accepts.

    Args:
        service: service of metrics without the tag `service`.

    Raises:
        UnfitError: a field cannot be converted.
    """
    fitting = {name: _name(name, value) if name in NAMES else value for name, value in fields.items()}
    if kind == "metrics":
        for name in METRIC_NAMES:
            if fields.get(name) is not None:
                fitting[name] = _name(name, fields[name])
        fitting["tags"] = {"service": service, **{name: text(tag) for name, tag in fields["tags"].items()}}
        fitting["value"] = _number(fields["value"])
    elif fitting.get("user_id") is not None:
        fitting["user_id"] = text(fitting["user_id"])
    for name in ("data", "metrics", "attributes"):
        if name in fitting and fitting[name] is not None and not isinstance(fitting[name], dict):
            fitting[name] = _object(fitting[name])
    return fitting


def text(value: Any) -> str:
    """Convert `value` to text."""
    made = value if isinstance(value, str) else plain(value)
    return made if isinstance(made, str) else str(made)


def _name(name: str, value: Any) -> Any:
    if not isinstance(value, str | Enum):
        raise UnfitError(f"{name} is a {type(value).__name__}, not a text.")
    return value


def _number(value: Any) -> Any:
    made = value if type(value) in (int, float) else plain(value)
    if not isinstance(made, int | float):
        raise UnfitError(f"The value is a {type(value).__name__}, not a number.")
    try:
        is_finite = math.isfinite(made)
    except OverflowError:
        is_finite = False
    if not is_finite:
        raise UnfitError("The value is not a finite number that a float can hold.")
    return made


def _object(value: Any) -> dict[str, Any]:
    made = plain(value)
    return made if isinstance(made, dict) else {"value": made}
