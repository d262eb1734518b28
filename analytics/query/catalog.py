"""Queries about resources."""

import math
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from analytics.catalog.collections import PRIVATE_COLLECTIONS
from analytics.resources import Audited, Resource
from analytics.state.catalog import place
from analytics.state.state import State


class Held(NamedTuple):
    """Some resources, and a text that changes whenever one of them does."""

    resources: list[Resource]
    tag: str


class Page(NamedTuple):
    """Some resources in their order, and whether there are more."""

    resources: list[Resource]
    has_more: bool


class ResourceFilter(NamedTuple):
    """Which resources with a time are wanted: not over before `start`, begun before `end` (epoch seconds)."""

    start: float | None
    end: float | None
    service: str | None = None
    tag: str | None = None

    def newest(self, resources: Iterable[Resource], limit: int) -> Page:
        """The first `limit` that are wanted of resources that began before `end`, and whether there are more."""
        found = list(islice(filter(self._has, resources), limit + 1))
        return Page(found[:limit], len(found) > limit)

    def _has(self, resource: Resource) -> bool:
        return (
            (self.start is None or (resource.end is not None and resource.end >= self.start))
            and (self.service is None or resource.body.get("service") == self.service)
            and (self.tag is None or self.tag in resource.body.get("tags", ()))
        )


def resource(state: State, now: float, collection: str, name: str) -> Resource | None:
    """One resource, or None."""
    return state.catalog.get(collection, name)


def held_resources(state: State, now: float) -> list[Resource]:
    """Every resource, and those that expired while their configuration files still have them, in no order."""
    return state.catalog.held()


def every_resource(state: State, now: float) -> Held:
    """Every resource of the catalog that users see, in no order."""
    return Held(
        [each for each in state.catalog.all() if each.collection not in PRIVATE_COLLECTIONS],
        _tag(state, f"{state.catalog.revision}-{state.catalog.count()}"),
    )


def resources_of(state: State, now: float, collection: str) -> list[Resource]:
    """The resources of one collection, in no order."""
    return state.catalog.named(collection)


def audit(state: State, now: float, collection: str | None, limit: int) -> list[Audited]:
    """The newest changes of the catalog, of one collection or of all, newest first."""
    return state.catalog.audit(collection)[:limit]


def newest_first(state: State, now: float, collection: str, before: float | None) -> Held:
    """The resources with a time that began before `before` (seconds since the epoch), newest first."""
    newest = state.catalog.newest_first(collection, math.inf if before is None else before)
    return Held(newest, _tag(state, state.catalog.tag(collection)))


def _tag(state: State, tag: str) -> str:
    """`tag` for this run of the service: in memory alone, the next one begins to count anew."""
    return f"{round(state.started * 1e3):x}-{tag}"


def page_of(resources: Iterable[Resource], collection: str | None, after: tuple[str, str], limit: int) -> Page:
    """The first `limit` of the resources, of one collection or of all, behind the one that `after` names."""
    found = [
        each
        for each in sorted(resources, key=place)
        if (collection is None or each.collection == collection) and place(each) > after
    ]
    return Page(found[:limit], len(found) > limit)
