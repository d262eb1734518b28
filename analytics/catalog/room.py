"""Limits of collections for the configuration files together."""

from collections import Counter

from analytics.catalog.collections import COLLECTIONS
from analytics.catalog.documents import Document
from analytics.catalog.problems import Problems


class Room:
    """How many resources of each collection the files have, and may have, together.

    Args:
        held: how many resources of each collection a file has in the catalog.
    """

    def __init__(self, held: dict[str, Counter[str]]) -> None:
        self._held = held
        self._all = sum(held.values(), Counter[str]())

    def take(self, file: str, counts: Counter[str]) -> None:
        """Note that a file now has so many resources of each collection."""
        self._all += counts
        self._all -= self._held.get(file, Counter())
        self._held[file] = counts

    def has(self, file: str, document: Document, problems: Problems) -> bool:
        """Whether the collections in a file exist, and have room for it beside the other files."""
        wrong = []
        for collection, named in document.collections.items():
            others = self._all[collection] - self._held.get(file, Counter())[collection]
            if collection not in COLLECTIONS:
                wrong.append((collection, f"there is no such collection; known: {', '.join(COLLECTIONS)}"))
            elif others + len(named) > (limit := COLLECTIONS[collection].limit):
                beside = f" beside {others:,} in other files" if others else ""
                wrong.append((collection, f"has {len(named):,} resources{beside}; at most {limit:,} are allowed"))
        for collection, reason in wrong:
            problems.add(file, document.line(collection), collection, reason)
        return not wrong
