"""Reads attributes; those that were read before are found by their bytes, in a tenth of the time."""

from collections.abc import Callable, Iterable
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
Raws = Callable[[Any], Iterable[bytes]]
Members = dict[str, bytes]
"""The attributes as members of a JSON object, by name; of equal names the last one counts."""


class _ReadAttributes(dict[bytes, tuple[str, bytes]]):
    """Name and member of attributes by their bytes; what is missing is read.

    Args:
        read, dropped: see `AttributeReader`.
        names: gets the names of those that are read.
    """

    def __init__(self, read: Read, dropped: Count, names: AttributeNames) -> None:
        super().__init__()
        self._read, self._dropped, self._names = read, dropped, names

    def __missing__(self, given: bytes) -> tuple[str, bytes]:
        name, value = self._read(given)
        self._names.add(name[:LONGEST_NAME], value)
        member, is_cut = json_member(name, value)
        if is_cut:
            self._dropped(ATTRIBUTE_CUT, 1)
        elif len(given) <= LONGEST_REMEMBERED:
            if len(self) >= REMEMBERED:
                self.clear()
            self[given] = name, member
        return name, member


class AttributeReader:
    """Reads the attributes of one form of OTLP.

    Args:
        raws: returns the bytes of each attribute of a message.
        safe_raws: the same where one of these cannot be read; None if `raws` never fails to tell them apart.
        read: reads one.
        dropped: counts what was cut or left out.
    """

    def __init__(self, raws: Raws, safe_raws: Raws | None, read: Read, dropped: Count) -> None:
        self.raws, self._safe_raws, self._dropped = raws, safe_raws, dropped
        self.names = AttributeNames()
        self.find = _ReadAttributes(read, dropped, self.names).__getitem__
        """Name and member of an attribute. Raises BadItem."""

    def members(self, attributes: Any) -> Members:
        """Attributes as members of a JSON object.

        Raises:
            BadItem: one of them cannot be read.
        """
        try:
            found = dict(map(self.find, self.raws(attributes)))
        except BadItem:
            found = self.safe_members(attributes)
        return self.limited(found) if len(found) > MOST_RECORD_ATTRIBUTES else found

    def safe_members(self, attributes: Any) -> Members:
        """All attributes, however they are written: for those of which one cannot be read otherwise.

        Raises:
            BadItem: one of them cannot be read.
        """
        if self._safe_raws is None:
            raise
        return dict(map(self.find, self._safe_raws(attributes)))

    def limited(self, members: Members) -> Members:
        """The first ones within the limit."""
        self._dropped(ATTRIBUTE_CUT, len(members) - MOST_RECORD_ATTRIBUTES)
        return dict(list(members.items())[:MOST_RECORD_ATTRIBUTES])

    def object(self, attributes: Any) -> Raw:
        """Attributes as a JSON object.

        Raises:
            BadItem: one of them cannot be read.
        """
        members = self.members(attributes)
        return joined(members.values()) if members else NO_ATTRIBUTES
