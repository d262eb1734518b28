"""Tokens of a query: bounds that protect the parser, and the places that annotations name.

`promql-parser` reports no places. It recurses once a nesting level and takes time quadratic in the number of
operators, so both are bounded before it sees a query. A quote that is not closed is one token up to the end, so that
reading tokens takes linear time whatever the query is.
"""

import re
from collections.abc import Iterator

from analytics.promql.errors import BadQuery

MAX_LENGTH = 100_000
MAX_NESTING = 64
MAX_OPERATORS = 250

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<text>"(?:\\.|[^"\\])*(?:"|\\?\Z)|'(?:\\.|[^'\\])*(?:'|\\?\Z)|`[^`]*`)
    |(?P<range>\[[^\[\]]*\])
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:ms|[smhdwy]))+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[a-zA-Z_:][\w:.]*)
    |(?P<sign>==|!=|=~|!~|<=|>=|[^\w\s])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = {"+", "-", "*", "/", "%", "^", "==", "!=", "<=", ">=", "<", ">"}
_WORDS = {"and", "or", "unless", "atan2"}


class Tokens:
    """The tokens of a query, read once from the first to the last."""

    __slots__ = ("_index", "_places", "_texts", "length")

    def __init__(self, query: str) -> None:
        self._texts: list[str] = []
        self._places: list[int] = []
        self._index = 0
        self.length = len(query)
        for kind, text, place in _tokens(query):
            if kind != "space":
                self._texts.append(text)
                self._places.append(place)

    @property
    def place(self) -> int:
        """Character at which the next token starts."""
        return self._places[self._index] if self._index < len(self._places) else self.length

    @property
    def next(self) -> str:
        """The next token; empty at the end."""
        return self._texts[self._index] if self._index < len(self._texts) else ""

    def step(self) -> None:
        """Go past the next token."""
        self._index += 1

    def skip(self, *signs: str) -> None:
        """Go past tokens as long as they are among these."""
        while self.next and self.next in signs:
            self._index += 1

    def until(self, sign: str) -> None:
        """Go past the next token with this text, in whatever case."""
        while self.next and self.next.lower() != sign.lower():
            self._index += 1
        self._index += 1

    def skip_group(self, *words: str) -> None:
        """Go past `word (…)` as often as it comes for one of the words; the part in brackets may be missing."""
        while self.next.lower() in words:
            self._index += 1
            if self.next == "(":
                self.until(")")


def checked(query: str) -> Tokens:
    """The tokens of a query that the parser can be given.

    Raises:
        BadQuery: it is too long, nested too deeply, or has too many operators.
    """
    if len(query) > MAX_LENGTH:
        raise BadQuery(f"the query has {len(query):,} characters, more than {MAX_LENGTH:,}")
    depth = deepest = operators = 0
    for kind, text, _ in _tokens(query):
        if kind == "sign":
            depth += (text in "({[") - (text in ")}]")
            deepest = max(deepest, depth)
        operators += (kind == "sign" and text in _OPERATORS) or (kind == "name" and text.lower() in _WORDS)
    if deepest > MAX_NESTING:
        raise BadQuery(f"the query is nested {deepest} levels deep, more than {MAX_NESTING}")
    if operators > MAX_OPERATORS:
        raise BadQuery(f"the query has {operators} operators, more than {MAX_OPERATORS}")
    return Tokens(query)


def _tokens(query: str) -> Iterator[tuple[str, str, int]]:
    for found in _TOKEN.finditer(query):
        yield str(found.lastgroup), found.group(), found.start()
