"""Factory: builds the application and everything behind it from the settings."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from analytics.access.chain import chain
from analytics.access.identify import Everybody, Identify
from analytics.api.annotations import annotations_blueprint
from analytics.api.application import Application
from analytics.api.catalog import BODY_LIMIT, Resources, catalog_blueprint
from analytics.api.dashboard import dashboard_blueprint
from analytics.api.docs import docs_blueprint
from analytics.api.errors import errors_blueprint
from analytics.api.events import events_blueprint
from analytics.api.export import export_blueprint
from analytics.api.health import health_blueprint
from analytics.api.heartbeat import heartbeat_blueprint
from analytics.api.metrics import metrics_blueprint
from analytics.api.page import page_blueprint
from analytics.api.sdk import sdk_blueprint
from analytics.api.services import services_blueprint
from analytics.api.stats import stats_blueprint
from analytics.api.users import users_blueprint
from analytics.bus import Bus, Recorded, UsersErased
from analytics.catalog.collections import ANNOTATIONS, REDACTIONS
from analytics.catalog.defaults import DEFAULTS
from analytics.catalog.folder import ConfigFolder
from analytics.clock import Clock, SystemClock
from analytics.config import Settings
from analytics.doors.body import BodyReader
from analytics.doors.heartbeat_door import HeartbeatDoor
from analytics.doors.json_door import events_door, metrics_door
from analytics.doors.limits import BodyLimits
from analytics.doors.media import MANY_RECORDS, ONE_RECORD
from analytics.doors.shortcut import Shortcut
from analytics.errors import Unavailable
from analytics.jobs.periodic import Periodic
from analytics.jobs.supervisor import Supervisor
from analytics.kinds import EVENTS
from analytics.live.commands import Commands
from analytics.live.hub import Hub
from analytics.live.initial import InitialMessages
from analytics.live.wire.handshake import INBOUND_LIMIT
from analytics.live.wire.socketio import SocketIo
from analytics.live.wire.websocket import SERVER_OPTIONS, websocket_blueprint
from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.log import DiskLog
from analytics.log.disk.store import Store
from analytics.log.log import Log, MemoryLog
from analytics.log.recorder import Recorder
from analytics.privacy.hashing import Hasher, hash_key
from analytics.privacy.redactor import Redactor
from analytics.query.catalog import every_resource
from analytics.query.reader import Reader
from analytics.snapshot.changes import ChangeDetector
from analytics.snapshot.source import SnapshotSource
from analytics.snapshot.ticker import make_ticker
from analytics.state.state import State
from analytics.yielding import yield_to_others

logger = logging.getLogger(__name__)


class Runtime:
    """Starts and stops everything that runs besides requests; in `app.extensions["analytics"]`."""

    def __init__(
        self,
        hub: Hub,
        socketio: SocketIo,
        ticker: Periodic,
        recorder: Recorder,
        state: State,
        store: Store | None,
        durability: str,
        config: ConfigFolder,
    ) -> None:
        self.hub, self.ticker, self._socketio = hub, ticker, socketio
        self._recorder, self._state = recorder, state
        self._store, self._durability = store, durability
        self._config, self._is_loading = config, False

    def start(self, give_up: Callable[[str], None]) -> None:
        """Recover the stored state, then start all jobs. Call it in the process that serves, after any fork.

        Args:
            give_up: called with the reason if the stored data cannot be used.
        """
        self._is_loading = True
        if self._store is None:
            logger.warning("data is kept in memory only and is lost at a restart: set ANALYTICS_DATA_DIR to store it")
            self._recorder.start()
            self._begin()
        else:
            self._store.start(self._begin, give_up)

    def drain(self) -> None:
        """Prepare to stop: disconnect live clients, and report as not ready."""
        self.hub.drain()
        self._socketio.drain()

    def stop(self) -> None:
        """Stop all jobs, close the store and release the state."""
        self.ticker.stop()
        self.hub.stop()
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

    def storage(self) -> dict[str, Any]:
        """Storage in use: kind, durability, size in bytes, write failure if any, and consumers of the log."""
        if self._store is None:
            return {"kind": "memory", "durability": None, "bytes": 0, "trouble": None, "consumers": {}}
        store = self._store
        return {
            "kind": "disk",
            "durability": self._durability,
            "bytes": store.size,
            "trouble": store.failure,
            "consumers": store.consumers,
        }

    def copies(self) -> list[str] | None:
        """Names of older copies of the database in the data directory; None in memory mode."""
        return None if self._store is None else self._store.copies

    def _begin(self) -> None:
        try:
            for default in DEFAULTS:
                self._recorder.add_default(default)
        except Unavailable as error:  # the default rules hold all the same
            logger.warning("the default resources could not be recorded", extra={"reason": error.message})
        self._config.load()
        self._is_loading = False
        self.ticker.start()
        self.hub.start()


def create_app(
    settings: Settings | None = None, clock: Clock | None = None, identify: Identify | None = None
) -> Application:
    """Create the service as a WSGI application; `app.extensions["analytics"].start` starts its background work.

    Args:
        settings: default: read from the environment.
        clock: default: the system clock.
        identify: authenticates and authorizes requests; default: everybody is allowed.

    Raises:
        ConfigError: a setting is invalid.
    """
    settings, clock = settings or Settings.from_env(), clock or SystemClock()
    state = State(settings, clock.wall())
    jobs, bus = Supervisor(clock), Bus(state.counters.dropped)
    hub = Hub(partial(state.counters.dropped, "live_event"), jobs)
    connections = partial(len, hub)
    log: Log = MemoryLog()
    if settings.data_dir:
        path = Path(settings.data_dir) / FILE_NAME
        log = DiskLog(state.lock, path, settings.durability, jobs, settings.log_max_bytes)
    recorder = Recorder(state, settings, clock, bus, log)
    store = Store(settings, clock, state, log, recorder, jobs) if isinstance(log, DiskLog) else None
    reader = Reader(state, clock)
    snapshots = SnapshotSource(state, reader, connections)
    initial = InitialMessages(reader, snapshots)
    commands = Commands(hub, initial)
    packets = BodyReader(BodyLimits(INBOUND_LIMIT, settings.body_timeout), MANY_RECORDS)
    client_timeout = settings.client_timeout
    socketio = SocketIo(commands, lambda: hub.draining, lambda environ: packets.read(environ).data, client_timeout)

    def publish_events(recorded: Recorded) -> None:
        if recorded.kind == EVENTS.name:
            hub.publish_events(recorded.kept, recorded.last)

    bus.listen(Recorded, publish_events)
    bus.listen(UsersErased, lambda erased: hub.erase(erased.users))
    changes = ChangeDetector(reader, bus)

    def tick() -> None:
        recorder.tick()
        changes.publish()
        hub.ping()
        hub.publish_update(lambda: (snapshots.current(), initial.newest))

    ticker = make_ticker(tick, jobs, state.counters.dropped)
    config = ConfigFolder(
        Path(settings.config_dir) if settings.config_dir else None,
        lambda: reader.ask(every_resource).resources,
        recorder.take_file,
        clock,
    )
    runtime = Runtime(hub, socketio, ticker, recorder, state, store, settings.durability, config)
    limits = BodyLimits(settings.max_body, settings.body_timeout)
    hasher = Hasher(partial(hash_key, settings.hash_key, Path(settings.data_dir) if settings.data_dir else None))
    redactor = Redactor(state.catalog, hasher, recorder.count_redacted, yield_to_others)
    events = events_door(recorder, redactor, limits, settings.max_batch)
    metrics = metrics_door(recorder, redactor, limits, settings.max_batch)
    heartbeats = HeartbeatDoor(recorder, redactor, limits)

    app = Application()
    app.extensions["analytics"] = runtime
    app.config["SOCK_SERVER_OPTIONS"] = SERVER_OPTIONS
    app.register_blueprint(events_blueprint(events, reader))
    app.register_blueprint(errors_blueprint(reader))
    app.register_blueprint(metrics_blueprint(metrics, reader, connections))
    app.register_blueprint(heartbeat_blueprint(heartbeats))
    app.register_blueprint(services_blueprint(reader))
    app.register_blueprint(dashboard_blueprint(snapshots))
    app.register_blueprint(stats_blueprint(reader, runtime.storage, jobs.reports))
    app.register_blueprint(export_blueprint(reader))
    resource_bodies = BodyReader(BodyLimits(BODY_LIMIT, settings.body_timeout), ONE_RECORD)
    annotations = Resources(ANNOTATIONS, recorder, reader, resource_bodies, clock)
    app.register_blueprint(annotations_blueprint(annotations))
    app.register_blueprint(Resources(REDACTIONS, recorder, reader, resource_bodies, clock).blueprint())
    app.register_blueprint(catalog_blueprint(reader))
    app.register_blueprint(users_blueprint(recorder, redactor.user_ids, runtime.copies, clock))
    checks = (runtime.not_ready, runtime.storage, jobs.reports, config.health)
    app.register_blueprint(health_blueprint(reader, connections, *checks))
    app.register_blueprint(page_blueprint())
    app.register_blueprint(docs_blueprint(settings.max_body, settings.max_batch))
    app.register_blueprint(sdk_blueprint())
    app.register_blueprint(websocket_blueprint(commands, client_timeout))
    app.register_blueprint(socketio.blueprint())
    app.wsgi_app = chain(  # type: ignore[method-assign]
        Shortcut(app.wsgi_app, {"/events": events, "/metrics": metrics, "/heartbeat": heartbeats}),
        app.url_map,
        origins=settings.cors_origins,
        base_path=settings.base_path,
        trusted_proxies=settings.trusted_proxies,
        is_closed=lambda: runtime.is_recovering,
        identify=identify or Everybody(),
    )
    return app
