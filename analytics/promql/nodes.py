"""Nodes of a parsed query."""

from msgspec import Struct

from analytics.promql.matchers import LabelMatcher


class Node(Struct):
    """Base of all nodes.

    Attributes:
        at: character of the query where its text starts.
    """

    at: int


class NumberNode(Node):
    """A literal number."""

    value: float


class StringNode(Node):
    """A literal text."""

    value: str


class Selector(Node):
    """Selects series: `name{label="value"}[range] offset … @ …`.

    Attributes:
        matchers: all hold for the series that are selected; the name is one of `__name__`.
        range: milliseconds of a range vector; 0 for an instant vector.
        offset: milliseconds to look further back.
        pinned: a fixed time in milliseconds, "start" or "end" of the query; None for the time of each step.
        counts_only: only counts and sums of its histograms are asked for.
    """

    matchers: tuple[LabelMatcher, ...]
    range: int = 0
    offset: int = 0
    pinned: int | str | None = None
    counts_only: bool = False


class Subquery(Node):
    """Evaluates an expression at each `step` of a range: `expression[range:step] offset … @ …`. Durations as above."""

    expression: Node
    range: int
    step: int | None = None
    offset: int = 0
    pinned: int | str | None = None


class Call(Node):
    """A function's call."""

    name: str
    arguments: list[Node]


class Aggregate(Node):
    """An aggregation over series, grouped by some labels, or by all `without` some."""

    operator: str
    expression: Node
    parameter: Node | None = None
    labels: tuple[str, ...] = ()
    without: bool = False


class Negation(Node):
    """Unary minus."""

    expression: Node


class Matching(Struct, frozen=True):
    """How the series of two vectors are matched.

    Attributes:
        on: whether `labels` are all that must agree; otherwise they are ignored.
        many: the side with several series for one of the other: "left", "right", "both" for set operators, or "".
        include: labels that are taken over from the side of one.
        fill_left: value of a missing left side. None for no result.
    """

    on: bool = False
    labels: tuple[str, ...] = ()
    many: str = ""
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None


class Binary(Node):
    """An operator between two expressions."""

    operator: str
    left: Node
    right: Node
    as_bool: bool = False
    matching: Matching = Matching()
