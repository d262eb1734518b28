"""The client of the store process: it starts it, tells it what was applied, and asks it."""

import base64
import contextlib
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import msgspec
from gevent.event import Event
from gevent.lock import RLock
from gevent.socket import wait_read

from analytics.errors import AnalyticsError, ClientLeft, Unavailable
from analytics.jobs.job import Job
from analytics.jobs.supervisor import Supervisor
from analytics.log.disk.consumer import Consumer
from analytics.log.disk.log import DiskLog
from analytics.store.client.child import COMMAND, Child
from analytics.store.client.slots import QuestionSlots
from analytics.store.frames import END, PIECE, REQUEST, AnswerFailure, StoreRequest, read_frame, send_frame
from analytics.store.messages import Begin, StoreStatus, too_long
from analytics.store.options import StoreOptions

CONSUMER_NAME = "store"
"""The cursor of the store in the log."""
STATUS_SECONDS = 5.0
"""The longest time between two requests for its state, when all records are in files."""
TELL_SECONDS = 1.0
"""How often the store process gets the position of the last applied entry; before each question it gets it, too."""
TOLD_SECONDS = 2.0
"""How long the store process may take to answer that message."""
QUESTION_SECONDS = 30.0
OPEN_SECONDS = 600.0
"""How long it may wait for the store process of a previous server, and for the disk."""
START_SECONDS = 5.0
"""How long questions wait for a store process that is starting."""
GRACE_SECONDS = 5.0
"""How much later than a question should end its answer is given up."""
LOOK_SECONDS = 0.25
"""How often a question looks whether its answer is still wanted."""
SILENT = "the store process does not answer"
STATUS_OF = {
    "store_unavailable": 503,
    "query_timeout": 503,
    "query_too_large": 422,
    "figure_too_large": 422,
    "store_failed": 500,
    "store_full": 507,
}
"""HTTP status by code of a failure; others are wrong questions."""

logger = logging.getLogger(__name__)


class ChildEnded(Exception):
    """The store process ended, although it should run for ever."""


class StoreFailure(AnalyticsError):
    """A question that the store process did not answer; status and code say why."""

    def __init__(self, failure: AnswerFailure) -> None:
        super().__init__(failure.message, code=failure.code)
        self.status = STATUS_OF.get(failure.code, 400)
        if self.status == 503:
            self.headers = {"Retry-After": "1"}


class StoreClient:
    """Runs the store process in a job, and asks it questions.

    Args:
        number: the number of the newest event; called when the log is open.
        command: runs the store process, as arguments of Python.
    """

    def __init__(
        self,
        options: StoreOptions,
        log: DiskLog,
        jobs: Supervisor,
        number: Callable[[], int],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._options, self._log, self._number, self._command = options, log, number, command
        self._life = Begin(0, 0, 0, is_first=True)
        self._child: Child | None = None
        self._telling = RLock()
        self._slots = QuestionSlots()
        self._told = self._told_dropped = 0
        self.status = StoreStatus(0)
        """The last state that the store process sent."""
        self._heard_at = 0.0
        self._consumer: Consumer | None = None
        self._ready = Event()
        self.jobs: list[Job] = [
            jobs.loop("long-term store", self._run, first_pause=0.1),
            jobs.periodic("long-term store reporter", TELL_SECONDS, self._report, stalled_after=120.0),
        ]
        """The jobs: one runs the store process, which ends with it; what is in no file yet is in the log."""

    def opened(self, position: int) -> None:
        """Note the newest position of the log before this start; entries after it are kept until they are in files."""
        self._consumer = Consumer(self._log, CONSUMER_NAME, position)
        self._life = Begin(position, self._number(), self._consumer.cursor.position, is_first=True)

    def ask(
        self,
        op: str,
        args: Mapping[str, Any] | None = None,
        *,
        seconds: float = QUESTION_SECONDS,
        start_seconds: float = START_SECONDS,
        body: bytes = b"",
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Iterator[bytes]:
        """Ask the store process; yields the answer in pieces. It covers all records that were acknowledged before.

        Close the iterator to cancel the question. One that is starting is waited for, for `start_seconds` at most.

        Args:
            body: bytes that the operation decodes itself.
            is_wanted: asked every `LOOK_SECONDS`; the question is cancelled when it says no.

        Raises:
            Unavailable: the store process does not run now, or has too many questions.
            ClientLeft: the answer is not wanted any more.
            StoreFailure: it could not answer.
        """
        if self.status.trouble == SILENT:  # the reporter goes on asking it
            raise Unavailable("The long-term store does not answer now.", headers={"Retry-After": "5"})
        if not self._ready.wait(start_seconds):
            raise _unavailable()
        with self._slots.taken(op, is_wanted):
            self._tell()
            try:
                yield from self._request(StoreRequest(op, dict(args or {}), self._told, seconds), body, is_wanted)
            except Unavailable as error:
                if isinstance(error.__cause__, TimeoutError):  # a machine so busy that it was not even interrupted
                    late = AnswerFailure("query_timeout", too_long(seconds))
                    raise StoreFailure(late) from error
                raise

    def _request(
        self, request: StoreRequest, body: bytes = b"", is_wanted: Callable[[], bool] = lambda: True
    ) -> Iterator[bytes]:
        child = self._child
        if child is None:
            raise _unavailable()
        try:
            with closing(child.connect(body)) as connection:
                connection.settimeout(request.seconds + GRACE_SECONDS)
                yield from _answer(connection, request, is_wanted)
        except (OSError, EOFError) as error:
            raise _unavailable() from error

    def _run(self) -> None:
        child = Child(self._options, self._command)
        self._child = child
        self._log.dropped.told = 0  # dropped records in memory stay from now on until the process knows them
        try:
            begin = msgspec.to_builtins(self._life)
            self._told = self._told_dropped = 0
            with contextlib.suppress(Unavailable):  # it ended: `wait` says how
                self._know(b"".join(self._request(StoreRequest("begin", begin, seconds=OPEN_SECONDS))))
                self._life = msgspec.structs.replace(self._life, is_first=False)
                self._ready.set()
                self._tell()
            status = child.wait()
        except StoreFailure as error:
            self.status = StoreStatus(self.status.upto, error.message)
            raise
        finally:
            self._ready.clear()
            self._child = None
            self._log.dropped.told = None
            child.end()
        self.status = msgspec.structs.replace(self.status, trouble="the store process ended, and is started again")
        raise ChildEnded(f"the store process ended (status {status})")

    def _report(self) -> None:
        """Tell the store process what was applied, and hear how it is."""
        with contextlib.suppress(Unavailable):  # the other job starts it again
            self._tell(is_idle=True)

    def _tell(self, *, is_idle: bool = False) -> None:
        """Tell the store process what was applied and written since the last time."""
        if not self._ready.is_set():
            return
        with self._telling:
            position = min(self._log.position, self._log.written)
            is_known = self.status.upto >= self._told and time.monotonic() - self._heard_at < STATUS_SECONDS
            if position <= self._told and (is_known or not is_idle):
                return
            number = self._number() if position == self._log.position else None
            dropped = self._log.dropped.after(self._told_dropped)
            args = {
                "position": position,
                "dropped": [(at, base64.b64encode(each).decode()) for at, each in dropped],
                "number": number,
            }
            try:
                self._know(b"".join(self._request(StoreRequest("tell", args, seconds=TOLD_SECONDS))))
            except Unavailable as error:
                if isinstance(error.__cause__, TimeoutError):
                    self.status = msgspec.structs.replace(self.status, trouble=SILENT)
                raise
            self._told = self._log.dropped.told = position
            self._told_dropped = max(position, dropped[-1][0] if dropped else 0)

    def _know(self, answer: bytes) -> None:
        """Note how far the files reach: the log need not keep entries up to there."""
        self.status = msgspec.json.decode(answer, type=StoreStatus)
        self._heard_at = time.monotonic()
        if self._consumer is not None and self.status.upto > self._consumer.cursor.position:
            self._consumer.move(self.status.upto)


def _answer(connection: socket.socket, request: StoreRequest, is_wanted: Callable[[], bool]) -> Iterator[bytes]:
    send_frame(connection, REQUEST, msgspec.json.encode(request))
    while True:
        _wait(connection, request.seconds + GRACE_SECONDS, is_wanted)
        kind, body = read_frame(connection)
        if kind == PIECE:
            yield body
        elif kind == END:
            return
        else:
            raise StoreFailure(msgspec.json.decode(body, type=AnswerFailure))


def _wait(connection: socket.socket, seconds: float, is_wanted: Callable[[], bool]) -> None:
    """Wait for a frame.

    Raises:
        TimeoutError: there is none within `seconds`.
        ClientLeft: it is not wanted any more.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            wait_read(connection.fileno(), timeout=LOOK_SECONDS)
        except TimeoutError:
            if not is_wanted():
                raise ClientLeft from None
            if time.monotonic() > deadline:
                raise
        else:
            return


def _unavailable() -> Unavailable:
    return Unavailable("The long-term store is starting; ask again in a moment.", headers={"Retry-After": "1"})
