"""Sender: background thread that posts batches from the outbox until each item has an outcome."""

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from contextlib import nullcontext
from typing import Any

from .backoff import Backoff
from .items import MISDATED, Item, body
from .outbox import Outbox
from .outcome import Outcome
from .reports import Reports
from .transport import Transport
from .verdict import Denied, Settled, Split, TryAgain, judge

log = logging.getLogger("analytics.sdk")

INTERNAL_ERROR = 500
SUSPECT_AFTER = 3
"""After this many answers with 500, a batch is split to find the item that makes the service fail."""
PUT_OFF_SECONDS = 30.0
"""Pause before the failing item is sent again, in seconds."""
DENIED_SECONDS = 600.0
"""How long items wait for a key to be accepted, in seconds; after that each batch has one try."""

CLOSED = Outcome("dropped", "closed", "The client was closed before the service had answered.")
FULL = Outcome("dropped", "queue_full", "As many items as may wait are waiting.")
SUPERSEDED = Outcome("dropped", "superseded", "A newer heartbeat took its place.")
BROKEN = Outcome("dropped", "internal_error", "The client failed; its log has the cause.")


class Sender:
    """Sends items in a thread that starts with the first item. After a fork, the child has an empty outbox.

    Args:
        new_outbox, connect, backoff: create the objects that each process needs for itself.
        clock, wall: monotonic seconds, and seconds since the epoch.
    """

    def __init__(
        self,
        new_outbox: Callable[[], Outbox],
        connect: Callable[[], Transport],
        backoff: Callable[[], Backoff],
        reports: Reports,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._new_outbox, self._connect, self._new_backoff = new_outbox, connect, backoff
        self._reports, self._clock, self._wall = reports, clock, wall
        self._greenlet: Any = None
        self._denied_since: float | None = None
        self._reset()

    def _reset(self) -> None:
        self._outbox = self._new_outbox()
        self._thread: threading.Thread | None = None
        self._starting = threading.RLock()
        self._settling = threading.RLock()

    def forked(self) -> None:
        """Reset in a forked child; the parent sends the waiting items."""
        if self._greenlet is not None:  # under gevent the parent's thread survives in the child
            self._greenlet.kill(block=False)
            self._greenlet = None
        was_closed = self._outbox.closed
        self._reset()
        if was_closed:
            self._outbox.close(0)

    def put(self, item: Item) -> None:
        """Queue `item`; if that is not possible, its outcome is `dropped`."""
        if not self._outbox.put(item):
            self._drop([item], CLOSED if self._outbox.closed else FULL, queued=False)
        elif self._thread is None or not self._thread.is_alive():
            self._start()

    def flush(self, timeout: float | None) -> bool:
        """Send all items tracked before; return whether all have an outcome within `timeout` seconds."""
        if threading.current_thread() is self._thread:  # called by a callback: the thread cannot wait for itself
            timeout = 0
        return not wait(self._outbox.hurry(), timeout).not_done

    def close(self, timeout: float) -> None:
        """Send items within `timeout` seconds, drop the others, and end the thread."""
        is_callback = threading.current_thread() is self._thread
        if is_callback:  # as in `flush`
            timeout = 0
        with nullcontext() if is_callback else self._starting:  # another thread may be about to start it
            outbox, thread = self._outbox, self._thread
        deadline = self._clock() + timeout
        outbox.close(timeout)
        if thread is not None and thread.is_alive():
            wait(outbox.hurry(), timeout)
        elif len(outbox):  # no threads can be started while the interpreter exits
            self._run(outbox)
        self._drop(outbox.clear(), CLOSED)
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.1, deadline - self._clock()))

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._run, args=(self._outbox,), name="analytics", daemon=True)
                before, self._thread = self._thread, thread  # before it runs, because its callbacks compare it
                try:
                    thread.start()
                except RuntimeError as error:
                    self._thread = before
                    log.warning("analytics wait for close(): %s", error)

    def _run(self, outbox: Outbox) -> None:
        gevent = sys.modules.get("gevent")
        current = gevent.getcurrent() if gevent is not None else None
        self._greenlet = current if hasattr(current, "kill") else None
        transport, backoff = self._connect(), self._new_backoff()
        self._denied_since = None
        try:
            while batch := outbox.take():
                try:
                    self._deliver(batch, outbox, transport, backoff)
                except Exception:
                    log.exception("analytics: a batch could not be sent")
                    self._drop(batch, BROKEN)
        finally:
            transport.close()

    def _deliver(self, batch: Sequence[Item], outbox: Outbox, transport: Transport, backoff: Backoff) -> None:
        is_beat = batch[0].kind == "heartbeat"
        parts: list[tuple[Sequence[Item], int]] = [(batch, 0)]
        while parts:
            part, faults = parts.pop()
            if all(item.future.done() for item in part):
                continue
            answer = transport.post(f"/{part[0].kind}", body(part, self._clock(), self._wall()))
            verdict = judge(answer, len(part), receipt=not is_beat)
            if isinstance(verdict, Denied):
                self._reports.denied(verdict.why)
                verdict = self._wait_for_key(verdict, len(part))
            elif isinstance(verdict, TryAgain):
                self._reports.trouble(verdict.why)
            else:
                self._denied_since = None
                self._reports.recovered()
            if isinstance(verdict, TryAgain):
                if not outbox.pause(backoff.failed(verdict.retry_after), asked=bool(verdict.retry_after)):
                    self._drop(outbox.clear(), CLOSED)
                    return
                self._drop(outbox.stale_heartbeats(), SUPERSEDED)
                faults += answer.status == INTERNAL_ERROR
                if faults < SUSPECT_AFTER:
                    parts.append((part, faults))
                elif len(part) > 1:
                    parts += _halves(part)
                else:
                    outbox.put_off(part[0], PUT_OFF_SECONDS)
                continue
            backoff.succeeded()
            if isinstance(verdict, Split):
                parts += _halves(part)
            elif isinstance(verdict, Settled):
                if misdated := _misdated(part, verdict.outcomes):
                    parts.append((misdated, 0))
                final = [pair for pair in zip(part, verdict.outcomes, strict=True) if pair[0] not in misdated]
                self._settle([item for item, _ in final], [outcome for _, outcome in final])

    def _wait_for_key(self, verdict: Denied, count: int) -> TryAgain | Settled:
        """Try again for a while, in which somebody may fix the key or the service; then reject."""
        now = self._clock()
        if self._denied_since is None:
            self._denied_since = now
        if now - self._denied_since < DENIED_SECONDS:
            return TryAgain(verdict.why)
        return Settled([verdict.outcome] * count)

    def _drop(self, items: Sequence[Item], outcome: Outcome, *, queued: bool = True) -> None:
        self._settle(items, [outcome] * len(items), queued=queued)

    def _settle(self, items: Sequence[Item], outcomes: Sequence[Outcome], *, queued: bool = True) -> None:
        """Set the outcome of items that have none; another thread may do the same in `close`."""
        with self._settling:
            pairs = zip(items, outcomes, strict=True)
            fresh = [(item, outcome) for item, outcome in pairs if not item.claimed]
            for item, _ in fresh:
                item.claimed = True
        if queued:
            self._outbox.settled([item for item, _ in fresh])
        self._reports.settled(outcome for _, outcome in fresh)
        for item, outcome in fresh:
            item.future.set_result(outcome)


def _halves(items: Sequence[Item]) -> list[tuple[Sequence[Item], int]]:
    """The two halves of `items`, each with 0 faults, in reverse order of sending."""
    half = len(items) // 2
    return [(items[half:], 0), (items[:half], 0)]


def _misdated(items: Sequence[Item], outcomes: Sequence[Outcome]) -> list[Item]:
    """Items whose added timestamp was rejected, because a clock is wrong; they are sent again without one."""
    found = [item for item, outcome in zip(items, outcomes, strict=True) if outcome.code in MISDATED and not item.timed]
    for item in found:
        item.timed = True
    return found
