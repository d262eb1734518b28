"""Resources of the catalog, as they are asked for."""

import math
from itertools import islice
from typing import NamedTuple

from analytics.records import Resource
from analytics.state.state import State


class Page(NamedTuple):
    """Some resources, a text that changes whenever the answer might, and whether there are more."""

    resources: list[Resource]
    tag: str
    has_more: bool = False


class Span(NamedTuple):
    """Which resources with a time are wanted: not over before `start`, begun before `end` (epoch seconds)."""

    start: float | None
    end: float | None
    service: str | None = None
    tag: str | None = None

    def has(self, resource: Resource) -> bool:
        """Whether a resource that began before `end` is wanted."""
        return (
            (self.start is None or (resource.end is not None and resource.end >= self.start))
            and (self.service is None or resource.body.get("service") == self.service)
            and (self.tag is None or self.tag in resource.body.get("tags", ()))
        )


def resource(state: State, now: float, collection: str, name: str) -> Resource | None:
    """One resource, or None."""
    return state.catalog.get(collection, name)


def every_resource(state: State, now: float) -> list[Resource]:
    """Every resource of the catalog."""
    return state.catalog.all()


def within(state: State, now: float, collection: str, span: Span, limit: int) -> Page:
    """The newest resources with a time that are wanted."""
    newest = state.catalog.newest_first(collection, math.inf if span.end is None else span.end)
    return Page(list(islice(filter(span.has, newest), limit)), state.catalog.tag(collection))


def resources(state: State, now: float, collection: str | None, after: tuple[str, str] | None, limit: int) -> Page:
    """Resources of one collection or of all, in the order of collections and names, from `after` on."""
    found = [
        each
        for each in state.catalog.all()
        if (collection is None or each.collection == collection)
        and (after is None or (each.collection, each.name) > after)
    ]
    return Page(found[:limit], f"{state.catalog.revision}-{len(found)}", len(found) > limit)
