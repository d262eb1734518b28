"""The tree of a filter: conditions on one record, combined by and, or, not."""

from typing import Literal

from msgspec import Struct

Operator = Literal["<", "<=", ">", ">="]


class Exists(Struct, frozen=True):
    """The field has a value: it is there, and not null."""


class Equals(Struct, frozen=True):
    """The value is this text, or as a number equal to `number`; `text` is folded if case is ignored."""

    text: str
    number: float | None = None
    is_exact: bool = False


class Fits(Struct, frozen=True):
    """The value, folded, starts with the first of `pieces` (folded), ends with the last, and has the others between.

    There are at least two, each after the one before; `*` stands between two of them.
    """

    pieces: tuple[str, ...]


class Ordered(Struct, frozen=True):
    """The value stands in this order to `bound`: numbers compared with a number, texts by code point with a text."""

    operator: Operator
    bound: float | str


Test = Exists | Equals | Fits | Ordered


class OfName(Struct, frozen=True, tag=True):
    """A test of a named field of the record, such as its type."""

    name: str
    test: Test


class OfData(Struct, frozen=True, tag=True):
    """A test of a field of the record's JSON: of the member `path`, else of nested members with dots in between.

    `object` is the name of another JSON object of the record, where it has several.
    """

    path: str
    test: Test
    object: str = ""


class InTime(Struct, frozen=True, tag=True):
    """The time of the record is at or after `since` and before `until`, in microseconds since the epoch."""

    since: int | None = None
    until: int | None = None


class HasText(Struct, frozen=True, tag=True):
    """A name of the record, or its JSON, contains this folded text."""

    text: str


class Every(Struct, frozen=True, tag=True):
    """All of the parts match; without parts, every record does."""

    parts: tuple["Node", ...]


class Either(Struct, frozen=True, tag=True):
    """At least one of the parts matches."""

    parts: tuple["Node", ...]


class Without(Struct, frozen=True, tag=True):
    """The part does not match."""

    part: "Node"


Node = OfName | OfData | InTime | HasText | Every | Either | Without

EVERYTHING = Every(())


def both(*parts: Node) -> Node:
    """The filter that all of the parts have to match."""
    wanted = [inner for part in parts for inner in (part.parts if isinstance(part, Every) else (part,))]
    return wanted[0] if len(wanted) == 1 else Every(tuple(wanted))


def texts(node: Node) -> tuple[str, ...]:
    """The different texts that a filter searches, in order of first use."""
    match node:
        case HasText(text=text):
            return (text,)
        case Every(parts=parts) | Either(parts=parts):
            return tuple(dict.fromkeys(text for part in parts for text in texts(part)))
        case Without(part=part):
            return texts(part)
        case _:
            return ()


def paths(node: Node) -> tuple[str, ...]:
    """The different fields of the record's JSON that a filter reads, in order of first use."""
    match node:
        case OfData(path=path):
            return (path,)
        case Every(parts=parts) | Either(parts=parts):
            return tuple(dict.fromkeys(path for part in parts for path in paths(part)))
        case Without(part=part):
            return paths(part)
        case _:
            return ()
