"""Names of the attributes that a door has read, so that redaction need not search for them in each request."""

from collections.abc import Set
from typing import Any

MOST_NAMES = 256
"""Names that are remembered; with more, nothing is known of them."""


class AttributeNames:
    """The names of all attributes read so far, also of those inside of values. None is ever forgotten."""

    def __init__(self) -> None:
        self._known = set[str]()

    def add(self, name: str, value: Any) -> None:
        """Add the name of an attribute, and those in its value."""
        if len(self._known) <= MOST_NAMES:
            self._known.add(name)
            self._add_inner(value)

    def all(self) -> Set[str] | None:
        """The names; None if they are too many."""
        return self._known if len(self._known) <= MOST_NAMES else None

    def _add_inner(self, value: Any) -> None:
        if isinstance(value, dict):
            for name, each in value.items():
                self.add(name, each)
        elif isinstance(value, list):
            for each in value:
                self._add_inner(each)
