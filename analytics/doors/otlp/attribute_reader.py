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
        read, dropped, pause: see `AttributeReader`.
        names: gets the names of those that are read.
    """

    def __init__(self, read: Read, dropped: Count, names: AttributeNames, pause: Callable[[], None]) -> None:
        super().__init__()
        self._read, self._dropped, self._names, self._pause = read, dropped, names, pause

    def __missing__(self, given: bytes) -> tuple[str, bytes]:
        name, value = self._read(given)
        self._names.add(name[:LONGEST_NAME], value)
        member, is_cut = json_member(name, value)
        if is_cut:
            self._dropped(ATTRIBUTE_CUT, 1)
            self._pause()
        elif len(given) <= LONGEST_REMEMBERED:
            if len(self) >= REMEMBERED:
                self.clear()
            self[given] = name, member
        else:
            self._pause()
        return name, member


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
        self.find = _ReadAttributes(read, dropped, self.names, pause).__getitem__
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
        if self._safe_raws is None:
            raise
        return self.first(self._safe_raws(attributes))

    def first(self, parts: Sequence[bytes]) -> Members:
        """The first ones within the limit; the others are not read.

        Raises:
            BadItem: one of them cannot be read.
        """
        found = dict(map(self.find, parts[:MOST_RECORD_ATTRIBUTES]))
        if len(parts) > MOST_RECORD_ATTRIBUTES:
            self._dropped(ATTRIBUTE_CUT, len(parts) - MOST_RECORD_ATTRIBUTES)
        return found

    def object(self, attributes: Any) -> Raw:
        """Attributes as a JSON object.

        Raises:
            BadItem: one of them cannot be read.
        """
        members = self.members(attributes)
        return joined(members.values()) if members else NO_ATTRIBUTES
