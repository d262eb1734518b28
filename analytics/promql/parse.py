"""Queries to nodes, by `promql-parser`."""

from collections.abc import Callable
from typing import Any

from analytics.points import NAME_LABEL
from analytics.promql.errors import BadQuery
from analytics.promql.matchers import EQUAL, MATCHES, MATCHES_NOT, NOT_EQUAL, LabelMatcher
from analytics.promql.nodes import (
    Aggregate,
    Binary,
    Call,
    Matching,
    Negation,
    Node,
    NumberNode,
    Selector,
    StringNode,
    Subquery,
)
from analytics.promql.tokens import Tokens, checked
from analytics.short_texts import remembers_short

_OPERATORS = {"Equal": EQUAL, "NotEqual": NOT_EQUAL, "Re": MATCHES, "NotRe": MATCHES_NOT}
_SIDES = {"OneToOne": "", "ManyToOne": "left", "OneToMany": "right", "ManyToMany": "both"}
_LEFT_OUT = {"info", "limit_ratio"}
_FOLLOWS_OPERATOR = ("bool", "on", "ignoring", "group_left", "group_right", "fill", "fill_left", "fill_right")
_COUNTS = ("histogram_count", "histogram_sum", "histogram_avg")
_BUCKETS = ("histogram_quantile", "histogram_quantiles", "histogram_fraction", "histogram_stddev", "histogram_stdvar")
_SHORT = 2_000
"""Length of queries that are kept."""
_LONGEST = 1000 * 365 * 86_400_000
"""Milliseconds of a thousand years."""
_OUT_OF_RANGE = 'invalid parameter "query": duration out of range'
_FARTHEST = 2**53 / 1000
"""Seconds; their milliseconds are exact, and leave room for offsets and ranges."""


@remembers_short(128, _SHORT)
def parse(query: str) -> Node:
    """The root of a query, which nobody may change: dashboards ask the same again and again.

    Raises:
        BadQuery: it is not valid PromQL, or uses what is not supported.
    """
    return _Reader(checked(query)).node(_parsed(query), None)


def formatted(query: str) -> str:
    """The query as it is written commonly. Raises `BadQuery`."""
    checked(query)
    return str(_parsed(query).prettify())


def matchers_of(text: str) -> tuple[LabelMatcher, ...]:
    """The matchers of an instant vector's selector, for the metadata API. Raises `BadQuery` for anything else."""
    try:
        node = parse(text)
    except BadQuery as error:
        raise BadQuery(error.message.replace('parameter "query"', 'parameter "match[]"')) from None
    if not isinstance(node, Selector) or node.range or node.offset or node.pinned is not None:
        raise BadQuery(f'invalid parameter "match[]": {text!r} is no series selector')
    return node.matchers


def selectors_of(query: str) -> list[tuple[LabelMatcher, ...]]:
    """The matchers of each selector in a query. Raises `BadQuery`."""
    found: list[tuple[LabelMatcher, ...]] = []
    waiting: list[object] = [parse(query)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Selector):
            found.append(node.matchers)
        elif isinstance(node, Node):
            waiting += [getattr(node, name) for name in node.__struct_fields__]
        elif isinstance(node, list):
            waiting += node
    return found


def _parsed(query: str) -> Any:
    import promql_parser  # with the first query: it takes 2 MB

    try:
        return promql_parser.parse(query)
    except (ValueError, OverflowError) as error:
        raise BadQuery(f'invalid parameter "query": {error}') from None


class _Reader:
    """Turns the parser's nodes into ours, and reads along in the tokens to know their places."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._readers: dict[str, Callable[[Any, int, str | None], Node]] = {
            "NumberLiteral": self._number,
            "StringLiteral": self._string,
            "VectorSelector": self._vector,
            "MatrixSelector": self._matrix,
            "SubqueryExpr": self._subquery,
            "Call": self._call,
            "AggregateExpr": self._aggregate,
            "UnaryExpr": self._negation,
            "BinaryExpr": self._binary,
            "ParenExpr": self._parenthesis,
        }

    def node(self, parsed: Any, within: str | None) -> Node:
        """The node; `within` is the innermost function around it that concerns histograms."""
        return self._readers[type(parsed).__name__](parsed, self._tokens.place, within)

    def _number(self, parsed: Any, at: int, _: str | None) -> Node:
        self._tokens.skip("+", "-")
        self._tokens.step()
        return NumberNode(at, float(parsed.val))

    def _string(self, parsed: Any, at: int, _: str | None) -> Node:
        self._tokens.step()
        return StringNode(at, str(parsed.val))

    def _vector(self, parsed: Any, at: int, within: str | None) -> Node:
        self._tokens.skip("+")
        if self._tokens.next != "{":
            self._tokens.step()
        if self._tokens.next == "{":
            self._tokens.until("}")
        at_text = self._suffixes()
        if parsed.matchers.or_matchers:
            raise BadQuery('invalid parameter "query": "or" between label matchers is not supported')
        matchers = [
            LabelMatcher(str(m.name), _OPERATORS[_variant(m.op)], str(m.value)) for m in parsed.matchers.matchers
        ]
        if parsed.name is not None:
            matchers.insert(0, LabelMatcher(NAME_LABEL, EQUAL, str(parsed.name)))
        offset, pinned = _milliseconds(parsed, "offset"), _pinned(parsed.at, at_text)
        return Selector(at, tuple(matchers), 0, offset, pinned, counts_only=within in _COUNTS)

    def _matrix(self, parsed: Any, at: int, within: str | None) -> Node:
        selector = self._vector(parsed.vector_selector, at, within)
        assert isinstance(selector, Selector)
        selector.range = _positive(parsed, "range")
        return selector

    def _subquery(self, parsed: Any, at: int, within: str | None) -> Node:
        expression = self.node(parsed.expr, within)
        self._tokens.step()
        at_text = self._suffixes()
        step = _positive(parsed, "step") if _duration(parsed, "step") is not None else None
        offset, pinned = _milliseconds(parsed, "offset"), _pinned(parsed.at, at_text)
        return Subquery(at, expression, _positive(parsed, "range"), step, offset, pinned)

    def _call(self, parsed: Any, at: int, within: str | None) -> Node:
        name = str(parsed.func.name)
        if name in _LEFT_OUT:
            raise BadQuery(f'invalid parameter "query": the experimental function {name} is not supported')
        self._tokens.until(name)
        within = name if name in _COUNTS or name in _BUCKETS else within
        arguments: list[Node] = []
        for argument in parsed.args:
            self._tokens.until("," if arguments else "(")
            arguments.append(self.node(argument, within))
        self._tokens.until(")")
        return Call(at, name, arguments)

    def _aggregate(self, parsed: Any, at: int, within: str | None) -> Node:
        operator = str(parsed.op)
        if operator in _LEFT_OUT:
            raise BadQuery(f'invalid parameter "query": the experimental aggregation {operator} is not supported')
        self._tokens.until(operator)
        self._tokens.skip_group("by", "without")
        self._tokens.until("(")
        parameter = None
        if parsed.param is not None:
            parameter = self.node(parsed.param, None)
            self._tokens.until(",")
        expression = self.node(parsed.expr, within)
        self._tokens.until(")")
        self._tokens.skip_group("by", "without")
        modifier = parsed.modifier
        labels = tuple(map(str, modifier.labels)) if modifier else ()
        without = modifier is not None and _variant(modifier.type) == "Without"
        return Aggregate(at, operator, expression, parameter, labels, without)

    def _negation(self, parsed: Any, at: int, within: str | None) -> Node:
        self._tokens.until("-")
        return Negation(at, self.node(parsed.expr, within))

    def _binary(self, parsed: Any, at: int, _: str | None) -> Node:
        left = self.node(parsed.lhs, None)
        operator = str(parsed.op)
        self._tokens.until(operator)
        self._tokens.skip_group(*_FOLLOWS_OPERATOR)
        right = self.node(parsed.rhs, None)
        modifier = parsed.modifier
        as_bool = modifier is not None and bool(modifier.return_bool)
        return Binary(at, operator, left, right, as_bool, _matching(modifier))

    def _parenthesis(self, parsed: Any, at: int, within: str | None) -> Node:
        self._tokens.until("(")
        node = self.node(parsed.expr, within)
        self._tokens.until(")")
        node.at = at
        return node

    def _suffixes(self) -> str:
        """Go past a range, `offset` and `@`; not past a subquery, whose own follow it. Returns the time after `@`."""
        tokens = self._tokens
        at_text = ""
        while True:
            if tokens.next.startswith("[") and ":" not in tokens.next:
                tokens.step()
            elif tokens.next.lower() == "offset":
                tokens.step()
                tokens.skip("+", "-")
                tokens.step()
            elif tokens.next == "@":
                tokens.step()
                at_text = tokens.next if tokens.next in ("+", "-") else ""
                tokens.skip("+", "-")
                at_text += tokens.next
                tokens.step()
                if tokens.next == "(":
                    tokens.until(")")
            else:
                return at_text


def _matching(modifier: Any) -> Matching:
    if modifier is None:
        return Matching()
    matching, fill = modifier.matching, modifier.fill_values
    return Matching(
        on=matching is not None and _variant(matching.type) == "Include",
        labels=tuple(map(str, matching.labels)) if matching else (),
        many=_SIDES[_variant(modifier.card)],
        include=tuple(map(str, modifier.group_labels or ())),
        fill_left=fill.lhs if fill else None,
        fill_right=fill.rhs if fill else None,
    )


def _variant(value: Any) -> str:
    return str(value).rpartition(".")[2]


def _pinned(at: Any, text: str) -> int | str | None:
    """The time after `@` in milliseconds, `start`, or `end`.

    The number is read from the token: the parser's own conversion to a `datetime` panics for times before 1970.
    """
    if at is None:
        return None
    kind = _variant(at.type)
    if kind != "At":
        return kind.lower()
    try:
        seconds = float(_parsed(text.lstrip("+-")).val) * (-1 if text.startswith("-") else 1)
    except (AttributeError, ValueError):
        raise BadQuery(f'invalid parameter "query": {text!r} is no time for the @ modifier') from None
    if not abs(seconds) < _FARTHEST:
        raise BadQuery(f'invalid parameter "query": timestamp out of bounds for @ modifier: {seconds:f}')
    return round(seconds * 1000)


def _duration(parsed: Any, name: str) -> Any:
    """The duration that a node of the parser has, or None. The parser refuses to convert very long ones."""
    try:
        return getattr(parsed, name)
    except (ValueError, OverflowError):
        raise BadQuery(_OUT_OF_RANGE) from None


def _milliseconds(parsed: Any, name: str) -> int:
    duration = _duration(parsed, name)
    if duration is None:
        return 0
    milliseconds = (duration.days * 86400 + duration.seconds) * 1000 + duration.microseconds // 1000
    if abs(milliseconds) > _LONGEST:
        raise BadQuery(_OUT_OF_RANGE)
    return int(milliseconds)


def _positive(parsed: Any, name: str) -> int:
    milliseconds = _milliseconds(parsed, name)
    if milliseconds <= 0:
        raise BadQuery('invalid parameter "query": duration must be greater than 0')
    return milliseconds
