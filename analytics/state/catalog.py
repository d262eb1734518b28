"""The catalog: resources of configuration by collection and name, each with a version."""

from bisect import bisect_left, insort
from itertools import islice
from typing import Any

from msgspec import Struct

from analytics.resources import HTTP, Audited, FileResource, Resource
from analytics.state.audit import Audit


class StoredCatalog(Struct):
    """The whole catalog, as checkpoints hold it."""

    revision: int
    revisions: dict[str, int]
    resources: list[Resource]
    audit: list[Audited] = []
    expired: list[Resource] = []
    """Absent in checkpoints of version 0.2.0."""
    defaults: list[tuple[str, str]] = []
    """Collections and names of the default resources that were added; each is added once."""


def place(resource: Resource | FileResource) -> tuple[str, str]:
    """Key of a resource: collection and name."""
    return resource.collection, resource.name


class Catalog:
    """All resources. Versions are numbers of one sequence, so that none is used again when a name is.

    A resource that expired while its configuration file still has it is kept apart: nobody sees it, but it does not
    come back each time the file is read.

    Attributes:
        revision: the newest version.
        is_changed: whether anything changed since the newest checkpoint.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.is_changed = False
        self._revisions: dict[str, int] = {}
        self._defaults: set[tuple[str, str]] = set()
        self._resources: dict[str, dict[str, Resource]] = {}
        self._by_start: dict[str, list[tuple[float, str]]] = {}
        self._audit = Audit()
        self._expired: dict[tuple[str, str], Resource] = {}

    def note(self, change: Audited) -> None:
        """Add a change to the audit log."""
        self._audit.add(change)
        self.is_changed = True

    def audit(self, collection: str | None = None) -> list[Audited]:
        """The newest changes, of one collection or of all, newest first."""
        return self._audit.newest_first(collection)

    def revision_of(self, collection: str) -> int:
        """The version of the newest change in a collection."""
        return self._revisions.get(collection, 0)

    def named(self, collection: str) -> list[Resource]:
        """The resources of a collection, in no order that anything may depend on."""
        return list(self._resources.get(collection, {}).values())

    def count(self, collection: str | None = None) -> int:
        """How many resources a collection has, or all of them have."""
        return sum(len(named) for name, named in self._resources.items() if collection in (None, name))

    def get(self, collection: str, name: str) -> Resource | None:
        """One resource, or None."""
        return self._resources.get(collection, {}).get(name)

    def find(self, collection: str, name: str) -> Resource | None:
        """One resource, even if it expired while its file still has it, or None."""
        return self.get(collection, name) or self._expired.get((collection, name))

    def all(self) -> list[Resource]:
        """Every resource, in no order that anything may depend on."""
        return [resource for named in self._resources.values() for resource in named.values()]

    def held(self) -> list[Resource]:
        """Every resource, and those that expired while their files still have them, in no order."""
        return [*self.all(), *self._expired.values()]

    def of_file(self, file: str) -> list[Resource]:
        """The resources of a configuration file, expired ones too, in the order of collections and names."""
        return sorted((resource for resource in self.held() if resource.source == file), key=place)

    def tag(self, collection: str) -> str:
        """A text that changes whenever a resource of the collection does."""
        return f"{self._revisions.get(collection, 0)}-{self.count(collection)}"

    def has_had(self, default: FileResource) -> bool:
        """Whether a default resource was added before; it may have been deleted since."""
        return place(default) in self._defaults

    def note_default(self, where: tuple[str, str]) -> bool:
        """Note that a default resource is added; returns whether that is the first time."""
        is_first = where not in self._defaults
        self._defaults.add(where)
        self.is_changed |= is_first
        return is_first

    def newest_first(self, collection: str, before: float) -> list[Resource]:
        """The resources with a time that begin before `before` (seconds since the epoch), the newest first."""
        by_start, named = self._by_start.get(collection, []), self._resources.get(collection, {})
        return [named[name] for _, name in reversed(by_start[: bisect_left(by_start, (before, ""))])]

    def oldest(self, collection: str, most: int, except_for: str | None, author: str | None = None) -> list[str]:
        """The names of the `most` oldest resources with a time that came over HTTP, without `except_for`.

        Those without an end come last. With an author, only of those that this one changed last.
        """
        if most == 0:
            return []
        named = self._resources.get(collection, {})
        found = [named[name] for _, name in self._by_start.get(collection, []) if name != except_for]
        found.sort(key=lambda each: each.end is None)
        wanted = (each.name for each in found if each.source == HTTP and author in (None, each.updated_by))
        return list(islice(wanted, most))

    def count_of(self, collection: str, author: str) -> int:
        """How many resources of a collection were changed last by this author."""
        return sum(resource.updated_by == author for resource in self._resources.get(collection, {}).values())

    def put(
        self,
        collection: str,
        name: str,
        body: dict[str, Any],
        span: tuple[float | None, float | None],
        by: tuple[float, str, str],
    ) -> Resource:
        """Create or replace a resource; `span` is its start and end, `by` the time, author and source of the change."""
        self._forget(collection, name)
        resource = Resource(collection, name, body, self._next(collection), *by, *span)
        self._remember(resource)
        return resource

    def remove(self, collection: str, name: str) -> None:
        """Delete a resource that is there."""
        self._forget(collection, name)
        self._next(collection)

    def expire(self, oldest: float) -> None:
        """Hide the resources that ended before `oldest` (seconds since the epoch); only those of files are kept, apart.

        That counts as no change: the days that are kept are a setting, and versions must not depend on it.
        """
        gone = [each for each in self.all() if each.end is not None and each.end < oldest]
        for resource in gone:
            self._forget(resource.collection, resource.name)
            if resource.source != HTTP:
                self._expired[place(resource)] = resource
            self.is_changed = True

    def skip_versions(self, start: float) -> None:
        """Continue versions from the milliseconds of a start of the service.

        So a version that was lost, by a kill in `relaxed` or by restoring a backup, is never given again.
        """
        first = round(start * 1000)
        if first > self.revision:
            self.revision, self.is_changed = first, True

    def take_change(self) -> bool:
        """Whether anything changed since this was asked the last time."""
        taken, self.is_changed = self.is_changed, False
        return taken

    def dump(self) -> StoredCatalog:
        """All of it, for `restore`."""
        return StoredCatalog(
            self.revision,
            dict(sorted(self._revisions.items())),
            sorted(self.all(), key=place),
            self.audit()[::-1],
            sorted(self._expired.values(), key=place),
            sorted(self._defaults),
        )

    def restore(self, dump: StoredCatalog) -> None:
        """Replace the content with a dumped one."""
        self.revision, self._revisions = dump.revision, dump.revisions
        self._defaults = set(dump.defaults)
        self._resources, self._by_start = {}, {}
        self._audit = Audit(dump.audit)
        self._expired = {place(resource): resource for resource in dump.expired}
        for resource in dump.resources:
            self._remember(resource)

    def _next(self, collection: str) -> int:
        self.is_changed = True
        self.revision += 1
        self._revisions[collection] = self.revision
        return self.revision

    def _remember(self, resource: Resource) -> None:
        self._resources.setdefault(resource.collection, {})[resource.name] = resource
        if resource.start is not None:
            insort(self._by_start.setdefault(resource.collection, []), (resource.start, resource.name))

    def _forget(self, collection: str, name: str) -> None:
        self._expired.pop((collection, name), None)
        resource = self._resources.get(collection, {}).pop(name, None)
        if resource is not None and resource.start is not None:
            by_start = self._by_start[collection]
            del by_start[bisect_left(by_start, (resource.start, name))]
