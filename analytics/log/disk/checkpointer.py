"""Checkpointer: now and then an image of the state is written, so that a start has little of the journal to read.

A forked child writes the image out: it has the state of one instant for itself, and nobody waits for it.
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
from analytics.log.disk.database import Database, Mark, Part
from analytics.log.disk.log import DiskLog
from analytics.log.disk.trouble import FAILURES
from analytics.state.state import State

LOOK_SECONDS = 1.0
MOST_ENTRIES, MOST_RECORDS, MOST_SECONDS = 20_000, 500_000, 600.0
"""How much of the journal there may be beyond the image: entries, records in them, and their age in seconds."""
PAUSE_SECONDS = 5.0
"""How long it is at least from one image to the next."""
MOST_SAVING_SECONDS = 120.0
STALLED_SECONDS = 180.0
"""Longer than any image takes that is still to succeed."""
PUT_BYTES = 1024 * 1024
READ_BYTES = 256 * 1024
END = Part("", 0, 0, b"")
_HEAD = struct.Struct("<HiqI")

WAIT_SECONDS = 0.01

log = logging.getLogger(__name__)
_fork, _waitpid = get_original("os", ["fork", "waitpid"])
"""gevent's own hear of a child's end by a signal that gunicorn handles itself."""


class Checkpointer:
    """Writes images of `state`, which `journal` goes on from; `jobs` makes the job that does."""

    def __init__(self, state: State, image: Checkpoint, journal: DiskLog, clock: Clock, jobs: Supervisor) -> None:
        self._state, self._image, self._journal, self._clock = state, image, journal, clock
        self._mark = Mark(0, 0)
        self._entries, self._records, self._at = 0, 0, clock.monotonic()
        self._job = jobs.periodic("checkpoint writer", LOOK_SECONDS, self._look, stalled_after=STALLED_SECONDS)

    def start(self, mark: Mark, beyond: int) -> None:
        """Begin to look whether it is time; `mark` is that of the image there is, with `beyond` entries after it."""
        self._mark, self._entries = mark, self._entries - beyond
        self._job.start()

    def stop(self) -> None:
        """End what `start` began."""
        self._job.stop()

    @property
    def has_news(self) -> bool:
        """Whether the journal has anything beyond the image."""
        return self._journal.position > self._mark.position

    @property
    def is_due(self) -> bool:
        """Whether it is time for another image."""
        age = self._clock.monotonic() - self._at
        entries = self._journal.entries - self._entries
        many = entries >= MOST_ENTRIES or self._journal.applied - self._records >= MOST_RECORDS
        return self.has_news and age >= PAUSE_SECONDS and (many or age >= MOST_SECONDS)

    def save(self) -> bool:
        """Write an image; False where that failed, which is logged."""
        self._at = self._clock.monotonic()
        try:
            database = self._journal.database  # if it is opened again meanwhile, this one is closed: then it fails
        except CannotStore as error:
            log.error("no image could be written", extra={"reason": error.message})
            return False
        try:
            self._save(database)
        except (*FAILURES, EOFError) as error:
            log.error("no image could be written", extra={"reason": str(error) or "the child ended early"})
            try:
                self._journal.ask(database.abandon)
            except FAILURES:
                self._journal.doubt(database, error)
            return False
        log.debug("an image was written", extra={"entry": self._mark.position})
        return True

    def _save(self, database: Database) -> None:
        generation = self._journal.ask(database.begin)
        with self._state.lock:
            changes = self._image.take_changes()
            mark = Mark(generation, self._journal.position)
            entries, records, oldest = self._journal.entries, self._journal.applied, self._image.oldest()
            try:
                child = _Child(self._image.parts(changes))
            except BaseException:
                self._image.give_back(changes)
                raise
        try:
            with gevent.Timeout(MOST_SAVING_SECONDS, TimeoutError("it took too long")):
                for parts in _together(child.parts()):
                    self._journal.ask(database.put, parts, generation)
                while self._journal.written < mark.position:  # relaxed: what is in the image is to be in the journal
                    gevent.sleep(WAIT_SECONDS)
                missed = self._journal.ask(database.finish, mark, oldest, self._journal.max_bytes)
        except BaseException:
            self._image.give_back(changes)
            raise
        finally:
            child.end()
        self._image.done(changes)
        self._tell_missed(missed)
        self._mark, self._entries, self._records = mark, entries, records

    def _tell_missed(self, missed: Iterable[Missed]) -> None:
        """Log and count the entries that consumers miss since ANALYTICS_LOG_MAX_BYTES left no room for them."""
        for cursor, entries in missed:
            log.warning(
                "a consumer of the log was too far behind and misses entries: raise ANALYTICS_LOG_MAX_BYTES",
                extra={"consumer": cursor.name, "entries": entries},
            )
            if cursor.name in self._journal.consumers:
                self._journal.consumers[cursor.name] = cursor
            with self._state.lock:
                self._state.counters.dropped("log_entries_missed", entries)

    def _look(self) -> None:
        self._journal.look()
        if self.is_due and self._journal.trouble is None:
            self.save()


class _Child:
    """A forked process that writes parts into a pipe.

    Raises:
        OSError: there can be none.
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
        """The parts, as they come.

        Raises:
            EOFError: it ended before the last one.
        """
        buffer = bytearray()
        while True:
            while len(buffer) < _HEAD.size or len(buffer) < _HEAD.size + sum(_HEAD.unpack_from(buffer)[::3]):
                read = nb_read(self._pipe, READ_BYTES)
                if not read:
                    raise EOFError
                buffer += read
            name, rung, start, length = _HEAD.unpack_from(buffer)
            family, end = _HEAD.size + name, _HEAD.size + name + length
            part = Part(buffer[_HEAD.size : family].decode(), rung, start, bytes(buffer[family:end]))
            del buffer[:end]
            if part == END:
                return
            yield part

    def end(self) -> None:
        """See that it is gone."""
        os.close(self._pipe)
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
            while _waitpid(self._process, os.WNOHANG) == (0, 0):
                gevent.sleep(WAIT_SECONDS)


def _write_all(into: int, parts: Iterable[Part]) -> NoReturn:
    """What the child does: nothing else of what it has inherited is touched, and none of it is tidied up."""
    status = 1
    try:
        gc.disable()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        os.closerange(3, into)
        os.closerange(into + 1, os.sysconf("SC_OPEN_MAX"))
        for family, rung, start, body in chain(parts, [END]):
            name = family.encode()
            _write(into, _HEAD.pack(len(name), rung, start, len(body)) + name + body)
        status = 0
    except BrokenPipeError:  # nobody reads any more
        pass
    except Exception:
        log.exception("the child could not write an image")
    finally:
        os._exit(status)


def _write(into: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(into, view) :]


def _together(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts in lists of a good size to be written at once."""
    together: list[Part] = []
    size = 0
    for part in parts:
        together.append(part)
        size += len(part.body)
        if size >= PUT_BYTES:
            yield together
            together, size = [], 0
    if together:
        yield together
