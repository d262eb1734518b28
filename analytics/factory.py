"""Where the layers meet: settings to services to blueprints."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask

from analytics.api.bodies import BodyReader
from analytics.api.dashboard import dashboard_blueprint
from analytics.api.docs import docs_blueprint
from analytics.api.errors import errors_blueprint
from analytics.api.events import events_acceptor, events_blueprint
from analytics.api.export import export_blueprint
from analytics.api.guards import Guard
from analytics.api.health import health_blueprint
from analytics.api.heartbeat import heartbeat_blueprint
from analytics.api.metrics import metrics_acceptor, metrics_blueprint
from analytics.api.mount import Mount
from analytics.api.names import NameConverter
from analytics.api.page import page_blueprint
from analytics.api.problems import handle_problems
from analytics.api.proxies import Proxies
from analytics.api.sdk import sdk_blueprint
from analytics.api.services import services_blueprint
from analytics.api.shortcut import Shortcut
from analytics.api.stats import stats_blueprint
from analytics.clock import Clock, SystemClock
from analytics.config import Settings
from analytics.ingest.journal import Journal, Unwritten
from analytics.ingest.recorder import Recorder
from analytics.live.commands import Commands
from analytics.live.hub import Hub
from analytics.live.initial import InitialMessages
from analytics.live.wire.handshake import INBOUND_LIMIT
from analytics.live.wire.socketio import SocketIo
from analytics.live.wire.websocket import SERVER_OPTIONS, websocket_blueprint
from analytics.query.reader import Reader
from analytics.records import NewEvent, NewMetric
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.event import EventSchema
from analytics.schemas.metric import MetricSchema
from analytics.snapshot.source import SnapshotSource
from analytics.snapshot.ticker import Ticker
from analytics.state.state import State
from analytics.storage.file import FILE_NAME
from analytics.storage.journal import DiskJournal
from analytics.storage.store import Store
from analytics.turns import let_others_work

log = logging.getLogger(__name__)


class Service:
    """What runs beside the requests: `app.extensions["analytics"]`."""

    def __init__(
        self,
        hub: Hub,
        socketio: SocketIo,
        ticker: Ticker,
        recorder: Recorder,
        state: State,
        store: Store | None,
        durability: str,
    ) -> None:
        self.hub, self.ticker, self._socketio = hub, ticker, socketio
        self._recorder, self._state = recorder, state
        self._store, self._durability = store, durability

    def start(self, give_up: Callable[[str], None]) -> None:
        """Read what was kept, then begin to tick; in the process that serves, never in one that forks.

        Args:
            give_up: is told why, where what was kept cannot be used.
        """
        if self._store is None:
            log.warning("everything is kept in memory alone: ANALYTICS_DATA_DIR is empty")
            self._recorder.start()
            self._begin()
        else:
            self._store.start(self._begin, give_up)

    def drain(self) -> None:
        """Get ready to stop: live clients are sent away, and `not_ready` says why no more should come."""
        self.hub.drain()
        self._socketio.drain()

    def stop(self) -> None:
        """End what `start` began, and let go of the state."""
        self.ticker.stop()
        self.hub.stop()
        if self._store is not None:
            self._store.stop()
        self._state.close()

    @property
    def is_recovering(self) -> bool:
        """Whether it still reads what was kept."""
        return self._store is not None and self._store.recovering

    def not_ready(self) -> list[str]:
        """Why the service should get no work now."""
        reasons = {
            "the service is reading what it kept": self.is_recovering,
            "the service is stopping": self.hub.draining,
            "the ticker has stalled": not self.is_recovering and self.ticker.stalled,
        }
        return [reason for reason, holds in reasons.items() if holds]

    def storage(self) -> dict[str, Any]:
        """Where records are kept: kind, durability, bytes, and why nothing can be recorded, if that is so."""
        if self._store is None:
            return {"kind": "memory", "durability": None, "bytes": 0, "trouble": None}
        store = self._store
        return {"kind": "disk", "durability": self._durability, "bytes": store.size, "trouble": store.trouble}

    def _begin(self) -> None:
        self.ticker.start()
        self.hub.start()


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The whole service as a WSGI application.

    Raises:
        ConfigError: a setting is wrong.
    """
    settings, clock = settings or Settings.from_env(), clock or SystemClock()
    state = State(settings, clock.wall())
    hub = Hub(partial(state.counters.dropped, "live_event"))
    connections = partial(len, hub)
    journal: Journal = Unwritten()
    if settings.data_dir:
        journal = DiskJournal(state.lock, Path(settings.data_dir) / FILE_NAME, settings.durability)
    recorder = Recorder(state, settings, clock, hub.publish_events, journal)
    store = Store(settings, clock, state, journal, recorder) if isinstance(journal, DiskJournal) else None
    reader = Reader(state, clock)
    snapshots = SnapshotSource(state, reader, connections)
    initial = InitialMessages(reader, snapshots)
    commands = Commands(hub, initial)
    packets = BodyReader(INBOUND_LIMIT, settings.body_timeout)
    client_timeout = settings.client_timeout
    socketio = SocketIo(commands, lambda: hub.draining, lambda environ: packets.read(environ).data, client_timeout)

    def beat() -> None:
        recorder.tick()
        hub.ping()
        hub.publish_update(lambda: (snapshots.current(), initial.newest))

    ticker = Ticker(beat, clock, state.counters.dropped)
    service = Service(hub, socketio, ticker, recorder, state, store, settings.durability)
    bodies = BodyReader(settings.max_body, settings.body_timeout)
    events = events_acceptor(
        recorder, bodies, SchemaDecoder(EventSchema(), NewEvent, settings.max_batch, let_others_work)
    )
    metrics = metrics_acceptor(
        recorder, bodies, SchemaDecoder(MetricSchema(), NewMetric, settings.max_batch, let_others_work)
    )

    app = Flask("analytics", static_folder=None)
    app.extensions["analytics"] = service
    app.config["SOCK_SERVER_OPTIONS"] = SERVER_OPTIONS
    app.url_map.converters["name"] = NameConverter
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # a service's name may begin with a slash
    shortcut = Shortcut(app.wsgi_app, {"/events": events, "/metrics": metrics})
    app.wsgi_app = Guard(shortcut, settings.cors_origins, lambda: service.is_recovering)  # type: ignore[method-assign]
    handle_problems(app)
    app.register_blueprint(events_blueprint(events, reader))
    app.register_blueprint(errors_blueprint(reader))
    app.register_blueprint(metrics_blueprint(metrics, reader, connections))
    app.register_blueprint(heartbeat_blueprint(recorder, bodies))
    app.register_blueprint(services_blueprint(reader))
    app.register_blueprint(dashboard_blueprint(snapshots))
    app.register_blueprint(stats_blueprint(reader, service.storage))
    app.register_blueprint(export_blueprint(reader))
    app.register_blueprint(health_blueprint(reader, connections, service.not_ready, service.storage))
    app.register_blueprint(page_blueprint())
    app.register_blueprint(docs_blueprint(settings.max_body, settings.max_batch))
    app.register_blueprint(sdk_blueprint())
    app.register_blueprint(websocket_blueprint(commands, client_timeout))
    app.register_blueprint(socketio.blueprint())
    if settings.base_path or settings.trusted_proxies:
        mounted = Mount(app.wsgi_app, settings.base_path, Proxies(settings.trusted_proxies), app.url_map)
        app.wsgi_app = mounted  # type: ignore[method-assign]
    return app
