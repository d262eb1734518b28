"""Recovery: the image, then what the journal has beyond it, give the state that was."""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from analytics.clock import rfc3339
from analytics.errors import CannotStore
from analytics.kinds import EVENTS, KINDS
from analytics.log.disk.checkpoint import Checkpoint
from analytics.log.disk.database import Database, Mark, Row
from analytics.log.disk.file import ADVICE
from analytics.log.disk.log import DiskLog
from analytics.log.disk.packing import unpacked
from analytics.log.recorder import Recorder
from analytics.records import Kept
from analytics.state.state import State
from analytics.yielding import yield_to_others

CHUNK_ROWS, CHUNK_BYTES = 1_000, 1024 * 1024
TURN_SECONDS = 0.02
"""How long others wait for a turn meanwhile."""
PROGRESS_SECONDS = 1.0

T = TypeVar("T")

log = logging.getLogger(__name__)
_decoders = {name: msgspec.json.Decoder(list[kind.record]).decode for name, kind in KINDS.items()}  # type: ignore[name-defined]


def recover(
    journal: DiskLog, state: State, image: Checkpoint, recorder: Recorder, keep: dict[str, int]
) -> tuple[Mark, int]:
    """Bring back the state that the database of `journal` knows.

    Returns the mark of its image, and how many entries the journal has beyond that.

    Args:
        keep: how many of the newest records of a kind version 0.1.0 left in the journal, as its images hold none.

    Raises:
        CannotStore: the database is damaged.
        sqlite3.Error: it cannot be read.
    """
    progress = _Progress()
    database = journal.database
    mark: Mark = journal.ask(database.mark)
    last: int = journal.ask(database.last_seq)
    unknown = journal.ask(database.kinds) - set(KINDS)  # among those that are read by their kind, none would ask for it
    if unknown:
        raise CannotStore(f"{database.path} is damaged (there are entries of {sorted(unknown)}). {ADVICE}")
    try:
        recorder.set_quotas(None)
        if mark.generation:
            with state.lock:
                image.restore(progress.through(journal.ask(lambda: list(database.parts()))))
            progress.turn()
            if state.quotas is None:
                for kind, count in keep.items():
                    first: int = journal.ask(database.start_of_newest, kind, count, mark.position)
                    _bring_back(state, kind, _rows(journal, progress, first - 1, mark.position, kind))
                state.errors.find_in(state.events)
        beyond: int = journal.ask(database.count, mark.position)
        for number, row in enumerate(_rows(journal, progress, mark.position, last), 1):
            recorder.replay(row.kind, row.received, row.id_prefix, records_of(row))
            progress.tell(number, beyond)
    except (msgspec.DecodeError, ValueError, KeyError) as error:
        raise CannotStore(f"{database.path} is damaged ({error}). {ADVICE}") from error
    with state.lock:
        state.expire()
        state.counters.forget()
    journal.ask(database.abandon)
    progress.end(beyond)
    return mark, beyond


def _bring_back(state: State, kind: str, rows: Iterator[Row]) -> None:
    kept: list[Any] = [
        Kept(_decoders[kind](unpacked(row.body)), row.received, rfc3339(row.received), row.id_prefix) for row in rows
    ]
    with state.lock:
        (state.events if kind == EVENTS.name else state.metrics).bring_back(kept)


def _rows(journal: DiskLog, progress: "_Progress", after: int, up_to: int, kind: str | None = None) -> Iterator[Row]:
    """Entries as `Database.rows` gives them, read a chunk at a time."""
    while rows := journal.ask(read_chunk, journal.database, after, up_to, kind):
        for row in rows:
            yield row
            progress.turn()
        after = rows[-1].seq


def records_of(row: Row) -> list[Any]:
    """The records of an entry.

    Raises:
        msgspec.DecodeError, ValueError: it is damaged.
    """
    return _decoders[row.kind](unpacked(row.body))


def read_chunk(database: Database, after: int, up_to: int, kind: str | None = None) -> list[Row]:
    """The next entries numbered above `after` and up to `up_to`, about 1 MiB of them."""
    rows, size = [], 0
    for row in database.rows(after, up_to, kind):
        rows.append(row)
        size += len(row.body)
        if len(rows) >= CHUNK_ROWS or size >= CHUNK_BYTES:
            break
    return rows


class _Progress:
    """Lets others have their turns, and tells the log how far it is."""

    def __init__(self) -> None:
        self._started = self._turned = self._told = time.monotonic()

    def turn(self) -> None:
        """Let others have a turn, if the last one was a while ago."""
        if time.monotonic() - self._turned > TURN_SECONDS:
            yield_to_others()
            self._turned = time.monotonic()

    def through(self, items: Iterable[T]) -> Iterator[T]:
        """The same items, with turns for others in between."""
        for item in items:
            yield item
            self.turn()

    def tell(self, entry: int, entries: int) -> None:
        """Tell how many of the entries are read, now and then."""
        if time.monotonic() - self._told > PROGRESS_SECONDS:
            log.info("reading the journal", extra={"entry": entry, "of": entries})
            self._told = time.monotonic()

    def end(self, entries: int) -> None:
        """Tell that all is read; `entries` are those beyond the image."""
        log.info("recovered", extra={"entries": entries, "seconds": round(time.monotonic() - self._started, 3)})
