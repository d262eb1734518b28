"""Content of the database: entries of the journal, parts of the checkpoint, and its mark."""

from typing import NamedTuple

from analytics.log.disk.file import checksum


class StoredEntry(NamedTuple):
    """An entry of the journal.

    Attributes:
        position: its number, ascending; the column `seq`.
        received: when its records were received, in seconds since the epoch.
        records: how many records it has.
        body: the JSON of its records, packed.
    """

    position: int
    kind: str
    received: float
    id_prefix: str
    records: int
    body: bytes

    def checksum(self) -> int:
        """The checksum that is stored with the entry."""
        position, kind, received, id_prefix, records, body = self  # faster than attribute access
        return checksum(position, kind, float(received), id_prefix, records, body=body)


class Part(NamedTuple):
    """A part of the checkpoint; see `checkpoint.py`. `start` is where it begins: epoch seconds, or a number."""

    family: str
    level: int
    start: int
    body: bytes

    def checksum(self, generation: int) -> int:
        """The checksum that is stored with the part."""
        return checksum(self.family, self.level, self.start, generation, body=self.body)


ERASING = Part("erasing", 0, 0, b"")
"""Part of a checkpoint that covers erasures, as long as the files may still hold erased events."""


class Mark(NamedTuple):
    """The newest complete checkpoint: its generation, and the position of the last entry that it covers."""

    generation: int
    position: int
