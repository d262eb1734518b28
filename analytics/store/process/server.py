"""The server side of the store process's sockets: one for each request, handed over through a control socket.

The main thread waits for requests, for clients that go away, and for deadlines; each request is answered in a thread
of its own. When the control socket ends, the server that started this process is gone.
"""

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from typing import IO, Protocol

import msgspec

from analytics.store.frames import END, FAILURE, PIECE, REQUEST, AnswerFailure, StoreRequest, read_frame, send_frame
from analytics.store.messages import TOO_LARGE, too_long
from analytics.store.process.question import Interruptible, Refusal

TICK_SECONDS = 0.1
"""How often queries whose client is gone, or whose time is over, are interrupted until they end."""
FRAME_SECONDS = 10.0
MAX_THREADS = 64

logger = logging.getLogger(__name__)


class Answering(Protocol):
    """The service behind the sockets."""

    def answer(self, request: StoreRequest, active: "ActiveRequest") -> Iterator[bytes]:
        """The pieces of the answer.

        Raises:
            Refusal: it cannot be answered.
        """


class ActiveRequest:
    """A request that is being answered. `query` is set to what can be interrupted."""

    def __init__(self, connection: socket.socket, request: StoreRequest, file: IO[bytes] | None = None) -> None:
        self.connection, self.request, self._file = connection, request, file
        self.deadline = time.monotonic() + request.seconds
        self.query: Interruptible | None = None
        self.is_over = self.is_cancelled = False

    def body(self) -> bytes:
        """The body of the request, if it has one; only once."""
        if self._file is None:
            return b""
        with self._file as file:
            file.seek(0)
            return file.read()

    def check(self, now: float) -> None:
        """Interrupt the query if nobody waits for it any more, or its time is over."""
        if (self.is_cancelled or now > self.deadline) and self.query is not None:
            with contextlib.suppress(Exception):
                self.query.interrupt()

    def run(self, service: Answering) -> None:
        """Answer the request; errors become its answer."""
        try:
            for piece in service.answer(self.request, self):
                if self.is_cancelled:
                    return
                send_frame(self.connection, PIECE, piece)
            send_frame(self.connection, END)
        except OSError:
            pass  # the client is gone
        except Exception as error:  # noqa: BLE001  # told to the client, and logged
            with contextlib.suppress(OSError):
                send_frame(self.connection, FAILURE, msgspec.json.encode(self._failure(error)))
        finally:
            if self._file is not None:
                self._file.close()
            self.is_over = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def _failure(self, error: Exception) -> AnswerFailure:
        if isinstance(error, Refusal):
            return AnswerFailure(error.code, error.message)
        if time.monotonic() > self.deadline:
            return AnswerFailure("query_timeout", too_long(self.request.seconds))
        name = type(error).__name__
        if name == "OutOfMemoryException":
            return AnswerFailure("query_too_large", TOO_LARGE)
        if not self.is_cancelled:
            logger.exception("the store could not answer", extra={"op": self.request.op})
        return AnswerFailure("store_failed", f"The store could not answer ({name}).")


class StoreServer:
    """Serves requests until the control socket ends."""

    def __init__(self, control: socket.socket, service: Answering) -> None:
        self._control, self._service = control, service
        self._selector = selectors.DefaultSelector()
        self._active: set[ActiveRequest] = set()

    def serve(self) -> None:
        """Answer requests; returns when the other end of the control socket is closed."""
        self._selector.register(self._control, selectors.EVENT_READ)
        while True:
            timeout = TICK_SECONDS if self._active else None
            for key, _ in self._selector.select(timeout):
                if key.fileobj is not self._control:
                    self._leave(key.data)
                elif not self._accept():
                    return
            now = time.monotonic()
            for active in list(self._active):
                active.check(now)
                if active.is_over and active.is_cancelled:
                    self._active.discard(active)
                    active.connection.close()

    def _accept(self) -> bool:
        """Take the socket of a new request; returns whether the server is still there."""
        data, descriptors, _, _ = socket.recv_fds(self._control, 1, 2)
        if not data:
            return False
        connection = socket.socket(fileno=descriptors[0])
        file = os.fdopen(descriptors[1], "rb") if len(descriptors) > 1 else None
        try:
            connection.settimeout(FRAME_SECONDS)
            kind, body = read_frame(connection)
            request = msgspec.json.decode(body, type=StoreRequest)
            connection.settimeout(None)
            if kind != REQUEST or len(self._active) >= MAX_THREADS:
                raise OSError("too many requests")
        except (OSError, EOFError, msgspec.DecodeError):
            connection.close()
            if file is not None:
                file.close()
            return True
        active = ActiveRequest(connection, request, file)
        self._active.add(active)
        self._selector.register(connection, selectors.EVENT_READ, active)
        threading.Thread(target=active.run, args=(self._service,), daemon=True).start()
        return True

    def _leave(self, active: ActiveRequest) -> None:
        """Note that a client is gone, or has its whole answer."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(active.connection)
        active.is_cancelled = True
