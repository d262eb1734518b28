"""The tree of a LogQL query; durations are in nanoseconds."""

from msgspec import Struct


class LabelMatch(Struct, frozen=True):
    """A condition on a label of a stream; `operator` is `=`, `!=`, `=~` or `!~`."""

    name: str
    operator: str
    value: str


class LineFilter(Struct, frozen=True):
    """A condition on the text of a line: `|=`, `!=`, `|~`, `!~`, `|>` or `!>` with texts, any of which matches."""

    operator: str
    values: tuple[str, ...]


class AddressFilter(Struct, frozen=True):
    """A condition on the IP addresses in a line: `|= ip("…")`, or `!= ip("…")`."""

    is_negated: bool
    pattern: str


class Extract(Struct, frozen=True):
    """A parser: `json`, `logfmt`, `regexp`, `pattern` or `unpack`.

    Attributes:
        expression: of `regexp` and `pattern`.
        wanted: of `json` and `logfmt`, labels with the path of what they hold; everything if there are none.
        flags: of `logfmt`: `--strict` and `--keep-empty`.
    """

    parser: str
    expression: str = ""
    wanted: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()


class LabelTest(Struct, frozen=True):
    """A condition on a label; `value` is a text, or a number, which may be a duration in seconds or bytes.

    With the unit `ip` the text is a pattern of addresses.
    """

    name: str
    operator: str
    value: str | float
    unit: str = ""


class LabelJoin(Struct, frozen=True):
    """Conditions on labels that all have to match (`and`), or of which one has to (`or`)."""

    operator: str
    parts: tuple["LabelTest | LabelJoin", ...]


class LineFormat(Struct, frozen=True):
    """Writes the line anew by a template."""

    template: str


class LabelFormat(Struct, frozen=True):
    """Sets labels: to the value of another one, which goes away, or to what a template writes."""

    renamed: tuple[tuple[str, str], ...]
    written: tuple[tuple[str, str], ...]


class Choose(Struct, frozen=True):
    """Drops or keeps labels; those with a matcher only where it matches."""

    keeps: bool
    names: tuple[str, ...]
    matchers: tuple[LabelMatch, ...]


class Decolorize(Struct, frozen=True):
    """Takes the colours of terminals out of the line."""


Stage = LineFilter | AddressFilter | Extract | LabelTest | LabelJoin | LineFormat | LabelFormat | Choose | Decolorize


class Unwrap(Struct, frozen=True):
    """The label whose number is aggregated; `conversion` is empty, `duration`, `duration_seconds` or `bytes`."""

    label: str
    conversion: str = ""
    after: tuple[LabelTest | LabelJoin, ...] = ()


class LogSelection(Struct, frozen=True):
    """Lines of streams, passed through stages."""

    matchers: tuple[LabelMatch, ...]
    stages: tuple[Stage, ...] = ()


class LogGrouping(Struct, frozen=True):
    """The labels that results keep (`by`), or lose (`without`)."""

    names: tuple[str, ...]
    is_without: bool = False


class RangeAggregation(Struct, frozen=True):
    """A function of the lines, or of numbers in them, in a window before each step."""

    function: str
    selection: LogSelection
    window: int
    offset: int = 0
    unwrap: Unwrap | None = None
    parameter: float | None = None
    grouping: LogGrouping | None = None


class VectorAggregation(Struct, frozen=True):
    """An aggregation over series at each step."""

    function: str
    inner: "MetricExpression"
    grouping: LogGrouping
    parameter: float | None = None


class LogMatching(Struct, frozen=True):
    """How series of both sides of an operator find each other: `on` these labels, or ignoring them.

    Attributes:
        many: `left` or `right`, the side of which several series may match one of the other; empty for neither.
        included: labels that results take from the other side.
    """

    is_on: bool
    names: tuple[str, ...]
    many: str = ""
    included: tuple[str, ...] = ()


class LogOperation(Struct, frozen=True):
    """An operator between two expressions; `is_bool` makes comparisons answer 0 or 1."""

    operator: str
    left: "MetricExpression"
    right: "MetricExpression"
    is_bool: bool = False
    matching: LogMatching | None = None


class LogNumber(Struct, frozen=True):
    """A number."""

    value: float


class VectorOf(Struct, frozen=True):
    """`vector(number)`: a series without labels."""

    value: float


class LabelReplace(Struct, frozen=True):
    """`label_replace`: the label `target` is set where `pattern` matches all of the label `source`."""

    inner: "MetricExpression"
    target: str
    replacement: str
    source: str
    pattern: str


MetricExpression = RangeAggregation | VectorAggregation | LogOperation | LogNumber | VectorOf | LabelReplace
Query = LogSelection | MetricExpression
