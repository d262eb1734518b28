"""The service of the store process: its parts, their threads, and the answers to requests."""

import base64
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from analytics.errors import CannotStore
from analytics.log.disk.indexes import unpacked_indexes
from analytics.records import Receipt
from analytics.store.files.checking import damaged
from analytics.store.files.layout import store_folder
from analytics.store.files.manifest import PendingErasure, Progress
from analytics.store.frames import StoreRequest
from analytics.store.messages import BRING_HISTORY, COUNT_ERASED, STARTING, Begin, Told
from analytics.store.options import StoreOptions
from analytics.store.process.engine import DuckEngine
from analytics.store.process.journal import JournalReader
from analytics.store.process.opening import OpenStore, open_store
from analytics.store.process.operations import STORE_OPERATIONS
from analytics.store.process.question import DoubtfulRefusal, Interruptible, Question, Refusal, StillSearching
from analytics.store.process.reader import READ_KINDS, JournalFollower, Reached
from analytics.store.process.server import ActiveRequest
from analytics.store.process.status import status_of

OPEN_SECONDS = 0.05
KEEP_SECONDS = 0.2
RETRY_SECONDS = 5.0
TAIL_TIMES = 4
"""So many times more records than are written at once may wait in the tail; beyond, the log is not read on."""
LEAST_TAIL = 10_000
REACH_SECONDS = 10.0
"""How long a question waits until the newest records are read."""

logger = logging.getLogger(__name__)


class StoreService:
    """Follows the journal, writes files and answers questions."""

    def __init__(self, options: StoreOptions) -> None:
        self._options = options
        self._directory = Path(options.directory)
        self._engine = DuckEngine(store_folder(self._directory), options.memory, options.threads)
        self._reached = Reached()
        self._is_open, self._begun, self._work = threading.Event(), threading.Event(), threading.Event()
        self._troubles: dict[str, str] = {"opening": STARTING}

    def start(self) -> None:
        """Start the threads."""
        threading.Thread(target=self._run, name="keeper", daemon=True).start()

    @property
    def trouble(self) -> str | None:
        """Why records cannot be read or written now; None if they can."""
        return next(iter(self._troubles.values()), None)

    def answer(self, request: StoreRequest, active: ActiveRequest) -> Iterator[bytes]:
        """The pieces of the answer to a request."""
        self._wait_until_open(request.seconds)
        if request.op == "begin":
            self._begin(msgspec.convert(request.args, Begin))
            yield self._status()
        elif request.op == "tell":
            self._tell(msgspec.convert(request.args, Told))
            yield self._status()
        elif request.op == COUNT_ERASED:
            yield self._count_erased(request)
        elif request.op == BRING_HISTORY:
            yield msgspec.json.encode(self._bring(request, active.body()))
        elif request.op in STORE_OPERATIONS:
            yield from self._ask(request, active)
        else:
            raise Refusal("unknown_operation", f"There is no operation {request.op}.")

    def _wait_until_open(self, seconds: float) -> None:
        """Wait while the store is opened.

        Raises:
            Refusal: it cannot be opened now.
        """
        deadline = time.monotonic() + seconds
        while not self._is_open.wait(OPEN_SECONDS):
            trouble = self._troubles.get("opening", STARTING)
            if trouble != STARTING or time.monotonic() > deadline:
                raise Refusal("store_unavailable", f"The long-term store cannot be used: {trouble}")

    def _ask(self, request: StoreRequest, active: ActiveRequest) -> Iterator[bytes]:
        if not self._reached.wait(request.position, min(request.seconds, REACH_SECONDS)):
            reason = self.trouble or "it has not read the newest records yet"
            raise Refusal("store_unavailable", f"The long-term store cannot answer now: {reason}.")
        deadline = time.monotonic() + min(request.seconds, REACH_SECONDS)
        while True:
            try:
                yield from self._answered(request, active)
                return
            except StillSearching as refusal:
                if not self._open.search.wait(refusal.kind, deadline - time.monotonic()):
                    raise

    def _answered(self, request: StoreRequest, active: ActiveRequest) -> Iterator[bytes]:
        for is_last in (False, True):
            has_answered = False
            with self._open.catalog.view() as view, self._engine.lend() as connection:
                active.query = connection
                view.show(connection)

                def watch(query: Interruptible) -> None:
                    active.query = query

                try:
                    for piece in STORE_OPERATIONS[request.op](Question(view, connection, request.args, watch)):
                        has_answered = True
                        yield piece
                    return
                except Exception as error:
                    is_clear = isinstance(error, Refusal) and not isinstance(error, DoubtfulRefusal)
                    if is_clear or is_last or has_answered or active.is_cancelled:
                        raise
                    if not self._find_damage(view.all_files):
                        raise
                finally:
                    active.query = None

    def _find_damage(self, files: object) -> bool:
        """After a failed query: whether some of its files are damaged, so that it works without them."""
        found = damaged(self._open.catalog.folder, files)  # type: ignore[arg-type]
        return self._open.catalog.leave_out(found)

    def _begin(self, begin: Begin) -> None:
        store = self._open
        progress = store.manifest.progress()
        if progress is None or (begin.is_first and progress.upto > begin.last):
            epoch = 0 if progress is None else progress.epoch + 1
            if progress is not None:
                logger.warning(
                    "the log does not continue where the files of the store end: they stay, and new ones follow",
                    extra={"files": progress.upto, "log": begin.last},
                )
            is_new = progress is None and begin.cursor < begin.last  # earlier starts ended before they came here
            position, number = (begin.cursor, 0) if is_new else (begin.last, begin.number)  # a start sets the number
            progress = Progress(epoch, position, number)
            store.manifest.set_progress(progress)
        elif begin.is_first and progress.upto < begin.cursor:
            logger.warning(
                "entries of the log never came to the store, which was switched off, or away for too long",
                extra={"files": progress.upto, "log": begin.cursor},
            )
            if begin.cursor == begin.last:  # else what is left is read, and numbered as well as it can be
                progress = Progress(progress.epoch, begin.last, begin.number)
                store.manifest.set_progress(progress)
        store.keeper.flusher.progress = progress
        store.tail.begin(progress.upto, progress.number, store.manifest.record_numbers())
        self._journal = JournalReader(self._directory, READ_KINDS)
        self._follower = JournalFollower(self._journal, store.tail, self._erased)
        self._follower.begin(progress.upto, progress.number)
        for erasure in store.manifest.erasures():
            store.search.begin(erasure)
        self._reached.set(progress.upto)
        self._begun.set()

    def _tell(self, told: Told) -> None:
        dropped = {at: frozenset(unpacked_indexes(base64.b64decode(text))) for at, text in told.dropped}
        self._follower.tell(told.position, dropped, told.number)
        self._work.set()

    def _bring(self, request: StoreRequest, body: bytes) -> Receipt:
        """Store old events."""
        space = self._open.keeper.space
        may_write = space.may_write and not space.room.is_low
        return self._open.history.bring(body, request.seconds, space.max_bytes, may_write=may_write)

    def _count_erased(self, request: StoreRequest) -> bytes:
        counts = self._open.search.counts.wait(request.args["salt"], request.seconds)
        if counts is None:
            raise Refusal("store_unavailable", "The long-term store has not read this erasure yet.")
        return msgspec.json.encode(counts)

    def _status(self) -> bytes:
        store = self._open
        return msgspec.json.encode(status_of(store, self.trouble))

    def _run(self) -> None:
        """Open the store, then keep it."""
        self._open = self._opened()
        del self._troubles["opening"]
        self._is_open.set()
        threading.Thread(target=self._follow, name="reader", daemon=True).start()
        threading.Thread(target=self._find_erased, name="eraser", daemon=True).start()
        self._begun.wait()
        keeper = self._open.keeper
        while True:
            try:
                has_more = keeper.step()
                self._troubles.pop("writing", None)
                if not keeper.space.may_write:
                    self._troubles["writing"] = "the disk is almost full, and records are not written to files"
            except Exception as error:
                has_more = False
                self._troubles["writing"] = f"{keeper.failure} ({type(error).__name__}: {error})"
                logger.exception("the store could not do its work", extra={"failure": keeper.failure})
                time.sleep(RETRY_SECONDS)
            if self._follower.has_more:
                self._work.set()  # there is room in the tail again
            if not has_more:
                self._open.history.wait(KEEP_SECONDS)

    def _opened(self) -> OpenStore:
        while True:
            try:
                return open_store(self._options, self._engine)
            except (CannotStore, sqlite3.Error, OSError) as error:
                self._troubles["opening"] = getattr(error, "message", str(error))
                logger.error("the store cannot be opened", extra={"reason": self.trouble})
                time.sleep(RETRY_SECONDS)

    def _follow(self) -> None:
        self._begun.wait()
        most = max(TAIL_TIMES * self._options.records, LEAST_TAIL)
        while True:
            self._work.wait()
            self._work.clear()
            try:
                while self._open.tail.rows < most and self._follower.follow():
                    self._reached.set(self._follower.position)
                self._reached.set(self._follower.position)
                self._troubles.pop("reading", None)
            except Exception as error:
                self._troubles["reading"] = f"the log cannot be read ({error})"
                logger.exception("the store cannot read the log")
                time.sleep(RETRY_SECONDS)
                self._work.set()

    def _erased(self, erasure: PendingErasure) -> None:
        """Leave out erased records from now on; files follow."""
        self._open.history.note(erasure)
        self._open.search.begin(erasure)
        self._open.keeper.flusher.erasures.append(erasure)

    def _find_erased(self) -> None:
        while True:
            try:
                self._open.search.step()
                self._troubles.pop("erasing", None)
            except Exception as error:
                self._troubles["erasing"] = f"erased records cannot be looked for ({error})"
                logger.exception("the store cannot look for erased records")
                time.sleep(RETRY_SECONDS)
