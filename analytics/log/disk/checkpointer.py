"""The checkpointer: it writes checkpoints of the state, so that a start has few entries of the journal to replay.

A forked child process serialises the state. It has a copy of the state as of the fork, so that requests continue
meanwhile.
"""

import contextlib
import gc
import logging
import os
import signal
import struct
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NoReturn

import gevent
from gevent.monkey import get_original
from gevent.os import make_nonblocking, nb_read

from analytics.clock import Clock
from analytics.errors import CannotStore
from analytics.jobs.supervisor import Supervisor
from analytics.log.disk.checkpoint import Checkpoint
from analytics.log.disk.cursors import Missed
from analytics.log.disk.database import Database
from analytics.log.disk.erasing import Erasing
from analytics.log.disk.failures import EXPECTED_ERRORS
from analytics.log.disk.log import DiskLog
from analytics.log.disk.stored import Mark, Part
from analytics.state.state import State

CHECK_SECONDS = 1.0
"""How often to check whether a checkpoint is due."""
MAX_ENTRIES, MAX_RECORDS, MAX_SECONDS = 20_000, 1_000_000, 600.0
"""A checkpoint is due after this many entries, or records in them, or seconds."""
MIN_SECONDS = 5.0
"""The minimum time between two checkpoints."""
MAX_SAVING_SECONDS = 120.0
"""A checkpoint that takes longer has failed."""
STALLED_SECONDS = 180.0
"""The job counts as stalled after this time, which is longer than any checkpoint may take."""
PUT_BYTES = 1024 * 1024
"""How many bytes of parts are written to the database at once."""
READ_BYTES = 256 * 1024
END = Part("", 0, 0, b"")
"""The last part in the child's pipe."""
WAIT_SECONDS = 0.01
_HEAD = struct.Struct("<HiqI")
"""Precedes each part in the pipe: length of the family's name, level, start, and length of the body."""

logger = logging.getLogger(__name__)
_fork, _waitpid = get_original("os", ["fork", "waitpid"])
"""The originals: gevent's versions rely on SIGCHLD, which gunicorn handles itself."""


class Checkpointer:
    """Writes checkpoints of `state` into the database of `log`, in a job of `jobs`."""

    def __init__(self, state: State, checkpoint: Checkpoint, log: DiskLog, clock: Clock, jobs: Supervisor) -> None:
        self._state, self._checkpoint, self._log, self._clock = state, checkpoint, log, clock
        self._erasing = Erasing(state, log, clock)
        self._mark = Mark(0, 0)
        self._entries, self._records, self._at = 0, 0, clock.monotonic()
        self._written_at = self._at
        self._job = jobs.periodic("checkpoint writer", CHECK_SECONDS, self._save_if_due, stalled_after=STALLED_SECONDS)

    def start(self, mark: Mark, beyond: int) -> None:
        """Start writing checkpoints when they are due.

        Args:
            mark: the mark of the newest checkpoint.
            beyond: how many entries the journal has after it.
        """
        self._mark, self._entries = mark, self._entries - beyond
        self._job.start()

    def stop(self) -> None:
        """Stop writing checkpoints."""
        self._job.stop()

    @property
    def has_new_entries(self) -> bool:
        """Whether there are entries after the newest checkpoint."""
        return self._log.position > self._mark.position

    @property
    def is_needed(self) -> bool:
        """Whether the service should write a checkpoint before it stops."""
        return self.has_new_entries or self._erasing.is_waiting

    @property
    def age(self) -> float:
        """Seconds since the newest checkpoint was written, or since the start if that is later."""
        return self._clock.monotonic() - self._written_at

    @property
    def pending_entries(self) -> int:
        """How many entries come after the newest checkpoint."""
        return self._log.entries - self._entries

    @property
    def is_due(self) -> bool:
        """Whether it is time for a new checkpoint."""
        age = self._clock.monotonic() - self._at
        many = self.pending_entries >= MAX_ENTRIES or self._log.applied - self._records >= MAX_RECORDS
        is_worth_it = self.has_new_entries and (many or age >= MAX_SECONDS)
        return age >= MIN_SECONDS and (is_worth_it or self._erasing.is_due)

    def save(self) -> bool:
        """Write a checkpoint. If that fails, log why and return False."""
        self._at = self._clock.monotonic()
        try:
            database = self._log.database  # if the log reopens it meanwhile, writing to this one fails
        except CannotStore as error:
            logger.error("the checkpoint could not be written", extra={"reason": error.message})
            return False
        try:
            erasures = self._save(database)
        except (*EXPECTED_ERRORS, EOFError) as error:
            reason = str(error) or "the child process ended early"
            logger.error("the checkpoint could not be written", extra={"reason": reason})
            try:
                self._log.ask(database.abandon_checkpoint)
            except EXPECTED_ERRORS:
                self._log.report_failure(database, error)
            return False
        logger.debug("checkpoint written", extra={"entry": self._mark.position})
        if erasures is not None:
            self._erasing.complete(erasures, self._mark.position)
        return True

    def _save(self, database: Database) -> int | None:
        """Write a checkpoint; returns how many erasures it covers, if some are not complete."""
        generation = self._log.ask(database.begin_checkpoint)
        with self._state.lock:
            unsaved = self._checkpoint.take_unsaved()
            mark = Mark(generation, self._log.position)
            erasures = self._state.erasure_count if self._erasing.is_waiting else None
            entries, records, oldest = self._log.entries, self._log.applied, self._checkpoint.oldest()
            try:
                child = _Child(chain(self._checkpoint.parts(unsaved), self._erasing.parts()))
            except BaseException:
                self._checkpoint.rollback(unsaved)
                raise
        try:
            with gevent.Timeout(MAX_SAVING_SECONDS, TimeoutError("it took too long")):
                for parts in _batches(child.parts()):
                    self._log.ask(database.put_parts, parts, generation)
                while self._log.written < mark.position:  # relaxed: entries are written after they are applied
                    gevent.sleep(WAIT_SECONDS)
                dropped = self._log.dropped.up_to(mark.position)
                missed = self._log.ask(database.finish_checkpoint, mark, oldest, self._log.max_bytes, dropped)
        except BaseException:
            self._checkpoint.rollback(unsaved)
            raise
        finally:
            child.end()
        self._checkpoint.commit(unsaved)
        self._log.dropped.forget(mark.position)
        self._report_missed(missed)
        self._mark, self._entries, self._records = mark, entries, records
        self._written_at = self._clock.monotonic()
        return erasures

    def _report_missed(self, missed: Iterable[Missed]) -> None:
        """Log and count the entries that were pruned before consumers had read them."""
        for cursor, entries in missed:
            logger.warning(
                "a consumer of the log fell too far behind and misses entries: raise ANALYTICS_LOG_MAX_BYTES",
                extra={"consumer": cursor.name, "entries": entries},
            )
            if cursor.name in self._log.consumers:
                self._log.consumers[cursor.name] = cursor
            with self._state.lock:
                self._state.counters.dropped("log_entries_missed", entries)

    def _save_if_due(self) -> None:
        """Check the database file, and write a checkpoint if one is due."""
        self._log.check_file()
        if self.is_due and self._log.failure is None:
            self.save()


class _Child:
    """A forked child process that writes parts into a pipe.

    Raises:
        OSError: the process cannot be forked.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self._pipe, into = os.pipe()
        try:
            self._process = _fork()
        except OSError:
            os.close(self._pipe)
            os.close(into)
            raise
        if self._process == 0:
            _write_all(into, parts)
        os.close(into)
        make_nonblocking(self._pipe)

    def parts(self) -> Iterator[Part]:
        """The parts, as they arrive.

        Raises:
            EOFError: the child ended before the last part.
        """
        buffer = bytearray()
        while True:
            while len(buffer) < _HEAD.size or len(buffer) < _HEAD.size + sum(_HEAD.unpack_from(buffer)[::3]):
                read = nb_read(self._pipe, READ_BYTES)
                if not read:
                    raise EOFError
                buffer += read
            name, level, start, length = _HEAD.unpack_from(buffer)
            family, end = _HEAD.size + name, _HEAD.size + name + length
            part = Part(buffer[_HEAD.size : family].decode(), level, start, bytes(buffer[family:end]))
            del buffer[:end]
            if part == END:
                return
            yield part

    def end(self) -> None:
        """Kill the child and wait until it has ended."""
        os.close(self._pipe)
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
            while _waitpid(self._process, os.WNOHANG) == (0, 0):
                gevent.sleep(WAIT_SECONDS)


def _write_all(into: int, parts: Iterable[Part]) -> NoReturn:
    """Run the child process: write all parts, then exit without cleaning up what belongs to the parent."""
    status = 1
    try:
        gc.disable()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)  # sent to all processes of a service: the parent ends this one
        os.closerange(3, into)
        os.closerange(into + 1, os.sysconf("SC_OPEN_MAX"))
        for family, level, start, body in chain(parts, [END]):
            name = family.encode()
            _write(into, _HEAD.pack(len(name), level, start, len(body)) + name + body)
        status = 0
    except BrokenPipeError:  # the parent has given up
        pass
    except Exception:
        logger.exception("the child process could not write the checkpoint")
    finally:
        os._exit(status)


def _write(into: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(into, view) :]


def _batches(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts in lists of about `PUT_BYTES`."""
    batch: list[Part] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += len(part.body)
        if size >= PUT_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
