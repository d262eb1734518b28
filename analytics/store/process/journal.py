"""The journal, as the store process reads it: beside the server, and without changing it."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from analytics.log.disk.file import FILE_NAME, check_crc, checksum
from analytics.log.disk.indexes import unpacked_indexes
from analytics.log.disk.stored import StoredEntry

READ_BUSY_SECONDS = 30.0
READ_ENTRIES, READ_BYTES = 1_000, 1024 * 1024
"""About how much is read at once."""


class JournalReader:
    """Reads entries of some kinds from the database in a data directory. Only one thread may use it at a time.

    Raises:
        sqlite3.Error: the database cannot be read now.
        CannotStore: it is damaged.
    """

    def __init__(self, directory: Path, kinds: Sequence[str]) -> None:
        self._path = directory / FILE_NAME
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        self._db = sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=READ_BUSY_SECONDS, check_same_thread=False
        )
        places = ", ".join("?" * len(kinds))
        self._kinds = kinds
        self._query = (
            "SELECT seq, kind, received, id_prefix, records, body, crc FROM journal "
            f"WHERE seq > ? AND seq <= ? AND kind IN ({places}) ORDER BY seq LIMIT {READ_ENTRIES}"  # nosec
        )

    def entries(self, after: int, up_to: int) -> tuple[list[StoredEntry], int]:
        """The next entries after the position `after`, up to and including `up_to`, and the position read up to."""
        found: list[StoredEntry] = []
        size = 0
        cursor = self._db.execute(self._query, (after, up_to, *self._kinds))
        for *fields, crc in cursor:
            entry = StoredEntry(*fields)
            check_crc(self._path, crc, entry.checksum())
            found.append(entry)
            size += len(entry.body)
            if size >= READ_BYTES:
                break
        is_all = size < READ_BYTES and len(found) < READ_ENTRIES
        cursor.close()  # ends the read transaction
        return found, up_to if is_all else found[-1].position

    def dropped(self, after: int) -> dict[int, frozenset[int]]:
        """By position, the indexes of records that the state did not keep, as far as a checkpoint covers them."""
        found: dict[int, frozenset[int]] = {}
        query = "SELECT position, indexes, crc FROM dropped WHERE position > ?"
        for position, indexes, crc in self._db.execute(query, (after,)):
            check_crc(self._path, crc, checksum(position, body=indexes))
            found[position] = frozenset(unpacked_indexes(indexes))
        return found
