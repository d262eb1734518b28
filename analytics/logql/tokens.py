"""LogQL as tokens."""

import ast
import re
from typing import NamedTuple, NoReturn

from analytics.logql.errors import BadLogQuery

LONGEST_QUERY = 8_192
"""Characters of a query."""
_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
    |(?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`)
    |(?P<duration>(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h|d|w|y))+(?![A-Za-z0-9_]))
    |(?P<bytes>[0-9]+(?:\.[0-9]+)?(?:[kKMGTPE]i?)?[bB](?![A-Za-z0-9_]))
    |(?P<number>0x[0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?![A-Za-z0-9_.]))
    |(?P<flag>--[a-z][a-z-]*)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[{}()\[\],|=<>+\-*/%^@:.])""",
    re.VERBOSE,
)
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d|w|y)")
_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kKmMgGtTpPeE]?)(i?)[bB]?")
_SECOND = 1_000_000_000
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3_600 * _SECOND,
    "d": 86_400 * _SECOND,
    "w": 604_800 * _SECOND,
    "y": 31_536_000 * _SECOND,
}
_POWERS = {letter: power for power, letter in enumerate(("", "k", "m", "g", "t", "p", "e"))}


class LogToken(NamedTuple):
    """A part of a query; `kind` is the name of its group in the expression above, or `end`."""

    kind: str
    text: str
    at: int


def refuse(query: str, at: int, problem: str) -> NoReturn:
    """Raise the error of a query with its place, as Loki words it.

    Raises:
        BadLogQuery: always.
    """
    line = query.count("\n", 0, at) + 1
    column = at - (query.rfind("\n", 0, at) + 1) + 1
    raise BadLogQuery(f"parse error at line {line}, col {column}: {problem}")


def tokens(query: str) -> list[LogToken]:
    """The tokens of a query, the last of which is the `end`.

    Raises:
        BadLogQuery: it is too long, or has something that is no token.
    """
    if len(query) > LONGEST_QUERY:
        raise BadLogQuery(f"the query is longer than {LONGEST_QUERY:,} characters")
    found, at = list[LogToken](), 0
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            what = "a quote is not closed" if query[at] in '"`' else f"{query[at : at + 10]!r} is not understood"
            refuse(query, at, f"syntax error: {what}")
        kind = str(match.lastgroup)
        if kind != "blank":
            found.append(LogToken(kind, match[0], at))
        at = match.end()
    return [*found, LogToken("end", "", at)]


def unquoted(query: str, token: LogToken) -> str:
    """The content of a text.

    Raises:
        BadLogQuery: it has an escape that does not exist.
    """
    if token.text[0] == "`":
        return token.text[1:-1]
    try:
        found = str(ast.literal_eval(token.text))
        found.encode()  # fails for halves of surrogate pairs
        return found
    except (ValueError, SyntaxError):
        refuse(query, token.at, "syntax error: the text has an escape that does not exist")


def number(text: str) -> float | None:
    """The value of a number; None if it has too many hexadecimal digits."""
    try:
        return float.fromhex(text) if text[:2] in ("0x", "0X") else float(text)
    except OverflowError:
        return None


def nanoseconds(text: str) -> int | None:
    """The nanoseconds of a duration such as `1h30m`; None for other texts."""
    total, at = 0.0, 0
    while match := _DURATION_PART.match(text, at):
        total += float(match[1]) * _UNITS[match[2]]
        at = match.end()
    return round(total) if at == len(text) and text and total < 2**62 else None


def seconds(text: str) -> float | None:
    """The seconds of a duration as Go writes it, which may be negative; None for other texts."""
    is_negative, text = text.startswith("-"), text.lstrip("+-")
    found = 0 if text == "0" else nanoseconds(text)
    return None if found is None else (-found if is_negative else found) / _SECOND


def byte_count(text: str) -> float | None:
    """The bytes of a size such as `20kB` or `1.5MiB`; None for other texts."""
    match = _BYTES.fullmatch(text.strip().replace(",", ""))
    if match is None:
        return None
    return float(match[1]) * float(1024 if match[3] else 1000) ** _POWERS[match[2].lower()]
