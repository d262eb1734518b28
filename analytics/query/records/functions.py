"""The functions of statements about records, for SQLite: they answer as those of DuckDB do."""

import math
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from analytics.filters.values import fold

PATTERNS = 64
"""How many patterns are remembered."""
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode
_LETTERS_OF_NUMBERS = b".eE"


def add_functions(db: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    db.execute("PRAGMA case_sensitive_like = ON")
    functions: dict[str, Callable[[Any, Any], Any]] = {
        "json_text": json_text,
        "has_text": has_text,
        "regexp_matches": regexp_matches,
        "whole": whole,
    }
    for name, function in functions.items():
        db.create_function(name, 2, function, deterministic=True)
    db.create_aggregate("percentile", 2, Percentile)  # type: ignore[arg-type]


def json_text(json: str | None, name: str) -> str | None:
    """The field of a JSON object as text, without white space between tokens; None where it is absent or null."""
    if json is None or name is None:
        return None
    try:
        value = _decode_object(json).get(name)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if value is None:
        return None
    raw = bytes(value)
    if raw.startswith(b'"'):
        return _decode_text(raw)
    if raw[:1] in (b"{", b"["):
        return msgspec.json.encode(msgspec.json.decode(raw)).decode()
    return None if raw == b"null" else _number(raw)


def _number(raw: bytes) -> str:
    """A number, or true or false, as DuckDB writes it."""
    text = raw.decode()
    if raw.isalpha() or not any(letter in raw for letter in _LETTERS_OF_NUMBERS):
        return text
    number = float(text)
    return repr(number).replace("e+", "e").replace("e-0", "e-") if math.isfinite(number) else text


def has_text(text: str | None, searched: str | None) -> bool | None:
    """Whether a text contains another one, whatever their case."""
    return None if text is None or searched is None else _folded(searched) in fold(text)


@lru_cache(PATTERNS)
def _folded(text: str) -> str:
    return fold(text)


def regexp_matches(text: str | None, pattern: str | None) -> bool | None:
    """Whether a pattern of RE2 is found in a text."""
    return None if text is None or pattern is None else _compiled(pattern)(text) is not None


@lru_cache(PATTERNS)
def _compiled(pattern: str) -> Callable[[str], Any]:
    import re2  # with the first pattern: its package takes 3 MB

    return re2.compile(pattern).search  # type: ignore[no-any-return]


def whole(a: int | None, b: int | None) -> int | None:
    """How often `b` goes into `a`, rounded down; None for 0."""
    return None if a is None or not b else a // b


class Percentile:
    """A percentile of numbers, interpolated between the two nearest ones."""

    def __init__(self) -> None:
        self._numbers: list[float] = []
        self._share = 0.0

    def step(self, number: float | None, share: float) -> None:
        """Add a number."""
        self._share = share
        if number is not None:
            self._numbers.append(number)

    def finalize(self) -> float | None:
        """The percentile; None without numbers."""
        if not self._numbers:
            return None
        numbers = sorted(self._numbers)
        place = (len(numbers) - 1) * self._share
        low, high = numbers[math.floor(place)], numbers[math.ceil(place)]
        return low + (high - low) * (place - math.floor(place))
