"""Parses InfluxDB's line protocol: `measurement,tag=value field=value,field=value timestamp`.

Source: docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

Fields = list[tuple[str, float]]
MOST_INT, MOST_UINT = 2**63 - 1, 2**64 - 1
BOOLEANS = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), 1.0),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), 0.0),
}
MOST_PARTS = 20_000
"""Escapes and equals signs in each section of a line, escapes in a string, and empty lines between two pauses; others
run between lines alone."""
MOST_TAGS = 1_000
_MOST = f"{{1,{MOST_PARTS}}}+"
_STRING = rf'"(?:[^"\\]++|\\[\s\S]){{0,{MOST_PARTS}}}+"'
_NAME = rf"(?:[^\\ \n]++|\\[,= ]|\\){_MOST}"
_FIELDS = rf"(?:={_STRING}|[^\\ \n=]++|=|\\[,= ]|\\){_MOST}"
_LINE = re.compile(rf"({_NAME}) ++({_FIELDS})(?: ++([^ \n]++))? *+(?:\n|\Z)")
_NOTHING = re.compile(rf"(?:[ \t]*+(?:#[^\n]*+)?\n){{0,{MOST_PARTS}}}+[ \t]*+(?:#[^\n]*+\Z)?")
"""Empty lines and comments, and blanks before a line."""
_FIELD = re.compile(rf'((?:[^\\,= ]|\\[,= ]|\\)*+)=({_STRING}|[^,"]*+)(?:,|\Z)')
_COMMA, _EQUALS = re.compile(r"(?<!\\),"), re.compile(r"(?<!\\)=")
_ESCAPED = re.compile(r"\\([,= ])")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_NO_TEXT = re.compile("[\ud800-\udfff]")


SHOWN = 80
"""Characters of a line that messages show."""


class LineError(ValueError):
    """A line is not valid; the message says why."""


class ProtocolLine(NamedTuple):
    """A line as it was found: its number from 1, and its parts, not yet unescaped.

    `series` is the measurement and tags. In a malformed line, `fields` is empty and `series` is the whole line.
    """

    number: int
    series: str
    fields: str
    timestamp: str

    @property
    def shown(self) -> str:
        """Its first characters, for messages."""
        return self.series[:SHOWN].encode(errors="replace").decode()

    @property
    def is_text(self) -> bool:
        """Whether it was UTF-8."""
        return not _NO_TEXT.search(self.series) and not _NO_TEXT.search(self.fields)


def split_lines(body: bytes, pause: Callable[[], None]) -> Iterator[ProtocolLine]:
    """The lines of a body without empty ones and comments. Strings may span several lines.

    Args:
        pause: called between many empty lines, to yield to others.
    """
    text = body.decode(errors="surrogateescape")
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    place, number, end = 0, 1, len(text)
    while True:
        nothing = _NOTHING.match(text, place)
        assert nothing is not None, "it matches everywhere"
        empty = text.count("\n", place, nothing.end())
        place, number = nothing.end(), number + empty
        if place == end:
            return
        if empty == MOST_PARTS:
            pause()
            continue
        found = _LINE.match(text, place)
        if found is None:
            stop = text.find("\n", place)
            stop = end if stop < 0 else stop
            yield ProtocolLine(number, text[place:stop], "", "")
            place, number = min(stop + 1, end), number + 1
        else:
            series, fields, timestamp = found.groups()
            yield ProtocolLine(number, series, fields, timestamp or "")
            place = found.end()
            number += 1 + fields.count("\n")


def parse_series(series: str) -> tuple[str, dict[str, str]]:
    """The measurement and tags of a line.

    Raises:
        LineError: they are malformed.
    """
    if series.count(",") > MOST_TAGS:
        raise LineError(f"more than {MOST_TAGS} tags")
    measurement, *parts = series.split(",") if "\\" not in series else map(str, _COMMA.split(series))
    if not measurement:
        raise LineError("missing measurement")
    tags: dict[str, str] = {}
    for part in parts:
        name, *values = _EQUALS.split(part) if "\\" in part else part.split("=")
        if len(values) != 1 or not name:
            raise LineError("missing tag key" if not name else "missing tag value")
        if not values[0]:
            raise LineError("missing tag value")
        name = unescape(name)
        if name in tags:
            raise LineError(f"duplicate tag {name[:40]!r}")
        tags[name] = unescape(values[0])
    return unescape(measurement), tags


def parse_fields(fields: str) -> tuple[Fields, int]:
    """The numbers and booleans among the fields of a line, with their names, and how many strings there were.

    Raises:
        LineError: a field is malformed.
    """
    numbers: Fields = []
    strings = 0
    for name, text in _split_fields(fields):
        if not name:
            raise LineError("missing field key")
        if text.startswith('"'):
            strings += 1
        else:
            numbers.append((unescape(name), parse_number(text)))
    return numbers, strings


def parse_number(text: str) -> float:
    """A number or boolean.

    Raises:
        LineError: it is neither, or does not fit into 64 bits.
    """
    kind = text[-1:]
    if kind in ("i", "u"):
        digits = text[:-1]
        if not _INTEGER.fullmatch(digits):
            raise LineError(f"invalid number {text[:40]!r}")
        value = int(digits)
        low, high = (-MOST_INT - 1, MOST_INT) if kind == "i" else (0, MOST_UINT)
        if not low <= value <= high:
            raise LineError(f"{text[:40]} is out of the range of {'u' * (kind == 'u')}int64")
        return float(value)
    if _NUMBER.fullmatch(text):
        number = float(text)
        if abs(number) == float("inf"):
            raise LineError(f"{text[:40]} is out of the range of float64")
        return number
    boolean = BOOLEANS.get(text)
    if boolean is None:
        raise LineError(f"invalid value {text[:40]!r}" if text else "missing field value")
    return boolean


def parse_timestamp(text: str) -> int:
    """The timestamp of a line, in its precision.

    Raises:
        LineError: it is not a number.
    """
    if not _INTEGER.fullmatch(text):
        raise LineError(f"bad timestamp {text[:40]!r}")
    return int(text)


def unescape(text: str) -> str:
    """A name or tag without its escapes: a backslash escapes a comma, equals sign or blank, else it is itself."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _split_fields(fields: str) -> Iterator[tuple[str, str]]:
    if '"' not in fields and "\\" not in fields:
        for part in fields.split(","):
            name, equals, value = part.partition("=")
            if not equals:
                raise LineError("missing field value" if name else "missing field key")
            yield name, value
        return
    place = 0
    while place < len(fields):
        found = _FIELD.match(fields, place)
        if found is None:
            raise LineError(f"invalid field {fields[place : place + 40]!r}")
        yield found[1], found[2]
        place = found.end()
    if fields.endswith(","):
        raise LineError("missing field key")
