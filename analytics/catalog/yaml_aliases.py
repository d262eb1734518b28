"""Anchors and aliases of YAML (`&name`, `*name`, `<<: *name`), with limits on what they stand for."""

from collections.abc import Mapping
from typing import Any

from yaml import ScalarEvent

from analytics.catalog.bad_document import DEPTH_LIMIT, BadDocument

MERGE = "<<"
"""The name whose value is merged into its mapping (yaml.org/type/merge.html), as Prometheus takes it, too."""
MOST_CHARACTERS = 1_000_000
"""How much all aliases of a file may stand for."""
PART_CHARACTERS = 16
"""What each part counts, besides its text."""


class Anchors:
    """The values that a file names so far; scalars as events, since whether they are text depends on the place."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._left = MOST_CHARACTERS

    def put(self, name: str | None, value: Any) -> None:
        """Keep a value under its anchor, if it has one."""
        if name is not None:
            self._values[name] = value

    def get(self, name: str, depth: int, line: int) -> Any:
        """A copy of the value that an alias stands for, which is `depth` levels deep in its file.

        Raises:
            BadDocument: there is none, or it is too deep, or the aliases stand for too much.
        """
        if name not in self._values:
            raise BadDocument(f"has an alias of nothing before it (*{name})", line)
        return self._copied(self._values[name], depth, line)

    def _copied(self, value: Any, depth: int, line: int) -> Any:
        text = value.value if isinstance(value, ScalarEvent) else value
        self._left -= PART_CHARACTERS + (len(text) if isinstance(text, str) else 0)
        if self._left < 0:
            raise BadDocument(f"has aliases that stand for more than {MOST_CHARACTERS:,} characters", line)
        if not isinstance(value, dict | list):
            return value
        if depth >= DEPTH_LIMIT:
            raise BadDocument(f"is nested deeper than {DEPTH_LIMIT} levels", line)
        if isinstance(value, list):
            return [self._copied(item, depth + 1, line) for item in value]
        self._left -= sum(map(len, value))
        return {name: self._copied(item, depth + 1, line) for name, item in value.items()}


def merged(own: dict[str, Any], merge: Any, line: int) -> dict[str, Any]:
    """A mapping with what it merges; its own names come before those, and of several mappings the first counts.

    Raises:
        BadDocument: what it merges is no mapping, and no list of them.
    """
    found = dict(own)
    for each in merge if isinstance(merge, list) else [merge]:
        if not isinstance(each, Mapping):
            raise BadDocument(f"merges ({MERGE}) what is no mapping", line)
        for name, value in each.items():
            found.setdefault(name, value)
    return found
