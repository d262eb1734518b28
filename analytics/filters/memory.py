"""Compiles the tree of a filter to a selection among the records of one request, which are kept in memory."""

import math
from collections.abc import Callable, Sequence
from itertools import compress
from typing import Generic, NamedTuple

from msgspec import Raw

from analytics.filters.json_fields import FieldReader, field_reader
from analytics.filters.testing import JsonTest, NameTest, json_test, name_test
from analytics.filters.text import containing
from analytics.filters.tree import Either, Every, HasText, InTime, Node, OfData, OfName, Without
from analytics.records import Kept, R

Places = Sequence[int]
"""Ascending indexes of records of one request."""
Selection = Callable[[Kept[R], Places], Places]
"""The matching records of one request, among those at some places."""
Column = Callable[[Kept[R], Places], list[str | None]]
Objects = Callable[[Kept[R], Places], list[Raw]]


class Readers(NamedTuple, Generic[R]):
    """How the fields of records in memory are read; `RecordFields` has the same for their names.

    Attributes:
        names: the texts of each named field at some places.
        has_text: the records whose names contain a folded text.
        json: the JSON objects of records.
    """

    names: dict[str, Column[R]]
    has_text: Callable[[Kept[R], Places, str], set[int]]
    json: Objects[R]


def compiled(node: Node, readers: Readers[R]) -> Selection[R]:
    """The records that match a filter; of an `Every` without parts, all."""
    match node:
        case Every(parts=parts):
            return _every([compiled(part, readers) for part in sorted(parts, key=_cost)])
        case Either(parts=parts):
            return _either([compiled(part, readers) for part in sorted(parts, key=_cost)])
        case Without(part=part):
            return _without(compiled(part, readers))
        case InTime(since=since, until=until):
            return _in_time(since, until)
        case HasText(text=text):
            return _has_text(text, readers)
        case OfName(name=name, test=test):
            return _of_name(readers.names[name], name_test(test))
        case OfData(path=path, test=test):
            return _of_data(readers.json, field_reader(path), json_test(test))


def _of_name(column: Column[R], is_name: NameTest) -> Selection[R]:
    return lambda kept, places: list(compress(places, map(is_name, column(kept, places))))


def _of_data(objects: Objects[R], read: FieldReader, is_value: JsonTest) -> Selection[R]:
    return lambda kept, places: [
        place for place, each in zip(places, objects(kept, places), strict=True) if is_value(read(bytes(each)))
    ]


def _cost(node: Node) -> int:
    """Rank of what to test first: names cost the least."""
    match node:
        case OfName() | InTime():
            return 0
        case HasText():
            return 1
        case OfData():
            return 2
        case Without(part=part):
            return _cost(part)
        case Every(parts=parts) | Either(parts=parts):
            return max(map(_cost, parts), default=0)


def _every(parts: Sequence[Selection[R]]) -> Selection[R]:
    if len(parts) == 1:
        return parts[0]

    def select(kept: Kept[R], places: Places) -> Places:
        for part in parts:
            if not places:
                break
            places = part(kept, places)
        return places

    return select


def _either(parts: Sequence[Selection[R]]) -> Selection[R]:
    def select(kept: Kept[R], places: Places) -> Places:
        found, rest = set[int](), places
        for part in parts:
            found.update(part(kept, rest))
            rest = [place for place in rest if place not in found]
            if not rest:
                break
        return [place for place in places if place in found]

    return select


def _without(part: Selection[R]) -> Selection[R]:
    def select(kept: Kept[R], places: Places) -> Places:
        gone = set(part(kept, places))
        return [place for place in places if place not in gone] if gone else places

    return select


def _in_time(since: int | None, until: int | None) -> Selection[R]:
    first, end = -math.inf if since is None else since, math.inf if until is None else until
    return lambda kept, places: [place for place in places if first <= round(kept.at(place) * 1e6) < end]


def _has_text(text: str, readers: Readers[R]) -> Selection[R]:
    def select(kept: Kept[R], places: Places) -> Places:
        if not places:
            return places
        found = readers.has_text(kept, places, text)
        found.update(places[index] for index in containing(readers.json(kept, places), text))
        return sorted(found)

    return select
