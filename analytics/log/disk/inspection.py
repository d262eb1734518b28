"""Inspection: what a database or a backup contains, and whether it is damaged."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from analytics.clock import NUMBER_GAP, rfc3339, rfc3339_second
from analytics.kinds import KINDS
from analytics.log.disk.file import checksum
from analytics.log.disk.packing import unpacked
from analytics.log.disk.reading import Damaged, read_only, sizes
from analytics.log.disk.stored import ERASING

MAX_DAMAGE = 20
"""How many faults of one type are listed."""
CONTENTS = ("second", "minute", "hour", "day")
RESOLUTIONS: dict[str, tuple[str, ...]] = {
    "series": CONTENTS,
    "users": CONTENTS[1:],
    "endpoints": ("day",),
    "last_minute": ("second",),
    "ids": tuple(kind.name for kind in KINDS.values() if kind.has_ids),
}
"""The names of the levels of each family of parts; for ids, the kinds of records."""
RINGS = tuple(kind.name for kind in KINDS.values() if kind.ring_capacity)
TIMELESS = (ERASING.family, "ids", "rest", "catalog", "errors", "expired", "typed_series", *RINGS)
"""Families whose parts do not begin at a time."""
CURSORS_SCHEMA = 3
"""The first version of the schema with consumers' cursors."""
DROPPED_SCHEMA = 4
"""The first version of the schema with dropped records."""


class KindSummary(NamedTuple):
    """The journal's entries of one kind; `oldest` and `newest` are when the first and last were received (RFC 3339)."""

    kind: str
    entries: int
    records: int
    bytes: int
    oldest: str
    newest: str


class FamilySummary(NamedTuple):
    """The checkpoint's parts of one family and resolution.

    `oldest` and `newest` are the starts of buckets (RFC 3339); None if the family has no buckets.
    """

    family: str
    resolution: str
    parts: int
    bytes: int
    oldest: str | None
    newest: str | None


class ConsumerSummary(NamedTuple):
    """A consumer of the journal.

    Attributes:
        position: the position of the last entry that it has delivered.
        behind: how many entries it has yet to read.
        missed: how many entries were pruned before it had read them, in total.
    """

    name: str
    position: int
    behind: int
    missed: int


@dataclass
class Inspection:
    """The content of a database.

    Attributes:
        sizes: bytes by file name.
        schema: the version of its schema.
        generation: how many checkpoints were written so far.
        position: the position of the last entry that the checkpoint covers.
        beyond: how many entries come after the checkpoint; a start replays them.
        newest: when the newest record was received (RFC 3339); None if that is unknown.
        damage: the faults found, one line each.
    """

    path: Path
    sizes: dict[str, int]
    schema: int = 0
    generation: int = 0
    position: int = 0
    beyond: int = 0
    newest: str | None = None
    journal: list[KindSummary] = field(default_factory=list)
    checkpoint: list[FamilySummary] = field(default_factory=list)
    consumers: list[ConsumerSummary] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The output of `inspect --json`. Its keys are a contract, so the checkpoint is still called `image` there."""
        return {
            "file": str(self.path),
            "sound": not self.damage,
            "damage": self.damage,
            "sizes": self.sizes,
            "schema": self.schema,
            "newest": self.newest,
            "journal": {"beyond_image": self.beyond, "kinds": [kind._asdict() for kind in self.journal]},
            "image": {
                "generation": self.generation,
                "position": self.position,
                "families": [part._asdict() for part in self.checkpoint],
            },
            "consumers": [consumer._asdict() for consumer in self.consumers],
        }


def inspect(path: Path) -> Inspection:
    """Read and verify the whole database at `path`, as it is at this instant.

    Raises:
        CannotStore: the file is foreign, of a newer version, or cannot be read.
    """
    found = Inspection(path, sizes(path))
    try:
        with read_only(path) as db:
            for look in (_integrity, _contents, _checksums):
                _note(found, look, db)
    except Damaged as error:
        found.damage.append(error.reason)
    found.damage = list(dict.fromkeys(found.damage))
    return found


def _note(
    found: Inspection, look: Callable[[sqlite3.Connection, Inspection], Iterator[str]], db: sqlite3.Connection
) -> None:
    try:
        for fault in look(db, found):
            found.damage.append(fault)
    except sqlite3.DatabaseError as error:
        found.damage.append(str(error))
    except (ValueError, TypeError, ArithmeticError) as error:  # damaged pages can hold any values
        found.damage.append(f"a value is not of its column ({error})")


def _integrity(db: sqlite3.Connection, _: Inspection) -> Iterator[str]:
    for (verdict,) in db.execute(f"PRAGMA integrity_check({MAX_DAMAGE})"):
        if verdict != "ok":
            yield from str(verdict).splitlines()


def _contents(db: sqlite3.Connection, found: Inspection) -> Iterator[str]:
    ((found.schema,),) = db.execute("PRAGMA user_version")
    if found.schema >= CURSORS_SCHEMA:
        found.consumers = _consumers(db)
    mark = db.execute("SELECT generation, position FROM mark").fetchone()
    if mark is None:
        yield "the mark of the checkpoint is missing"
        return
    found.generation, found.position = map(int, mark)
    query = """
        SELECT kind, count(*), sum(records), sum(length(body)), min(received), max(received)
        FROM journal GROUP BY kind ORDER BY kind
    """
    for kind, entries, records, size, oldest, newest in db.execute(query):
        found.journal.append(KindSummary(kind, entries, int(records), int(size), rfc3339(oldest), rfc3339(newest)))
    before, missing = found.position, 0
    for (seq,) in db.execute("SELECT seq FROM journal WHERE seq > ? ORDER BY seq", (found.position,)):
        skipped = seq - before - 1
        missing += skipped if skipped < NUMBER_GAP else 0  # a start skips more
        found.beyond, before = found.beyond + 1, seq
    if missing:
        yield f"{missing} entries of the journal are missing"
    query = """
        SELECT family, rung, count(*), sum(length(body)), min(start), max(start)
        FROM image WHERE generation <= ? GROUP BY family, rung ORDER BY family, rung
    """
    for family, level, parts, size, oldest, newest in db.execute(query, (found.generation,)):
        names = RESOLUTIONS.get(family, ())
        times = (None, None) if family in TIMELESS else (rfc3339_second(oldest), rfc3339_second(newest))
        resolution = names[level] if 0 <= level < len(names) else ""
        found.checkpoint.append(FamilySummary(family, resolution, parts, int(size), *times))
    found.newest = max((each.newest for each in found.journal), default=None)
    query = "SELECT body FROM image WHERE family = 'rest' AND generation <= ? ORDER BY generation DESC LIMIT 1"
    rest = db.execute(query, (found.generation,)).fetchone()
    if rest is not None and found.newest is None:
        found.newest = _newest_in(rest[0])
    if found.generation and rest is None:
        yield "the checkpoint is incomplete"


def _consumers(db: sqlite3.Connection) -> list[ConsumerSummary]:
    query = """
        SELECT name, position, (SELECT count(*) FROM journal WHERE seq > cursors.position), missed
        FROM cursors ORDER BY name
    """
    return [ConsumerSummary(*row) for row in db.execute(query)]


class _Rest(msgspec.Struct):
    time: float = 0.0


def _newest_in(body: bytes) -> str | None:
    """When the newest record of a checkpoint was received; None if it does not say (version 0.1.0)."""
    try:
        newest = msgspec.json.decode(unpacked(body), type=_Rest).time
    except (ValueError, RecursionError, msgspec.DecodeError):  # the checksum finds the damage
        return None
    return rfc3339(newest) if newest else None


def _checksums(db: sqlite3.Connection, found: Inspection) -> Iterator[str]:
    tables = {
        "entry {} of the journal ({})": "SELECT crc, body, seq, kind, received, id_prefix, records FROM journal",
        "part {} of the checkpoint (level {}, start {}, generation {})": (
            "SELECT crc, body, family, rung, start, generation FROM image"
        ),
        "the mark of the checkpoint": "SELECT crc, x'', generation, position FROM mark",
    }
    if found.schema >= CURSORS_SCHEMA:
        tables["the cursor of consumer {}"] = "SELECT crc, x'', name, position, missed FROM cursors"
    if found.schema >= DROPPED_SCHEMA:
        tables["the list of dropped records of entry {}"] = "SELECT crc, indexes, position FROM dropped"
    for name, query in tables.items():
        wrong = 0
        for crc, body, *fields in db.execute(query):
            if checksum(*fields, body=body) != crc:
                wrong += 1
                if wrong <= MAX_DAMAGE:
                    yield f"{name.format(*fields)} has a wrong checksum"
        if wrong > MAX_DAMAGE:
            yield f"{wrong - MAX_DAMAGE} more have a wrong checksum"
