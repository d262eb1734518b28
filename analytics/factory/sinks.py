"""The sinks of the settings, with the jobs that run them."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from analytics.catalog.secret import SecretMissing
from analytics.clock import Clock
from analytics.config import Settings
from analytics.errors import SettingError
from analytics.jobs.job import Job
from analytics.jobs.supervisor import Supervisor
from analytics.log.recorder import Recorder
from analytics.own_metrics.family import Source as MetricsSource
from analytics.query.far.reading import FarReading, LoopReading
from analytics.query.reader import Reader
from analytics.query.series import Series, SeriesQuery, points
from analytics.query.sinks import SinkReport
from analytics.sinks.long_term.writer import NUMBERS_SECONDS, NumbersWriter
from analytics.state.late_changes import SinkProgress
from analytics.store.client.asking import AsksStore
from analytics.threads import Threads
from analytics.yielding import yield_if_due, yield_to_others

if TYPE_CHECKING:
    from analytics.promql.storage import SeriesStorage
    from analytics.query.cells.figures import Source
    from analytics.query.cells.storage import KeptBuckets
    from analytics.query.far.series import KeptLevels
    from analytics.sinks.long_term.reading import StoreReading


class Sinks:
    """The long-term store, and InfluxDB or VictoriaMetrics: closed buckets go there, older ones are read from there.

    What the store has is read from the store, and only what is older from the other database.

    Args:
        store: asks the store process; None without a store.

    Raises:
        SettingError: its token is not where the setting says.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        reader: Reader,
        recorder: Recorder,
        jobs: Supervisor,
        progress: SinkProgress,
        threads: Threads,
        store: AsksStore | None = None,
    ) -> None:
        self.jobs: list[Job] = []
        self._stored: StoreReading | None = None
        if store is not None:
            writer = NumbersWriter(store, reader, yield_if_due)
            self.jobs.append(
                jobs.periodic("long-term store of numbers", NUMBERS_SECONDS, writer.step, stalled_after=600.0)
            )
            from analytics.sinks.long_term import reading

            self._stored = reading.StoreReading(store, clock, yield_if_due, threads)
        self.sources: list[MetricsSource] = []
        self._sink = None
        self._reading: FarReading | None = None
        self._reader = reader
        if not settings.influx_url:
            return
        from analytics.influx_url import parse_influx_url  # here, as few have such a database
        from analytics.sinks.influx.client import InfluxClient, secret_of
        from analytics.sinks.influx.reading import InfluxReader
        from analytics.sinks.influx.sink import SINK_STALLED_SECONDS, STEP_SECONDS, InfluxSink

        try:
            secret_of(settings.influx_token)
        except SecretMissing as error:
            raise SettingError(f"ANALYTICS_INFLUX_TOKEN: {error.message}") from None
        client = InfluxClient(parse_influx_url(settings.influx_url), settings.influx_token)
        self._sink = InfluxSink(client, reader, clock, recorder.deliver, recorder.advance, progress, yield_if_due)
        self.jobs.append(
            jobs.periodic("InfluxDB writer", STEP_SECONDS, self._sink.step, stalled_after=SINK_STALLED_SECONDS)
        )
        self.sources.append(self._sink.families)
        readers = InfluxClient(parse_influx_url(settings.influx_url), settings.influx_token)
        self._reading = LoopReading(InfluxReader(readers, clock), threads.in_loop)

    def beyond(
        self, near: "SeriesStorage", buckets: "KeptBuckets", lasting: "Sequence[Source]", others: "Sequence[Source]"
    ) -> "SeriesStorage":
        """The storage of the PromQL engine."""
        from analytics.query.cells.storage import KeptBuckets
        from analytics.query.far.joined import JoinedStorage
        from analytics.query.far.storage import FarStorage

        if self._stored is not None:
            joined = JoinedStorage(near, lasting, others, buckets, self._stored)
            near, buckets = joined, KeptBuckets(buckets.levels, joined.known_oldest, buckets.current)
        return near if self._reading is None else FarStorage(near, self._reading, buckets)

    def points(self, query: SeriesQuery) -> Series:
        """The answer of /series."""
        found, kept = self._near, self._kept
        if self._stored is None and self._reading is None:
            return found(query)
        from analytics.query.far.series import FarSeriesQueries

        if self._stored is not None:
            found = FarSeriesQueries(found, self._stored, kept).points
            kept = partial(self._kept_with, self._stored)
        return found(query) if self._reading is None else FarSeriesQueries(found, self._reading, kept).points(query)

    def _kept(self) -> "KeptLevels":
        from analytics.query.far.series import kept_levels

        return self._reader.ask(kept_levels)

    def _kept_with(self, stored: "StoreReading") -> "KeptLevels":
        from analytics.query.far.joined import known_oldest

        kept = self._kept()
        oldest = [known_oldest(stored, level, near) for level, near in enumerate(kept.oldest)]
        return kept._replace(oldest=oldest)

    def reports(self) -> list[SinkReport]:
        """Their reports in `/stats`."""
        return [] if self._sink is None else [self._sink.report()]

    def troubles(self) -> list[str]:
        """The reasons for which the service is degraded."""
        trouble = None if self._sink is None else self._sink.trouble()
        return [] if trouble is None else [trouble]

    def _near(self, query: SeriesQuery) -> Series:
        return self._reader.ask_in_steps(yield_to_others, points, query)
