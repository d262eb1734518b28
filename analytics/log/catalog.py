"""Changes of the catalog: whether each may be made is decided when it comes back from the log."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from analytics.catalog.collections import COLLECTIONS
from analytics.clock import rfc3339_second
from analytics.errors import AnalyticsError, FromFile, NotFound, PreconditionFailed
from analytics.log import refusal
from analytics.records import ANY, HTTP, FileResource, NewChange, NewFile, Resource, Versions
from analytics.state.state import State


class Changed(NamedTuple):
    """What a change did, and the resource: the new one, or the one that was deleted."""

    outcome: Literal["created", "changed", "unchanged", "deleted"]
    resource: Resource


class Changes:
    """Applies changes of single resources."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewChange], received: float, _: str) -> Changed | AnalyticsError:
        """Make the change and return what it did, or return why it may not be made."""
        (change,) = records
        self._state.set_time(received)
        found = self._state.catalog.get(change.collection, change.name)
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
            return Changed("deleted", found)
        item = FileResource(change.collection, change.name, change.body, change.start, change.end)
        return put(self._state, found, item, (received, change.who, HTTP))


def preview(state: State, change: NewChange, now: float) -> Changed | AnalyticsError:
    """What putting a resource would return now; its version is 0 where it would get a new one."""
    found = state.catalog.get(change.collection, change.name)
    refused = why_not(state, found, change)
    if refused is not None:
        return refused
    body, span = change.body or {}, (change.start, change.end)
    if found is not None and is_same(found, body, span, HTTP):
        return Changed("unchanged", found)
    resource = Resource(change.collection, change.name, body, 0, now, change.who, HTTP, *span)
    return Changed("created" if found is None else "changed", resource)


class Files:
    """Applies configuration files: afterwards the catalog has what the file has, and nothing else of it."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewFile], received: float, _: str) -> list[AnalyticsError]:
        """Create, change and delete resources; returns an error for each that has no room or is too old."""
        (file,) = records
        state, catalog = self._state, self._state.catalog
        state.set_time(received)
        named = {(item.collection, item.name) for item in file.resources}
        for resource in catalog.of_file(file.file):
            if (resource.collection, resource.name) not in named:
                catalog.remove(resource.collection, resource.name)
        refused: list[AnalyticsError] = []
        for item in file.resources:
            found = catalog.get(item.collection, item.name)
            if item.end is not None and item.end < state.oldest:
                refused.append(_too_old(state, item.body))
                if found is not None:
                    catalog.remove(item.collection, item.name)
            elif found is None and (full := no_room(state, item.collection)):
                refused.append(full)
            else:
                put(state, found, item, (received, file.file, file.file))
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
        return _too_old(state, change.body or {})
    return no_room(state, change.collection) if found is None else None


def _too_old(state: State, body: Mapping[str, Any]) -> AnalyticsError:
    return refusal.too_old(body.get("end") or body.get("time"), rfc3339_second(state.oldest))


def no_room(state: State, collection: str) -> AnalyticsError | None:
    """The error where a collection has no room for another resource."""
    table = COLLECTIONS.get(collection)  # none where a later version of the service had another collection
    if table is None or table.has_time or state.catalog.count(collection) < table.limit:
        return None
    return refusal.collection_full(collection, table.limit)


def put(state: State, found: Resource | None, item: FileResource, by: tuple[float, str, str]) -> Changed:
    """Create a resource, or replace the one that is `found`, and drop the oldest where there are too many."""
    span = (item.start, item.end)
    if found is not None and is_same(found, item.body, span, by[2]):
        return Changed("unchanged", found)
    resource = state.catalog.put(item.collection, item.name, item.body, span, by)
    table = COLLECTIONS.get(item.collection)
    if table is not None and table.has_time and state.catalog.count(item.collection) > table.limit:
        oldest = state.catalog.oldest(item.collection, item.name)
        if oldest is not None:
            state.catalog.remove(item.collection, oldest)
            state.counters.dropped(f"{item.collection}_evicted")
    return Changed("created" if found is None else "changed", resource)


def is_same(found: Resource, body: object, span: tuple[float | None, float | None], source: str) -> bool:
    """Whether a resource has this content and source already."""
    return found.body == body and (found.start, found.end) == span and found.source == source


def _is_among(version: int | None, versions: Versions) -> bool:
    return version is not None and (versions == ANY or version in versions)


def _is(version: int | None) -> str:
    return "does not exist" if version is None else f"has version {version}"
