"""Converts any Python value to JSON types; values without a JSON type become numbers or text.

| value | is sent as |
|---|---|
| `Decimal`, `Fraction`, numpy's numbers | a number |
| NaN and the infinities | their names |
| numbers beyond the range of a float | their digits, as text |
| `datetime`, `date`, `time` | ISO 8601 |
| `timedelta` | seconds |
| `Enum` | its value |
| `UUID`, paths | their text |
| `bytes` | text, where it is UTF-8 |
| sets, numpy's arrays | arrays |
| mappings, dataclasses, named tuples | objects |
| unpaired surrogates | U+FFFD |
| anything else | its `str()`, at most 200 characters |
"""

import math
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from numbers import Integral, Number
from typing import Any

MOST_LEVELS = 60
"""Maximum nesting; the service accepts 64 levels, including those around `data`."""
MOST_VALUES = 20_000
MOST_CHARACTERS = 200
CIRCULAR, TOO_DEEP, TOO_MUCH = "[circular]", "[too deep]", "[too much]"


def plain(value: Any) -> Any:
    """Convert `value` to JSON types; never raises."""
    return _Plain().of(value, ())


class _Plain:
    """Converts one value, within the limits."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def of(self, value: Any, around: tuple[int, ...]) -> Any:
        """Convert `value`, nested in the objects whose ids are `around`."""
        self._left -= 1
        if self._left < 0:
            return TOO_MUCH
        try:
            return self._simple(value) if _is_simple(value) else self._nested(value, around)
        except Exception as error:  # noqa: BLE001 - objects of the host program may raise anything
            return f"[unreadable: {type(error).__name__}]"

    def _simple(self, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return whole(value)
        try:
            number = float(value)
        except OverflowError:
            return _digits(value)
        if not math.isfinite(number):
            return _digits(value)
        return int(value) if isinstance(value, Integral) else number

    def _nested(self, value: Any, around: tuple[int, ...]) -> Any:
        if isinstance(value, Enum):
            return self.of(value.value, around)
        if isinstance(value, date | time):  # a datetime is a date
            return value.isoformat()
        if isinstance(value, timedelta):
            return value.total_seconds()
        if isinstance(value, bytes | bytearray):
            return value.decode(errors="replace")
        if id(value) in around:
            return CIRCULAR
        if len(around) >= MOST_LEVELS:
            return TOO_DEEP
        inside = (*around, id(value))
        if isinstance(value, Mapping):
            return {self._name(name): self.of(each, inside) for name, each in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            return {field.name: self.of(getattr(value, field.name), inside) for field in fields(value)}
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            return self.of(value._asdict(), inside)
        if isinstance(value, list | tuple | Set):
            return [self.of(each, inside) for each in value]
        if type(value).__module__.partition(".")[0] == "numpy":
            return self.of(value.tolist(), inside)
        return whole(str(value)[:MOST_CHARACTERS])

    def _name(self, name: Any) -> str:
        if isinstance(name, str):
            return whole(name)
        made = self.of(name, ())
        return made if isinstance(made, str) else str(made)


def whole(text: str) -> str:
    """Replace unpaired surrogates in `text` by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _digits(number: Any) -> str:
    """Digits of a number as text, or a power of ten if it has more digits than Python converts."""
    try:
        return str(number)
    except ValueError:
        exponent = math.log10(abs(number.numerator)) - math.log10(number.denominator)
        return f"{'-' if number < 0 else ''}10^{exponent:.6f}"


def _is_simple(value: Any) -> bool:
    return value is None or (isinstance(value, str | Number) and not isinstance(value, Enum | complex))
