"""The sink: writes all closed minutes, hours and days, and those that changed since, to InfluxDB or VictoriaMetrics.

It reads the state, and records in the log how far it is some seconds after the database has taken the lines: some
databases, when they crash, lose what they took last. So after a crash of either, some lines are written again, which
overwrites the same.
"""

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Iterator

from analytics.catalog.secret import SecretMissing
from analytics.clock import MINUTE_SECONDS, Clock, rfc3339
from analytics.errors import Unavailable
from analytics.jobs.schedule import Backoff
from analytics.log.intake import AHEAD
from analytics.own_metrics.family import Family, by_label
from analytics.query.reader import Reader
from analytics.query.sinks import SinkReport
from analytics.records import NewDelivery
from analytics.sinks.closed import SIZES, ends
from analytics.sinks.influx.batches import MOST_LINES, Batch, batches, plan
from analytics.sinks.influx.client import InfluxClient, InfluxUnreachable
from analytics.sinks.influx.rows import ClosedBuckets
from analytics.sinks.influx.verdict import Verdict, verdict
from analytics.state.late_changes import SinkProgress
from analytics.state.resolution import Resolution
from analytics.state.state import State

STEP_SECONDS, SINK_STALLED_SECONDS = 2.0, 600.0
SETTLE_SECONDS = 15.0
"""How long the database must run on after it took lines until they count as delivered."""
LATE_SECONDS = 10.0
"""How often changes of delivered buckets are written."""
REFUSED_SECONDS = 600.0
"""How long refused lines degrade the health."""
SINK_NAME = "influx"
_HOUR = Resolution.HOUR
SINK_BACKOFF = Backoff(first=1.0, most=60.0)

logger = logging.getLogger(__name__)


class InfluxSink:
    """Delivers closed buckets; `step` is the work of a periodic job.

    At most one batch waits in memory. When the connection is lost, all that is not recorded is read and written again.

    Args:
        deliver: records a delivery in the log.
        progress: the state's, for reports.
        advance: records that time has passed, so that buckets are closed in the log as well.
    """

    def __init__(
        self,
        client: InfluxClient,
        reader: Reader,
        clock: Clock,
        deliver: Callable[[NewDelivery], None],
        advance: Callable[[], None],
        progress: SinkProgress,
        pause: Callable[[], None],
    ) -> None:
        self._client, self._reader, self._clock = client, reader, clock
        self._deliver, self._advance, self._progress = deliver, advance, progress
        self._created = clock.wall()
        self._buckets = ClosedBuckets(reader, pause)
        self._target = client.url.text
        self._id = f"{SINK_NAME}:{hashlib.sha256(repr(client.url).encode()).hexdigest()[:16]}"
        self._upto: dict[Resolution, int] | None = None
        self._rest: Iterator[Batch] = iter(())
        self._waiting: deque[Batch] = deque()
        self._unrecorded: deque[tuple[float, NewDelivery]] = deque()
        """Deliveries, and when they were taken, on the monotonic clock."""
        self._losses = client.losses
        self._most_lines = MOST_LINES
        self._version: int | None = None
        self._fresh_until = 0.0
        """Until then minutes may hold something that was recorded so far."""
        self._retry_at = self._late_at = 0.0
        self._failures = 0
        self._written = self._refused = 0
        self._error: str | None = None
        self._refusal: str | None = None
        self._refused_at: float | None = None
        self._success: float | None = None

    def step(self) -> None:
        """Deliver what can be delivered now."""
        if self._clock.monotonic() < self._retry_at:
            return
        try:
            self._record_settled()
            while self._waiting or self._next():
                if not self._deliver_next():
                    return
        except (SecretMissing, Unavailable) as error:
            self._fail(error.message, None)
        except InfluxUnreachable as error:
            self._begin_again()
            self._fail(str(error), None)

    def _next(self) -> bool:
        """Take the next batch, of a new round if the last one is over; whether there is one."""
        batch = next(self._rest, None)
        if batch is None:
            self._rest = self._round()
            batch = next(self._rest, None)
        if batch is not None:
            self._waiting.append(batch)
        return batch is not None

    def _round(self) -> Iterator[Batch]:
        """The batches that can be delivered now."""
        if self._progress.sink != self._id:  # from now on the state collects changes
            nothing = [0] * len(SIZES)
            self._deliver(NewDelivery(self._id, nothing, nothing, 0.0))
        now = self._clock.wall()
        until = ends(now)
        time, version, has_changed = self._reader.ask(_times)
        if version != self._version:
            self._version, self._fresh_until = version, now + AHEAD + MINUTE_SECONDS
        begin = self._upto
        has_new = begin is None or begin[Resolution.MINUTE] < self._fresh_until or until[_HOUR] > begin[_HOUR]
        is_late_due = self._clock.monotonic() >= self._late_at
        if (has_new and time < until[Resolution.MINUTE]) or (is_late_due and has_changed):
            self._advance()  # so that buckets are closed, and the delivery is known to be later than the changes
        found = self._reader.ask(plan, self._id, begin, [delivery for _, delivery in self._unrecorded])
        if self._upto is None:
            self._upto = dict(found.begin)
        if not is_late_due:
            found = found._replace(late=[])
        elif found.late:
            self._late_at = self._clock.monotonic() + LATE_SECONDS
        until = until if has_new else dict(found.begin)
        return batches(self._reader, self._buckets, self._id, found, until, self._most_lines)

    def _deliver_next(self) -> bool:
        """Write the batch that waits first; whether it is done with."""
        batch = self._waiting[0]
        if batch.lines:
            now = self._clock.wall()
            found = verdict(self._client.write("".join(batch.lines)), now)
            if self._may_have_lost():
                return True
            if found.meaning == "again":
                self._fail(found.message, found.wait)
                return False
            if found.meaning == "too_large" and len(batch.lines) > 1:
                self._halve(batch)
                return True
            self._count(batch, found, now)
        delivery = batch.delivery
        self._waiting.popleft()
        self._failures, self._error = 0, None
        if delivery is not None:
            self._upto = dict(zip(SIZES, delivery.upto, strict=True))
            if batch.lines or delivery.late or delivery.missed:  # an idle service records nothing
                self._unrecorded.append((self._clock.monotonic(), delivery))
        return True

    def _record_settled(self) -> None:
        """Record the deliveries that are old enough."""
        if self._unrecorded:
            self._client.ping()
            self._may_have_lost()
        settled = self._clock.monotonic() - SETTLE_SECONDS
        while self._unrecorded and self._unrecorded[0][0] <= settled:
            self._deliver(self._unrecorded[0][1])
            self._unrecorded.popleft()

    def _may_have_lost(self) -> bool:
        """Begin again if the database may have been restarted since the deliveries that are not recorded."""
        has_lost_connection, self._losses = self._client.losses != self._losses, self._client.losses
        if not has_lost_connection or not self._unrecorded:
            return False
        self._begin_again()
        return True

    def _begin_again(self) -> None:
        """Forget what is not recorded, so that it is read and written again."""
        self._unrecorded.clear()
        self._waiting.clear()
        self._rest, self._upto, self._version = iter(()), None, None

    def _halve(self, batch: Batch) -> None:
        middle = len(batch.lines) // 2
        self._most_lines = max(1, min(self._most_lines, middle))
        self._waiting[0] = batch._replace(lines=batch.lines[middle:])
        self._waiting.appendleft(Batch(batch.lines[:middle], None))

    def _count(self, batch: Batch, found: Verdict, now: float) -> None:
        refused = 0
        if found.meaning != "taken":
            refused = len(batch.lines) if found.refused is None else min(len(batch.lines), max(1, found.refused))
            self._refusal, self._refused_at = found.message, self._clock.monotonic()
            logger.warning(
                "InfluxDB refused lines: they are not sent again",
                extra={"target": self._target, "lines": refused, "reason": found.message},
            )
        self._refused += refused
        self._written += len(batch.lines) - refused
        self._success = now

    def _fail(self, reason: str, wait: float | None) -> None:
        self._failures += 1
        self._client.close()
        pause = SINK_BACKOFF.pause(self._failures) if wait is None else wait
        self._retry_at = self._clock.monotonic() + pause
        if self._error != reason:
            logger.warning(
                "InfluxDB takes nothing: it is tried again",
                extra={"target": self._target, "reason": reason, "seconds": round(pause, 1)},
            )
        self._error = reason

    # --- reporting ---------------------------------------------------------------------------------------------------

    def report(self) -> SinkReport:
        """Its state; it takes no lock, as it may be called by who holds the state's."""
        now = self._clock.wall()
        progress, behind = self._progress, 0.0
        if self._error or self._waiting:
            known = self._upto or (progress.upto if progress.sink == self._id else {})
            since = known.get(Resolution.MINUTE) or self._created
            behind = max(0.0, round(now - since, 1))
        return {
            "name": SINK_NAME,
            "target": self._target,
            "state": "waiting"
            if self._error
            else "starting"
            if self._upto is None
            else "behind"
            if behind
            else "current",
            "behind_seconds": behind,
            "late_buckets": len(progress.late),
            "written_lines": self._written,
            "refused_lines": self._refused,
            "missed_minutes": progress.missed,
            "last_error": self._error or self._refusal,
            "last_success": None if self._success is None else rfc3339(self._success),
        }

    def trouble(self) -> str | None:
        """Why the service is degraded; None if the database takes everything."""
        if self._error is not None:
            return f"InfluxDB at {self._target} takes nothing: {self._error}"
        if self._refused_at is not None and self._clock.monotonic() - self._refused_at < REFUSED_SECONDS:
            return f"InfluxDB at {self._target} refused {self._refused} lines: {self._refusal}"
        return None

    def families(self) -> Iterator[Family]:
        """Its own metrics."""
        report = self.report()
        lines = {outcome: float(report[f"{outcome}_lines"]) for outcome in ("written", "refused")}  # type: ignore[literal-required]
        yield by_label("sink_lines", "counter", "Lines that InfluxDB took or refused", "outcome", lines)
        about = "Age of the oldest closed minute that is not delivered"
        yield by_label("sink_behind_seconds", "gauge", about, "sink", {SINK_NAME: report["behind_seconds"]})
        about = "Minutes that expired before they could be delivered"
        missed = {SINK_NAME: float(report["missed_minutes"])}
        yield by_label("sink_missed_minutes", "counter", about, "sink", missed)


def _times(state: State, now: float) -> tuple[float, int, bool]:
    """The state's time and version, and whether a closed bucket was changed in the second of that time."""
    return state.time, state.version, any(found.at >= state.time // 1 for found in state.sink_progress.late.values())
