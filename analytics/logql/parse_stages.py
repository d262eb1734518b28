"""Parses what selects lines: the selector of streams, and the stages of a pipeline."""

from collections.abc import Iterator
from typing import NoReturn

from analytics.logql.addresses import has_address
from analytics.logql.errors import BadLogQuery
from analytics.logql.nodes import (
    AddressFilter,
    Choose,
    Decolorize,
    Extract,
    LabelFormat,
    LabelJoin,
    LabelMatch,
    LabelTest,
    LineFilter,
    LineFormat,
    Stage,
)
from analytics.logql.tokens import LogToken, byte_count, nanoseconds, number, refuse, tokens, unquoted

MATCHES = ("=", "!=", "=~", "!~")
LINE_FILTERS = ("|=", "!=", "|~", "!~", "|>", "!>")
MOST_STAGES = 50
"""Stages of a pipeline."""
MAX_DEPTH = 40
"""Parentheses and aggregations inside of each other."""
_LABEL_OPERATORS = ("=", "==", "!=", "=~", "!~", ">", ">=", "<", "<=")
_SECOND = 1_000_000_000


class StageParser:
    """The tokens of a query from a place on; each method takes those of what it is named after.

    Attributes:
        next: the next token.
    """

    def __init__(self, query: str) -> None:
        self._query, self._tokens, self._at = query, tokens(query), 0
        self._depth = self._stages = 0
        self.next = self._tokens[0]

    def refuse(self, problem: str) -> NoReturn:
        """Raise the error of the query at the next token."""
        refuse(self._query, self.next.at, f"syntax error: {problem}")

    def take(self) -> LogToken:
        """Any token but the end."""
        taken = self.next
        if taken.kind == "end":
            self.refuse("unexpected end of the query")
        self._at += 1
        self.next = self._tokens[self._at]
        return taken

    def expect(self, sign: str) -> None:
        """This sign."""
        if self.next.text != sign or self.next.kind != "sign":
            self.refuse(f"unexpected {self.next.text or 'end of the query'}, expecting {sign}")
        self.take()

    def expect_end(self) -> None:
        """Nothing else."""
        if self.next.kind != "end":
            self.refuse(f"unexpected {self.next.text}")

    def enter(self) -> None:
        """Count a level of nesting."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.refuse(f"the query is nested deeper than {MAX_DEPTH} levels")

    def leave(self) -> None:
        """The end of a level."""
        self._depth -= 1

    def word(self, what: str) -> str:
        """A name."""
        if self.next.kind != "word":
            self.refuse(f"{what} is missing")
        return self.take().text

    def text(self, what: str) -> str:
        """A text in quotes."""
        if self.next.kind != "text":
            self.refuse(f"{what} in quotes is missing")
        return unquoted(self._query, self.take())

    def number(self) -> float:
        """A number, which may be negative."""
        is_negative = self.next.text == "-"
        if is_negative:
            self.take()
        if self.next.kind != "number":
            self.refuse("a number is missing")
        value = number(self.next.text)
        if value is None:
            self.refuse(f"{self.next.text[:20]}… is too large")
        self.take()
        return -value if is_negative else value

    def duration(self) -> int:
        """Nanoseconds of a duration."""
        found = nanoseconds(self.next.text) if self.next.kind == "duration" else None
        if found is None:
            self.refuse("a duration such as 5m is missing")
        self.take()
        return found

    def names(self) -> tuple[str, ...]:
        """Names of labels in parentheses."""
        found: list[str] = []
        self.expect("(")
        while self.next.text != ")":
            found.append(self.word("a label"))
            if self.next.text != ")":
                self.expect(",")
        self.expect(")")
        return tuple(found)

    def selector(self) -> tuple[LabelMatch, ...]:
        """The selector of streams."""
        self.expect("{")
        found: list[LabelMatch] = []
        while self.next.text != "}":
            name = self.word("a label")
            found.append(self._matcher(name))
            if self.next.text != "}":
                self.expect(",")
        self.expect("}")
        return tuple(found)

    def _matcher(self, name: str) -> LabelMatch:
        if self.next.text not in MATCHES:
            self.refuse(f"unexpected {self.next.text or 'end of the query'}, expecting {', '.join(MATCHES)}")
        operator = self.take().text
        return LabelMatch(name, operator, self.text("a value"))

    def stages(self) -> Iterator[Stage]:
        """The stages up to what is none."""
        while self.next.text in LINE_FILTERS or (self.next.text == "|" and not self.is_at_unwrap()):
            self._stages += 1
            if self._stages > MOST_STAGES:
                self.refuse(f"there are more than {MOST_STAGES} stages")
            yield self._line_filter() if self.next.text in LINE_FILTERS else self._stage()

    def is_at_unwrap(self) -> bool:
        """Whether `| unwrap` follows."""
        return self.next.text == "|" and self._tokens[self._at + 1].text == "unwrap"

    def label_filters(self) -> Iterator[LabelTest | LabelJoin]:
        """Stages that are conditions on labels."""
        while self.next.text == "|" and self._tokens[self._at + 1].kind in ("word", "sign"):
            self.take()
            yield self._label_filter()

    def _line_filter(self) -> LineFilter | AddressFilter:
        operator = self.take().text
        if self.next.text == "ip" and self.next.kind == "word":
            if operator not in ("|=", "!="):
                self.refuse(f"ip(…) goes with |= and !=, not with {operator}")
            return AddressFilter(operator == "!=", self._address())
        values = [self.text("a text")]
        while self.next.text == "or":
            self.take()
            values.append(self.text("a text"))
        return LineFilter(operator, tuple(values))

    def _address(self) -> str:
        """`ip("…")`."""
        self.take()
        self.expect("(")
        at = self.next.at
        pattern = self.text("an address")
        try:
            has_address(pattern)
        except BadLogQuery as error:
            refuse(self._query, at, error.message.removeprefix("parse error : "))
        self.expect(")")
        return pattern

    def _stage(self) -> Stage:
        self.expect("|")
        name = self.next.text
        following = self._tokens[min(self._at + 1, len(self._tokens) - 1)].text
        if self.next.kind != "word" or following in _LABEL_OPERATORS:
            return self._label_filter()
        match name:
            case "json" | "logfmt":
                self.take()
                flags = []
                while self.next.kind == "flag":
                    flags.append(self.take().text)
                    if name != "logfmt" or flags[-1] not in ("--strict", "--keep-empty"):
                        self.refuse(f"{name} {flags[-1]} is not supported")
                return Extract(name, wanted=tuple(self._wanted()), flags=tuple(flags))
            case "regexp" | "pattern":
                self.take()
                return Extract(name, self.text(f"what {name} looks for"))
            case "unpack":
                self.take()
                return Extract(name)
            case "line_format":
                self.take()
                return LineFormat(self.text("a template"))
            case "label_format":
                self.take()
                return self._label_format()
            case "drop" | "keep":
                self.take()
                return self._choose(keeps=name == "keep")
            case _:
                if name != "decolorize":
                    self.refuse(f"| {name} is not supported")
                self.take()
                return Decolorize()

    def _wanted(self) -> Iterator[tuple[str, str]]:
        while self.next.kind == "word":
            name = self.take().text
            path = name
            if self.next.text == "=":
                self.take()
                path = self.text("the place of a field")
            yield name, path
            if self.next.text != ",":
                return
            self.take()

    def _label_format(self) -> LabelFormat:
        renamed, written = list[tuple[str, str]](), list[tuple[str, str]]()
        while True:
            name = self.word("a label")
            self.expect("=")
            if self.next.kind == "text":
                written.append((name, self.text("a template")))
            else:
                renamed.append((name, self.word("a label or a template")))
            if self.next.text != ",":
                return LabelFormat(tuple(renamed), tuple(written))
            self.take()

    def _choose(self, *, keeps: bool) -> Choose:
        names, matchers = list[str](), list[LabelMatch]()
        while True:
            name = self.word("a label")
            if self.next.text in MATCHES:
                matchers.append(self._matcher(name))
            else:
                names.append(name)
            if self.next.text != ",":
                return Choose(keeps, tuple(names), tuple(matchers))
            self.take()

    def _label_filter(self) -> LabelTest | LabelJoin:
        self.enter()
        parts: list[LabelTest | LabelJoin] = [self._every()]
        while self.next.text == "or":
            self.take()
            parts.append(self._every())
        self.leave()
        return parts[0] if len(parts) == 1 else LabelJoin("or", tuple(parts))

    def _every(self) -> LabelTest | LabelJoin:
        parts: list[LabelTest | LabelJoin] = [self._label_part()]
        while self.next.text in ("and", ",") or (self.next.kind == "word" and self.next.text not in ("or", "offset")):
            if self.next.text in ("and", ","):
                self.take()
            parts.append(self._label_part())
        return parts[0] if len(parts) == 1 else LabelJoin("and", tuple(parts))

    def _label_part(self) -> LabelTest | LabelJoin:
        if self.next.text == "(":
            self.take()
            found = self._label_filter()
            self.expect(")")
            return found
        name = self.word("a label")
        if self.next.text not in _LABEL_OPERATORS:
            self.refuse(f"unexpected {self.next.text or 'end of the query'} after the label {name}")
        operator = self.take().text
        if self.next.text == "ip" and self.next.kind == "word":
            if operator not in ("=", "!="):
                self.refuse(f"ip(…) goes with = and !=, not with {operator}")
            return LabelTest(name, operator, self._address(), "ip")
        if self.next.kind == "text" or operator in ("=~", "!~"):
            if operator not in MATCHES and operator != "==":
                self.refuse(f"a text cannot be compared by {operator}")
            return LabelTest(name, "=" if operator == "==" else operator, self.text("a value"))
        operator = "==" if operator == "=" else operator
        if self.next.kind == "duration":
            return LabelTest(name, operator, self.duration() / _SECOND, "duration")
        if self.next.kind == "bytes":
            value = byte_count(self.take().text)
            assert value is not None
            return LabelTest(name, operator, value, "bytes")
        return LabelTest(name, operator, self.number(), "number")
