"""Runs the demo: sends the data of the shop, its traces and log lines, also across restarts of the service."""

import itertools
import json
import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from analytics.feed.annotations import Named, cause, past, postmortem
from analytics.feed.bad_deploy import BadDeploy, bad_deploy
from analytics.feed.history import DAYS, HistoryChunk, past_day, past_days
from analytics.feed.incidents import DemoIncident, DemoIncidents
from analytics.feed.receipt import Receipt
from analytics.feed.service_client import Item, ServiceClient
from analytics.feed.shop import Shop
from analytics.feed.shop_data import ERROR_MESSAGES, SERVICES
from analytics.feed.shop_traces import ShopTrace, Tracer
from analytics.feed.trace_sampling import LiveTraces, past_traces

_TICK = 0.25
_METRICS_EVERY, _HEARTBEAT_EVERY = 10.0, 15.0
_TRACES_EVERY = 2.0
_BATCH = 1_000
_PROGRESS_EVERY = 2.0
_CATCH_UP = 2.0
"""After a pause, events of at most this many seconds are sent late; the rest is skipped."""
_MAX_GAP = 60.0
"""If sending the history took longer than this, the time it took stays empty."""


class Demo:
    """One run of the demo. `now` returns seconds since the epoch; `say` prints a line."""

    def __init__(
        self,
        client: ServiceClient,
        rng: random.Random,
        *,
        rate: float,
        run: str,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        say: Callable[[str], None],
    ) -> None:
        self.sent = 0
        self._refused = self._heartbeats = 0
        self._has_culprit = False
        self._client, self._rng, self._rate = client, rng, rate
        self._now, self._sleep, self._say = now, sleep, say
        self._spans = self._lines = 0
        # Its own generator: figures are the same with and without traces.
        self._trace_rng = random.Random(f"{run}-traces")
        self._deploy: BadDeploy = bad_deploy(now())
        self._ids = (f"{run}-{number}" for number in itertools.count())
        self._waiting = False
        client.on_wait = self._wait_notice

    def play(self, duration: float | None = None, history: bool | None = None) -> None:
        """Run for `duration` seconds, or without end.

        Raises:
            FeedError: the service cannot be used.
        """
        stored = self._client.total_events()
        self._announce_return()
        last = self._now()
        if history or (history is None and stored == 0):
            last = self._send_history()
        elif stored is None and history is None:
            self._say("cannot tell whether the service has events: no history is sent (--history sends it)")
        elif history is None:
            self._say(f"the service holds {stored:,} events already: no history is sent (--history sends it)")
        # From now on wait for the service however long it is down.
        self._client.patience = math.inf
        self._live(last, math.inf if duration is None else self._now() + duration)

    def summary(self) -> str:
        """How much was sent, for people."""
        refused = f", {self._refused:,} refused" * bool(self._refused)
        records = f", {self._spans:,} spans and {self._lines:,} log lines" * bool(self._spans)
        return f"sent {self.sent:,} events and metrics{refused}, and {self._heartbeats:,} heartbeats{records}"

    def _send_history(self) -> float:
        """Send the history; returns the time at which it ends."""
        self._say(f"sending a history of {DAYS} days")
        self._annotate(past(self._now()))
        self._send_chunks("days before", past_days(self._rng, self._now(), self._rate))
        now = self._now()  # sending those days took a while
        self._deploy = bad_deploy(now)
        self._annotate(self._deploy.annotations())
        incidents = self._send_chunks("the last 24 hours", past_day(self._rng, now, self._rate))
        # After the events: the requests of services that send events are not counted from spans.
        self._send_traces(ShopTrace.joined(past_traces(self._trace_rng, now, self._deploy, incidents)))
        self._say(f"sent {self.sent:,} events and metrics of history")
        return now

    def _send_chunks(self, name: str, chunks: Iterable[HistoryChunk]) -> list[DemoIncident]:
        last_progress, incidents = self._now(), list[DemoIncident]()
        for chunk in chunks:
            self._send(self._client.events, chunk.events)
            self._send(self._client.metrics, chunk.metrics)
            incidents.extend(chunk.incidents)
            for incident in chunk.incidents:
                if incident == self._deploy.incident:
                    continue
                self._annotate([postmortem(incident)] if self._has_culprit else [cause(incident), postmortem(incident)])
                self._has_culprit = True
            if self._now() - last_progress >= _PROGRESS_EVERY:
                last_progress = self._now()
                self._say(f"{name}: {chunk.done:.0%}, {self.sent:,} events and metrics sent")
        return incidents

    def _live(self, last: float, stop: float) -> None:
        """Send live data from `last`, where the history ends, until `stop`."""
        now = self._now()
        traces = LiveTraces(Tracer(self._trace_rng, self._deploy))
        shop = Shop(self._rng, now, DemoIncidents(self._rng, now, list(ERROR_MESSAGES)), traces.watch)
        self._say(f"the shop is open: about {self._rate:g} events/s to {self._client.url}, Ctrl-C closes it")
        if last > now - _MAX_GAP:
            self._send(self._client.events, shop.advance(last, now, self._rate))
        last, self._has_culprit = now, False
        metrics_due, traces_due = last + _METRICS_EVERY, last + _TRACES_EVERY
        # Spread over the interval, like heartbeats of services that were started one after another.
        beats_due = {name: last + i * _TICK for i, name in enumerate(SERVICES, start=1)}
        incident: DemoIncident | None = None
        while last < stop:
            self._sleep(_TICK)
            now = min(max(last, self._now()), stop)
            incident = self._announce(incident, shop.incidents.at(now), now)
            self._send(self._client.events, shop.advance(max(last, now - _CATCH_UP), now, self._rate))
            if now >= metrics_due:
                self._send(self._client.metrics, shop.metrics(now))
                metrics_due = _next_phase(metrics_due, now, _METRICS_EVERY)
            if now >= traces_due:
                self._send_traces(traces.take())
                traces_due = _next_phase(traces_due, now, _TRACES_EVERY)
            for name, due in beats_due.items():
                if now >= due:
                    self._client.heartbeat(shop.heartbeat(name, now))
                    self._heartbeats += 1
                    beats_due[name] = _next_phase(due, now, _HEARTBEAT_EVERY)
            self._announce_return()
            last = now

    def _send(self, post: Callable[[Sequence[Item]], Receipt], items: list[dict[str, Any]]) -> None:
        for start in range(0, len(items), _BATCH):
            batch = [{**item, "id": next(self._ids)} for item in items[start : start + _BATCH]]
            receipt = post(batch)
            self.sent += receipt.accepted + receipt.duplicates
            if receipt.errors and not self._refused:
                first = receipt.errors[0]
                self._say(f"the service refuses some items: {first.code}: {first.message}")
            self._refused += receipt.rejected

    def _send_traces(self, traces: ShopTrace) -> None:
        for start in range(0, len(traces.spans), _BATCH):
            self._spans += self._client.spans(traces.spans[start : start + _BATCH]).accepted
        lines = [json.dumps({**line, "id": next(self._ids)}).encode() for line in traces.lines]
        for start in range(0, len(lines), _BATCH):
            self._lines += self._client.logs(lines[start : start + _BATCH]).accepted

    def _annotate(self, annotations: Iterable[Named]) -> None:
        for name, body in annotations:
            self._client.put(f"/annotations/{name}", body)

    def _announce(self, before: DemoIncident | None, after: DemoIncident | None, now: float) -> DemoIncident | None:
        if before is not None and before is not after:
            self._say(f"incident over: {before.service} has recovered")
            self._annotate([postmortem(before)])
        if after is not None and before is not after:
            self._say(f"incident: {after.service} is slow and failing for the next {after.ends - now:.0f} s")
            if not self._has_culprit:
                self._annotate([cause(after)])
                self._has_culprit = True
        return after

    def _wait_notice(self, reason: str, pause: float) -> None:
        # A single short pause is normal: the service closed an idle connection.
        if pause >= 0.25 and not self._waiting:
            self._waiting = True
            self._say(f"{reason}; waiting for it")

    def _announce_return(self) -> None:
        if self._waiting:
            self._waiting = False
            self._say("the service is back")


def _next_phase(due: float, now: float, every: float) -> float:
    """The next time of a fixed phase after now; missed times are skipped."""
    return due + (math.floor((now - due) / every) + 1) * every
