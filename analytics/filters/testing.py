"""Tests of one value in memory, as functions: of a name, and of the JSON of a field."""

import operator
import re
from collections.abc import Callable
from typing import Any

import msgspec

from analytics.filters.tree import Equals, Exists, Fits, Ordered, Test
from analytics.filters.values import WHOLE, fold, number

NameTest = Callable[[str | None], bool]
JsonTest = Callable[[bytes | None], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_is_whole = re.compile(WHOLE).fullmatch
_decode_text = msgspec.json.Decoder(str).decode


def name_test(test: Test) -> NameTest:
    """The test of a name; one that is not given never matches."""
    match test:
        case Exists():
            return lambda name: name is not None
        case Equals(text=text, is_exact=True):
            return lambda name: name == text
        case Equals(text=text):
            return lambda name: name is not None and fold(name) == text
        case Fits(pieces=pieces):
            return lambda name: name is not None and fits(fold(name), pieces)
        case Ordered(operator=sign, bound=bound):
            compare, text = _COMPARE[sign], str(bound)
            return lambda name: name is not None and compare(name, text)


def json_test(test: Test) -> JsonTest:
    """The test of a field, given as JSON, or None if it is missing."""
    match test:
        case Exists():
            return lambda json: json is not None
        case Equals(text=text, number=wanted, is_exact=is_exact):
            return lambda json: json is not None and _equals(json, text, wanted, is_exact)
        case Fits(pieces=pieces):
            return lambda json: json is not None and (text := text_of(json)) is not None and fits(fold(text), pieces)
        case Ordered(operator=sign, bound=str() as bound):
            compare = _COMPARE[sign]
            return lambda json: json is not None and json[:1] == b'"' and compare(_decode_text(json), bound)
        case Ordered(operator=sign, bound=bound):
            compare = _COMPARE[sign]
            return lambda json: json is not None and (found := number_of(json)) is not None and compare(found, bound)


def fits(text: str, pieces: tuple[str, ...]) -> bool:
    """Whether a text consists of these pieces with anything in between, in linear time."""
    first, last = pieces[0], pieces[-1]
    at, end = len(first), len(text) - len(last)
    if end < at or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in pieces[1:-1]:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def text_of(json: bytes) -> str | None:
    """The text of a value: of a text, of a whole number without exponent, of true or false; None for others."""
    if json[:1] == b'"':
        return _decode_text(json)
    text = json.decode()
    if text == "-0":
        return "0"
    return text if text in ("true", "false") or _is_whole(text) else None


def number_of(json: bytes) -> float | None:
    """The number of a value: of a number, or of a text that is written as one; None for others."""
    return number(_decode_text(json) if json[:1] == b'"' else json.decode())


def _equals(json: bytes, text: str, wanted: float | None, is_exact: bool) -> bool:
    own = text_of(json)
    if own is not None and (own if is_exact else fold(own)) == text:
        return True
    return wanted is not None and number_of(json) == wanted
