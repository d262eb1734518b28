"""Selects log lines in memory by a filter, one by one."""

import operator
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from analytics.filters.levels import severities
from analytics.filters.testing import fits
from analytics.filters.tree import Either, Equals, Every, Exists, Fits, HasText, InTime, Node, OfData, Ordered, Without
from analytics.filters.values import fold, number
from analytics.log_lines import NewLogLine

LineTest = Callable[[NewLogLine, str, int], bool]
"""Whether a line is found; beside it stand its id and its time in nanoseconds."""
TextTest = Callable[[str | None], bool]
LEVEL, ID = "level", "id"
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_members = msgspec.json.Decoder(dict[str, Raw]).decode
_text = msgspec.json.Decoder(str).decode


def line_test(node: Node) -> LineTest:
    """A filter as a test of one line.

    Raises:
        ValidationFailed: it names a level that does not exist.
    """
    match node:
        case Every(parts=parts):
            tests = [line_test(part) for part in parts]
            return lambda *line: all(test(*line) for test in tests)
        case Either(parts=parts):
            tests = [line_test(part) for part in parts]
            return lambda *line: any(test(*line) for test in tests)
        case Without(part=part):
            inner = line_test(part)
            return lambda *line: not inner(*line)
        case InTime(since=since, until=until):
            return lambda line, id_, time: (
                (since is None or time >= since * 1000) and (until is None or time < until * 1000)
            )
        case HasText(text=text):
            return lambda line, id_, time: text in fold(line.body) or text in fold(bytes(line.attributes).decode())
        case OfData(path=path, test=test, object=object_):
            is_found, name = text_test(test), object_ or "attributes"
            return lambda line, id_, time: is_found(json_text(getattr(line, name), path))
        case _:
            return _of_name(node.name, text_test(node.test), node.test)


def _of_name(name: str, is_found: TextTest, test: Any) -> LineTest:
    if name == LEVEL:
        found = severities(test)
        return lambda line, id_, time: line.severity in found
    if name == ID:
        return lambda line, id_, time: is_found(id_)
    return lambda line, id_, time: is_found(getattr(line, name) or None)


def text_test(test: Exists | Equals | Fits | Ordered) -> TextTest:
    """A test of a text that may be missing."""
    match test:
        case Exists():
            return lambda text: text is not None
        case Equals(text=wanted, number=amount, is_exact=is_exact):
            return lambda text: (
                text is not None
                and ((text if is_exact else fold(text)) == wanted or (amount is not None and number(text) == amount))
            )
        case Fits(pieces=pieces):
            return lambda text: text is not None and fits(fold(text), pieces)
        case Ordered(operator=sign, bound=str() as bound):
            compare = _COMPARE[sign]
            return lambda text: text is not None and compare(text, bound)
        case Ordered(operator=sign, bound=bound):
            compare = _COMPARE[sign]
            return lambda text: text is not None and (found := number(text)) is not None and compare(found, bound)


def json_text(json: bytes | Raw, name: str) -> str | None:
    """The field of a JSON object as text; None where it is absent or null."""
    raw = bytes(json)
    if name.encode() not in raw and b"\\" not in raw:
        return None
    value = bytes(_members(raw).get(name, b"null"))
    if value[:1] == b'"':
        return _text(value)
    return None if value == b"null" else value.decode()
