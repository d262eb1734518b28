"""Outcome of the newest evaluation of a rule."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from analytics.points import Labels


class RuleStatus(Struct):
    """Outcome of the newest evaluation of a rule.

    Attributes:
        evaluated: its time, in seconds since the epoch; 0 if there was none.
        seconds: how long it took.
        value: the value that was compared, the most extreme one.
        values: of the alerts for which the expression holds.
    """

    health: Literal["unknown", "ok", "err"] = "unknown"
    error: str = ""
    evaluated: float = 0.0
    seconds: float = 0.0
    value: float | None = None
    values: Mapping[Labels, float] = {}
