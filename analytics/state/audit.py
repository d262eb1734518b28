"""The audit log: the newest changes of the catalog."""

from collections import deque
from collections.abc import Iterable
from itertools import chain, count
from operator import itemgetter

from analytics.resources import Audited

AUDIT_LENGTH = 1_000
"""Changes of each collection that the audit log keeps."""


class Audit:
    """The newest changes of each collection, so that sign-ins or annotations do not push out changes of keys.

    Args:
        changes: changes to begin with, oldest first.
    """

    def __init__(self, changes: Iterable[Audited] = ()) -> None:
        self._numbers = count()
        self._newest: dict[str, deque[tuple[int, Audited]]] = {}
        for change in changes:
            self.add(change)

    def add(self, change: Audited) -> None:
        """Add a change; beyond the limit, the oldest of its collection is forgotten."""
        of_collection = self._newest.setdefault(change.collection, deque(maxlen=AUDIT_LENGTH))
        of_collection.append((next(self._numbers), change))

    def newest_first(self, collection: str | None = None) -> list[Audited]:
        """The changes, of one collection or of all, newest first."""
        kept = self._newest.values() if collection is None else [self._newest.get(collection, deque())]
        return [change for _, change in sorted(chain.from_iterable(kept), key=itemgetter(0), reverse=True)]
