"""Runtime: what runs besides requests, and the order in which it starts and stops."""

import logging
from collections.abc import Callable, Iterator

from analytics.added_port import AddedPort
from analytics.catalog.defaults import DEFAULTS
from analytics.catalog.folder import ConfigFolder
from analytics.catalog.reloading import Reloading
from analytics.errors import Unavailable
from analytics.jobs.job import Job
from analytics.jobs.loop_lag import LoopLag
from analytics.jobs.memory import make_trimmer
from analytics.jobs.periodic import Periodic
from analytics.jobs.supervisor import Supervisor
from analytics.live.hub import Hub
from analytics.live.wire.routes import SocketIoRoute
from analytics.log.disk.store import Store
from analytics.log.recorder import Recorder
from analytics.own_metrics.family import Family, gauge
from analytics.query.storage import LongTermReport, StorageReport
from analytics.state.state import State
from analytics.store.client.client import StoreClient
from analytics.store.files.layout import store_folder
from analytics.store.messages import STARTING, StoreStatus

logger = logging.getLogger(__name__)


class Runtime:
    """Starts and stops everything that runs besides requests; in `app.extensions["analytics"]`."""

    def __init__(
        self,
        hub: Hub,
        socketio: SocketIoRoute,
        ticker: Periodic,
        sampler: Periodic,
        recorder: Recorder,
        state: State,
        store: Store | None,
        durability: str,
        config: ConfigFolder,
        begin_access: Callable[[], None],
        jobs: Supervisor,
    ) -> None:
        self.hub, self.ticker, self.sampler, self._socketio = hub, ticker, sampler, socketio
        self._recorder, self._state = recorder, state
        self._store, self._durability = store, durability
        self._reloading = Reloading(config.load, self._configured)
        self._configuring = jobs.loop("configuration reader", self._reloading.run, most_pause=1.0)
        self._is_loading = False
        self._begin_access = begin_access
        self.loop_lag = LoopLag(jobs)
        self._trimmer = make_trimmer(jobs)
        self.otlp_port = AddedPort("OpenTelemetry", jobs)
        """The port for OpenTelemetry; started by the server, which alone can serve its connections."""
        self.long_term: StoreClient | None = None
        """Asks the long-term store; set by the factory where there is one."""
        self.drains: list[Callable[[], None]] = []
        """Called when the service prepares to stop: they disconnect further live clients."""
        self.more: list[Job] = []
        """Further jobs, which run as long as requests are served."""
        self.open_connections: Callable[[], int] | None = None
        """Counts the open connections; set by the server, which alone knows them."""

    def start(self, give_up: Callable[[str], None]) -> None:
        """Recover the stored state, then start all jobs. Call it in the process that serves, after any fork.

        Args:
            give_up: called with the reason if the stored data cannot be used.
        """
        self._is_loading = True
        self._recorder.begin()
        self.loop_lag.job.start()
        self._trimmer.start()
        self.sampler.start()
        if self._store is None:
            logger.warning("data is kept in memory only and is lost at a restart: set ANALYTICS_DATA_DIR to store it")
            self._recorder.start()
            self._configure()
        else:
            self._store.start(self._configure, give_up)

    def reload(self) -> None:
        """Read the configuration folder again, in the background, while everything else goes on."""
        self._reloading.ask()

    def drain(self) -> None:
        """Prepare to stop: disconnect live clients, and report as not ready."""
        self.otlp_port.close()
        self.hub.drain()
        self._socketio.drain()
        for disconnect in self.drains:
            disconnect()

    def stop(self) -> None:
        """Stop all jobs, close the store and release the state."""
        self.otlp_port.stop()
        self._configuring.stop()
        for job in self.more:
            job.stop()
        self.ticker.stop()
        self.hub.stop()
        self.loop_lag.job.stop()
        self._trimmer.stop()
        self.sampler.stop()
        if self._store is not None:
            self._store.stop()
        self._state.close()

    @property
    def is_recovering(self) -> bool:
        """Whether the service is still replaying its journal, or reading its configuration."""
        return self._is_loading or (self._store is not None and self._store.recovering)

    def not_ready(self) -> list[str]:
        """Reasons why the service should not get requests now; empty when it is ready."""
        reasons = {
            "the service is replaying its journal": self.is_recovering,
            "the service is stopping": self.hub.draining,
            "the ticker has stalled": not self.is_recovering and self.ticker.is_stalled,
        }
        return [reason for reason, holds in reasons.items() if holds]

    def storage(self) -> StorageReport:
        """Storage in use: kind, durability, size in bytes, write failure if any, and consumers of the log."""
        if self._store is None:
            return {
                "kind": "memory",
                "durability": None,
                "bytes": 0,
                "trouble": None,
                "consumers": {},
                "long_term": None,
            }
        store = self._store
        return {
            "kind": "disk",
            "durability": self._durability,
            "bytes": store.size,
            "trouble": store.failure,
            "consumers": store.consumers,
            "long_term": None if self.long_term is None else _report(self.long_term.status),
        }

    def families(self) -> Iterator[Family]:
        """Own metrics that only the server knows."""
        if self.open_connections is not None:
            yield gauge("open_connections", "Open connections of any protocol", self.open_connections())

    def copies(self) -> list[str] | None:
        """Names of older copies of records in the data directory; None in memory mode.

        The files of a long-term store that is switched off are among them: nobody erases anything there.
        """
        if self._store is None:
            return None
        files = store_folder(self._store.directory)
        left = [files.name] if self.long_term is None and files.is_dir() else []
        return [*self._store.copies, *left]

    def _configure(self) -> None:
        """Add the default resources, then read the configuration."""
        try:
            for default in DEFAULTS:
                self._recorder.add_default(default)
        except Unavailable as error:  # the default rules hold all the same
            logger.warning("the default resources could not be recorded", extra={"reason": error.message})
        self._configuring.start()

    def _configured(self) -> None:
        """Begin to serve when the configuration was read for the first time; later calls change nothing."""
        if self._is_loading:
            self._begin_access()
        self._is_loading = False
        self.ticker.start()
        self.hub.start()
        for job in self.more:
            job.start()


def _report(status: StoreStatus) -> LongTermReport:
    """The last state that the store process sent."""
    return {
        "files": status.files,
        "rows": status.rows,
        "bytes": status.bytes,
        "waiting": status.tail_rows,
        "oldest_day": status.oldest_day,
        "newest_day": status.newest_day,
        "max_bytes": status.max_bytes,
        "free_bytes": status.free_bytes,
        "low_bytes": status.low_bytes,
        "erasing": status.erasing,
        "memory_bytes": status.memory_bytes,
        "rows_by_kind": status.rows_by_kind,
        "bytes_by_kind": status.bytes_by_kind,
        "days_by_kind": status.days_by_kind,
        "damaged": [{"name": file.name, "reason": file.reason} for file in status.damaged],
        "trouble": None if status.trouble == STARTING else status.trouble,
    }
