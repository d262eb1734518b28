"""Applies changes of the catalog; each is allowed or refused when it is applied, after it was written."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from analytics.catalog.collections import COLLECTIONS, PRIVATE_COLLECTIONS, Collection
from analytics.clock import rfc3339_second
from analytics.errors import AnalyticsError, FromFile, NotFound, PreconditionFailed
from analytics.log import refusal
from analytics.resources import ANY, HTTP, Audited, FileResource, NewChange, NewFile, Resource, Versions
from analytics.state.state import State


class Changed(NamedTuple):
    """Outcome of a change, and the resource: the new one, or the deleted one."""

    outcome: Literal["created", "changed", "unchanged", "deleted"]
    resource: Resource


class Changes:
    """Applies changes of single resources."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewChange], received: float, _: str) -> Changed | AnalyticsError:
        """Make the change and return its outcome, or return the error if it is not allowed."""
        (change,) = records
        self._state.set_time(received)
        found = self._state.catalog.find(change.collection, change.name)
        if change.is_default:
            is_first = self._state.catalog.note_default((change.collection, change.name))
            if found is not None:
                return Changed("unchanged", found)
            if not is_first:
                return NotFound(f"The default {change.collection}/{change.name} was deleted.", code="unknown_resource")
        refused = why_not(self._state, found, change)
        if refused is not None:
            return refused
        if change.body is None:
            assert found is not None
            self._state.catalog.remove(change.collection, change.name)
            self._state.catalog.note(Audited(received, change.who, "deleted", change.collection, change.name))
            return Changed("deleted", found)
        item = FileResource(change.collection, change.name, change.body, change.start, change.end)
        changed = put(self._state, found, item, (received, change.who, HTTP))
        evict(self._state, change.collection, change.name, change.who)
        return changed


def preview(state: State, change: NewChange, now: float) -> Changed | AnalyticsError:
    """The outcome that a change would have now; a resource that would get a new version has version 0."""
    found = state.catalog.find(change.collection, change.name)
    refused = why_not(state, found, change)
    if refused is not None:
        return refused
    body, span = change.body or {}, (change.start, change.end)
    if found is not None and is_same(found, body, span, HTTP):
        return Changed("unchanged", found)
    resource = Resource(change.collection, change.name, body, 0, now, change.who, HTTP, *span)
    return Changed("created" if found is None else "changed", resource)


class Files:
    """Applies configuration files: afterwards the resources from this file are exactly those in it."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewFile], received: float, _: str) -> list[AnalyticsError]:
        """Create, change and delete resources; returns an error for each that has no room."""
        (file,) = records
        state, catalog = self._state, self._state.catalog
        state.set_time(received)
        named = {(item.collection, item.name) for item in file.resources}
        for resource in catalog.of_file(file.file):
            if (resource.collection, resource.name) not in named:
                catalog.remove(resource.collection, resource.name)
                catalog.note(Audited(received, file.file, "deleted", resource.collection, resource.name))
        refused: list[AnalyticsError] = []
        for item in file.resources:
            found = catalog.find(item.collection, item.name)
            if found is None and (full := no_room(state, item.collection)):
                refused.append(full)
            else:
                put(state, found, item, (received, file.file, file.file))
        catalog.expire(state.oldest)
        for collection in sorted({item.collection for item in file.resources}):
            evict(state, collection)
        return refused


def why_not(state: State, found: Resource | None, change: NewChange) -> AnalyticsError | None:
    """Why a change of a resource that is `found` may not be made."""
    where = f"{change.collection}/{change.name}"
    version = None if found is None else found.version
    if change.if_match is not None and not _is_among(version, change.if_match):
        return PreconditionFailed(f"{where} {_is(version)}, which If-Match does not name: read it again.")
    if change.if_none_match is not None and _is_among(version, change.if_none_match):
        return PreconditionFailed(f"{where} {_is(version)} already, which If-None-Match rules out.")
    if change.body is None and found is None:
        return NotFound(f"There is no {where}.", code="unknown_resource")
    if found is not None and found.source != HTTP:
        return FromFile(f"{where} comes from the configuration file {found.source}: change it there.")
    if change.end is not None and change.end < state.oldest:
        return _too_old(state, change.collection, change.body or {})
    return no_room(state, change.collection) if found is None else None


def _too_old(state: State, collection: str, body: Mapping[str, Any]) -> AnalyticsError:
    table = _table(collection)
    end, time = ("end", "time") if table is None else (table.end, table.time)
    field = end if body.get(end) else time
    return refusal.too_old(body.get(field), rfc3339_second(state.oldest), field)


def no_room(state: State, collection: str) -> AnalyticsError | None:
    """The error where a collection has no room for another resource."""
    table = _table(collection)  # none where a later version of the service had another collection
    if table is None or table.has_time or state.catalog.count(collection) < table.limit:
        return None
    return refusal.collection_full(collection, table.limit)


def _table(collection: str) -> Collection | None:
    return COLLECTIONS.get(collection) or PRIVATE_COLLECTIONS.get(collection)


def put(state: State, found: Resource | None, item: FileResource, by: tuple[float, str, str]) -> Changed:
    """Create a resource, or replace the one that is `found`."""
    span = (item.start, item.end)
    if found is not None and is_same(found, item.body, span, by[2]):
        return Changed("unchanged", found)
    resource = state.catalog.put(item.collection, item.name, item.body, span, by)
    outcome: Literal["created", "changed"] = "created" if found is None else "changed"
    state.catalog.note(Audited(by[0], by[1], outcome, item.collection, item.name))
    return Changed(outcome, resource)


def evict(state: State, collection: str, except_for: str | None = None, author: str | None = None) -> None:
    """Drop the oldest resources with a time where there are too many, of `author` or in all.

    Those of files are not dropped, and not the one with the name `except_for`.
    """
    table, catalog = _table(collection), state.catalog
    if table is None or not table.has_time:
        return
    if author is not None and table.limit_of_one is not None:
        _drop(state, collection, catalog.count_of(collection, author) - table.limit_of_one, except_for, author)
    _drop(state, collection, catalog.count(collection) - table.limit, except_for)


def _drop(state: State, collection: str, most: int, except_for: str | None, author: str | None = None) -> None:
    for name in state.catalog.oldest(collection, max(0, most), except_for, author):
        state.catalog.remove(collection, name)
        state.counters.dropped(f"{collection}_evicted")


def is_same(found: Resource, body: object, span: tuple[float | None, float | None], source: str) -> bool:
    """Whether a resource has this content and source already."""
    return found.body == body and (found.start, found.end) == span and found.source == source


def _is_among(version: int | None, versions: Versions) -> bool:
    return version is not None and (versions == ANY or version in versions)


def _is(version: int | None) -> str:
    return "does not exist" if version is None else f"has version {version}"
