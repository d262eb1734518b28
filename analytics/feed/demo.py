"""Plays the demo shop against a service: keeps time, sends what the shop makes, and outlasts restarts."""

import itertools
import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from analytics.feed.catalogue import ERROR_MESSAGES, SERVICES
from analytics.feed.history import DAYS, Chunk, past_day, past_days
from analytics.feed.incidents import Incident, Incidents
from analytics.feed.receipt import Receipt
from analytics.feed.sender import Item, Sender
from analytics.feed.shop import Shop

_TICK = 0.25
_METRICS_EVERY, _HEARTBEAT_EVERY = 10.0, 15.0
_BATCH = 1_000
_PROGRESS_EVERY = 2.0
#: After a longer standstill the shop does not make up for what it missed.
_CATCH_UP = 2.0
#: So many seconds that sending the past took are made up for.
_LONGEST_GAP = 60.0


class Demo:
    """One run of the shop. `now` is in seconds since the epoch, `say` takes lines for whoever watches."""

    def __init__(
        self,
        sender: Sender,
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
        self._sender, self._rng, self._rate = sender, rng, rate
        self._now, self._sleep, self._say = now, sleep, say
        self._ids = (f"{run}-{number}" for number in itertools.count())
        self._waiting = False
        sender.on_wait = self._wait_notice

    def play(self, duration: float | None = None, history: bool | None = None) -> None:
        """Run for `duration` seconds, or for ever; raises FeedError when the service cannot be used."""
        held = self._sender.total_events()
        self._back()
        last = self._now()
        if history or (history is None and held == 0):
            last = self._send_history()
        elif history is None:
            self._say(f"the service holds {held:,} events already: no history added (--history adds it)")
        # From here on a restart of the service is waited out, however long it takes.
        self._sender.patience = math.inf
        self._live(last, math.inf if duration is None else self._now() + duration)

    def summary(self) -> str:
        refused = f", {self._refused:,} refused" * bool(self._refused)
        return f"sent {self.sent:,} events and metrics{refused}, and {self._heartbeats:,} heartbeats"

    def _send_history(self) -> float:
        """Send the past, and return up to when it goes."""
        self._say(f"filling in the last {DAYS} days")
        self._send_chunks("days before", past_days(self._rng, self._now(), self._rate))
        now = self._now()  # the days before took a while
        self._send_chunks("the last 24 hours", past_day(self._rng, now, self._rate))
        self._say(f"sent {self.sent:,} events and metrics of the past")
        return now

    def _send_chunks(self, name: str, chunks: Iterable[Chunk]) -> None:
        told = self._now()
        for chunk in chunks:
            self._send(self._sender.events, chunk.events)
            self._send(self._sender.metrics, chunk.metrics)
            if self._now() - told >= _PROGRESS_EVERY:
                told = self._now()
                self._say(f"{name}: {chunk.done:.0%}, {self.sent:,} events and metrics sent")

    def _live(self, last: float, stop: float) -> None:
        """Send what happens from `last`, up to when the past was sent, to `stop`."""
        now = self._now()
        shop = Shop(self._rng, now, Incidents(self._rng, now, list(ERROR_MESSAGES)))
        self._say(f"the shop is open: about {self._rate:g} events/s to {self._sender.url}, Ctrl-C closes it")
        if last > now - _LONGEST_GAP:
            self._send(self._sender.events, shop.advance(last, now, self._rate))
        last = now
        metrics_due = last + _METRICS_EVERY
        # Spread over the interval, as services that were started one by one are.
        beats_due = {name: last + i * _TICK for i, name in enumerate(SERVICES, start=1)}
        incident: Incident | None = None
        while last < stop:
            self._sleep(_TICK)
            now = min(max(last, self._now()), stop)
            incident = self._tell(incident, shop.incidents.at(now), now)
            self._send(self._sender.events, shop.advance(max(last, now - _CATCH_UP), now, self._rate))
            if now >= metrics_due:
                self._send(self._sender.metrics, shop.metrics(now))
                metrics_due = _next_phase(metrics_due, now, _METRICS_EVERY)
            for name, due in beats_due.items():
                if now >= due:
                    self._sender.heartbeat(shop.heartbeat(name, now))
                    self._heartbeats += 1
                    beats_due[name] = _next_phase(due, now, _HEARTBEAT_EVERY)
            self._back()
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

    def _tell(self, before: Incident | None, after: Incident | None, now: float) -> Incident | None:
        if before is not None and before is not after:
            self._say(f"incident over: {before.service} has recovered")
        if after is not None and before is not after:
            self._say(f"incident: {after.service} is slow and failing for the next {after.ends - now:.0f} s")
        return after

    def _wait_notice(self, trouble: str, pause: float) -> None:
        # A single short pause is a kept-alive connection that the service closed: not worth a word.
        if pause >= 0.25 and not self._waiting:
            self._waiting = True
            self._say(f"{trouble}; waiting for it")

    def _back(self) -> None:
        if self._waiting:
            self._waiting = False
            self._say("the service is back")


def _next_phase(due: float, now: float, every: float) -> float:
    """The next moment of a fixed phase after now; what was missed is skipped."""
    return due + (math.floor((now - due) / every) + 1) * every
