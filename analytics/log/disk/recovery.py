"""Recovery: restores the newest checkpoint, then replays the entries of the journal after it."""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from analytics.clock import rfc3339
from analytics.errors import CannotStore
from analytics.kinds import KINDS
from analytics.log.disk.checkpoint import Checkpoint
from analytics.log.disk.database import Database
from analytics.log.disk.file import ADVICE
from analytics.log.disk.log import DiskLog
from analytics.log.disk.packing import unpacked
from analytics.log.disk.stored import ERASING, Mark, StoredEntry
from analytics.log.recorder import Recorder
from analytics.records import Kept
from analytics.state.rings import Ring
from analytics.state.state import State
from analytics.yielding import yield_if_due

CHUNK_ENTRIES, CHUNK_BYTES = 1_000, 1024 * 1024
REPLAY_PAUSE_SECONDS = 0.02
"""How long other greenlets wait meanwhile."""
PROGRESS_SECONDS = 1.0
"""How often the progress is logged."""

DAMAGE = (msgspec.DecodeError, ValueError, LookupError, RecursionError)
"""Errors of decoding an entry or a part that is damaged."""

T = TypeVar("T")

logger = logging.getLogger(__name__)
_decoders = {name: msgspec.json.Decoder(list[kind.record]).decode for name, kind in KINDS.items()}  # type: ignore[name-defined]


def recover(log: DiskLog, state: State, checkpoint: Checkpoint, recorder: Recorder) -> tuple[Mark, int]:
    """Recover `state` from the database of `log`, which must be open.

    Returns the mark of the checkpoint, and how many entries were replayed after it.

    Raises:
        CannotStore: the database is damaged.
        sqlite3.Error: the database cannot be read.
    """
    progress = _Progress()
    database = log.database
    mark: Mark = log.ask(database.mark)
    last: int = log.ask(database.last_position)
    unknown = log.ask(database.kinds) - set(KINDS)  # reading by kind would skip them
    if unknown:
        raise CannotStore(f"{database.path} is damaged (there are entries of {sorted(unknown)}). {ADVICE}")
    try:
        recorder.set_quotas(None)
        if mark.generation:
            parts = log.ask(lambda: list(database.parts()))
            if ERASING in parts:
                parts.remove(ERASING)
                state.erasure_count += 1  # covered by the checkpoint, but still in the files
            with state.lock:
                checkpoint.restore(progress.iterate(parts))
            yield_if_due(REPLAY_PAUSE_SECONDS)
            if state.quotas is None:  # version 0.1.0, whose checkpoints have no records
                for kind, ring in state.rings.items():
                    first: int = log.ask(database.start_of_newest, kind, ring.capacity, mark.position)
                    _restore_newest(state, ring, _entries(log, first - 1, mark.position, kind))
                state.find_errors()
        beyond: int = log.ask(database.count_entries, mark.position)
        for number, entry in enumerate(_entries(log, mark.position, last), 1):
            outcome = recorder.replay(entry.kind, entry.received, entry.id_prefix, records_of(entry))
            log.dropped.note(entry.position, outcome)
            progress.log_entry(number, beyond)
    except DAMAGE as error:
        raise CannotStore(f"{database.path} is damaged ({error}). {ADVICE}") from error
    with state.lock:
        state.expire()
        state.counters.forget()
    log.ask(database.abandon_checkpoint)
    progress.log_end(beyond)
    return mark, beyond


def _restore_newest(state: State, ring: Ring[Any], entries: Iterator[StoredEntry]) -> None:
    kept = [kept_of(entry) for entry in entries]
    with state.lock:
        ring.bring_back(kept)


def _entries(log: DiskLog, after: int, up_to: int, kind: str | None = None) -> Iterator[StoredEntry]:
    """The entries that `Database.entries` returns, read in chunks; other greenlets run in between."""
    while entries := log.ask(read_chunk, log.database, after, up_to, kind):
        for entry in entries:
            yield entry
            yield_if_due(REPLAY_PAUSE_SECONDS)
        after = entries[-1].position


def kept_of(entry: StoredEntry) -> Kept[Any]:
    """The records of an entry, as the state keeps them.

    Raises:
        msgspec.DecodeError, ValueError: the entry is damaged.
    """
    return Kept(records_of(entry), entry.received, rfc3339(entry.received), entry.id_prefix)


def records_of(entry: StoredEntry) -> list[Any]:
    """Decode the records of an entry.

    Raises:
        msgspec.DecodeError, ValueError: the entry is damaged.
    """
    return _decoders[entry.kind](unpacked(entry.body))


def read_chunk(database: Database, after: int, up_to: int, kind: str | None = None) -> list[StoredEntry]:
    """The next entries after the position `after` up to `up_to`, about 1 MiB of them."""
    entries, size = [], 0
    for entry in database.entries(after, up_to, kind):
        entries.append(entry)
        size += len(entry.body)
        if len(entries) >= CHUNK_ENTRIES or size >= CHUNK_BYTES:
            break
    return entries


class _Progress:
    """Lets other greenlets run during recovery, and logs how far it is."""

    def __init__(self) -> None:
        self._started = self._logged = time.monotonic()

    def iterate(self, items: Iterable[T]) -> Iterator[T]:
        """The items; other greenlets run in between."""
        for item in items:
            yield item
            yield_if_due(REPLAY_PAUSE_SECONDS)

    def log_entry(self, entry: int, entries: int) -> None:
        """Log from time to time that `entry` of `entries` entries are replayed."""
        if time.monotonic() - self._logged > PROGRESS_SECONDS:
            logger.info("replaying the journal", extra={"entry": entry, "of": entries})
            self._logged = time.monotonic()

    def log_end(self, entries: int) -> None:
        """Log that recovery is complete, with the number of replayed entries."""
        logger.info("recovered", extra={"entries": entries, "seconds": round(time.monotonic() - self._started, 3)})
