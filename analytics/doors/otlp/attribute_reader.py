"""Reads attributes; those that were read before are found by their bytes, in a tenth of the time."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Raw

from analytics.doors.otlp.bad_item import BadItem
from analytics.doors.records.attribute_names import AttributeNames
from analytics.doors.records.attributes import (
    ATTRIBUTE_CUT,
    LONGEST_NAME,
    MOST_RECORD_ATTRIBUTES,
    Count,
    joined,
    json_member,
)
from analytics.log_lines import NO_ATTRIBUTES

Read = Callable[[bytes], tuple[str, Any]]
"""Returns the name and the value of an attribute. Raises BadItem."""
REMEMBERED = 20_000
"""Attributes that are remembered."""
LONGEST_REMEMBERED = 256
"""Bytes of the longest one."""
Raws = Callable[[Any], Sequence[bytes]]
Members = dict[str, bytes]
"""The attributes as members of a JSON object, by name; of equal names the last one counts."""


class _ReadAttributes(dict[bytes, tuple[str, bytes]]):
    """Name and member of attributes by their bytes; what is missing is read.

    Args:
        read, pause: see `AttributeReader`.
        names: gets the names of those that are read.
        cut: gets the names of those that are cut.
    """

    def __init__(self, read: Read, names: AttributeNames, cut: list[str], pause: Callable[[], None]) -> None:
        super().__init__()
        self._read, self._names, self._cut, self._pause = read, names, cut, pause

    def __missing__(self, given: bytes) -> tuple[str, bytes]:
        name, value = self._read(given)
        self._names.add(name[:LONGEST_NAME], value)
        member, is_cut = json_member(name, value)
        if is_cut:
            self._cut.append(name)
            self._yield()
        elif len(given) <= LONGEST_REMEMBERED:
            if len(self) >= REMEMBERED:
                self.clear()
            self[given] = name, member
        else:
            self._yield()
        return name, member

    def _yield(self) -> None:
        """Let other requests run, which may read attributes, too: what was cut so far is not theirs."""
        cut = self._cut.copy()
        self._cut.clear()
        self._pause()
        self._cut += cut


class AttributeReader:
    """Reads the attributes of one form of OTLP.

    Args:
        raws: returns the bytes of each attribute of a message.
        safe_raws: the same where one of these cannot be read; None if `raws` never fails to tell them apart.
        read: reads one.
        dropped: counts what was cut or left out.
        pause: called after each long one, to yield to others.
    """

    def __init__(
        self, raws: Raws, safe_raws: Raws | None, read: Read, dropped: Count, pause: Callable[[], None]
    ) -> None:
        self.raws, self._safe_raws, self._dropped = raws, safe_raws, dropped
        self.names = AttributeNames()
        self.cut: list[str] = []
        """Attributes that were cut, until `count_cut`: those of an item may have to be read again in the safe way."""
        self.find = _ReadAttributes(read, self.names, self.cut, pause).__getitem__
        """Name and member of an attribute. Raises BadItem."""

    def members(self, attributes: Any) -> Members:
        """Attributes as members of a JSON object.

        Raises:
            BadItem: one of them cannot be read.
        """
        try:
            return self.first(self.raws(attributes))
        except BadItem:
            return self.safe_members(attributes)

    def safe_members(self, attributes: Any) -> Members:
        """The attributes, however they are written; called while the `BadItem` of one that cannot be read is handled.

        Raises:
            BadItem: one of them cannot be read; the same where there is no other way.
        """
        self.cut.clear()
        if self._safe_raws is None:
            raise
        try:
            return self.first(self._safe_raws(attributes))
        except BadItem:
            self.cut.clear()
            raise

    def first(self, parts: Sequence[bytes]) -> Members:
        """The first ones within the limit; the others are not read.

        Raises:
            BadItem: one of them cannot be read.
        """
        found = dict(map(self.find, parts[:MOST_RECORD_ATTRIBUTES]))
        if len(parts) > MOST_RECORD_ATTRIBUTES:
            self._dropped(ATTRIBUTE_CUT, len(parts) - MOST_RECORD_ATTRIBUTES)
        if self.cut:
            self.count_cut()
        return found

    def count_cut(self) -> None:
        """Count what was cut of attributes that could all be read."""
        self._dropped(ATTRIBUTE_CUT, len(self.cut))
        self.cut.clear()

    def object(self, attributes: Any) -> Raw:
        """Attributes as a JSON object.

        Raises:
            BadItem: one of them cannot be read.
        """
        members = self.members(attributes)
        return joined(members.values()) if members else NO_ATTRIBUTES
