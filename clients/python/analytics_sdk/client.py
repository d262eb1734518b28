"""AnalyticsClient: sends events, metrics and heartbeats of a program to the service."""

import atexit
import os
import random
import time
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Self, TypeVar, overload
from urllib.parse import urlsplit
from uuid import uuid4

from .backoff import Backoff
from .beats import Beats, asked
from .ends import close_at_end, close_with_child
from .fit import fit
from .items import Item, Kind, Timestamp, UnfitError, UserId, encode, rfc3339
from .key import read_key
from .outbox import Outbox
from .outcome import Outcome, Pending, settled
from .performance import measured
from .records import RecordCalls
from .reports import OnDropped, OnError, Reports
from .sender import Sender
from .tally import Tally
from .tracing import Trace
from .transport import HttpTransport, Transport

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_URL = "http://localhost:8099"
MOST_A_BATCH = 100
"""Maximum number of items in a batch; a receipt has the reasons for at most this many rejections."""
CLOSE_SECONDS = 5.0
ERROR_STATUS = 500


class AnalyticsClient(RecordCalls):
    """Sends events, metrics and heartbeats to the service, in batches from a background thread.

        with AnalyticsClient(service="checkout") as client:
            client.track_event("purchase", {"total": 99.99}, user_id="user-123")

    Each call that tracks something returns immediately with a future of the item's outcome, and never raises. Failed
    requests are retried; ids make sure that each item is counted once. `close()`, the end of a `with` block and the end
    of the program send the waiting items, within 5 seconds.

    A client can be shared between threads and gevent's greenlets. After a fork, the child starts with an empty queue
    and without heartbeats; call `start_heartbeat` there if it should send them.

    Args:
        base_url: address of the service; default: the environment variable ANALYTICS_URL, else http://localhost:8099.
        service: name of the service that this program is.
        key: a key with the scope `ingest`; default: the environment variable ANALYTICS_KEY.
        on_dropped: called with the number of items that were just dropped, and the reason.
        on_error: called with one line for each failed request and each rejected item.
        max_queue: maximum number of waiting items; further items are dropped.
        batch_size: maximum number of items in one request, from 1 to 100.
        flush_seconds: maximum time that an item waits for a batch to fill up.
        timeout: seconds to connect, and then to wait for the answer.
        connect, clock, wall, jitter: for tests.

    Raises:
        ValueError: an argument is invalid.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        service: str = "unknown",
        key: str | None = None,
        on_dropped: OnDropped | None = None,
        on_error: OnError | None = None,
        max_queue: int = 10_000,
        batch_size: int = MOST_A_BATCH,
        flush_seconds: float = 0.25,
        timeout: float = 10.0,
        connect: Callable[[], Transport] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        url = (base_url or os.environ.get("ANALYTICS_URL") or DEFAULT_URL).rstrip("/")
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError(f"base_url (or ANALYTICS_URL) is {url!r}, not an address such as {DEFAULT_URL}")
        if max_queue < 1 or not 1 <= batch_size <= MOST_A_BATCH or flush_seconds < 0 or timeout <= 0:
            raise ValueError(f"max_queue is at least 1, batch_size 1 to {MOST_A_BATCH}, timeout more than 0")
        self.base_url, self.service = url, service
        self._clock = clock
        self._tally, self._reports = Tally(clock), Reports(on_dropped, on_error)
        self._beats: Beats | None = None
        self._sender = Sender(
            partial(Outbox, max_queue, batch_size, flush_seconds, clock),
            connect or partial(HttpTransport, url, (min(timeout, 3.05), timeout), read_key(key)),
            partial(Backoff, jitter),
            self._reports,
            clock,
            wall,
        )
        self._closed = False
        close_at_end(self)
        if hasattr(os, "register_at_fork"):  # not on Windows
            os.register_at_fork(after_in_child=partial(_forked, weakref.ref(self)))

    def track_event(
        self,
        type: str,
        data: Mapping[str, Any] | None = None,
        user_id: UserId = None,
        service: str | None = None,
        timestamp: Timestamp | None = None,
    ) -> Pending:
        """Track an event; the default `timestamp` is now."""
        where = self.service if service is None else service
        fields = {"type": type, "service": where, "user_id": user_id, "data": data}
        return self._track("events", fields, timestamp)

    def track_page_view(self, page: str, user_id: UserId = None) -> Pending:
        """Track a page view."""
        return self.track_event("page_view", {"page": page}, user_id)

    def track_purchase(self, order_id: str, total: float, user_id: UserId = None, currency: str = "USD") -> Pending:
        """Track a purchase."""
        return self.track_event("purchase", {"order_id": order_id, "total": total, "currency": currency}, user_id)

    def track_request(
        self,
        endpoint: str,
        method: str,
        status: int,
        latency_ms: float,
        user_id: UserId = None,
        error: str | None = None,
        trace: Trace | None = None,
    ) -> Pending:
        """Track a request that this program has answered, and count it in its heartbeats.

        Args:
            endpoint: a template such as `/orders/<id>`, not the path with ids.
            status: HTTP status of the answer; from 500 on, the request counts as an error.
            error: name or message of the error, if any.
            trace: the trace that it belongs to.
        """
        try:
            self._tally.request(latency_ms, failed=status >= ERROR_STATUS)
            data = {"endpoint": endpoint, "method": method, "status": status, "latency": round(latency_ms, 3)}
            if trace is not None:
                data |= {"trace_id": trace.trace_id, "span_id": trace.span_id}
        except Exception as unfit:  # noqa: BLE001 - as for every call that tracks
            return self._rejected(f"It cannot be tracked: {type(unfit).__name__}")
        return self.track_event("request", data if error is None else {**data, "error": error}, user_id)

    def heartbeat(
        self,
        status: str = "healthy",
        metrics: Mapping[str, Any] | None = None,
        *,
        instance: str | None = None,
        interval: float | None = None,
        grace: float | None = None,
        message: str | None = None,
    ) -> Pending:
        """Send a heartbeat; a heartbeat that could not be sent yet is replaced by a newer one.

        Args:
            status: healthy, degraded, unhealthy or maintenance.
            metrics: cumulative `request_count` and `error_count`, `avg_latency` (ms), `uptime` (hours), and others.
            instance: name of this replica; each replica has its own counters.
            interval: planned seconds until the next heartbeat.
            grace: seconds that the next heartbeat may be late.
            message: text shown with the status, at most 500 characters.
        """
        said = {"instance": instance, "interval": interval, "grace": grace, "message": message}
        fields = {"service": self.service, "status": status, "metrics": metrics, **said}
        return self._track("heartbeat", fields, None)

    def start_heartbeat(
        self,
        interval: float = 60.0,
        status: Callable[[], str] | None = None,
        metrics: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        """Send a heartbeat now and every `interval` seconds until `close()`. Call it in one process of the service.

        Heartbeats have the count of requests and errors and the average latency (ms) from `track_request` and the
        middleware, the uptime (hours), and what `metrics` returns. `status` returns the status; without it the status
        is healthy, and if it raises, unhealthy.

        Raises:
            ValueError: the interval is not above 0.
        """
        if interval <= 0:
            raise ValueError(f"interval is {interval}, not a number of seconds above 0")
        self._end_beats(Beats.stop)
        if not self._closed:
            self._beats = Beats(partial(self._beat, status, metrics), interval, self._clock)

    @overload
    def track_performance(self, function: F, /) -> F: ...

    @overload
    def track_performance(
        self, /, *, name: str | None = None, tags: Mapping[str, Any] | None = None, span: bool = False
    ) -> Callable[[F], F]: ...

    def track_performance(
        self,
        function: F | None = None,
        /,
        *,
        name: str | None = None,
        tags: Mapping[str, Any] | None = None,
        span: bool = False,
    ) -> F | Callable[[F], F]:
        """Decorate a function or coroutine function to record its `latency` (ms), and its exceptions as `errors`.

        Args:
            name: value of the tag `endpoint`; default: the function's name.
            tags: additional tags.
            span: send a span of each call, too, in the trace of the running code or in a new one.
        """

        def decorate(function: F) -> F:
            return measured(function, self, name, tags or {}, span=span)  # type: ignore[return-value]

        return decorate if function is None else decorate(function)

    def counts(self) -> dict[str, int]:
        """Number of items accepted, duplicate, rejected and dropped so far."""
        return self._reports.counts()

    def flush(self, timeout: float | None = None) -> bool:
        """Send all items tracked before this call; return whether all have an outcome within `timeout` seconds."""
        return self._sender.flush(timeout)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Send waiting items within `timeout` seconds; drop the others, and log their number."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._end_beats(Beats.stop)
        self._sender.close(timeout)
        self._reports.closing()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _track(self, kind: Kind, fields: dict[str, Any], timestamp: Timestamp | None) -> Pending:
        try:
            fields = fit(kind, fields, self.service)
            if kind not in ("heartbeat", "spans"):
                fields["id"] = str(uuid4())
                fields["timestamp"] = None if timestamp is None else rfc3339(timestamp)
            is_timed = timestamp is not None or kind == "spans"
            item = Item(kind, encode(fields), str(fields.get("service")), self._clock(), is_timed)
            self._sender.put(item)
        except UnfitError as error:
            return self._rejected(str(error))
        except Exception as error:  # noqa: BLE001 - analytics must never break the host program
            return self._rejected(f"It cannot be tracked: {type(error).__name__}")
        return item.future

    def _rejected(self, why: str) -> Pending:
        outcome = Outcome("rejected", "unfit", why)
        self._reports.settled([outcome])
        return settled(outcome)

    def _beat(self, status: Callable[[], str] | None, metrics: Callable[[], Mapping[str, Any]] | None) -> None:
        said, more = asked(status, metrics, self._reports.error)
        self.heartbeat(said, {**self._tally.figures(), **more})

    def _end_beats(self, end: Callable[[Beats], None]) -> None:
        beats, self._beats = self._beats, None
        if beats is not None:
            end(beats)

    def _forked(self) -> None:
        self._end_beats(Beats.disown)
        self._tally.forget()
        self._reports.forget()
        self._sender.forked()
        close_with_child(self)


def _forked(client: "weakref.ref[AnalyticsClient]") -> None:
    """Called in each child of this process."""
    found = client()
    if found is not None:
        found._forked()
